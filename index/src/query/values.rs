//! Values of answers, and how they are written in JSON.

use std::fmt::{self, Display, Formatter};

use alloy::primitives::{Address, B256, FixedBytes};
use muster_client::Application;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// Serializes a value as the text that people see.
macro_rules! as_text {
    ($($value:ident),*) => {$(
        impl Serialize for $value {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

/// An amount in wei; in JSON a text of decimal digits, because a number would lose digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String)]
pub struct Wei(pub u128);

impl Display for Wei {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An account or a contract; in JSON its address with a checksum (EIP-55).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String)]
pub struct Account(pub Address);

impl Display for Account {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A hash or a key of 32 bytes; in JSON in hexadecimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String)]
pub struct Hash(pub B256);

impl Display for Hash {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An application; in JSON its name, or its bytes in hexadecimal if they are no name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String)]
pub struct ApplicationName(pub FixedBytes<8>);

impl Display for ApplicationName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Application(self.0).fmt(f)
    }
}

as_text!(Wei, Account, Hash, ApplicationName);
