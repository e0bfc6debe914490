//! Fault points: named places at which a test ends the process as if the power had failed.

use rustix::process::{Signal, getpid, kill_process};

use crate::{client, tester, worker};

/// The variable that names the point at which to end, and after a colon how often it is passed before
/// (`accept/remembered`, `report/decided:2`).
pub const FAILPOINT_VAR: &str = "MUSTER_FAULT";

/// Something that a daemon does, and the stages at which a test may end the process.
pub type FailPoint = (&'static str, &'static [&'static str]);

/// The stages of a transaction: it is signed, written down, in a block, and what became of it is written down.
pub const TX_STAGES: &[&str] = &["decided", "remembered", "mined", "noted"];

/// The stages of an answer to a letter: it is to be made, it is made, and it is sent.
pub(crate) const MESSAGE_STAGES: &[&str] = &["decided", "remembered", "noted"];

/// The points of these deeds, as [`VARIABLE`] names them.
pub fn failpoint_names(failpoints: &[FailPoint]) -> impl Iterator<Item = String> {
    failpoints.iter().flat_map(|(operation, stages)| {
        stages.iter().map(move |stage| format!("{operation}/{stage}"))
    })
}

/// Ends the process here if it was asked for: at once, with nothing flushed or closed.
///
/// A point is named by what is done and how far that has come.
pub fn fail_point(operation: &str, stage: &str) {
    debug_assert!(is_declared(operation, stage), "no list has the point {operation}/{stage}");
    if is_armed(operation, stage) {
        // Where this fails, the process goes on and the test that waits for its end says so.
        let _ = kill_process(getpid(), Signal::KILL);
    }
}

/// Whether a daemon says that it passes a point, so that tests know of it.
fn is_declared(operation: &str, stage: &str) -> bool {
    let lists: [&[FailPoint]; 3] = [&worker::FAILPOINTS, &tester::FAILPOINTS, &client::FAILPOINTS];
    lists.into_iter().flatten().any(|(name, stages)| *name == operation && stages.contains(&stage))
}

/// Whether this passage of a point is the one that was asked for.
fn is_armed(operation: &str, stage: &str) -> bool {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    static WANTED: OnceLock<Option<(String, AtomicU32)>> = OnceLock::new();

    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var(FAILPOINT_VAR).ok()?;
        let (name, skip) = text.split_once(':').unwrap_or((&text, "0"));
        Some((name.to_owned(), AtomicU32::new(skip.parse().ok()?)))
    });
    let Some((name, skip)) = wanted else { return false };
    name.split_once('/') == Some((operation, stage))
        && skip
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_err()
}
