//! What is done from time to time, and not in every step.

use tokio::time::{Duration, Instant};

/// Something that is due again a while after it was done last.
#[derive(Debug)]
pub(crate) struct Periodic {
    /// The time between.
    interval: Duration,
    /// When it was done last; `None` if it is due at once.
    last: Option<Instant>,
}

impl Periodic {
    /// Something that is due at once, and again after each `interval`.
    pub(crate) const fn every(interval: Duration) -> Self {
        Self { interval, last: None }
    }

    /// Whether it is due.
    pub(crate) fn is_due(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() >= self.interval)
    }

    /// Records that it was done.
    pub(crate) fn record(&mut self) {
        self.last = Some(Instant::now());
    }

    /// Makes it due at once.
    pub(crate) const fn hurry(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_due_at_once_then_after_each_interval_or_when_it_is_hurried() {
        let mut periodic = Periodic::every(Duration::from_secs(5));
        assert!(periodic.is_due());
        periodic.record();
        advance(Duration::from_millis(4_999)).await;
        assert!(!periodic.is_due());
        advance(Duration::from_millis(1)).await;
        assert!(periodic.is_due());
        periodic.record();
        assert!(!periodic.is_due());
        periodic.hurry();
        assert!(periodic.is_due());
    }
}
