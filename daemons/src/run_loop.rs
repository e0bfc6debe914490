//! The loop of every daemon: a step, a pause, again, until it is told to stop.

use std::future::Future;

use tokio::select;
use tokio::time::{Duration, sleep};

use crate::error::DaemonError;
use crate::health::{Health, HealthReporter, NextEvent};

/// What a daemon is made of.
pub trait Daemon: Send {
    /// Does everything that is due, and says what it waits for. Made again whenever it fails, and cut off
    /// at any point where it waits, when the daemon ends.
    fn step(&mut self) -> impl Future<Output = Result<NextEvent, DaemonError>> + Send;

    /// Ends in an orderly way what runs beside the steps.
    fn stop(&mut self) -> impl Future<Output = ()> + Send;
}

/// How long the pauses are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Between steps.
    pub interval: Duration,
    /// The longest after steps that fail; the first is as long as a rest, each one twice the one before.
    pub max_delay: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { interval: Duration::from_millis(500), max_delay: Duration::from_secs(15) }
    }
}

/// Runs a daemon until `end` comes to pass.
///
/// # Errors
/// Those of its steps that no repetition can mend.
pub async fn run(
    daemon: &mut impl Daemon,
    backoff: Backoff,
    health: &HealthReporter,
    end: impl Future<Output = ()>,
) -> Result<(), DaemonError> {
    let ended = select! {
        ended = run_steps(daemon, backoff, health) => ended,
        () = end => Ok(()),
    };
    health.set(Health::Stopping);
    daemon.stop().await;
    ended
}

/// Step after step; ends with the first error that is not a passing one.
async fn run_steps(
    daemon: &mut impl Daemon,
    backoff: Backoff,
    health: &HealthReporter,
) -> Result<(), DaemonError> {
    let mut delay = backoff.interval;
    loop {
        match daemon.step().await {
            Ok(next_event) => {
                metrics::counter!("muster_steps_total").increment(1);
                health.set(Health::Running(next_event));
                delay = backoff.interval;
            }
            Err(error) if error.is_transient() => {
                metrics::counter!("muster_failed_steps_total").increment(1);
                health.set(Health::Failing(error.to_string().into()));
                sleep(delay).await;
                delay = delay.saturating_mul(2).min(backoff.max_delay);
                continue;
            }
            Err(error) => return Err(error),
        }
        sleep(delay).await;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use muster_client::MarketError;
    use tokio::time::Instant;

    use super::*;

    /// What a step does: succeed, fail in passing, or fail for good.
    #[derive(Clone, Copy)]
    enum StepOutcome {
        Succeeds,
        FailsTransiently,
        FailsFatally,
    }

    /// A daemon whose steps are known, and when they were made.
    struct ScriptedDaemon {
        outcomes: VecDeque<StepOutcome>,
        steps: Vec<u64>,
        started: Instant,
        is_stopped: bool,
    }

    impl ScriptedDaemon {
        fn new(outcomes: impl IntoIterator<Item = StepOutcome>) -> Self {
            let outcomes = outcomes.into_iter().collect();
            Self { outcomes, steps: Vec::new(), started: Instant::now(), is_stopped: false }
        }
    }

    impl Daemon for ScriptedDaemon {
        async fn step(&mut self) -> Result<NextEvent, DaemonError> {
            self.steps.push(self.started.elapsed().as_secs());
            match self.outcomes.pop_front() {
                Some(StepOutcome::Succeeds) => Ok(NextEvent::untimed("more")),
                Some(StepOutcome::FailsTransiently) => Err(MarketError::NoAccount.into()),
                Some(StepOutcome::FailsFatally) => Err(DaemonError::Listen {
                    address: "here".into(),
                    source: std::io::Error::other("taken"),
                }),
                None => std::future::pending().await,
            }
        }

        async fn stop(&mut self) {
            self.is_stopped = true;
        }
    }

    const BACKOFF: Backoff =
        Backoff { interval: Duration::from_secs(1), max_delay: Duration::from_secs(4) };

    #[tokio::test(start_paused = true)]
    async fn delay_doubles_while_steps_fail_and_resets_after_a_success() {
        use StepOutcome::{FailsTransiently, Succeeds};
        let mut daemon = ScriptedDaemon::new([
            Succeeds,
            FailsTransiently,
            FailsTransiently,
            FailsTransiently,
            FailsTransiently,
            Succeeds,
            FailsTransiently,
        ]);
        let (status, end) = (HealthReporter::default(), sleep(Duration::from_mins(1)));
        run(&mut daemon, BACKOFF, &status, end).await.unwrap();
        assert_eq!(daemon.steps, [0, 1, 2, 4, 8, 12, 13, 14]);
        assert!(daemon.is_stopped);
        assert_eq!(status.health(), Health::Stopping);
    }

    #[tokio::test(start_paused = true)]
    async fn fatal_error_ends_the_loop_after_an_orderly_stop() {
        let mut daemon = ScriptedDaemon::new([
            StepOutcome::Succeeds,
            StepOutcome::FailsFatally,
            StepOutcome::Succeeds,
        ]);
        let end = std::future::pending();
        let ended = run(&mut daemon, BACKOFF, &HealthReporter::default(), end).await;
        assert!(matches!(ended, Err(DaemonError::Listen { .. })));
        assert_eq!((daemon.steps.as_slice(), daemon.is_stopped), ([0, 1].as_slice(), true));
    }
}
