//! Parsing of arguments, as strict as Nitro's.

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, B256, Bytes, U256},
    rpc::types::BlockOverrides,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::{ArgumentError, RpcError};

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

/// The arguments of a request, read from the front.
#[derive(Debug)]
pub(super) struct Args {
    /// The remaining arguments.
    values: std::vec::IntoIter<Value>,
    /// Number of arguments read so far.
    taken: usize,
}

impl Args {
    /// Parses the parameters of a request.
    ///
    /// # Errors
    /// If they are not a list.
    pub(super) fn parse(params: Option<&str>) -> Result<Self, RpcError> {
        let values =
            match params.map(serde_json::from_str).transpose().map_err(RpcError::InvalidParams)? {
                None | Some(Value::Null) => Vec::new(),
                Some(Value::Array(values)) => values,
                Some(_) => return Err(RpcError::ParamsNotAList),
            };
        Ok(Self { values: values.into_iter(), taken: 0 })
    }

    /// Reads a required argument.
    pub(super) fn take<T: DeserializeOwned>(&mut self) -> Result<T, RpcError> {
        self.read(|value| Ok(serde_json::from_value(value)?))
    }

    /// Reads an optional argument; `None` if it is missing or null.
    pub(super) fn optional<T: DeserializeOwned>(&mut self) -> Result<Option<T>, RpcError> {
        self.read_optional(|value| Ok(serde_json::from_value(value)?))
    }

    /// Reads a required call. Ignores its `type`, as Nitro does: the other fields determine the
    /// type.
    pub(super) fn call<T: DeserializeOwned>(&mut self) -> Result<T, RpcError> {
        self.read(|mut value| {
            if let Value::Object(fields) = &mut value {
                fields.remove("type");
                check_numbers(fields)?;
            }
            Ok(serde_json::from_value(value)?)
        })
    }

    /// Reads a required hexadecimal number.
    pub(super) fn number(&mut self) -> Result<u64, RpcError> {
        self.read(|value| number(&value, 64).map(|number| number.saturating_to()))
    }

    /// Reads a required number, hexadecimal or decimal.
    pub(super) fn any_number(&mut self) -> Result<u64, RpcError> {
        self.read(|value| any_number(&value))
    }

    /// Reads an optional number, hexadecimal or decimal.
    pub(super) fn optional_any_number(&mut self) -> Result<Option<u64>, RpcError> {
        self.read_optional(|value| any_number(&value))
    }

    /// Reads a required address.
    pub(super) fn address(&mut self) -> Result<Address, RpcError> {
        self.read(parse_prefixed)
    }

    /// Reads required bytes.
    pub(super) fn bytes(&mut self) -> Result<Bytes, RpcError> {
        self.read(parse_prefixed)
    }

    /// Reads optional block overrides. Deprecated names are ignored.
    pub(super) fn block_overrides(&mut self) -> Result<BlockOverrides, RpcError> {
        let overrides = self.read_optional(|mut value| {
            if let Value::Object(fields) = &mut value {
                fields.retain(|name, _| !DEPRECATED_OVERRIDES.contains(&name.as_str()));
            }
            Ok(serde_json::from_value(value)?)
        })?;
        Ok(overrides.unwrap_or_default())
    }

    /// Reads a required height or tag.
    pub(super) fn tag(&mut self) -> Result<BlockNumberOrTag, RpcError> {
        self.read(|value| tag(&value))
    }

    /// Reads a required block id.
    pub(super) fn block(&mut self) -> Result<BlockId, RpcError> {
        self.read(|value| block(&value))
    }

    /// Reads an optional block id; defaults to the latest block.
    pub(super) fn optional_block(&mut self) -> Result<BlockId, RpcError> {
        Ok(self.read_optional(|value| block(&value))?.unwrap_or_default())
    }

    /// Reads a required storage key of at most 32 bytes, with or without prefix.
    pub(super) fn storage_key(&mut self) -> Result<U256, RpcError> {
        self.read(|value| {
            let text = value.as_str().ok_or(ArgumentError::NotAString)?;
            let digits = text.strip_prefix("0x").unwrap_or(text);
            if digits.len() > 64 {
                return Err(ArgumentError::KeyTooLong);
            }
            if digits.is_empty() {
                return Ok(U256::ZERO);
            }
            U256::from_str_radix(digits, 16).map_err(|_| ArgumentError::InvalidHex)
        })
    }

    /// Finishes parsing.
    ///
    /// # Errors
    /// If arguments are left.
    pub(super) fn finish(mut self) -> Result<(), RpcError> {
        match self.values.next() {
            Some(_) => Err(RpcError::TooManyArguments(self.taken)),
            None => Ok(()),
        }
    }

    /// Reads a required argument with `read`.
    fn read<T>(
        &mut self,
        read: impl FnOnce(Value) -> Result<T, ArgumentError>,
    ) -> Result<T, RpcError> {
        let index = self.taken;
        let value = self.values.next().ok_or(RpcError::MissingArgument(index))?;
        self.taken = self.taken.saturating_add(1);
        read(value).map_err(|why| RpcError::InvalidArgument { index, why })
    }

    /// Reads an optional argument with `read`.
    fn read_optional<T>(
        &mut self,
        read: impl FnOnce(Value) -> Result<T, ArgumentError>,
    ) -> Result<Option<T>, RpcError> {
        if self.values.as_slice().is_empty() {
            self.taken = self.taken.saturating_add(1);
            return Ok(None);
        }
        self.read(|value| if value.is_null() { Ok(None) } else { read(value).map(Some) })
    }
}

/// Parses a hexadecimal value, whose prefix is required.
fn parse_prefixed<T: DeserializeOwned>(value: Value) -> Result<T, ArgumentError> {
    match value.as_str() {
        Some(text) if !text.starts_with("0x") => Err(ArgumentError::MissingPrefix),
        _ => Ok(serde_json::from_value(value)?),
    }
}

/// Parses a hexadecimal number with prefix and without leading zeros.
fn number(value: &Value, bits: usize) -> Result<U256, ArgumentError> {
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
fn any_number(value: &Value) -> Result<u64, ArgumentError> {
    match value.as_u64() {
        Some(plain) => Ok(plain),
        None => number(value, 64).map(|number| number.saturating_to()),
    }
}

/// Parses a height or tag.
fn tag(value: &Value) -> Result<BlockNumberOrTag, ArgumentError> {
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
fn block(value: &Value) -> Result<BlockId, ArgumentError> {
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
