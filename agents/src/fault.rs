//! Fault points: named places at which a test ends the process as if the power had failed.

use rustix::process::{Signal, getpid, kill_process};

/// The variable that names the point at which to end, and after a colon how often it is passed before
/// (`accept/remembered`, `report/decided:2`).
pub const VARIABLE: &str = "MUSTER_FAULT";

/// Ends the process here if it was asked for: at once, with nothing flushed or closed.
///
/// A point is named by what is done and how far that has come.
pub fn point(deed: &str, stage: &str) {
    if armed(deed, stage) {
        // Where this fails, the process goes on and the test that waits for its end says so.
        let _ = kill_process(getpid(), Signal::KILL);
    }
}

/// Whether this passage of a point is the one that was asked for.
fn armed(deed: &str, stage: &str) -> bool {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    static WANTED: OnceLock<Option<(String, AtomicU32)>> = OnceLock::new();

    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var(VARIABLE).ok()?;
        let (name, skip) = text.split_once(':').unwrap_or((&text, "0"));
        Some((name.to_owned(), AtomicU32::new(skip.parse().ok()?)))
    });
    let Some((name, skip)) = wanted else { return false };
    name.split_once('/') == Some((deed, stage))
        && skip
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_err()
}
