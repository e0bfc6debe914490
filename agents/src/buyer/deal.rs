//! What is due in one agreement of the client's: to settle it, if nobody else does.

use alloy::primitives::{Address, keccak256};
use client::terms::abi::{Clock, State};
use client::{Agreement, Ether, MarketError};
use tokio::time::{Duration, Instant};

use crate::error::AgentError;
use crate::status::Waiting;

/// An agreement that was bought.
#[derive(Debug)]
pub(super) struct Deal {
    /// The agreement.
    agreement: Agreement,
    /// How long others have to settle first.
    courtesy: Duration,
    /// When this client settles, if nobody else does.
    settles: Option<Instant>,
}

impl Deal {
    /// An agreement in which others have so long to settle first, at most: `account` waits for a part of it
    /// that is its own.
    pub(super) fn new(agreement: Agreement, account: Address, courtesy: Duration) -> Self {
        let [chance, ..] = *keccak256([agreement.address(), account].concat());
        let part = courtesy.saturating_mul(chance.into()).checked_div(u8::MAX.into());
        Self { agreement, courtesy: part.unwrap_or_default(), settles: None }
    }

    /// Does what is due; `None` if nothing ever will be again.
    pub(super) async fn attend(&mut self) -> Result<Option<Waiting>, AgentError> {
        let progress = self.agreement.progress().await?;
        let (times, address) = (self.agreement.times(&progress), self.agreement.address());
        let market = self.agreement.market();
        let now = market.now().await?;
        let next = match market.settings().clock {
            Clock::Second => now,
            _ => now.saturating_add(1),
        };
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
            _ => return self.finish().await,
        })
    }

    /// Settles if nobody else does for a while; `None` when it is settled.
    async fn finish(&mut self) -> Result<Option<Waiting>, AgentError> {
        let address = self.agreement.address();
        if self.is_settled().await? {
            let settled = self.agreement.settlement().await?;
            let back = settled.map_or(0, |s| s.refund.saturating_add(s.compensation));
            tracing::info!("{address} is settled: {} came back", Ether::from(back));
            return Ok(None);
        }
        let settles = *self.settles.get_or_insert_with(|| {
            let now = Instant::now();
            now.checked_add(self.courtesy).unwrap_or(now)
        });
        if Instant::now() >= settles {
            let agreement = self.agreement.clone().with_purpose(&format!("settle/{address}"));
            match agreement.settle().await {
                Ok(_) => {}
                // Somebody else was first.
                Err(_) if self.is_settled().await? => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(Waiting::for_a(format_args!("the settlement of {address}"))))
    }

    /// Whether everybody is paid.
    async fn is_settled(&self) -> Result<bool, MarketError> {
        Ok(matches!(self.agreement.state().await?, State::Settled | State::Void))
    }
}
