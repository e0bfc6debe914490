//! `ArbOwnerPublic` (0x6b): owners and settings of the chain, readable by anyone.

use alloy::primitives::U256;

use super::{
    abi::ArbOwnerPublic::{
        ArbOwnerPublicCalls as Function, getAllChainOwnersCall, getAllNativeTokenOwnersCall,
        getAllTransactionFilterersCall, getScheduledUpgradeCall, getScheduledUpgradeReturn,
    },
    call::{CallError, CallResult, PrecompileCall},
    gas::STORAGE_READ_GAS,
};
use crate::state::{arbos::AddressSet, settings::Setting};

/// Runs a call.
pub(super) fn dispatch(call: &mut PrecompileCall<'_>) -> CallResult {
    let function = call.function()?;
    if let Function::rectifyChainOwner(args) = &function {
        call.write()?;
        return rectify(call, args.owner);
    }
    call.view()?;
    let word = match function {
        Function::isChainOwner(args) => U256::from(AddressSet::owners().contains(call, args.owner)),
        Function::getNetworkFeeAccount(_) => Setting::NetworkFeeAccount.get(call),
        Function::getInfraFeeAccount(_) => Setting::InfraFeeAccount.get(call),
        Function::getBrotliCompressionLevel(_) => Setting::BrotliLevel.get(call),
        Function::isNativeTokenOwner(args) => {
            U256::from(AddressSet::native_token_owners().contains(call, args.owner))
        }
        Function::getNativeTokenManagementFrom(_) => Setting::NativeTokenFrom.get(call),
        Function::getMaxStylusContractFragments(_) => U256::from(call.params().max_fragments),
        Function::getCollectTips(_) => Setting::CollectTips.get(call),
        Function::getTransactionFilteringFrom(_) => Setting::FilteringFrom.get(call),
        Function::isTransactionFilterer(args) => {
            U256::from(AddressSet::transaction_filterers().contains(call, args.filterer))
        }
        Function::getFilteredFundsRecipient(_) => Setting::FilteredFundsRecipient.get(call),
        Function::getParentGasFloorPerToken(_) => Setting::ParentGasFloor.get(call),
        // Other calldata prices, a feature that is off. The check costs one read.
        Function::isCalldataPriceIncreaseEnabled(_) => {
            call.burn(STORAGE_READ_GAS);
            U256::ZERO
        }
        other => return dispatch_compound(call, &other),
    };
    call.encode_word(word)
}

/// Runs a function that returns more than a word.
fn dispatch_compound(call: &mut PrecompileCall<'_>, function: &Function) -> CallResult {
    match function {
        Function::getAllChainOwners(_) => {
            let owners = AddressSet::owners().members(call);
            call.encode_return::<getAllChainOwnersCall>(&owners)
        }
        Function::getAllNativeTokenOwners(_) => {
            let owners = AddressSet::native_token_owners().members(call);
            call.encode_return::<getAllNativeTokenOwnersCall>(&owners)
        }
        Function::getAllTransactionFilterers(_) => {
            let filterers = AddressSet::transaction_filterers().members(call);
            call.encode_return::<getAllTransactionFilterersCall>(&filterers)
        }
        Function::getScheduledUpgrade(_) => {
            let version = Setting::UpgradeVersion.get(call).saturating_to();
            let timestamp = Setting::UpgradeTime.get(call).saturating_to();
            let over = version <= u64::from(call.arbos().number());
            let (version, timestamp) = if over { (0, 0) } else { (version, timestamp) };
            call.encode_return::<getScheduledUpgradeCall>(&getScheduledUpgradeReturn {
                version,
                timestamp,
            })
        }
        _ => Err(CallError::RevertAllGas),
    }
}

/// `rectifyChainOwner` repairs a corrupted owner list; here the list is never corrupted, so the
/// call reverts.
fn rectify(call: &mut PrecompileCall<'_>, owner: alloy::primitives::Address) -> CallResult {
    if AddressSet::owners().contains(call, owner) {
        call.burn(STORAGE_READ_GAS.saturating_mul(3));
    }
    Err(CallError::EmptyRevert)
}
