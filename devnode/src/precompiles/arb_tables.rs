//! The tables of early Arbitrum: `ArbAddressTable` (0x66), which gives addresses short numbers, and
//! what is left of `ArbFunctionTable` (0x68) and `ArbBLS` (0x67).

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
    call::{Answer, Call, Stop},
};
use crate::state::arbos::{Space, Words, from_address, to_address};

/// Where the addresses are: their count in word 0, then one by one, and numbers by address.
fn table() -> Space {
    Space::ROOT.child(&[3])
}

/// Answers a call of `ArbAddressTable`.
pub(super) fn addresses(call: &mut Call<'_>) -> Answer {
    match call.function()? {
        Function::addressExists(args) => {
            call.view()?;
            let exists = number(call, args.account).is_some();
            call.done_word(U256::from(exists))
        }
        Function::size(_) => {
            call.view()?;
            let size = call.word(table().at(0));
            call.done_word(size)
        }
        Function::lookup(args) => {
            call.view()?;
            let found = number(call, args.account).ok_or(Stop::Plain)?;
            call.done_word(found)
        }
        Function::lookupIndex(args) => {
            call.view()?;
            let account = at(call, args.index).ok_or(Stop::Plain)?;
            call.done_word(from_address(account))
        }
        Function::register(args) => {
            call.write()?;
            let index = register(call, args.account);
            call.done_word(index)
        }
        Function::compress(args) => {
            call.write()?;
            let mut short = Vec::new();
            match number(call, args.account) {
                Some(index) => index.encode(&mut short),
                None => args.account.encode(&mut short),
            }
            call.done::<compressCall>(&short.into())
        }
        Function::decompress(args) => {
            call.view()?;
            decompress(call, &args.data, args.offset)
        }
    }
}

/// Answers a call of `ArbFunctionTable`, which keeps nothing any more.
pub(super) fn functions(call: &mut Call<'_>) -> Answer {
    match call.function()? {
        ArbFunctionTableCalls::upload(_) => {
            call.write()?;
            Ok(Bytes::new())
        }
        ArbFunctionTableCalls::size(_) => {
            call.view()?;
            call.done_word(U256::ZERO)
        }
        ArbFunctionTableCalls::get(_) => {
            call.view()?;
            Err(Stop::Plain)
        }
    }
}

/// Answers a call of `ArbBLS`, which has no functions.
pub(super) const fn bls(_: &mut Call<'_>) -> Answer {
    Err(Stop::Refused)
}

/// The number of an address; `None` if it has none.
fn number(call: &mut Call<'_>, account: Address) -> Option<U256> {
    let slot = table().child(&[]).slot(account.into_word());
    call.word(slot).checked_sub(U256::ONE)
}

/// The address with a number; `None` if there are not as many.
fn at(call: &mut Call<'_>, index: U256) -> Option<Address> {
    let size = call.word(table().at(0));
    let place: u64 = index.saturating_to();
    (index < size).then(|| to_address(call.word(table().at(place.saturating_add(1)))))
}

/// Gives an address a number, unless it has one.
fn register(call: &mut Call<'_>, account: Address) -> U256 {
    if let Some(known) = number(call, account) {
        return known;
    }
    let index: u64 = call.word(table().at(0)).saturating_to();
    let next = index.saturating_add(1);
    call.set_word(table().at(0), U256::from(next));
    call.set_word(table().at(next), from_address(account));
    call.set_word(table().child(&[]).slot(account.into_word()), U256::from(next));
    U256::from(index)
}

/// Reads what `compress` wrote at an offset; the address, and how many bytes it took.
fn decompress(call: &mut Call<'_>, data: &[u8], offset: U256) -> Answer {
    let offset: usize = offset.saturating_to();
    let rest = data.get(offset..).ok_or(Stop::Plain)?;
    let mut raw = rest;
    let account = if let Ok(account) = Address::decode(&mut raw) {
        account
    } else {
        raw = rest;
        let index = U256::decode(&mut raw).map_err(|_| Stop::Plain)?;
        at(call, index).ok_or(Stop::Plain)?
    };
    let read = U256::from(rest.len().saturating_sub(raw.len()));
    call.done::<decompressCall>(&decompressReturn { _0: account, _1: read })
}
