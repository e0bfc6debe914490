//! One agreement of the client: release workers that did not accept, renew it, settle it, if nobody else does.

use alloy::primitives::Address;
use muster_client::protocol::abi::State;
use muster_client::{Agreement, Ether, Progress, Snapshot};
use tokio::time::Duration;

use super::renewal::Renewal;
use crate::chain::{SettleState, SettleTask, release};
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::health::NextEvent;

/// An agreement that was bought.
#[derive(Debug)]
pub(super) struct AgreementTask {
    /// The agreement.
    agreement: Agreement,
    /// Who has accepted and who has left, as the latest step found it.
    progress: Option<Progress>,
    /// Its settlement.
    settle_task: SettleTask,
}

impl AgreementTask {
    /// A task for an agreement of `account`. Others have `settle_delay` at most to settle it first.
    pub(super) fn new(agreement: Agreement, account: Address, settle_delay: Duration) -> Self {
        let settle_task = SettleTask::new(agreement.address(), account, settle_delay);
        Self { agreement, progress: None, settle_task }
    }

    /// The agreement.
    pub(super) const fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    /// Who has accepted and who has left, as the latest step found it; `None` before the first one.
    pub(super) const fn progress(&self) -> Option<&Progress> {
        self.progress.as_ref()
    }

    /// Does what is due; `None` if nothing is left to do in this agreement. The next transaction will be in the tick `next`.
    pub(super) async fn step(
        &mut self,
        context: &DaemonContext,
        renewal: Option<&Renewal>,
        snapshot: &Snapshot,
        next: u64,
    ) -> Result<Option<NextEvent>, DaemonError> {
        let progress = snapshot.progress;
        self.progress = Some(progress);
        let (times, address) = (self.agreement.times(&progress), self.agreement.address());
        Ok(match times.state(next) {
            State::Offered => {
                let too_late = times.last_accept().saturating_add(1);
                Some(NextEvent::at_tick(too_late, format_args!("a worker to accept {address}")))
            }
            State::Running => {
                if next > times.last_accept() && self.has_absent(&progress) {
                    release(&self.agreement).await?;
                }
                Some(self.renew(context, renewal, &progress, next).await?)
            }
            State::Reporting => {
                let due = times.end().saturating_add(times.report_window.into());
                Some(NextEvent::at_tick(due, format_args!("the settlement of {address}")))
            }
            _ => match self.settle_task.step(&self.agreement, snapshot.is_settled).await? {
                SettleState::Pending(next_event) => Some(next_event),
                SettleState::Settled(settled) => {
                    let refund = settled.map_or(0, |s| s.refund.saturating_add(s.compensation));
                    let refund = Ether::from(refund);
                    tracing::info!(agreement = %address, %refund, "agreement settled");
                    None
                }
            },
        })
    }

    /// Whether a worker that did not accept is still paid for.
    fn has_absent(&self, progress: &Progress) -> bool {
        let mut workers = 0..self.agreement.terms().header.redundancy;
        workers.any(|index| !progress.has_accepted(index) && !progress.is_released(index))
    }

    /// Buys the agreement that follows on this one, if that is due; returns what comes next.
    async fn renew(
        &self,
        context: &DaemonContext,
        renewal: Option<&Renewal>,
        progress: &Progress,
        next: u64,
    ) -> Result<NextEvent, DaemonError> {
        let (address, end) = (self.agreement.address(), self.agreement.times(progress).end());
        let due = |renewal: &Renewal| renewal.due(&self.agreement, progress);
        let due = renewal.and_then(|renewal| Some((renewal, due(renewal)?)));
        if let Some((renewal, due)) = due {
            if next < due {
                return Ok(NextEvent::at_tick(due, format_args!("the renewal of {address}")));
            }
            renewal.renew(context, &self.agreement).await?;
        }
        Ok(NextEvent::at_tick(end, format_args!("the end of {address}")))
    }
}
