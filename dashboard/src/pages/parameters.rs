//! What a page is asked for.

use std::collections::BTreeMap;
use std::str::FromStr;

use alloy::primitives::{Address, FixedBytes};
use muster_client::Application;

use crate::error::DashboardError;

/// The words of a page's address after `?`.
pub(crate) type Words = BTreeMap<String, String>;

/// The word of this name; nothing if it is empty, as forms leave it.
pub(crate) fn word<'a>(words: &'a Words, name: &str) -> Option<&'a str> {
    words.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// The value of the word of this name, if there is one.
pub(crate) fn parsed<T: FromStr>(
    words: &Words,
    name: &'static str,
    expected: &'static str,
) -> Result<Option<T>, DashboardError> {
    let Some(text) = word(words, name) else { return Ok(None) };
    let value = text.to_owned();
    text.parse().map(Some).map_err(|_| DashboardError::Parameter { name, value, expected })
}

/// An address. One with capitals must have the right ones (EIP-55), so that a typing error is found.
pub(crate) fn parse_address(text: &str) -> Result<Address, DashboardError> {
    let wrong = || DashboardError::Address(text.to_owned());
    let digits = text.strip_prefix("0x").ok_or_else(wrong)?;
    let one_case = |is: fn(&char) -> bool| !digits.chars().any(|c| is(&c));
    if one_case(char::is_ascii_uppercase) || one_case(char::is_ascii_lowercase) {
        return text.parse().map_err(|_| wrong());
    }
    Address::parse_checksummed(text, None).map_err(|_| wrong())
}

/// An application by its name or its bytes.
pub(crate) fn parse_application(text: &str) -> Result<FixedBytes<8>, DashboardError> {
    let parsed = text.parse::<Application>();
    parsed.map(|found| found.0).map_err(|_| DashboardError::Application(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_a_typing_error_is_refused() {
        let right = Address::repeat_byte(0xab).to_string();
        for text in [right.clone(), right.to_lowercase()] {
            assert_eq!(parse_address(&text).unwrap(), Address::repeat_byte(0xab));
        }
        let swapped = right.replacen('B', "b", 1);
        for text in [swapped.as_str(), "", "0x", "ab", "0x12", &right[2..]] {
            let refused = parse_address(text).unwrap_err();
            assert!(matches!(refused, DashboardError::Address(_)), "{text}");
        }
    }

    #[test]
    fn an_empty_word_is_none() {
        let words = [("a".to_owned(), " ".to_owned()), ("b".to_owned(), "x".to_owned())].into();
        assert_eq!(parsed::<u32>(&words, "a", "a number").unwrap(), None);
        assert_eq!(parsed::<u32>(&words, "c", "a number").unwrap(), None);
        let refused = parsed::<u32>(&words, "b", "a number").unwrap_err();
        assert_eq!(refused.to_string(), "b cannot be \"x\": a number");
    }
}
