//! Imports for debugging: they print and are free. Only debug chains allow them.

#![expect(clippy::unnecessary_wraps, reason = "all hostios have one shape, for the import table")]

use super::hostio::{Hostio, HostioResult};

/// Prints text; invalid UTF-8 is replaced.
pub(super) fn console_log_text(hostio: &mut Hostio<'_, '_>, text: u32, len: u32) -> HostioResult {
    let bytes = hostio.read_bytes(text, len)?;
    hostio.trace_args(&[&bytes]);
    hostio.evm_api().console(&String::from_utf8_lossy(&bytes));
    Ok(())
}

/// Prints a signed 32-bit number.
pub(super) fn log_i32(hostio: &mut Hostio<'_, '_>, value: u32) -> HostioResult {
    print(hostio, &value.cast_signed());
    Ok(())
}

/// Prints a signed 64-bit number.
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

/// Prints a signed 32-bit number and returns it.
pub(super) fn tee_i32(hostio: &mut Hostio<'_, '_>, value: u32) -> HostioResult<u32> {
    log_i32(hostio, value).map(|()| value)
}

/// Prints a signed 64-bit number and returns it.
pub(super) fn tee_i64(hostio: &mut Hostio<'_, '_>, value: u64) -> HostioResult<u64> {
    log_i64(hostio, value).map(|()| value)
}

/// Prints a float and returns it.
pub(super) fn tee_f32(hostio: &mut Hostio<'_, '_>, value: f32) -> HostioResult<f32> {
    log_f32(hostio, value).map(|()| value)
}

/// Prints a float and returns it.
pub(super) fn tee_f64(hostio: &mut Hostio<'_, '_>, value: f64) -> HostioResult<f64> {
    log_f64(hostio, value).map(|()| value)
}

/// Prints a number. These calls are not traced.
fn print(hostio: &mut Hostio<'_, '_>, value: &dyn ToString) {
    hostio.disable_trace();
    hostio.evm_api().console(&value.to_string());
}
