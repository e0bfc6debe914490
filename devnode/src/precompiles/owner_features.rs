//! Features that an owner of the chain can schedule: native tokens and filtered transactions.

use alloy::primitives::{Address, U256};

use super::{
    abi::ArbOwner::{
        ArbOwnerCalls as Function, FilteredFundsRecipientSet, NativeTokenOwnerAdded,
        NativeTokenOwnerRemoved, TransactionFiltererAdded, TransactionFiltererRemoved,
    },
    call::{CallError, PrecompileCall},
};
use crate::state::{
    arbos::{AddressSet, from_address},
    settings::Setting,
};

/// Seconds before a feature can start.
const NOTICE: u64 = 7 * 24 * 60 * 60;

/// Runs a function about a feature; `None` for all others.
pub(super) fn change(
    call: &mut PrecompileCall<'_>,
    function: &Function,
) -> Option<Result<(), CallError>> {
    Some(match function {
        Function::setNativeTokenManagementFrom(args) => {
            schedule(call, Setting::NativeTokenFrom, args.timestamp)
        }
        Function::setTransactionFilteringFrom(args) => {
            schedule(call, Setting::FilteringFrom, args.timestamp)
        }
        Function::addNativeTokenOwner(args) => add_native_token_owner(call, args.owner),
        Function::removeNativeTokenOwner(args) => remove_native_token_owner(call, args.owner),
        Function::addTransactionFilterer(args) => add_filterer(call, args.filterer),
        Function::removeTransactionFilterer(args) => remove_filterer(call, args.filterer),
        Function::setFilteredFundsRecipient(args) => {
            Setting::FilteredFundsRecipient.set(call, from_address(args.recipient));
            call.emit(&FilteredFundsRecipientSet { recipient: args.recipient });
            Ok(())
        }
        _ => return None,
    })
}

/// Sets when a feature starts; zero turns it off. A start must be announced a week before, and one
/// that is closer may only be postponed.
fn schedule(
    call: &mut PrecompileCall<'_>,
    setting: Setting,
    timestamp: u64,
) -> Result<(), CallError> {
    if timestamp > 0 {
        let stored: u64 = setting.get(call).saturating_to();
        let now = call.host.block_context().timestamp;
        let earliest = now.saturating_add(NOTICE);
        let least = if stored == 0 || stored > earliest {
            earliest
        } else if stored > now {
            stored
        } else {
            0
        };
        if timestamp < least {
            return Err(CallError::EmptyRevert);
        }
    }
    setting.set(call, U256::from(timestamp));
    Ok(())
}

/// Fails unless a feature has started.
fn require_started(call: &mut PrecompileCall<'_>, setting: Setting) -> Result<(), CallError> {
    let from: u64 = setting.get(call).saturating_to();
    let now = call.host.block_context().timestamp;
    if from == 0 || from > now { Err(CallError::EmptyRevert) } else { Ok(()) }
}

/// Lets an account mint and burn the native token.
fn add_native_token_owner(call: &mut PrecompileCall<'_>, owner: Address) -> Result<(), CallError> {
    require_started(call, Setting::NativeTokenFrom)?;
    AddressSet::native_token_owners().add(call, owner);
    if call.arbos().logs_owners() {
        call.emit(&NativeTokenOwnerAdded { owner });
    }
    Ok(())
}

/// Forbids an account to mint and burn the native token.
fn remove_native_token_owner(
    call: &mut PrecompileCall<'_>,
    owner: Address,
) -> Result<(), CallError> {
    if !AddressSet::native_token_owners().remove(call, owner) {
        return Err(CallError::EmptyRevert);
    }
    if call.arbos().logs_owners() {
        call.emit(&NativeTokenOwnerRemoved { owner });
    }
    Ok(())
}

/// Lets an account filter transactions.
fn add_filterer(call: &mut PrecompileCall<'_>, filterer: Address) -> Result<(), CallError> {
    require_started(call, Setting::FilteringFrom)?;
    AddressSet::transaction_filterers().add(call, filterer);
    call.emit(&TransactionFiltererAdded { filterer });
    Ok(())
}

/// Forbids an account to filter transactions.
fn remove_filterer(call: &mut PrecompileCall<'_>, filterer: Address) -> Result<(), CallError> {
    if !AddressSet::transaction_filterers().remove(call, filterer) {
        return Err(CallError::EmptyRevert);
    }
    call.emit(&TransactionFiltererRemoved { filterer });
    Ok(())
}
