//! The accounts, agreements and applications of the market.

use alloy::primitives::{Address, FixedBytes, keccak256};

/// Number `n` of a kind of accounts.
fn account(kind: u8, n: u32) -> Address {
    let mut bytes = keccak256([&[kind], n.to_be_bytes().as_slice()].concat());
    bytes[31] = kind;
    Address::from_slice(&bytes[12..])
}

/// Worker number `n`, from 0.
pub(crate) fn worker(n: u32) -> Address {
    account(1, n)
}

/// Tester number `n`, from 0.
pub(crate) fn tester(n: u32) -> Address {
    account(2, n)
}

/// Client number `n`, from 0.
pub(crate) fn client(n: u32) -> Address {
    account(3, n)
}

/// Agreement number `n`, from 0.
pub(crate) fn agreement_address(n: u32) -> Address {
    account(4, n)
}

/// Application number `n`.
pub(crate) fn application(n: u32) -> FixedBytes<8> {
    let mut name = [0; 8];
    name[..4].copy_from_slice(format!("app{}", n % 10).as_bytes());
    FixedBytes(name)
}
