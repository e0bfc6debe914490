//! `ArbFilteredTransactionsManager` (0x74): hashes of transactions that may not run. Since ArbOS 60.
//!
//! Nobody can filter transactions on this chain, so the list is always empty.

use super::{
    Unimplemented,
    abi::ArbFilteredTransactionsManager::{
        ArbFilteredTransactionsManagerCalls as Function, isTransactionFilteredCall,
    },
    call::{CallError, CallResult, PrecompileCall},
    gas::{OPEN_ARBOS_GAS, STORAGE_READ_GAS},
};
use crate::state::arbos::AddressSet;

/// Runs a call. Others than filterers pay for the test whether they are one, and for nothing else.
pub(super) fn dispatch(call: &mut PrecompileCall<'_>) -> CallResult {
    let caller = call.caller.address;
    let may_filter = AddressSet::transaction_filterers().contains(call, caller);
    call.charge_once(if may_filter { 0 } else { OPEN_ARBOS_GAS.saturating_add(STORAGE_READ_GAS) })?;
    execute(call, may_filter).map_err(|error| match error {
        CallError::RevertAllGas => CallError::EmptyRevert,
        other => other,
    })
}

/// Runs a function.
fn execute(call: &mut PrecompileCall<'_>, may_filter: bool) -> CallResult {
    match call.function()? {
        Function::isTransactionFiltered(_) => {
            call.view()?;
            call.encode_return::<isTransactionFilteredCall>(&false)
        }
        Function::addFilteredTransaction(_) | Function::deleteFilteredTransaction(_) => {
            call.write()?;
            if may_filter {
                let (precompile, function) = ("ArbFilteredTransactionsManager", "filtering");
                return Err(CallError::Unimplemented(Unimplemented { precompile, function }));
            }
            Err(CallError::EmptyRevert)
        }
    }
}
