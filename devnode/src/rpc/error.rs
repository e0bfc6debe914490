//! Errors of JSON-RPC. Only this file and [`super::request`] know error codes.

use alloy::primitives::Bytes;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::Value;

use crate::{
    chain::{ChainError, ChainStopped},
    exec::{Execution, ExecutionStatus},
    precompiles::revert_text,
};

/// Code of a reverted call.
const EXECUTION_REVERTED: i32 = 3;

/// Code of a rejection by the chain.
const SERVER_ERROR: i32 = -32_000;

/// Code of invalid arguments.
const INVALID_PARAMS: i32 = -32_602;

/// Code of an internal error.
const INTERNAL_ERROR: i32 = -32_603;

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub(super) enum RpcError {
    /// The parameters are not valid JSON.
    #[error("invalid params: {0}")]
    InvalidParams(serde_json::Error),
    /// The parameters are not a list.
    #[error("non-array args")]
    ParamsNotAList,
    /// A required argument is missing.
    #[error("missing value for required argument {0}")]
    MissingArgument(usize),
    /// An argument is invalid.
    #[error("invalid argument {index}: {why}")]
    InvalidArgument {
        /// Index of the argument.
        index: usize,
        /// The reason.
        why: ArgumentError,
    },
    /// The method takes fewer arguments.
    #[error("too many arguments, want at most {0}")]
    TooManyArguments(usize),
    /// The filter has more topics than a log.
    #[error("exceed max topics")]
    TooManyTopics,
    /// The chain rejects the request.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The call reverted with this data.
    #[error("execution reverted{}", revert_suffix(.0))]
    Reverted(Bytes),
    /// The call failed without a revert.
    #[error("{0}")]
    Halted(crate::exec::Halt),
    /// A storage key is too long.
    #[error("hex string too long, want at most 32 bytes")]
    KeyTooLong,
    /// A storage key is not hexadecimal.
    #[error("hex string invalid")]
    InvalidKey,
    /// The filter does not exist.
    #[error("filter not found")]
    FilterNotFound,
    /// The maximum number of filters is installed.
    #[error("too many filters: at most {0}")]
    TooManyFilters(usize),
    /// The node cannot send for this account.
    #[error("unknown account")]
    UnknownAccount,
    /// The fields of a transaction fit no transaction type.
    #[error("the fields fit no transaction type")]
    UnknownTransactionType,
    /// Typed data does not fit its types.
    #[error("the typed data does not fit its types")]
    InvalidTypedData,
    /// The request would mine too many blocks at once.
    #[error("too many blocks: at most {0} per request")]
    TooManyBlocks(u64),
    /// A transaction is to be in a block that a reorg does not make.
    #[error("block number {index} must not exceed reorg depth {depth}")]
    BlockOutsideReorg {
        /// Index of the block.
        index: u64,
        /// Number of new blocks.
        depth: u64,
    },
    /// The response cannot be serialized.
    #[error(transparent)]
    Serialize(#[from] serde_json::Error),
    /// The chain has stopped.
    #[error(transparent)]
    Stopped(#[from] ChainStopped),
}

/// Why an argument is invalid.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArgumentError {
    /// The value has the wrong type.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The value is not a string.
    #[error("non-string")]
    NotAString,
    /// A hexadecimal value lacks its prefix.
    #[error("hex string without 0x prefix")]
    MissingPrefix,
    /// A hexadecimal number has no digits.
    #[error("hex string \"0x\"")]
    NoDigits,
    /// A hexadecimal number has leading zeros.
    #[error("hex number with leading zero digits")]
    LeadingZero,
    /// A hexadecimal value has other characters.
    #[error("invalid hex string")]
    InvalidHex,
    /// A number is too large.
    #[error("hex number > {0} bits")]
    TooLarge(usize),
    /// A storage key is too long.
    #[error("unable to decode storage key: hex string too long, want at most 32 bytes")]
    KeyTooLong,
    /// A block id has both a hash and a number.
    #[error("cannot specify both BlockHash and BlockNumber, choose one or the other")]
    HashAndNumber,
    /// A filter has both a hash and a range.
    #[error("cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other")]
    HashAndRange,
}

impl RpcError {
    /// The output of a finished call, or its failure.
    pub(super) fn execution_output(execution: Execution) -> Result<Bytes, Self> {
        match execution.status {
            ExecutionStatus::Success => Ok(execution.output),
            ExecutionStatus::Revert => Err(Self::Reverted(execution.output)),
            ExecutionStatus::Halt(halt) => Err(Self::Halted(halt)),
        }
    }

    /// The JSON-RPC error code.
    const fn code(&self) -> i32 {
        match self {
            Self::InvalidParams(_)
            | Self::ParamsNotAList
            | Self::MissingArgument(_)
            | Self::InvalidArgument { .. }
            | Self::TooManyArguments(_)
            | Self::BlockOutsideReorg { .. }
            | Self::Chain(ChainError::RollbackTooDeep { .. })
            | Self::TooManyTopics => INVALID_PARAMS,
            Self::Chain(_)
            | Self::Halted(_)
            | Self::KeyTooLong
            | Self::InvalidKey
            | Self::FilterNotFound
            | Self::TooManyFilters(_)
            | Self::UnknownAccount
            | Self::UnknownTransactionType
            | Self::InvalidTypedData
            | Self::TooManyBlocks(_) => SERVER_ERROR,
            Self::Reverted(_) => EXECUTION_REVERTED,
            Self::Serialize(_) | Self::Stopped(_) => INTERNAL_ERROR,
        }
    }
}

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        let data = match &error {
            RpcError::Reverted(data) => Some(Value::from(data.to_string())),
            _ => None,
        };
        Self::owned(error.code(), error.to_string(), data)
    }
}

/// The decoded text of revert data after a colon; empty if it is not known.
fn revert_suffix(data: &[u8]) -> String {
    revert_text(data).map(|text| format!(": {text}")).unwrap_or_default()
}
