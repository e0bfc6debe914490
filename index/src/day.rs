//! Days, in UTC.

/// Seconds of a day.
const SECONDS: u64 = 86_400;

/// The day of a Unix second: how many whole days there were before.
pub(crate) fn day_of(second: u64) -> u64 {
    second.checked_div(SECONDS).unwrap_or(0)
}

/// The Unix second with which a day begins.
pub(crate) const fn day_start(day: u64) -> u64 {
    day.saturating_mul(SECONDS)
}
