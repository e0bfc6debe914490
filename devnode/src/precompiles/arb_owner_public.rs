//! `ArbOwnerPublic` (0x6b): who owns the chain and what the owner has set, for everybody to read.

use super::{
    abi::ArbOwnerPublic::{
        ArbOwnerPublicCalls as Function, getAllChainOwnersCall, getBrotliCompressionLevelCall,
        getInfraFeeAccountCall, getNetworkFeeAccountCall, getScheduledUpgradeCall,
        getScheduledUpgradeReturn, isChainOwnerCall,
    },
    call::{Answer, Call},
};
use crate::state::{
    arbos::{AddressSet, to_address},
    settings::Setting,
};

/// Answers a call.
pub(super) fn answer(call: &mut Call<'_>) -> Answer {
    let function = call.function()?;
    call.view()?;
    match function {
        Function::isChainOwner(args) => {
            let owner = AddressSet::owners().contains(call, args.owner);
            call.done::<isChainOwnerCall>(&owner)
        }
        Function::getAllChainOwners(_) => {
            let owners = AddressSet::owners().members(call);
            call.done::<getAllChainOwnersCall>(&owners)
        }
        Function::getNetworkFeeAccount(_) => {
            let account = to_address(Setting::NetworkFeeAccount.get(call));
            call.done::<getNetworkFeeAccountCall>(&account)
        }
        Function::getInfraFeeAccount(_) => {
            let account = to_address(Setting::InfraFeeAccount.get(call));
            call.done::<getInfraFeeAccountCall>(&account)
        }
        Function::getBrotliCompressionLevel(_) => {
            let level = Setting::BrotliLevel.get(call).saturating_to();
            call.done::<getBrotliCompressionLevelCall>(&level)
        }
        Function::getScheduledUpgrade(_) => {
            let version = Setting::UpgradeVersion.get(call).saturating_to();
            let timestamp = Setting::UpgradeTime.get(call).saturating_to();
            call.done::<getScheduledUpgradeCall>(&getScheduledUpgradeReturn { version, timestamp })
        }
    }
}
