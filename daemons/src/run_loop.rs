//! The loop of every daemon: a step, a pause, and again, until it is told to stop.

use std::future::{Future, ready};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::select;
use tokio::time::{Duration, sleep};

use crate::error::DaemonError;
use crate::health::{Health, HealthReporter, NextEvent};

/// A daemon: one step that [`run`] repeats, and an orderly end.
///
/// - **Order.** Steps never overlap; [`Daemon::stop`] is called once, after the last of them.
/// - **Cancellation.** A step can be dropped at every `await` when the daemon ends, and the process can be killed at
///   any instruction. So a step records in the state file what must not happen twice, before it does it, and decides by
///   the chain and the state file alone.
/// - **Retries.** The next step retries what a failed step left. A step finds out first what became of the
///   transactions that have no outcome yet ([`crate::DaemonContext::resume_pending_txs`]).
/// - **Errors.** After a transient error ([`DaemonError::is_transient`]) the loop goes on with growing pauses, which do not
///   grow while nodes only refuse for their rate limits; after any other it ends with that error.
pub trait Daemon: Send {
    /// Does everything that is due now, and returns what the daemon waits for next.
    ///
    /// # Errors
    /// The last of the errors that the step met. What did not depend on the failed part is done anyway.
    fn step(&mut self) -> impl Future<Output = Result<NextEvent, DaemonError>> + Send;

    /// The date of a tick, as [`NextEvent::date`] says it; `None` if it is not known.
    fn date(&self, _tick: u64) -> impl Future<Output = Option<Box<str>>> + Send {
        ready(None)
    }

    /// Why the daemon does not do its work although its steps succeed; `None` if it does.
    fn problem(&self) -> Option<Box<str>> {
        None
    }

    /// Ends the tasks that run beside the steps, in order, and waits for them.
    fn stop(&mut self) -> impl Future<Output = ()> + Send;
}

/// The pauses between steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After a successful step, and after the first failed one.
    pub interval: Duration,
    /// The longest pause. Each failed step doubles the pause up to this.
    pub max_delay: Duration,
}

impl Default for Backoff {
    /// Half a second; 15 seconds at most.
    fn default() -> Self {
        Self { interval: Duration::from_millis(500), max_delay: Duration::from_secs(15) }
    }
}

impl Backoff {
    /// The pauses after steps that fail one after the other, without end.
    fn delays(self) -> impl Iterator<Item = Duration> {
        ExponentialBuilder::new()
            .with_min_delay(self.interval)
            .with_max_delay(self.max_delay)
            .without_max_times()
            .build()
    }
}

/// Runs a daemon until `end` completes, then stops it in order. A step that is under way at that moment is dropped.
///
/// # Errors
/// The first error of a step that is not transient. The daemon is stopped in order then, too.
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

/// Repeats the step until one fails with an error that is not transient.
async fn run_steps(
    daemon: &mut impl Daemon,
    backoff: Backoff,
    health: &HealthReporter,
) -> Result<(), DaemonError> {
    let mut delays = backoff.delays();
    loop {
        let delay = match daemon.step().await {
            Ok(mut next_event) => {
                if let Some(tick) = next_event.tick {
                    next_event.date = daemon.date(tick).await;
                }
                metrics::counter!("muster_steps_total").increment(1);
                health.set(daemon.problem().map_or(Health::Running(next_event), Health::Unfit));
                delays = backoff.delays();
                backoff.interval
            }
            Err(error) if error.is_transient() => {
                metrics::counter!("muster_failed_steps_total").increment(1);
                health.set(Health::Failing(error.to_string().into()));
                // Requests are paced, so more pauses would only take the time that is left.
                let delay = delays.next().filter(|_| !error.is_rate_limit());
                delay.unwrap_or(backoff.interval)
            }
            Err(error) => return Err(error),
        };
        sleep(delay).await;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use muster_client::{MarketError, NodeError};
    use tokio::time::Instant;

    use super::*;

    /// How a step ends.
    #[derive(Clone, Copy)]
    enum StepOutcome {
        Succeeds,
        FailsTransiently,
        IsRefused,
        FailsFatally,
    }

    /// A daemon whose steps end as scripted, with the second in which each was made.
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
                Some(StepOutcome::IsRefused) => {
                    let refusal =
                        NodeError::RateLimited { message: "no".into(), retry_after: None };
                    Err(MarketError::Node(refusal).into())
                }
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
        let (health, end) = (HealthReporter::default(), sleep(Duration::from_mins(1)));
        run(&mut daemon, BACKOFF, &health, end).await.unwrap();
        assert_eq!(daemon.steps, [0, 1, 2, 4, 8, 12, 13, 14]);
        assert!(daemon.is_stopped);
        assert_eq!(health.health(), Health::Stopping);
    }

    #[tokio::test(start_paused = true)]
    async fn delay_stays_while_nodes_refuse_for_their_rate_limits() {
        let mut daemon = ScriptedDaemon::new([StepOutcome::IsRefused; 4]);
        let (health, end) = (HealthReporter::default(), sleep(Duration::from_mins(1)));
        run(&mut daemon, BACKOFF, &health, end).await.unwrap();
        assert_eq!(daemon.steps, [0, 1, 2, 3, 4]);
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
