//! Parsing of log filters, with geth's rules and texts.

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256, hex},
    rpc::types::FilterBlockOption,
};
use serde_json::{Map, Value};

use super::{argument_error::ArgumentError, error::RpcError, parse};
use crate::chain::LogFilter;

/// Maximum topics of a log.
const MAX_TOPICS: usize = 4;

/// Parses the filter that is argument `index`. Unknown fields are ignored.
///
/// # Errors
/// If it is not a filter.
pub(super) fn parse(value: &Value, index: usize) -> Result<LogFilter, RpcError> {
    let invalid = |why| RpcError::InvalidArgument { index, why };
    let fields = value.as_object().ok_or_else(|| invalid(ArgumentError::NotAFilter))?;
    let filter = LogFilter {
        blocks: blocks(fields).map_err(invalid)?,
        addresses: addresses(fields).map_err(invalid)?,
        topics: topics(fields).map_err(invalid)?,
    };
    if filter.topics.len() > MAX_TOPICS { Err(RpcError::TooManyTopics) } else { Ok(filter) }
}

/// A field that is present and not null.
fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

/// The blocks to search.
fn blocks(fields: &Map<String, Value>) -> Result<FilterBlockOption, ArgumentError> {
    let bound = |name| field(fields, name).map(parse::tag).transpose();
    let range: [Option<BlockNumberOrTag>; 2] = [bound("fromBlock")?, bound("toBlock")?];
    let [from_block, to_block] = range;
    let Some(hash) = field(fields, "blockHash") else {
        return Ok(FilterBlockOption::Range { from_block, to_block });
    };
    if from_block.is_some() || to_block.is_some() {
        return Err(ArgumentError::HashAndRange);
    }
    Ok(FilterBlockOption::AtBlockHash(serde_json::from_value(hash.clone())?))
}

/// The accounts that may have emitted the log; empty for any.
fn addresses(fields: &Map<String, Value>) -> Result<Vec<Address>, ArgumentError> {
    match field(fields, "address") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => {
            let address =
                fixed(text, "address").map_err(|why| ArgumentError::Address(why.into()))?;
            Ok(vec![Address::new(address)])
        }
        Some(Value::Array(values)) => values
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let text = value.as_str().ok_or(ArgumentError::NonStringAddress(index))?;
                let address = fixed(text, "address")
                    .map_err(|why| ArgumentError::AddressAt { index, why: why.into() })?;
                Ok(Address::new(address))
            })
            .collect(),
        Some(_) => Err(ArgumentError::Addresses),
    }
}

/// The topics that the log may have, by position; empty for any.
fn topics(fields: &Map<String, Value>) -> Result<Vec<Vec<B256>>, ArgumentError> {
    let Some(positions) = field(fields, "topics") else { return Ok(Vec::new()) };
    let positions = positions.as_array().ok_or(ArgumentError::NotAFilter)?;
    positions.iter().map(topic_choices).collect()
}

/// The topics that a log may have at one position; empty for any.
fn topic_choices(position: &Value) -> Result<Vec<B256>, ArgumentError> {
    let topic = |text: &str| fixed(text, "topic").map(B256::new);
    match position {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![topic(text)?]),
        Value::Array(choices) => {
            let mut topics = Vec::new();
            for choice in choices {
                match choice {
                    Value::Null => return Ok(Vec::new()),
                    Value::String(text) => topics.push(topic(text)?),
                    _ => return Err(ArgumentError::Topics),
                }
            }
            Ok(topics)
        }
        _ => Err(ArgumentError::Topics),
    }
}

/// Decodes `N` bytes in hexadecimal; `what` they are is for the error.
fn fixed<const N: usize>(text: &str, what: &'static str) -> Result<[u8; N], ArgumentError> {
    let digits = match text {
        "" => return Err(ArgumentError::EmptyHex),
        _ => text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")),
    };
    let digits = digits.ok_or(ArgumentError::MissingPrefix)?;
    let bytes = hex::decode(digits).map_err(|error| match error {
        hex::FromHexError::OddLength => ArgumentError::OddLength,
        _ => ArgumentError::InvalidHex,
    })?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| ArgumentError::Length { length, expected: N, what })
}
