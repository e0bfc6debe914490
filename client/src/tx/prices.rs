//! Prices that rise after the estimate of a transaction: the base fee, and what its data costs on the parent
//! chain, which is a part of its gas.

use super::fees;
use crate::backend::{CallEnv, TxDraft};
use crate::chain::ChainReader;

/// What a transaction needs to be accepted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RisenPrices {
    /// The gas limit.
    pub(super) gas_limit: u64,
    /// The base fee in wei for one unit of gas.
    pub(super) base_fee: u128,
}

/// The prices now, if they are too high for the gas limit or the fees of `draft`; `None` also if the node does
/// not tell, or if the call would revert.
pub(super) async fn risen_prices(
    chain: &ChainReader,
    draft: &TxDraft,
    env: &CallEnv,
) -> Option<RisenPrices> {
    let base_fee = chain.head().await.ok()?.gas_price;
    let estimate = chain.backend().estimate_gas(&draft.request, env).await.ok()?;
    let has_risen = base_fee > draft.fees.cap || estimate > draft.gas_limit;
    let gas_limit = fees::gas_limit(estimate).max(draft.gas_limit);
    has_risen.then_some(RisenPrices { gas_limit, base_fee })
}
