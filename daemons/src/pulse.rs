//! The loop of every daemon: a step, a pause, again, until it is told to stop.

use std::future::Future;

use tokio::select;
use tokio::time::{Duration, sleep};

use crate::error::AgentError;
use crate::status::{Condition, Status, Waiting};

/// What a daemon is made of.
pub trait Agent: Send {
    /// Does everything that is due, and says what it waits for. Made again whenever it fails, and cut off
    /// at any point where it waits, when the daemon ends.
    fn step(&mut self) -> impl Future<Output = Result<Waiting, AgentError>> + Send;

    /// Ends in an orderly way what runs beside the steps.
    fn stop(&mut self) -> impl Future<Output = ()> + Send;
}

/// How long the pauses are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between steps.
    pub rest: Duration,
    /// The longest after steps that fail; the first is as long as a rest, each one twice the one before.
    pub longest: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { rest: Duration::from_millis(500), longest: Duration::from_secs(15) }
    }
}

/// Runs an agent until `end` comes to pass.
///
/// # Errors
/// Those of its steps that no repetition can mend.
pub async fn run(
    agent: &mut impl Agent,
    pace: Pace,
    status: &Status,
    end: impl Future<Output = ()>,
) -> Result<(), AgentError> {
    let ended = select! {
        ended = beat(agent, pace, status) => ended,
        () = end => Ok(()),
    };
    status.set(Condition::Stopping);
    agent.stop().await;
    ended
}

/// Step after step; ends with the first error that is not a passing one.
async fn beat(agent: &mut impl Agent, pace: Pace, status: &Status) -> Result<(), AgentError> {
    let mut pause = pace.rest;
    loop {
        match agent.step().await {
            Ok(waiting) => {
                metrics::counter!("muster_steps_total").increment(1);
                status.set(Condition::Well(waiting));
                pause = pace.rest;
            }
            Err(error) if error.is_passing() => {
                metrics::counter!("muster_failed_steps_total").increment(1);
                status.set(Condition::Failing(error.to_string().into()));
                sleep(pause).await;
                pause = pause.saturating_mul(2).min(pace.longest);
                continue;
            }
            Err(error) => return Err(error),
        }
        sleep(pause).await;
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
    enum Fate {
        Well,
        Passing,
        Final,
    }

    /// An agent whose steps are known, and when they were made.
    struct Known {
        fates: VecDeque<Fate>,
        steps: Vec<u64>,
        begun: Instant,
        is_stopped: bool,
    }

    impl Known {
        fn new(fates: impl IntoIterator<Item = Fate>) -> Self {
            let fates = fates.into_iter().collect();
            Self { fates, steps: Vec::new(), begun: Instant::now(), is_stopped: false }
        }
    }

    impl Agent for Known {
        async fn step(&mut self) -> Result<Waiting, AgentError> {
            self.steps.push(self.begun.elapsed().as_secs());
            match self.fates.pop_front() {
                Some(Fate::Well) => Ok(Waiting::for_a("more")),
                Some(Fate::Passing) => Err(MarketError::NoAccount.into()),
                Some(Fate::Final) => Err(AgentError::Listen {
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

    const PACE: Pace = Pace { rest: Duration::from_secs(1), longest: Duration::from_secs(4) };

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_while_steps_fail_and_shrink_when_one_is_whole() {
        use Fate::{Passing, Well};
        let mut agent = Known::new([Well, Passing, Passing, Passing, Passing, Well, Passing]);
        let (status, end) = (Status::default(), sleep(Duration::from_mins(1)));
        run(&mut agent, PACE, &status, end).await.unwrap();
        assert_eq!(agent.steps, [0, 1, 2, 4, 8, 12, 13, 14]);
        assert!(agent.is_stopped);
        assert_eq!(status.condition(), Condition::Stopping);
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_mended_ends_it_at_once_and_in_order() {
        let mut agent = Known::new([Fate::Well, Fate::Final, Fate::Well]);
        let end = std::future::pending();
        let ended = run(&mut agent, PACE, &Status::default(), end).await;
        assert!(matches!(ended, Err(AgentError::Listen { .. })));
        assert_eq!((agent.steps.as_slice(), agent.is_stopped), ([0, 1].as_slice(), true));
    }
}
