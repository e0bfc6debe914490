//! `ArbRetryableTx` (0x6e). Retryable tickets come from the parent chain, so there are none.

use alloy::primitives::U256;

use super::{
    abi::ArbRetryableTx::{ArbRetryableTxCalls as Function, NoTicketWithID, NotCallable},
    call::{CallResult, PrecompileCall, solidity_error},
    gas::STORAGE_READ_GAS,
};

/// Lifetime of a ticket in seconds.
const LIFETIME: u64 = 604_800;

/// Runs a call.
pub(super) fn dispatch(call: &mut PrecompileCall<'_>) -> CallResult {
    match call.function()? {
        Function::getLifetime(_) => {
            call.view()?;
            call.encode_word(U256::from(LIFETIME))
        }
        Function::getCurrentRedeemer(_) => {
            call.view()?;
            call.encode_word(U256::ZERO)
        }
        Function::getTimeout(_) | Function::getBeneficiary(_) => {
            call.view()?;
            no_ticket(call, STORAGE_READ_GAS)
        }
        Function::cancel(_) | Function::keepalive(_) => {
            call.write()?;
            no_ticket(call, STORAGE_READ_GAS)
        }
        Function::redeem(_) => {
            call.write()?;
            no_ticket(call, STORAGE_READ_GAS.saturating_mul(2))
        }
        Function::submitRetryable(_) => {
            call.write()?;
            Err(solidity_error(&NotCallable {}))
        }
    }
}

/// The revert for a ticket that does not exist.
fn no_ticket(call: &mut PrecompileCall<'_>, gas: u64) -> CallResult {
    call.burn(gas);
    Err(solidity_error(&NoTicketWithID {}))
}
