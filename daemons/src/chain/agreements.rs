//! Looking at the agreements of a daemon: one request for all of them, or few.

use alloy::primitives::Address;
use muster_client::{Agreement, Market, MarketError, Snapshot};

/// What agreements show, by address.
pub(crate) type Snapshots = Vec<(Address, Result<Snapshot, MarketError>)>;

/// The agreements at these addresses, but not those that a reorg has taken back.
pub(crate) async fn existing_agreements(
    market: &Market,
    addresses: &[Address],
) -> Result<Vec<Agreement>, MarketError> {
    let mut existing = Vec::new();
    for agreement in market.agreements_at(addresses).await? {
        match agreement {
            Err(MarketError::NotAnAgreement(_)) => {}
            agreement => existing.push(agreement?),
        }
    }
    Ok(existing)
}

/// What agreements show, each with its address, in their order.
pub(crate) async fn look_at(
    market: &Market,
    agreements: impl Iterator<Item = &Agreement>,
) -> Result<Snapshots, MarketError> {
    let agreements: Vec<_> = agreements.map(|agreement| (agreement, None)).collect();
    let snapshots = market.snapshots(&agreements).await?;
    Ok(agreements.iter().map(|(agreement, _)| agreement.address()).zip(snapshots).collect())
}
