//! `ArbRetryableTx` (0x6e) on a chain without tickets: messages of the parent chain make them, and
//! there is none.

use alloy::primitives::U256;

use super::{
    abi::ArbRetryableTx::{ArbRetryableTxCalls as Function, NoTicketWithID, NotCallable},
    call::{Answer, Call, READ, error},
};

/// Seconds that a ticket would live.
const LIFETIME: u64 = 604_800;

/// Answers a call.
pub(super) fn answer(call: &mut Call<'_>) -> Answer {
    match call.function()? {
        Function::getLifetime(_) => {
            call.view()?;
            call.done_word(U256::from(LIFETIME))
        }
        Function::getCurrentRedeemer(_) => {
            call.view()?;
            call.done_word(U256::ZERO)
        }
        Function::getTimeout(_) | Function::getBeneficiary(_) => {
            call.view()?;
            no_ticket(call, READ)
        }
        Function::cancel(_) | Function::keepalive(_) => {
            call.write()?;
            no_ticket(call, READ)
        }
        Function::redeem(_) => {
            call.write()?;
            no_ticket(call, READ.saturating_mul(2))
        }
        Function::submitRetryable(_) => {
            call.write()?;
            Err(error(&NotCallable {}))
        }
    }
}

/// Reverts after looking for a ticket.
fn no_ticket(call: &mut Call<'_>, gas: u64) -> Answer {
    call.burn(gas);
    Err(error(&NoTicketWithID {}))
}
