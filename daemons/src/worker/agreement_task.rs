//! What is due in one agreement that chose this worker: accept, serve, settle.

use alloy::primitives::Address;
use muster_client::protocol::abi::IWorkAgreement::IWorkAgreementErrors;
use muster_client::protocol::abi::IWorkerDispatcher::AgreementSettled;
use muster_client::protocol::abi::State;
use muster_client::protocol::lifecycle::Times;
use muster_client::{Agreement, Progress};
use tokio::time::Duration;

use super::access::TableEntry;
use super::service::Services;
use crate::error::DaemonError;
use crate::health::NextEvent;
use crate::settlement::{SettleState, SettleTask};

/// An agreement, and how it was found by the latest step.
#[derive(Debug)]
pub(super) struct AgreementTask {
    /// The agreement.
    agreement: Agreement,
    /// This worker.
    account: Address,
    /// Its place in the agreement.
    index: u8,
    /// How it stood.
    progress: Option<Progress>,
    /// Where it was in its life.
    state: State,
    /// Its settlement.
    settle_task: SettleTask,
}

impl AgreementTask {
    /// An agreement that chose `account`, and in which others have so long to settle first, at most.
    pub(super) fn new(agreement: Agreement, account: Address, settle_delay: Duration) -> Self {
        let index = agreement.terms().workers().position(|worker| worker.account == account);
        // It is one of them, or the search would not have found it.
        let index = index.and_then(|index| u8::try_from(index).ok()).unwrap_or(u8::MAX);
        let settle_task = SettleTask::new(agreement.address(), account, settle_delay);
        Self { agreement, account, index, progress: None, state: State::Offered, settle_task }
    }

    /// Does what is due; `None` if nothing ever will be again.
    pub(super) async fn step(
        &mut self,
        services: &mut Services,
    ) -> Result<Option<NextEvent>, DaemonError> {
        let progress = self.agreement.progress().await?;
        self.progress = Some(progress);
        let address = self.agreement.address();
        let (times, next) =
            (self.agreement.times(&progress), self.agreement.market().next_tick().await?);
        let accepted = progress.has_accepted(self.index);
        self.state = times.state(next);
        match self.state {
            State::Offered | State::Running if !accepted && next <= times.last_accept() => {
                services.start(address)?;
                self.accept(services, &times).await.map(Some)
            }
            State::Offered => Ok(Some(NextEvent::at_tick(
                times.last_accept().saturating_add(1),
                format_args!("the end of {address}, which nobody accepted"),
            ))),
            State::Running => {
                if accepted && progress.resigned(self.index).is_none() {
                    services.start(address)?;
                }
                Ok(Some(NextEvent::at_tick(times.end(), format_args!("the end of {address}"))))
            }
            State::Reporting => {
                services.stop(address).await;
                let due = times.end().saturating_add(times.report_window.into());
                Ok(Some(NextEvent::at_tick(due, format_args!("the settlement of {address}"))))
            }
            _ => Ok(match self.settle_task.step(&self.agreement).await? {
                SettleState::Pending(next_event) => Some(next_event),
                SettleState::Settled(settled) => {
                    self.record_settlement(settled.as_ref());
                    None
                }
            }),
        }
    }

    /// Where it is in its life, as far as the latest step knows.
    pub(super) const fn state(&self) -> State {
        self.state
    }

    /// What the gateway is to know of it; `None` unless this worker serves it.
    pub(super) fn table_entry(&self, services: &Services) -> Option<TableEntry> {
        let progress = self.progress.filter(|progress| progress.has_accepted(self.index))?;
        if progress.resigned(self.index).is_some() {
            return None;
        }
        let windows = progress.windows;
        Some(TableEntry {
            start: progress.start,
            length: self.agreement.terms().ticks(windows),
            windows,
            receipt_domain: self.agreement.receipt_domain(),
            upstream: services.upstream(self.agreement.address())?,
        })
    }

    /// Accepts, if its service is there.
    async fn accept(
        &mut self,
        services: &Services,
        times: &Times,
    ) -> Result<NextEvent, DaemonError> {
        let (address, last) = (self.agreement.address(), times.last_accept());
        if !services.is_up(address).await {
            let what = format_args!("its service, which does not answer, to accept {address}");
            return Ok(NextEvent::at_tick(last, what));
        }
        let agreement = self.agreement.clone().with_purpose(&format!("accept/{address}"));
        match agreement.accept().await {
            Ok(receipt) => {
                tracing::info!("has accepted {address} in block {}", receipt.block);
                let progress = self.agreement.progress().await?;
                (self.progress, self.state) = (Some(progress), State::Running);
                let end = self.agreement.times(&progress).end();
                Ok(NextEvent::at_tick(end, format_args!("the end of {address}")))
            }
            Err(error) => match error.agreement() {
                Some(IWorkAgreementErrors::SeedNotReady(_)) => {
                    Ok(NextEvent::at_tick(last, format_args!("a later block, to accept {address}")))
                }
                _ => Err(error.into()),
            },
        }
    }

    /// Says what came of it.
    fn record_settlement(&self, settled: Option<&AgreementSettled>) {
        let parts = settled.iter().flat_map(|settled| &settled.workers);
        for part in parts.filter(|part| part.account == self.account) {
            let (pay, slash) =
                (muster_client::Ether::from(part.pay), muster_client::Ether::from(part.slash));
            let address = self.agreement.address();
            tracing::info!("{address} is settled: pay {pay}, slash {slash}");
            metrics::counter!("muster_worker_earned_gwei_total").increment(wei_to_gwei(part.pay));
            metrics::counter!("muster_worker_slashed_gwei_total")
                .increment(wei_to_gwei(part.slash));
        }
    }
}

/// Wei in gwei, rounded down.
fn wei_to_gwei(wei: u128) -> u64 {
    let gwei = wei.checked_div(1_000_000_000).unwrap_or_default();
    u64::try_from(gwei).unwrap_or(u64::MAX)
}
