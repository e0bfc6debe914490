//! Addresses.

use std::{fmt, str::FromStr};

use crate::Account;

/// An address: twenty bytes, as text with its checksum.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 20]);

/// A text that is no address.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{text:?} is no address: expected 0x and 40 hexadecimal digits")]
pub struct InvalidAddress {
    /// The text.
    text: Box<str>,
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&alloy::primitives::Address::from(self.0), formatter)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let address = text.parse::<alloy::primitives::Address>();
        address
            .map(|address| Self(address.into()))
            .map_err(|_| InvalidAddress { text: text.into() })
    }
}

impl From<[u8; 20]> for Address {
    fn from(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }
}

impl From<Address> for [u8; 20] {
    fn from(address: Address) -> Self {
        address.0
    }
}

impl From<&Account> for Address {
    fn from(account: &Account) -> Self {
        Self(account.address.into())
    }
}
