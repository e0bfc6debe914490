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
