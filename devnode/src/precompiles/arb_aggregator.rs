//! `ArbAggregator` (0x6d): what is left of the time when aggregators set fees of their own.

use alloy::primitives::U256;

use super::{
    abi::ArbAggregator::ArbAggregatorCalls as Function,
    call::{CallResult, PrecompileCall},
};

/// Runs a call.
pub(super) fn dispatch(call: &mut PrecompileCall<'_>) -> CallResult {
    match call.function()? {
        Function::getTxBaseFee(_) => {
            call.view()?;
            call.encode_word(U256::ZERO)
        }
    }
}
