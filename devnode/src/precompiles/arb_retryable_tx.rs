//! `ArbRetryableTx` (0x6e) on a chain without tickets: messages of the parent chain make them, and
//! there is none.

use alloy::primitives::U256;

use super::{
    abi::ArbRetryableTx::{ArbRetryableTxCalls as Function, NoTicketWithID, NotCallable},
    call::{CallResult, PrecompileCall, STORAGE_READ_GAS, solidity_error},
};

/// Seconds that a ticket would live.
const LIFETIME: u64 = 604_800;

/// Answers a call.
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

/// Reverts after looking for a ticket.
fn no_ticket(call: &mut PrecompileCall<'_>, gas: u64) -> CallResult {
    call.burn(gas);
    Err(solidity_error(&NoTicketWithID {}))
}
