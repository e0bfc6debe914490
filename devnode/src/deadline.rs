//! Limits of time for calls. Waiting for the node of a fork does not count.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

thread_local! {
    /// How long this thread has waited so far.
    static WAITED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The end of a limit of time, on the thread that made it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    /// When it ends, without waits.
    end: Instant,
    /// How long the thread had waited before it began.
    waited: Duration,
}

impl Deadline {
    /// A limit that begins now.
    pub(crate) fn after(limit: Duration) -> Self {
        let now = Instant::now();
        Self { end: now.checked_add(limit).unwrap_or(now), waited: WAITED.get() }
    }

    /// Whether it has ended.
    pub(crate) fn has_passed(&self) -> bool {
        let waited = WAITED.get().saturating_sub(self.waited);
        self.end.checked_add(waited).is_some_and(|end| Instant::now() >= end)
    }
}

/// Runs a task that waits for a node.
pub(crate) fn wait<R>(task: impl FnOnce() -> R) -> R {
    let begin = Instant::now();
    let result = task();
    WAITED.set(WAITED.get().saturating_add(begin.elapsed()));
    result
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_wait_does_not_count() {
        let passed = || Deadline::after(Duration::ZERO);
        let deadline = passed();
        assert!(deadline.has_passed());
        let (before, pause) = (WAITED.get(), Duration::from_millis(5));
        wait(|| thread::sleep(pause));
        assert!(WAITED.get() >= before + pause);
        WAITED.set(WAITED.get() + Duration::from_hours(1));
        assert!(!deadline.has_passed());
        assert!(passed().has_passed(), "earlier waits change nothing");
    }
}
