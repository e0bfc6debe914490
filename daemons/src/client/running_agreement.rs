//! The agreements of an account that run: what was bought is used before more is bought.

use alloy::primitives::Address;
use muster_client::protocol::abi::State;
use muster_client::protocol::lifecycle::Times;
use muster_client::{Application, MarketError, Progress};

use crate::chain::scan_purchases;
use crate::context::DaemonContext;
use crate::error::DaemonError;

/// An agreement that runs, or that workers can still accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningAgreement {
    /// Its address.
    pub address: Address,
    /// The number of its workers that serve or can still accept.
    pub workers: u8,
    /// The tick in which it ends.
    pub end: u64,
}

/// Whether a worker serves in the next tick, or can still accept.
pub(super) fn may_serve(progress: &Progress, times: &Times, index: u8, next: u64) -> bool {
    if progress.has_accepted(index) {
        !progress.has_resigned(index)
    } else {
        next <= times.last_accept()
    }
}

/// The account's agreements in which something is left to do, or all of them, up to the latest block. The search begins at block
/// `first`, if the state file is new.
///
/// # Errors
/// [`DaemonError::Market`], [`DaemonError::Store`].
pub async fn own_agreements(
    context: &DaemonContext,
    first: u64,
    all: bool,
) -> Result<Vec<Address>, DaemonError> {
    let (market, store, account) = (context.market(), context.store(), context.account());
    scan_purchases(market, store, first, |bought| bought.client == account).await?;
    Ok(if all { store.all_agreements()? } else { store.open_agreements()? })
}

/// The account's agreements for an application that run at this moment, the one that ends last first; and the name of the
/// next purchase, which stays the same until that purchase is among the agreements. So a purchase that was interrupted is
/// not made again by [`buy_once`](super::buy_once). The search begins at block `first`, if the state file is new.
///
/// # Errors
/// [`DaemonError::Market`], [`DaemonError::Store`].
pub async fn running_agreements(
    context: &DaemonContext,
    application: Application,
    first: u64,
) -> Result<(Vec<RunningAgreement>, String), DaemonError> {
    #[cfg(feature = "failpoints")]
    crate::failpoint::declare(super::failpoints::FAILPOINTS);
    let (market, store, account) = (context.market(), context.store(), context.account());
    // A purchase that was sent and not seen in a block is found by the scan then.
    context.resume_pending_txs().await?;
    scan_purchases(market, store, first, |bought| bought.client == account).await?;
    let next = market.next_tick().await?;
    let mut running = Vec::new();
    for address in store.open_agreements()? {
        let agreement = match market.agreement(address).await {
            Ok(agreement) => agreement,
            Err(MarketError::NotAnAgreement(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        let header = &agreement.terms().header;
        let progress = agreement.progress().await?;
        let times = agreement.times(&progress);
        let is_open = matches!(times.state(next), State::Offered | State::Running);
        if !is_open || header.application != application.0 || header.client != account {
            continue;
        }
        let workers = 0..header.redundancy;
        let workers = workers.filter(|index| may_serve(&progress, &times, *index, next)).count();
        let workers = u8::try_from(workers).unwrap_or(u8::MAX);
        running.push(RunningAgreement { address, workers, end: times.end() });
    }
    running.sort_by_key(|agreement| std::cmp::Reverse(agreement.end));
    Ok((running, format!("jobs/{}", store.agreement_count()?)))
}
