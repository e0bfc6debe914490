//! What is due in one agreement of the client's: to settle it, if nobody else does.

use alloy::primitives::Address;
use muster_client::protocol::abi::State;
use muster_client::{Agreement, Ether};
use tokio::time::Duration;

use crate::ending::{End, Ending};
use crate::error::AgentError;
use crate::status::Waiting;

/// An agreement that was bought.
#[derive(Debug)]
pub(super) struct Deal {
    /// The agreement.
    agreement: Agreement,
    /// Its settlement.
    ending: Ending,
}

impl Deal {
    /// An agreement of `account`'s, in which others have so long to settle first, at most.
    pub(super) fn new(agreement: Agreement, account: Address, courtesy: Duration) -> Self {
        let ending = Ending::new(agreement.address(), account, courtesy);
        Self { agreement, ending }
    }

    /// Does what is due; `None` if nothing ever will be again.
    pub(super) async fn attend(&mut self) -> Result<Option<Waiting>, AgentError> {
        let progress = self.agreement.progress().await?;
        let (times, address) = (self.agreement.times(&progress), self.agreement.address());
        let next = self.agreement.market().next_tick().await?;
        Ok(match times.state(next) {
            State::Offered => {
                let late = times.last_accept().saturating_add(1);
                Some(Waiting::until(late, format_args!("a worker to accept {address}")))
            }
            State::Running => {
                Some(Waiting::until(times.end(), format_args!("the end of {address}")))
            }
            State::Reporting => {
                let due = times.end().saturating_add(times.report_window.into());
                Some(Waiting::until(due, format_args!("the settlement of {address}")))
            }
            _ => match self.ending.attend(&self.agreement).await? {
                End::Waits(waiting) => Some(waiting),
                End::Settled(settled) => {
                    let back = settled.map_or(0, |s| s.refund.saturating_add(s.compensation));
                    tracing::info!("{address} is settled: {} came back", Ether::from(back));
                    None
                }
            },
        })
    }
}
