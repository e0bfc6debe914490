//! Amounts of wei in JSON.

use std::fmt::{self, Display, Formatter};

use muster_client::Ether;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// An amount of wei. It is written as a decimal number in a string, because many languages round large numbers; it is read
/// from such a string, from one with a unit such as `0.01eth` or `20gwei`, or from a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, example = "10000000000000000")]
pub struct Wei(pub u128);

/// How an amount can be written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    /// As a number.
    Number(u64),
    /// As a text.
    Text(String),
}

impl Display for Wei {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Wei {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Wei {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expected = "expected an amount, as \"0.01eth\", \"20gwei\" or wei without a unit";
        match Written::deserialize(from).map_err(|_| D::Error::custom(expected))? {
            Written::Number(wei) => Ok(Self(wei.into())),
            Written::Text(text) => {
                let with_unit = || text.parse().and_then(Ether::wei);
                let amount = text.parse().or_else(|_| with_unit());
                amount.map(Self).map_err(|error| D::Error::custom(format!("{error}; {expected}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_with_and_without_a_unit_and_written_exactly() {
        for (text, wei) in [
            ("7", 7),
            ("\"7\"", 7),
            ("\"0.01eth\"", 10_000_000_000_000_000),
            ("\"20gwei\"", 20_000_000_000),
            ("\"340282366920938463463374607431768211455\"", u128::MAX),
        ] {
            assert_eq!(serde_json::from_str::<Wei>(text).unwrap(), Wei(wei), "{text}");
        }
        assert_eq!(
            serde_json::to_string(&Wei(u128::MAX)).unwrap(),
            "\"340282366920938463463374607431768211455\""
        );
        for wrong in ["-1", "1.5", "\"much\"", "\"0.5wei\"", "true", "null"] {
            let error = serde_json::from_str::<Wei>(wrong).unwrap_err().to_string();
            assert!(error.contains("0.01eth"), "{wrong}: {error}");
        }
    }
}
