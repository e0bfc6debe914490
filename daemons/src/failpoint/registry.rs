//! Which fail points a process has, and at which one it kills itself.

use std::process::exit;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::process::{Signal, getpid, kill_process};

/// The variable that names the point at which the process kills itself. After a colon follows how often it
/// passes the point before (`accept/journaled`, `report/signed:2`); without it, 0.
pub const FAILPOINT_VAR: &str = "MUSTER_FAULT";

/// The stages of a transaction: it is signed, it is in the journal and not sent yet, it is in a block, and its outcome
/// is in the state file.
pub const TX_STAGES: &[&str] = &["signed", "journaled", "mined", "recorded"];

/// The stages of what is written to the state file: just before the write, and just after it.
pub(crate) const STORE_STAGES: &[&str] = &["pending", "stored"];

/// Exit code of a process that passes a point that it did not declare.
const UNDECLARED: i32 = 70;

/// The points that the roles of this process have declared.
static DECLARED: Mutex<Vec<FailPoint>> = Mutex::new(Vec::new());

/// The fail points of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailPoint {
    /// What the daemon does.
    pub operation: &'static str,
    /// How far that has come, in order.
    pub stages: &'static [&'static str],
}

impl FailPoint {
    /// The points of an operation.
    pub(crate) const fn new(operation: &'static str, stages: &'static [&'static str]) -> Self {
        Self { operation, stages }
    }

    /// The points' names.
    fn names(self) -> impl Iterator<Item = String> {
        self.stages.iter().map(move |stage| format!("{}/{stage}", self.operation))
    }
}

/// The names of all points in a list, as [`FAILPOINT_VAR`] takes them.
pub fn failpoint_names(failpoints: &[FailPoint]) -> impl Iterator<Item = String> {
    failpoints.iter().copied().flat_map(FailPoint::names)
}

/// Declares the points of a role, before the first of them is passed.
pub(crate) fn declare(failpoints: &[FailPoint]) {
    DECLARED.lock().unwrap_or_else(PoisonError::into_inner).extend(failpoints);
}

/// Kills the process if [`FAILPOINT_VAR`] names this point: at once, with nothing flushed or closed.
///
/// A process in which that variable is set exits with an error at a point that no role has declared: tests would not
/// know of it.
pub(crate) fn pass(name: &str) {
    static ARMED: OnceLock<Option<(String, AtomicU32)>> = OnceLock::new();
    let armed = ARMED.get_or_init(|| {
        let text = std::env::var(FAILPOINT_VAR).ok()?;
        let (name, passes) = text.split_once(':').unwrap_or((&text, "0"));
        Some((name.to_owned(), AtomicU32::new(passes.parse().ok()?)))
    });
    let Some((target, passes_left)) = armed else { return };
    if !is_declared(name) {
        tracing::error!(name, "fail point is in no list of this role");
        exit(UNDECLARED);
    }
    if name == target && take_pass(passes_left).is_err() {
        // If this fails, the process goes on, and the test that waits for its end fails.
        let _ = kill_process(getpid(), Signal::KILL);
    }
}

/// Passes a stage of a transaction, whose operation is the part of its purpose before the slash.
pub(crate) fn pass_stage(purpose: &str, stage: &str) {
    let operation = purpose.split('/').next().unwrap_or_default();
    pass(&format!("{operation}/{stage}"));
}

/// Whether a role of this process has declared a point.
fn is_declared(name: &str) -> bool {
    let declared = DECLARED.lock().unwrap_or_else(PoisonError::into_inner);
    failpoint_names(&declared).any(|known| known == name)
}

/// Takes one of the passes that are left.
///
/// # Errors
/// If none is.
fn take_pass(left: &AtomicU32) -> Result<u32, u32> {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUY: FailPoint = FailPoint::new("buy", TX_STAGES);

    #[test]
    fn points_are_named_by_operation_and_stage() {
        let names: Vec<_> = failpoint_names(&[BUY]).collect();
        assert_eq!(names, ["buy/signed", "buy/journaled", "buy/mined", "buy/recorded"]);
    }

    #[test]
    fn declared_points_are_known() {
        declare(&[BUY]);
        assert!(is_declared("buy/mined"));
        assert!(!is_declared("sell/mined"));
    }

    #[test]
    fn point_is_passed_as_often_as_told() {
        let left = AtomicU32::new(1);
        assert!(take_pass(&left).is_ok());
        assert!(take_pass(&left).is_err());
    }
}
