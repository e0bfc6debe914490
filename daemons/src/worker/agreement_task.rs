//! One agreement that chose this worker: accept it, serve it, settle it.

use alloy::primitives::Address;
use muster_client::protocol::abi::IWorkAgreement::IWorkAgreementErrors;
use muster_client::protocol::abi::IWorkerDispatcher::AgreementSettled;
use muster_client::protocol::abi::State;
use muster_client::protocol::lifecycle::Times;
use muster_client::{Agreement, Ether, Progress, Snapshot};
use tokio::time::Duration;

use super::agreement_table::TableEntry;
use super::services::Services;
use super::units::wei_to_gwei;
use crate::chain::{SettleState, SettleTask, release};
use crate::error::DaemonError;
use crate::health::NextEvent;

/// An agreement, as the latest step found it.
#[derive(Debug)]
pub(super) struct AgreementTask {
    /// The agreement.
    agreement: Agreement,
    /// This worker's account.
    account: Address,
    /// This worker's index in the agreement.
    index: u8,
    /// Who has accepted and what was judged, as the latest step read it.
    progress: Option<Progress>,
    /// The state in which the next transaction finds it.
    state: State,
    /// Its settlement.
    settle_task: SettleTask,
}

impl AgreementTask {
    /// A task for an agreement that chose `account`. Others have `settle_delay` at most to settle it first.
    pub(super) fn new(agreement: Agreement, account: Address, settle_delay: Duration) -> Self {
        let index = agreement.terms().workers().position(|worker| worker.account == account);
        // The scan finds only agreements of this worker.
        let index = index.and_then(|index| u8::try_from(index).ok()).unwrap_or(u8::MAX);
        let settle_task = SettleTask::new(agreement.address(), account, settle_delay);
        Self { agreement, account, index, progress: None, state: State::Offered, settle_task }
    }

    /// Does what is due; `None` if nothing is left to do in this agreement. The next transaction will be in the tick `next`.
    /// With `needs_slot`, it frees the slots of the agreement's workers after the end.
    pub(super) async fn step(
        &mut self,
        services: &mut Services,
        snapshot: &Snapshot,
        next: u64,
        needs_slot: bool,
    ) -> Result<Option<NextEvent>, DaemonError> {
        let progress = snapshot.progress;
        self.progress = Some(progress);
        let address = self.agreement.address();
        let times = self.agreement.times(&progress);
        let accepted = progress.has_accepted(self.index);
        self.state = times.state(next);
        match self.state {
            State::Offered | State::Running if !accepted && next <= times.last_accept() => {
                services.start(&self.agreement).await?;
                self.accept(services, &times).await.map(Some)
            }
            State::Offered => Ok(Some(NextEvent::at_tick(
                times.last_accept().saturating_add(1),
                format_args!("the end of {address}, which nobody accepted"),
            ))),
            State::Running => {
                if accepted && !progress.has_resigned(self.index) {
                    services.start(&self.agreement).await?;
                }
                Ok(Some(NextEvent::at_tick(times.end(), format_args!("the end of {address}"))))
            }
            State::Reporting => {
                services.stop(address).await;
                if needs_slot && accepted && !progress.freed {
                    release(&self.agreement).await?;
                }
                let due = times.end().saturating_add(times.report_window.into());
                Ok(Some(NextEvent::at_tick(due, format_args!("the settlement of {address}"))))
            }
            _ => Ok(match self.settle_task.step(&self.agreement, snapshot.is_settled).await? {
                SettleState::Pending(next_event) => Some(next_event),
                SettleState::Settled(settled) => {
                    self.record_settlement(settled.as_ref());
                    None
                }
            }),
        }
    }

    /// The agreement, to look at.
    pub(super) const fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    /// The agreement's state, as the latest step found it.
    pub(super) const fn state(&self) -> State {
        self.state
    }

    /// What the gateway has to know of the agreement; `None` unless this worker serves it.
    pub(super) fn table_entry(&self, services: &Services) -> Option<TableEntry> {
        let progress = self.progress.filter(|progress| progress.has_accepted(self.index))?;
        if progress.has_resigned(self.index) {
            return None;
        }
        let (terms, course, start) = (self.agreement.terms(), &progress.course, progress.start());
        let windows = (0..course.windows(terms)).map(|window| {
            let ticks = course.window_ticks(terms, window);
            let [from, until] = [ticks.start, ticks.end].map(|at| start.saturating_add(at.into()));
            (window, from..until)
        });
        Some(TableEntry {
            ticks: start..self.agreement.times(&progress).end(),
            windows: windows.collect(),
            receipt_domain: self.agreement.receipt_domain(),
            upstream: services.upstream(self.agreement.address())?,
        })
    }

    /// Accepts the agreement, if its service accepts connections.
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
                tracing::info!(agreement = %address, block = receipt.block, "agreement accepted");
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

    /// Logs and counts what the settlement paid this worker.
    fn record_settlement(&self, settled: Option<&AgreementSettled>) {
        let parts = settled.iter().flat_map(|settled| &settled.workers);
        for part in parts.filter(|part| part.account == self.account) {
            let (pay, slash) = (Ether::from(part.pay), Ether::from(part.slash));
            let agreement = self.agreement.address();
            tracing::info!(%agreement, %pay, %slash, "agreement settled");
            let (known_windows, uptime) = (part.known, part.uptime);
            let worker = self.agreement.terms().worker(self.index);
            let promise = worker.map(|worker| worker.promise).unwrap_or_default();
            if known_windows > 0 && uptime < promise {
                tracing::warn!(
                    %agreement, known_windows, uptime_bps = uptime, promise_bps = promise, %slash,
                    "testers reported failures; the log has the requests that were not answered with success"
                );
            }
            metrics::counter!("muster_worker_earned_gwei_total").increment(wei_to_gwei(part.pay));
            metrics::counter!("muster_worker_slashed_gwei_total")
                .increment(wei_to_gwei(part.slash));
        }
    }
}
