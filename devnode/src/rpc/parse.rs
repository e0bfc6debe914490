//! Parsing of single values, as strict as Nitro's.

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{B256, Bytes, U256},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{argument_error::ArgumentError, error::RpcError};

/// Fields of a call that are hexadecimal numbers.
const NUMBER_FIELDS: [&str; 8] = [
    "gas",
    "gasPrice",
    "maxFeePerGas",
    "maxPriorityFeePerGas",
    "maxFeePerBlobGas",
    "value",
    "nonce",
    "chainId",
];

/// Names of block overrides that Nitro no longer supports and ignores.
const DEPRECATED_OVERRIDES: [&str; 6] =
    ["blockNumber", "timestamp", "coinbase", "random", "baseFee", "difficulty"];

/// Names of state overrides of an account.
const STATE_OVERRIDES: [&str; 6] =
    ["balance", "nonce", "code", "state", "stateDiff", "movePrecompileToAddress"];

/// A storage key that is not decoded yet: geth decodes it after all arguments are read.
pub(super) struct StorageKey(String);

impl StorageKey {
    /// The key with these digits, with or without prefix.
    pub(super) fn new(text: &str) -> Self {
        Self(text.strip_prefix("0x").unwrap_or(text).to_owned())
    }

    /// The slot.
    ///
    /// # Errors
    /// If it is no hexadecimal number of at most 32 bytes.
    pub(super) fn slot(&self) -> Result<U256, RpcError> {
        let digits = self.0.as_str();
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(RpcError::InvalidKey);
        }
        if digits.len() > 64 {
            return Err(RpcError::KeyTooLong);
        }
        if digits.is_empty() {
            return Ok(U256::ZERO);
        }
        U256::from_str_radix(digits, 16).map_err(|_| RpcError::InvalidKey)
    }
}

/// Removes fields of state overrides that the deserializer would reject and geth ignores.
pub(super) fn ignore_unknown_overrides(accounts: &mut Value) {
    for account in accounts.as_object_mut().into_iter().flat_map(|accounts| accounts.values_mut()) {
        if let Value::Object(fields) = account {
            fields.retain(|name, _| STATE_OVERRIDES.contains(&name.as_str()));
        }
    }
}

/// Parses a hexadecimal value, whose prefix is required.
pub(super) fn parse_prefixed<T: DeserializeOwned>(value: Value) -> Result<T, ArgumentError> {
    match value.as_str() {
        Some(text) if !text.starts_with("0x") => Err(ArgumentError::MissingPrefix),
        _ => Ok(serde_json::from_value(value)?),
    }
}

/// Parses a hexadecimal number with prefix and without leading zeros.
pub(super) fn number(value: &Value, bits: usize) -> Result<U256, ArgumentError> {
    let text = value.as_str().ok_or(ArgumentError::NotAString)?;
    let digits = text.strip_prefix("0x").ok_or(ArgumentError::MissingPrefix)?;
    match digits.as_bytes() {
        [] => Err(ArgumentError::NoDigits),
        [b'0', _, ..] => Err(ArgumentError::LeadingZero),
        _ if digits.len() > bits.div_ceil(4) => Err(ArgumentError::TooLarge(bits)),
        _ => U256::from_str_radix(digits, 16).map_err(|_| ArgumentError::InvalidHex),
    }
}

/// Parses a number, hexadecimal or decimal.
pub(super) fn any_number(value: &Value) -> Result<u64, ArgumentError> {
    match value.as_u64() {
        Some(plain) => Ok(plain),
        None => number(value, 64).map(|number| number.saturating_to()),
    }
}

/// Parses a height or tag.
pub(super) fn tag(value: &Value) -> Result<BlockNumberOrTag, ArgumentError> {
    // Nitro treats any other JSON value as a number without prefix.
    Ok(match value.as_str().ok_or(ArgumentError::MissingPrefix)? {
        "latest" => BlockNumberOrTag::Latest,
        "earliest" => BlockNumberOrTag::Earliest,
        "pending" => BlockNumberOrTag::Pending,
        "safe" => BlockNumberOrTag::Safe,
        "finalized" => BlockNumberOrTag::Finalized,
        _ => BlockNumberOrTag::Number(number(value, 64)?.saturating_to()),
    })
}

/// Parses a block id: height, tag, hash, or an object (EIP-1898).
pub(super) fn block(value: &Value) -> Result<BlockId, ArgumentError> {
    if let Value::Object(fields) = value {
        return match (fields.get("blockHash"), fields.get("blockNumber")) {
            (Some(_), Some(_)) => Err(ArgumentError::HashAndNumber),
            (Some(hash), None) => Ok(BlockId::hash(serde_json::from_value(hash.clone())?)),
            (None, Some(height)) => Ok(BlockId::Number(tag(height)?)),
            (None, None) => Ok(serde_json::from_value(value.clone())?),
        };
    }
    let text = value.as_str().ok_or(ArgumentError::NotAString)?;
    match text.parse::<B256>() {
        Ok(hash) if text.starts_with("0x") => Ok(BlockId::hash(hash)),
        _ => tag(value).map(BlockId::Number),
    }
}

/// Removes block overrides that Nitro no longer supports.
pub(super) fn ignore_deprecated_overrides(block: &mut Value) {
    if let Value::Object(fields) = block {
        fields.retain(|name, _| !DEPRECATED_OVERRIDES.contains(&name.as_str()));
    }
}

/// Checks the syntax of a call, and removes its type, which Nitro ignores.
pub(super) fn prepare_call(call: &mut Value) -> Result<(), ArgumentError> {
    let Value::Object(fields) = call else { return Ok(()) };
    fields.remove("type");
    check_numbers(fields)
}

/// Checks the syntax of the numbers and bytes of a call.
fn check_numbers(fields: &Map<String, Value>) -> Result<(), ArgumentError> {
    for name in NUMBER_FIELDS {
        if let Some(value) = fields.get(name).filter(|value| !value.is_null()) {
            number(value, 256)?;
        }
    }
    for name in ["data", "input"] {
        if let Some(value) = fields.get(name).filter(|value| !value.is_null()) {
            let text = value.as_str().ok_or(ArgumentError::NotAString)?;
            if !text.starts_with("0x") {
                return Err(ArgumentError::MissingPrefix);
            }
            text.parse::<Bytes>().map_err(|_| ArgumentError::InvalidHex)?;
        }
    }
    Ok(())
}
