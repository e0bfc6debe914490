//! `ArbSys` (0x64): properties of the chain, and messages to the parent chain.

use alloy::primitives::{Address, Bytes, U256, address, keccak256};

use super::{
    abi::ArbSys::{
        ArbSysCalls as Function, InvalidBlockNumber, L2ToL1Tx, SendMerkleUpdate, arbBlockHashCall,
        arbBlockNumberCall, arbChainIDCall, arbOSVersionCall, getStorageGasAvailableCall,
        isTopLevelCallCall, mapL1SenderContractAddressToL2AliasCall,
        myCallersAddressWithoutAliasingCall, wasMyCallersAddressAliasedCall,
    },
    call::{CallError, CallResult, PrecompileCall, solidity_error},
    gas::hash_gas,
};
use crate::state::send_accumulator;

/// Address of the precompile.
const ARB_SYS: Address = address!("0000000000000000000000000000000000000064");

/// What `arbOSVersion` adds to the version of ArbOS.
const VERSION_OFFSET: u64 = 55;

/// Number of recent blocks with an available hash.
const HASH_WINDOW: u64 = 256;

/// Offset of an aliased address.
const L1_ALIAS_OFFSET: Address = address!("1111000000000000000000000000000000001111");

/// Runs a call.
pub(super) fn dispatch(call: &mut PrecompileCall<'_>) -> CallResult {
    match call.function()? {
        Function::mapL1SenderContractAddressToL2Alias(args) => {
            call.pure()?;
            let sum = U256::from_be_slice(args.sender.as_slice())
                .wrapping_add(U256::from_be_slice(L1_ALIAS_OFFSET.as_slice()));
            let alias = crate::state::arbos::to_address(sum);
            call.encode_return::<mapL1SenderContractAddressToL2AliasCall>(&alias)
        }
        Function::arbBlockNumber(_) => {
            call.view()?;
            let height = call.host.block_context().height;
            call.encode_return::<arbBlockNumberCall>(&U256::from(height))
        }
        Function::arbBlockHash(args) => {
            call.view()?;
            let current = call.host.block_context().height;
            let requested: u64 = args.number.saturating_to();
            let recent = requested >= current.saturating_sub(HASH_WINDOW) && requested < current;
            match recent.then(|| call.host.block_hash(requested)).flatten() {
                Some(hash) => call.encode_return::<arbBlockHashCall>(&hash),
                None => Err(solidity_error(&InvalidBlockNumber {
                    requested: args.number,
                    current: U256::from(current),
                })),
            }
        }
        Function::arbChainID(_) => {
            call.view()?;
            let chain_id = call.host.chain_id();
            call.encode_return::<arbChainIDCall>(&U256::from(chain_id))
        }
        Function::arbOSVersion(_) => {
            call.view()?;
            let version = u64::from(call.host.block_context().arbos.number());
            let reported = version.saturating_add(VERSION_OFFSET);
            call.encode_return::<arbOSVersionCall>(&U256::from(reported))
        }
        Function::getStorageGasAvailable(_) => {
            call.view()?;
            call.encode_return::<getStorageGasAvailableCall>(&U256::ZERO)
        }
        Function::isTopLevelCall(_) => {
            call.view()?;
            let top = call.caller.depth < 2;
            call.encode_return::<isTopLevelCallCall>(&top)
        }
        Function::wasMyCallersAddressAliased(_) => {
            call.view()?;
            call.encode_return::<wasMyCallersAddressAliasedCall>(&false)
        }
        Function::sendTxToL1(args) => {
            call.payable()?;
            send(call, args.destination, args.data)
        }
        Function::withdrawEth(args) => {
            call.payable()?;
            send(call, args.destination, Bytes::new())
        }
        Function::sendMerkleTreeState(_) => {
            call.view()?;
            // Only the zero address may call this, which no transaction does.
            Err(CallError::EmptyRevert)
        }
        Function::myCallersAddressWithoutAliasing(_) => {
            call.view()?;
            let outer_caller = call.caller.outer_caller;
            call.encode_return::<myCallersAddressWithoutAliasingCall>(&outer_caller)
        }
    }
}

/// Records a message to the parent chain and burns its value.
fn send(call: &mut PrecompileCall<'_>, destination: Address, data: Bytes) -> CallResult {
    let (caller, value) = (call.caller.address, call.caller.value);
    let block = call.host.block_context();
    let word = |number: u64| U256::from(number).to_be_bytes::<32>();
    let preimage = [
        caller.as_slice(),
        destination.as_slice(),
        &word(block.height),
        &word(0),
        &word(block.timestamp),
        &value.to_be_bytes::<32>(),
        &data,
    ]
    .concat();
    call.burn(hash_gas(preimage.len()));
    let hash = keccak256(preimage);
    let (leaf, nodes) = send_accumulator::append(call, hash);
    call.host.burn(ARB_SYS, value);
    for node in &nodes {
        let position = node.position();
        call.emit(&SendMerkleUpdate { reserved: U256::ZERO, hash: node.hash, position });
    }
    call.emit(&L2ToL1Tx {
        caller,
        destination,
        hash: hash.into(),
        position: U256::from(leaf),
        arbBlockNum: U256::from(block.height),
        ethBlockNum: U256::ZERO,
        timestamp: U256::from(block.timestamp),
        callvalue: value,
        data,
    });
    call.encode_word(U256::from(leaf))
}
