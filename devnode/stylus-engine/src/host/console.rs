//! Imports for debugging: they print, and cost nothing. Only debug chains let them pass.

#![expect(clippy::unnecessary_wraps, reason = "all hooks have one shape, for the table of imports")]

use super::hostio::{Hostio, HostioResult};

/// Prints text; what is not UTF-8 in it is replaced.
pub(super) fn console_log_text(hostio: &mut Hostio<'_, '_>, text: u32, len: u32) -> HostioResult {
    let bytes = hostio.read_bytes(text, len)?;
    hostio.trace_args(&[&bytes]);
    hostio.evm_api().console(&String::from_utf8_lossy(&bytes));
    Ok(())
}

/// Prints 32 bits as a signed number.
pub(super) fn log_i32(hostio: &mut Hostio<'_, '_>, value: u32) -> HostioResult {
    print(hostio, &value.cast_signed());
    Ok(())
}

/// Prints 64 bits as a signed number.
pub(super) fn log_i64(hostio: &mut Hostio<'_, '_>, value: u64) -> HostioResult {
    print(hostio, &value.cast_signed());
    Ok(())
}

/// Prints a float.
pub(super) fn log_f32(hostio: &mut Hostio<'_, '_>, value: f32) -> HostioResult {
    print(hostio, &value);
    Ok(())
}

/// Prints a float.
pub(super) fn log_f64(hostio: &mut Hostio<'_, '_>, value: f64) -> HostioResult {
    print(hostio, &value);
    Ok(())
}

/// Prints 32 bits and gives them back.
pub(super) fn tee_i32(hostio: &mut Hostio<'_, '_>, value: u32) -> HostioResult<u32> {
    log_i32(hostio, value).map(|()| value)
}

/// Prints 64 bits and gives them back.
pub(super) fn tee_i64(hostio: &mut Hostio<'_, '_>, value: u64) -> HostioResult<u64> {
    log_i64(hostio, value).map(|()| value)
}

/// Prints a float and gives it back.
pub(super) fn tee_f32(hostio: &mut Hostio<'_, '_>, value: f32) -> HostioResult<f32> {
    log_f32(hostio, value).map(|()| value)
}

/// Prints a float and gives it back.
pub(super) fn tee_f64(hostio: &mut Hostio<'_, '_>, value: f64) -> HostioResult<f64> {
    log_f64(hostio, value).map(|()| value)
}

/// Prints a number. Tracers do not know these calls.
fn print(hostio: &mut Hostio<'_, '_>, value: &dyn ToString) {
    hostio.disable_trace();
    hostio.evm_api().console(&value.to_string());
}
