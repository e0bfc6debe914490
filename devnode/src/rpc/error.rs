//! The errors of JSON-RPC: the only place that knows their codes.

use alloy::primitives::Bytes;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::Value;

use crate::{
    chain::{ChainError, ChainStopped},
    exec::{Execution, ExecutionStatus},
    precompiles::revert_text,
};

/// A call that reverted.
const EXECUTION_REVERTED: i32 = 3;

/// Anything that the chain refuses.
const SERVER_ERROR: i32 = -32_000;

/// Arguments that do not fit the method.
const INVALID_PARAMS: i32 = -32_602;

/// Nobody's fault but ours.
const INTERNAL_ERROR: i32 = -32_603;

/// Why a request is not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum RpcError {
    /// The parameters cannot be read.
    #[error("invalid params: {0}")]
    InvalidParams(serde_json::Error),
    /// The parameters are not a list.
    #[error("non-array args")]
    ParamsNotAList,
    /// An argument is missing.
    #[error("missing value for required argument {0}")]
    MissingArgument(usize),
    /// An argument does not fit.
    #[error("invalid argument {index}: {why}")]
    InvalidArgument {
        /// Its place.
        index: usize,
        /// What is wrong with it.
        why: ArgumentError,
    },
    /// More arguments than the method takes.
    #[error("too many arguments, want at most {0}")]
    TooManyArguments(usize),
    /// More topics than a log has.
    #[error("exceed max topics")]
    TooManyTopics,
    /// The chain refuses.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A call reverted with these bytes.
    #[error("execution reverted{}", revert_suffix(.0))]
    Reverted(Bytes),
    /// A call failed otherwise.
    #[error("{0}")]
    Halted(crate::exec::Halt),
    /// A key of storage with too many digits.
    #[error("hex string too long, want at most 32 bytes")]
    KeyTooLong,
    /// A key of storage with something else than digits.
    #[error("hex string invalid")]
    InvalidKey,
    /// No such filter.
    #[error("filter not found")]
    FilterNotFound,
    /// Too many filters.
    #[error("at most {0} filters are kept")]
    TooManyFilters(usize),
    /// The node does not send for this account.
    #[error("unknown account")]
    UnknownAccount,
    /// A transaction with fields that do not go together.
    #[error("the fields do not make a transaction of any type")]
    UnknownTransactionType,
    /// A structure to sign that does not fit its own types.
    #[error("the typed data does not fit its types")]
    InvalidTypedData,
    /// More blocks than are made at once.
    #[error("at most {0} blocks are made at once")]
    TooManyBlocks(u64),
    /// An answer that cannot be written down.
    #[error(transparent)]
    Serialize(#[from] serde_json::Error),
    /// The chain is gone.
    #[error(transparent)]
    Stopped(#[from] ChainStopped),
}

/// What is wrong with an argument.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArgumentError {
    /// It is not what the method takes.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It is no string.
    #[error("non-string")]
    NotAString,
    /// Hexadecimal needs its prefix.
    #[error("hex string without 0x prefix")]
    MissingPrefix,
    /// No digits.
    #[error("hex string \"0x\"")]
    NoDigits,
    /// Zeros in front.
    #[error("hex number with leading zero digits")]
    LeadingZero,
    /// Something else than digits.
    #[error("invalid hex string")]
    InvalidHex,
    /// Too many digits.
    #[error("hex number > {0} bits")]
    TooLarge(usize),
    /// Too many bytes for a storage key.
    #[error("unable to decode storage key: hex string too long, want at most 32 bytes")]
    KeyTooLong,
    /// A block named twice.
    #[error("cannot specify both BlockHash and BlockNumber, choose one or the other")]
    HashAndNumber,
    /// A range named twice.
    #[error("cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other")]
    HashAndRange,
}

impl RpcError {
    /// How a call ended, as an answer or an error.
    pub(super) fn execution_output(execution: Execution) -> Result<Bytes, Self> {
        match execution.status {
            ExecutionStatus::Success => Ok(execution.output),
            ExecutionStatus::Revert => Err(Self::Reverted(execution.output)),
            ExecutionStatus::Halt(halt) => Err(Self::Halted(halt)),
        }
    }

    /// Its code.
    const fn code(&self) -> i32 {
        match self {
            Self::InvalidParams(_)
            | Self::ParamsNotAList
            | Self::MissingArgument(_)
            | Self::InvalidArgument { .. }
            | Self::TooManyArguments(_)
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

/// What is known of revert data, after a colon.
fn revert_suffix(data: &[u8]) -> String {
    revert_text(data).map(|text| format!(": {text}")).unwrap_or_default()
}
