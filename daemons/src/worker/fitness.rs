//! Whether a worker would pass now: what its own checks found last, for its listing and its health.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Duration, timeout};

/// A worker leaves the book after so many checks in a row that found something: what is over at once costs no gas.
const CONFIRMED: u32 = 2;

/// How long the first check is awaited, which mostly takes a moment.
const FIRST_CHECK: Duration = Duration::from_secs(2);

/// What the worker's own checks found. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Fitness(Arc<watch::Sender<FitnessState>>);

/// See [`Fitness`].
#[derive(Debug, Default)]
struct FitnessState {
    /// Checks in a row that found something.
    failures: u32,
    /// Whether any check has ended.
    is_known: bool,
    /// What the last check found.
    problem: Option<Box<str>>,
}

impl Fitness {
    /// Records what a check found, and logs a change.
    pub(super) fn record(&self, problem: Option<Box<str>>) {
        let (failures, last) = {
            let state = self.0.borrow();
            (state.failures, state.problem.clone())
        };
        match &problem {
            Some(problem) if last.as_ref() != Some(problem) => {
                tracing::warn!(%problem, "the worker would fail its testers");
            }
            None if last.is_some() => tracing::info!("the worker passes again"),
            _ => {}
        }
        let failures = if problem.is_some() { failures.saturating_add(1) } else { 0 };
        self.0.send_replace(FitnessState { failures, is_known: true, problem });
        metrics::gauge!("muster_worker_fit").set(if failures == 0 { 1.0 } else { 0.0 });
    }

    /// Whether the last check found nothing, so that the worker may be sold.
    pub(super) fn is_fit(&self) -> bool {
        let state = self.0.borrow();
        state.is_known && state.problem.is_none()
    }

    /// Whether checks have found something so often that the worker must not be sold.
    pub(super) fn is_unfit(&self) -> bool {
        self.0.borrow().failures >= CONFIRMED
    }

    /// What the last check found.
    pub(super) fn problem(&self) -> Option<Box<str>> {
        self.0.borrow().problem.clone()
    }

    /// Waits a moment for the first check, if none has ended.
    pub(super) async fn first_check(&self) {
        let mut state = self.0.subscribe();
        drop(timeout(FIRST_CHECK, state.wait_for(|state| state.is_known)).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_check_is_enough_to_stay_out_or_come_back_and_two_are_needed_to_leave() {
        let fitness = Fitness::default();
        let state = || (fitness.is_fit(), fitness.is_unfit());
        assert_eq!(state(), (false, false), "nothing is known");
        fitness.record(None);
        assert_eq!(state(), (true, false));
        fitness.record(Some("no".into()));
        assert_eq!(state(), (false, false));
        fitness.record(Some("no".into()));
        assert_eq!((state(), fitness.problem()), ((false, true), Some("no".into())));
        fitness.record(None);
        assert_eq!((state(), fitness.problem()), ((true, false), None));
    }
}
