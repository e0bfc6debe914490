//! Types of values.

use serde_json::{Map, Value, json};

/// The type of a value in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text.
    Text,
    /// An address with its checksum.
    Address,
    /// Addresses.
    Addresses,
    /// A number that is no amount.
    Count,
    /// Wei, as decimal digits.
    Wei,
    /// Wei that can be less than nothing, as decimal digits.
    Difference,
    /// Yes or no.
    Flag,
}

impl Kind {
    /// Its schema.
    pub(super) fn schema(self) -> Map<String, Value> {
        let schema = match self {
            Self::Text => json!({ "type": "string" }),
            Self::Address => json!({ "type": "string", "pattern": "^0x[0-9a-fA-F]{40}$" }),
            Self::Addresses => json!({
                "type": "array",
                "items": { "type": "string", "pattern": "^0x[0-9a-fA-F]{40}$" },
            }),
            Self::Count => json!({ "type": "integer", "minimum": 0 }),
            Self::Wei => json!({ "type": "string", "pattern": "^[0-9]+$" }),
            Self::Difference => json!({ "type": "string", "pattern": "^-?[0-9]+$" }),
            Self::Flag => json!({ "type": "boolean" }),
        };
        schema.as_object().cloned().unwrap_or_default()
    }
}
