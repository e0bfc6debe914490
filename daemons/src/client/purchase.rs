//! Purchases by name, each of which is made once, even across crashes.

use alloy::primitives::B256;
use muster_client::{Market, MarketError, Purchase};

use crate::context::DaemonContext;
use crate::error::DaemonError;

/// Makes the purchase of this name, or returns the one that was made under the name before.
///
/// It first finds out what became of a purchase that was interrupted. It calls `purchase`, at most once, if there was
/// none under this name, or if the market refused it.
///
/// # Errors
/// Those of `purchase`; [`DaemonError::Store`]; [`DaemonError::Market`], with [`MarketError::Unconfirmed`] if a purchase
/// was made whose block is gone after a reorg. That purchase may come back, so nothing is bought.
pub async fn buy_once<E: From<DaemonError>>(
    context: &DaemonContext,
    name: &str,
    purchase: impl AsyncFnOnce(&Market) -> Result<Purchase, E>,
) -> Result<Purchase, E> {
    #[cfg(feature = "failpoints")]
    crate::failpoint::declare(super::failpoints::FAILPOINTS);
    let purpose = format!("buy/{name}");
    if let Some(existing) = existing_purchase(context, &purpose).await? {
        return Ok(existing);
    }
    let _sending = context.sending().await;
    purchase(&context.market_for(&purpose)).await
}

/// The purchase that was made under this name; `None` if there is none, and none is under way.
///
/// # Errors
/// [`DaemonError::Store`]; [`DaemonError::Market`], with [`MarketError::Unconfirmed`] while that is not known.
pub async fn find_purchase(
    context: &DaemonContext,
    name: &str,
) -> Result<Option<Purchase>, DaemonError> {
    existing_purchase(context, &format!("buy/{name}")).await
}

/// The purchase of this purpose, if there was one.
pub(super) async fn existing_purchase(
    context: &DaemonContext,
    purpose: &str,
) -> Result<Option<Purchase>, DaemonError> {
    context.resume_pending_txs().await?;
    let Some(transaction) = context.store().completed_tx(purpose)? else { return Ok(None) };
    Ok(purchase_in_tx(context.market(), transaction).await?)
}

/// The purchase in a transaction; `None` if the market refused it.
async fn purchase_in_tx(
    market: &Market,
    transaction: B256,
) -> Result<Option<Purchase>, MarketError> {
    let receipt = market.node().receipt(transaction).await?;
    match market.bought(receipt.ok_or(MarketError::Unconfirmed(transaction))?) {
        Ok(purchase) => Ok(Some(purchase)),
        Err(MarketError::PurchaseRefused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
