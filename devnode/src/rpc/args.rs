//! Parsing of arguments, as strict as Nitro's.

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, Bytes},
    rpc::types::{BlockOverrides, state::StateOverride},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    argument_error::ArgumentError,
    error::RpcError,
    parse::{
        StorageKey, any_number, block, ignore_deprecated_overrides, ignore_unknown_overrides,
        number, parse_prefixed, prepare_call, tag,
    },
};

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
        Ok(Self::new(values))
    }

    /// These arguments.
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self { values: values.into_iter(), taken: 0 }
    }

    /// The arguments that are not read yet.
    pub(super) fn rest(&self) -> &[Value] {
        self.values.as_slice()
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
            prepare_call(&mut value)?;
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
            ignore_deprecated_overrides(&mut value);
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
    pub(super) fn storage_key(&mut self) -> Result<StorageKey, RpcError> {
        self.read(|value| value.as_str().map(StorageKey::new).ok_or(ArgumentError::NotAString))
    }

    /// Reads the optional options of a traced call. Unknown fields of state overrides are ignored.
    pub(super) fn trace_call_options<T: DeserializeOwned + Default>(
        &mut self,
    ) -> Result<T, RpcError> {
        let options = self.read_optional(|mut value| {
            if let Some(overrides) = value.get_mut("stateOverrides") {
                ignore_unknown_overrides(overrides);
            }
            Ok(serde_json::from_value(value)?)
        })?;
        Ok(options.unwrap_or_default())
    }

    /// Reads a required simulation: calls and overrides in its blocks are read as elsewhere.
    pub(super) fn simulation<T: DeserializeOwned>(&mut self) -> Result<T, RpcError> {
        self.read(|mut value| {
            let blocks = value.get_mut("blockStateCalls").and_then(Value::as_array_mut);
            for block in blocks.into_iter().flatten() {
                if let Some(overrides) = block.get_mut("blockOverrides") {
                    ignore_deprecated_overrides(overrides);
                }
                if let Some(overrides) = block.get_mut("stateOverrides") {
                    ignore_unknown_overrides(overrides);
                }
                let calls = block.get_mut("calls").and_then(Value::as_array_mut);
                calls.into_iter().flatten().try_for_each(prepare_call)?;
            }
            Ok(serde_json::from_value(value)?)
        })
    }

    /// Reads optional overrides of accounts. Unknown fields are ignored.
    pub(super) fn state_overrides(&mut self) -> Result<StateOverride, RpcError> {
        let overrides = self.read_optional(|mut value| {
            ignore_unknown_overrides(&mut value);
            Ok(serde_json::from_value(value)?)
        })?;
        Ok(overrides.unwrap_or_default())
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
