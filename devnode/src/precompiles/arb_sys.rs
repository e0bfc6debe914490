//! `ArbSys` (0x64): the chain as seen from inside. Missing: messages to the parent chain.

use alloy::primitives::{Address, U256, address};

use super::{
    abi::ArbSys::{
        ArbSysCalls as Function, InvalidBlockNumber, arbBlockHashCall, arbBlockNumberCall,
        arbChainIDCall, arbOSVersionCall, getStorageGasAvailableCall, isTopLevelCallCall,
        mapL1SenderContractAddressToL2AliasCall, myCallersAddressWithoutAliasingCall,
        wasMyCallersAddressAliasedCall,
    },
    call::{Answer, Call, error},
};
use crate::CHAIN_ID;

/// What version 51 of ArbOS calls itself.
const ARBOS_VERSION: u64 = 106;

/// Blocks whose hashes can be asked for.
const HASHES: u64 = 256;

/// What is added to the address of a contract of the parent chain.
const ALIAS: Address = address!("1111000000000000000000000000000000001111");

/// Answers a call.
pub(super) fn answer(call: &mut Call<'_>) -> Answer {
    match call.function()? {
        Function::mapL1SenderContractAddressToL2Alias(args) => {
            call.pure()?;
            let sum = U256::from_be_slice(args.sender.as_slice())
                .wrapping_add(U256::from_be_slice(ALIAS.as_slice()));
            let alias = crate::state::arbos::to_address(sum);
            call.done::<mapL1SenderContractAddressToL2AliasCall>(&alias)
        }
        Function::arbBlockNumber(_) => {
            call.view()?;
            let height = call.host.facts().height;
            call.done::<arbBlockNumberCall>(&U256::from(height))
        }
        Function::arbBlockHash(args) => {
            call.view()?;
            let current = call.host.facts().height;
            let asked: u64 = args.number.saturating_to();
            let recent = asked >= current.saturating_sub(HASHES) && asked < current;
            match call.host.block_hash(asked).filter(|_| recent) {
                Some(hash) => call.done::<arbBlockHashCall>(&hash),
                None => Err(error(&InvalidBlockNumber {
                    requested: args.number,
                    current: U256::from(current),
                })),
            }
        }
        Function::arbChainID(_) => {
            call.view()?;
            call.done::<arbChainIDCall>(&U256::from(CHAIN_ID))
        }
        Function::arbOSVersion(_) => {
            call.view()?;
            call.done::<arbOSVersionCall>(&U256::from(ARBOS_VERSION))
        }
        Function::getStorageGasAvailable(_) => {
            call.view()?;
            call.done::<getStorageGasAvailableCall>(&U256::ZERO)
        }
        Function::isTopLevelCall(_) => {
            call.view()?;
            let top = call.caller.depth <= 2;
            call.done::<isTopLevelCallCall>(&top)
        }
        Function::wasMyCallersAddressAliased(_) => {
            call.view()?;
            call.done::<wasMyCallersAddressAliasedCall>(&false)
        }
        Function::myCallersAddressWithoutAliasing(_) => {
            call.view()?;
            let beyond = call.caller.beyond;
            call.done::<myCallersAddressWithoutAliasingCall>(&beyond)
        }
    }
}
