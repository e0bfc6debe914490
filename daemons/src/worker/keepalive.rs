//! Keeping the market's programs alive. Any account can do it; a worker depends on it.

use muster_client::ProgramLifetime;
use tokio::time::Duration;

use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::periodic::Periodic;

/// The pause between two checks.
const CHECK_INTERVAL: Duration = Duration::from_hours(24);

/// A program with less time left is renewed.
const MIN_TIME_LEFT: Duration = Duration::from_hours(90 * 24);

/// Checks once a day how long the market's programs stay active.
#[derive(Debug)]
pub(super) struct Keepalive(Periodic);

impl Default for Keepalive {
    fn default() -> Self {
        Self(Periodic::every(CHECK_INTERVAL))
    }
}

impl Keepalive {
    /// Renews the programs that expire soon, if the last check is a day ago.
    pub(super) async fn run_if_due(&mut self, context: &DaemonContext) -> Result<(), DaemonError> {
        if !self.0.is_due() {
            return Ok(());
        }
        for program in context.market().programs().await? {
            let left = context.market().node().time_left(program).await?;
            if left.is_none_or(|left| left < MIN_TIME_LEFT) {
                let market = context.market_for(&format!("keepalive/{program}"));
                match market.node().keep_alive(program).await? {
                    ProgramLifetime::Extended(_) => tracing::info!(%program, "program extended"),
                    ProgramLifetime::Reactivated(_) => {
                        tracing::info!(%program, "program reactivated");
                    }
                    // Another account was faster.
                    ProgramLifetime::TooSoon => {}
                }
            }
        }
        self.0.record();
        Ok(())
    }
}
