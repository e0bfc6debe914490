//! Imports for debugging: they print, and cost nothing. Only debug chains let them pass.

#![expect(clippy::unnecessary_wraps, reason = "all hooks have one shape, for the table of imports")]

use super::hook::{Answer, Hook};

/// Prints text; what is not UTF-8 in it is replaced.
pub(super) fn console_log_text(hook: &mut Hook<'_, '_>, text: u32, len: u32) -> Answer {
    let bytes = hook.read_bytes(text, len)?;
    hook.note_args(&[&bytes]);
    hook.world().console(&String::from_utf8_lossy(&bytes));
    Ok(())
}

/// Prints 32 bits as a signed number.
pub(super) fn log_i32(hook: &mut Hook<'_, '_>, value: u32) -> Answer {
    print(hook, &value.cast_signed());
    Ok(())
}

/// Prints 64 bits as a signed number.
pub(super) fn log_i64(hook: &mut Hook<'_, '_>, value: u64) -> Answer {
    print(hook, &value.cast_signed());
    Ok(())
}

/// Prints a float.
pub(super) fn log_f32(hook: &mut Hook<'_, '_>, value: f32) -> Answer {
    print(hook, &value);
    Ok(())
}

/// Prints a float.
pub(super) fn log_f64(hook: &mut Hook<'_, '_>, value: f64) -> Answer {
    print(hook, &value);
    Ok(())
}

/// Prints 32 bits and gives them back.
pub(super) fn tee_i32(hook: &mut Hook<'_, '_>, value: u32) -> Answer<u32> {
    log_i32(hook, value).map(|()| value)
}

/// Prints 64 bits and gives them back.
pub(super) fn tee_i64(hook: &mut Hook<'_, '_>, value: u64) -> Answer<u64> {
    log_i64(hook, value).map(|()| value)
}

/// Prints a float and gives it back.
pub(super) fn tee_f32(hook: &mut Hook<'_, '_>, value: f32) -> Answer<f32> {
    log_f32(hook, value).map(|()| value)
}

/// Prints a float and gives it back.
pub(super) fn tee_f64(hook: &mut Hook<'_, '_>, value: f64) -> Answer<f64> {
    log_f64(hook, value).map(|()| value)
}

/// Prints a number. Tracers do not know these calls.
fn print(hook: &mut Hook<'_, '_>, value: &dyn ToString) {
    hook.hide();
    hook.world().console(&value.to_string());
}
