//! Buying once: what has a name is not bought twice, whatever happens in between.

use alloy::primitives::B256;
use muster_client::{Market, MarketError, Purchase};

use crate::context::DaemonContext;
use crate::error::DaemonError;

/// Carries out the purchase of this name, unless it was carried out before: then that one is returned. A
/// purchase that was cut off is followed to its end first; one that the market refused is made anew.
///
/// # Errors
/// Those of `purchase`; [`DaemonError::Market`] with [`MarketError::Unconfirmed`] if it was made and its block is
/// gone: it may come back, so nothing is bought.
pub async fn buy_once<E: From<DaemonError>>(
    context: &DaemonContext,
    name: &str,
    purchase: impl AsyncFnOnce(&Market) -> Result<Purchase, E>,
) -> Result<Purchase, E> {
    let purpose = format!("buy/{name}");
    match existing_purchase(context, &purpose).await? {
        Some(made) => Ok(made),
        None => purchase(&context.market_for(&purpose)).await,
    }
}

/// What was bought for this purpose, if anything was.
async fn existing_purchase(
    context: &DaemonContext,
    purpose: &str,
) -> Result<Option<Purchase>, DaemonError> {
    context.resume_pending_txs().await?;
    let Some(transaction) = context.store().completed_tx(purpose)? else { return Ok(None) };
    Ok(purchase_in_tx(context.market(), transaction).await?)
}

/// What was bought in a transaction; `None` if the market refused.
async fn purchase_in_tx(
    market: &Market,
    transaction: B256,
) -> Result<Option<Purchase>, MarketError> {
    let receipt = market.node().receipt(transaction).await?;
    match market.bought(receipt.ok_or(MarketError::Unconfirmed(transaction))?) {
        Ok(made) => Ok(Some(made)),
        Err(MarketError::PurchaseRefused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
