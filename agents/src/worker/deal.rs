//! What is due in one agreement that chose this worker: accept, serve, settle.

use alloy::primitives::{Address, keccak256};
use client::terms::abi::IWorkAgreement::IWorkAgreementErrors;
use client::terms::abi::{Clock, State};
use client::terms::lifecycle::Times;
use client::{Agreement, MarketError, Progress};
use tokio::time::{Duration, Instant};

use super::door::Entry;
use super::service::Services;
use crate::error::AgentError;
use crate::status::Waiting;

/// An agreement, and how it was found by the latest step.
#[derive(Debug)]
pub(super) struct Deal {
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
    /// How long others have to settle first.
    courtesy: Duration,
    /// When this worker settles, if nobody else does.
    settles: Option<Instant>,
}

impl Deal {
    /// An agreement that chose `account`, and in which others have so long to settle first, at most: each
    /// worker waits for a part of it that is its own.
    pub(super) fn new(agreement: Agreement, account: Address, courtesy: Duration) -> Self {
        let index = agreement.terms().workers().position(|worker| worker.account == account);
        // It is one of them, or the search would not have found it.
        let index = index.and_then(|index| u8::try_from(index).ok()).unwrap_or(u8::MAX);
        let [chance, ..] = *keccak256([agreement.address(), account].concat());
        let part = courtesy.saturating_mul(chance.into()).checked_div(u8::MAX.into());
        let courtesy = part.unwrap_or_default();
        let state = State::Offered;
        Self { agreement, account, index, progress: None, state, courtesy, settles: None }
    }

    /// Does what is due; `None` if nothing ever will be again.
    pub(super) async fn attend(
        &mut self,
        services: &mut Services,
    ) -> Result<Option<Waiting>, AgentError> {
        let progress = self.agreement.progress().await?;
        self.progress = Some(progress);
        let address = self.agreement.address();
        let (times, next) = (self.agreement.times(&progress), self.next().await?);
        let accepted = progress.has_accepted(self.index);
        self.state = times.state(next);
        match self.state {
            State::Offered | State::Running if !accepted && next <= times.last_accept() => {
                services.begin(address)?;
                self.accept(services, &times).await.map(Some)
            }
            State::Offered => Ok(Some(Waiting::until(
                times.last_accept().saturating_add(1),
                format_args!("the end of {address}, which nobody accepted"),
            ))),
            State::Running => {
                if accepted && progress.resigned(self.index).is_none() {
                    services.begin(address)?;
                }
                Ok(Some(Waiting::until(times.end(), format_args!("the end of {address}"))))
            }
            State::Reporting => {
                services.end(address).await;
                let due = times.end().saturating_add(times.report_window.into());
                Ok(Some(Waiting::until(due, format_args!("the settlement of {address}"))))
            }
            _ => self.finish().await,
        }
    }

    /// Where it is in its life, as far as the latest step knows.
    pub(super) const fn state(&self) -> State {
        self.state
    }

    /// What the gateway is to know of it; `None` unless this worker serves it.
    pub(super) fn entry(&self, services: &Services) -> Option<Entry> {
        let progress = self.progress.filter(|progress| progress.has_accepted(self.index))?;
        if progress.resigned(self.index).is_some() {
            return None;
        }
        let windows = progress.windows;
        Some(Entry {
            start: progress.start,
            length: self.agreement.terms().ticks(windows),
            windows,
            domain: self.agreement.receipt_domain(),
            upstream: services.upstream(self.agreement.address())?,
        })
    }

    /// The tick of the next transaction.
    async fn next(&self) -> Result<u64, MarketError> {
        let market = self.agreement.market();
        let now = market.now().await?;
        Ok(match market.settings().clock {
            Clock::Second => now,
            _ => now.saturating_add(1),
        })
    }

    /// Accepts, if its service is there.
    async fn accept(&mut self, services: &Services, times: &Times) -> Result<Waiting, AgentError> {
        let (address, last) = (self.agreement.address(), times.last_accept());
        if !services.is_up(address).await {
            let what = format_args!("its service, which does not answer, to accept {address}");
            return Ok(Waiting::until(last, what));
        }
        let agreement = self.agreement.clone().with_purpose(&format!("accept/{address}"));
        match agreement.accept().await {
            Ok(receipt) => {
                tracing::info!("has accepted {address} in block {}", receipt.block);
                let progress = self.agreement.progress().await?;
                (self.progress, self.state) = (Some(progress), State::Running);
                let end = self.agreement.times(&progress).end();
                Ok(Waiting::until(end, format_args!("the end of {address}")))
            }
            Err(error) => match error.agreement() {
                Some(IWorkAgreementErrors::SeedNotReady(_)) => {
                    Ok(Waiting::until(last, format_args!("a later block, to accept {address}")))
                }
                _ => Err(error.into()),
            },
        }
    }

    /// Settles if nobody else does for a while; `None` when it is settled.
    async fn finish(&mut self) -> Result<Option<Waiting>, AgentError> {
        let address = self.agreement.address();
        let settles = *self.settles.get_or_insert_with(|| {
            let now = Instant::now();
            now.checked_add(self.courtesy).unwrap_or(now)
        });
        if !self.is_settled().await? {
            if Instant::now() < settles {
                let what = format_args!("somebody to settle {address}");
                return Ok(Some(Waiting::for_a(what)));
            }
            let agreement = self.agreement.clone().with_purpose(&format!("settle/{address}"));
            match agreement.settle().await {
                Ok(_) => {}
                // Somebody else was first.
                Err(_) if self.is_settled().await? => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.account_for().await?;
        Ok(None)
    }

    /// Whether everybody is paid.
    async fn is_settled(&self) -> Result<bool, MarketError> {
        Ok(matches!(self.agreement.state().await?, State::Settled | State::Void))
    }

    /// Says what came of it.
    async fn account_for(&self) -> Result<(), MarketError> {
        let settled = self.agreement.settlement().await?;
        let parts = settled.iter().flat_map(|settled| &settled.workers);
        for part in parts.filter(|part| part.account == self.account) {
            let (pay, slash) = (client::Ether::from(part.pay), client::Ether::from(part.slash));
            let address = self.agreement.address();
            tracing::info!("{address} is settled: pay {pay}, slash {slash}");
            metrics::counter!("muster_worker_earned_gwei_total").increment(gwei(part.pay));
            metrics::counter!("muster_worker_slashed_gwei_total").increment(gwei(part.slash));
        }
        Ok(())
    }
}

/// Wei in gwei, rounded down.
fn gwei(wei: u128) -> u64 {
    let gwei = wei.checked_div(1_000_000_000).unwrap_or_default();
    u64::try_from(gwei).unwrap_or(u64::MAX)
}
