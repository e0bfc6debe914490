//! One value of a result, for people and for programs.

use std::borrow::Borrow;
use std::fmt::Display;

use alloy::primitives::{Address, U256};
use muster_client::Ether;
use serde_json::Value;

use crate::aliases::Aliases;

/// One value of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// No value.
    None,
    /// A text, a hash.
    Text(String),
    /// An address; people see its name too.
    Address(Address),
    /// Values of one kind.
    List(Vec<Self>),
    /// A number that is no amount.
    Count(u64),
    /// Wei; a decimal string in JSON, because many JSON parsers have no numbers this large.
    Wei(U256),
    /// What the first amount of wei has more than the second; a decimal string in JSON.
    Difference(u128, u128),
    /// Yes or no.
    Flag(bool),
    /// A value, and what people are told besides.
    Noted(Box<Self>, String),
}

impl Cell {
    /// A text from anything that prints.
    pub(crate) fn text(value: impl Display) -> Self {
        Self::Text(value.to_string())
    }

    /// An address.
    pub(crate) fn address(address: impl Borrow<Address>) -> Self {
        Self::Address(*address.borrow())
    }

    /// Addresses.
    pub(crate) fn addresses(addresses: impl IntoIterator<Item = Address>) -> Self {
        Self::List(addresses.into_iter().map(Self::Address).collect())
    }

    /// An amount in wei.
    pub(crate) fn wei(value: u128) -> Self {
        Self::Wei(U256::from(value))
    }

    /// A number of bytes.
    pub(crate) fn size(bytes: usize) -> Self {
        Self::Count(u64::try_from(bytes).unwrap_or(u64::MAX))
    }

    /// A number.
    pub(crate) fn count(value: impl Into<u64>) -> Self {
        Self::Count(value.into())
    }

    /// The value with a note for people, if there is one.
    pub(crate) fn noted(self, note: Option<String>) -> Self {
        match note {
            Some(note) => Self::Noted(Box::new(self), note),
            None => self,
        }
    }

    /// The value for people.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::None => "-".to_owned(),
            Self::Text(text) => text.clone(),
            Self::Address(address) => account_text(*address),
            Self::List(cells) => cells.iter().map(Self::to_text).collect::<Vec<_>>().join(" "),
            Self::Count(count) => count.to_string(),
            Self::Wei(wei) => Ether::from(*wei).to_string(),
            Self::Difference(more, less) => {
                let sign = if more < less { "-" } else { "" };
                format!("{sign}{}", Ether::from(more.abs_diff(*less)))
            }
            Self::Flag(true) => "yes".to_owned(),
            Self::Flag(false) => "no".to_owned(),
            Self::Noted(value, note) => format!("{} ({note})", value.to_text()),
        }
    }

    /// The value for programs.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Text(text) => Value::from(text.as_str()),
            Self::Address(address) => Value::from(address.to_string()),
            Self::List(cells) => cells.iter().map(Self::to_json).collect(),
            Self::Count(count) => Value::from(*count),
            Self::Wei(wei) => Value::from(wei.to_string()),
            Self::Difference(more, less) => {
                let sign = if more < less { "-" } else { "" };
                Value::from(format!("{sign}{}", more.abs_diff(*less)))
            }
            Self::Flag(flag) => Value::from(*flag),
            Self::Noted(value, _) => value.to_json(),
        }
    }
}

/// An address, and its name: `0x8ba1f109551bD432803012645Ac136ddd64DBA72 (ada)`.
pub(crate) fn account_text(address: Address) -> String {
    match Aliases::known().ok().and_then(|aliases| aliases.name(address)) {
        Some(name) => format!("{address} ({name})"),
        None => address.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::Cell;

    #[test]
    fn a_note_is_for_people_alone() {
        let noted = Cell::count(240_u8).noted(Some("4m".to_owned()));
        assert_eq!((noted.to_text().as_str(), noted.to_json()), ("240 (4m)", 240.into()));
        assert_eq!(Cell::count(240_u8).noted(None), Cell::count(240_u8));
    }

    #[test]
    fn a_difference_has_a_sign() {
        for (more, less, text, json) in
            [(7, 2, "5wei", "5"), (2, 7, "-5wei", "-5"), (7, 7, "0wei", "0")]
        {
            let cell = Cell::Difference(more, less);
            assert_eq!((cell.to_text().as_str(), cell.to_json()), (text, json.into()));
        }
    }
}
