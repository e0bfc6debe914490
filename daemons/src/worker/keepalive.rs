//! Keeping the market's programs alive: anybody may, and whoever lives on the market should.

use muster_client::ProgramLifetime;
use tokio::time::{Duration, Instant};

use crate::context::DaemonContext;
use crate::error::DaemonError;

/// How often to look how long they have.
const CHECK_INTERVAL: Duration = Duration::from_hours(24);

/// Below so much, their lives begin anew.
const MIN_TIME_LEFT: Duration = Duration::from_hours(90 * 24);

/// When the programs were looked at.
#[derive(Debug, Default)]
pub(super) struct Keepalive {
    /// The last time.
    last_check: Option<Instant>,
}

impl Keepalive {
    /// Looks once a day how long the market's programs have, and keeps those alive that need it.
    pub(super) async fn run_if_due(&mut self, context: &DaemonContext) -> Result<(), DaemonError> {
        if self.last_check.is_some_and(|looked| looked.elapsed() < CHECK_INTERVAL) {
            return Ok(());
        }
        for program in context.market().programs().await? {
            let left = context.market().node().time_left(program).await?;
            if left.is_none_or(|left| left < MIN_TIME_LEFT) {
                let market = context.market_for(&format!("keepalive/{program}"));
                match market.node().keep_alive(program).await? {
                    ProgramLifetime::Extended(_) | ProgramLifetime::Reactivated(_) => {
                        tracing::info!("the program at {program} has a new life");
                    }
                    // Somebody else was first.
                    ProgramLifetime::TooSoon => {}
                }
            }
        }
        self.last_check = Some(Instant::now());
        Ok(())
    }
}
