//! Keeping the market's programs alive: anybody may, and whoever lives on the market should.

use muster_client::ProgramLifetime;
use tokio::time::{Duration, Instant};

use crate::base::Base;
use crate::error::AgentError;

/// How often to look how long they have.
const LOOK: Duration = Duration::from_hours(24);

/// Below so much, their lives begin anew.
const LEAST: Duration = Duration::from_hours(90 * 24);

/// When the programs were looked at.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    /// The last time.
    looked: Option<Instant>,
}

impl Upkeep {
    /// Looks once a day how long the market's programs have, and keeps those alive that need it.
    pub(super) async fn see_to(&mut self, base: &Base) -> Result<(), AgentError> {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return Ok(());
        }
        for program in base.market().programs().await? {
            let left = base.market().node().time_left(program).await?;
            if left.is_none_or(|left| left < LEAST) {
                let market = base.doing(&format!("keepalive/{program}"));
                match market.node().keep_alive(program).await? {
                    ProgramLifetime::Extended(_) | ProgramLifetime::Reactivated(_) => {
                        tracing::info!("the program at {program} has a new life");
                    }
                    // Somebody else was first.
                    ProgramLifetime::TooSoon => {}
                }
            }
        }
        self.looked = Some(Instant::now());
        Ok(())
    }
}
