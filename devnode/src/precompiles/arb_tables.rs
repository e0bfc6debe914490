//! Tables of early Arbitrum: `ArbAddressTable` (0x66), which assigns indices to addresses, and the
//! remains of `ArbFunctionTable` (0x68) and `ArbBLS` (0x67).

use alloy::{
    primitives::{Address, Bytes, U256},
    rlp::{Decodable, Encodable},
};

use super::{
    abi::{
        ArbAddressTable::{
            ArbAddressTableCalls as Function, compressCall, decompressCall, decompressReturn,
        },
        ArbFunctionTable::ArbFunctionTableCalls,
    },
    call::{CallError, CallResult, PrecompileCall},
};
use crate::state::arbos::{ArbosStorage, Substorage, from_address, to_address};

/// Storage of the address table: size in word 0, addresses from word 1, and indices by address in a
/// child.
fn address_table() -> Substorage {
    Substorage::address_table()
}

/// Runs a call of `ArbAddressTable`.
pub(super) fn dispatch_address_table(call: &mut PrecompileCall<'_>) -> CallResult {
    match call.function()? {
        Function::addressExists(args) => {
            call.view()?;
            let exists = index_of(call, args.account).is_some();
            call.encode_word(U256::from(exists))
        }
        Function::size(_) => {
            call.view()?;
            let size = call.word(address_table().at(0));
            call.encode_word(size)
        }
        Function::lookup(args) => {
            call.view()?;
            let found = index_of(call, args.account).ok_or(CallError::EmptyRevert)?;
            call.encode_word(found)
        }
        Function::lookupIndex(args) => {
            call.view()?;
            let account = address_at(call, args.index).ok_or(CallError::EmptyRevert)?;
            call.encode_word(from_address(account))
        }
        Function::register(args) => {
            call.write()?;
            let index = register(call, args.account);
            call.encode_word(index)
        }
        Function::compress(args) => {
            call.write()?;
            let mut short = Vec::new();
            match index_of(call, args.account) {
                Some(index) => index.encode(&mut short),
                None => args.account.encode(&mut short),
            }
            call.encode_return::<compressCall>(&short.into())
        }
        Function::decompress(args) => {
            call.view()?;
            decompress(call, &args.data, args.offset)
        }
    }
}

/// Runs a call of `ArbFunctionTable`, which stores nothing any more.
pub(super) fn dispatch_function_table(call: &mut PrecompileCall<'_>) -> CallResult {
    match call.function()? {
        ArbFunctionTableCalls::upload(_) => {
            call.write()?;
            Ok(Bytes::new())
        }
        ArbFunctionTableCalls::size(_) => {
            call.view()?;
            call.encode_word(U256::ZERO)
        }
        ArbFunctionTableCalls::get(_) => {
            call.view()?;
            Err(CallError::EmptyRevert)
        }
    }
}

/// Runs a call of `ArbBLS`, which has no functions.
pub(super) const fn dispatch_bls(_: &mut PrecompileCall<'_>) -> CallResult {
    Err(CallError::RevertAllGas)
}

/// The index of an address.
fn index_of(call: &mut PrecompileCall<'_>, account: Address) -> Option<U256> {
    let slot = address_table().child(&[]).slot(account.into_word());
    call.word(slot).checked_sub(U256::ONE)
}

/// The address at an index.
fn address_at(call: &mut PrecompileCall<'_>, index: U256) -> Option<Address> {
    let size = call.word(address_table().at(0));
    let position: u64 = index.saturating_to();
    (index < size).then(|| to_address(call.word(address_table().at(position.saturating_add(1)))))
}

/// Assigns an index to an address, unless it has one.
fn register(call: &mut PrecompileCall<'_>, account: Address) -> U256 {
    if let Some(known) = index_of(call, account) {
        return known;
    }
    let index: u64 = call.word(address_table().at(0)).saturating_to();
    let next = index.saturating_add(1);
    call.set_word(address_table().at(0), U256::from(next));
    call.set_word(address_table().at(next), from_address(account));
    call.set_word(address_table().child(&[]).slot(account.into_word()), U256::from(next));
    U256::from(index)
}

/// Decodes the output of `compress` at an offset; returns the address and the number of bytes read.
fn decompress(call: &mut PrecompileCall<'_>, data: &[u8], offset: U256) -> CallResult {
    let offset: usize = offset.saturating_to();
    let rest = data.get(offset..).ok_or(CallError::EmptyRevert)?;
    let mut raw = rest;
    let account = if let Ok(account) = Address::decode(&mut raw) {
        account
    } else {
        raw = rest;
        let index = U256::decode(&mut raw).map_err(|_| CallError::EmptyRevert)?;
        address_at(call, index).ok_or(CallError::EmptyRevert)?
    };
    let read = U256::from(rest.len().saturating_sub(raw.len()));
    call.encode_return::<decompressCall>(&decompressReturn { _0: account, _1: read })
}
