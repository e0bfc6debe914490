//! The errors of JSON-RPC: the only place that knows their codes.

use alloy::primitives::Bytes;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::Value;

use crate::{
    chain::{Refusal, Stopped},
    exec::{End, Execution},
    precompiles::revert_text,
};

/// A call that reverted.
const REVERT: i32 = 3;

/// Anything that the chain refuses.
const REFUSED: i32 = -32_000;

/// Arguments that do not fit the method.
const ARGUMENTS: i32 = -32_602;

/// Nobody's fault but ours.
const INTERNAL: i32 = -32_603;

/// Why a request is not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum RpcError {
    /// The parameters cannot be read.
    #[error("invalid params: {0}")]
    Params(serde_json::Error),
    /// The parameters are not a list.
    #[error("non-array args")]
    NotAList,
    /// An argument is missing.
    #[error("missing value for required argument {0}")]
    Missing(usize),
    /// An argument does not fit.
    #[error("invalid argument {index}: {why}")]
    Argument {
        /// Its place.
        index: usize,
        /// What is wrong with it.
        why: Misfit,
    },
    /// More arguments than the method takes.
    #[error("too many arguments, want at most {0}")]
    TooMany(usize),
    /// More topics than a log has.
    #[error("exceed max topics")]
    Topics,
    /// The chain refuses.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A call reverted with these bytes.
    #[error("execution reverted{}", told(.0))]
    Reverted(Bytes),
    /// A call failed otherwise.
    #[error("{0}")]
    Failed(crate::exec::Halt),
    /// A key of storage with too many digits.
    #[error("hex string too long, want at most 32 bytes")]
    LongKey,
    /// A key of storage with something else than digits.
    #[error("hex string invalid")]
    BadKey,
    /// No such filter.
    #[error("filter not found")]
    NoFilter,
    /// Too many filters.
    #[error("at most {0} filters are kept")]
    TooManyFilters(usize),
    /// The node does not send for this account.
    #[error("unknown account")]
    UnknownAccount,
    /// A transaction with fields that do not go together.
    #[error("the fields do not make a transaction of any type")]
    Incomplete,
    /// A structure to sign that does not fit its own types.
    #[error("the typed data does not fit its types")]
    TypedData,
    /// More blocks than are made at once.
    #[error("at most {0} blocks are made at once")]
    TooManyBlocks(u64),
    /// An answer that cannot be written down.
    #[error(transparent)]
    Answer(#[from] serde_json::Error),
    /// The chain is gone.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// What is wrong with an argument.
#[derive(Debug, thiserror::Error)]
pub(super) enum Misfit {
    /// It is not what the method takes.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It is no string.
    #[error("non-string")]
    NotAString,
    /// Hexadecimal needs its prefix.
    #[error("hex string without 0x prefix")]
    NoPrefix,
    /// No digits.
    #[error("hex string \"0x\"")]
    NoDigits,
    /// Zeros in front.
    #[error("hex number with leading zero digits")]
    LeadingZero,
    /// Something else than digits.
    #[error("invalid hex string")]
    Digits,
    /// Too many digits.
    #[error("hex number > {0} bits")]
    TooLarge(usize),
    /// Too many bytes for a storage key.
    #[error("unable to decode storage key: hex string too long, want at most 32 bytes")]
    LongKey,
    /// A block named twice.
    #[error("cannot specify both BlockHash and BlockNumber, choose one or the other")]
    HashAndNumber,
    /// A range named twice.
    #[error("cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other")]
    HashAndRange,
}

impl RpcError {
    /// How a call ended, as an answer or an error.
    pub(super) fn of(execution: Execution) -> Result<Bytes, Self> {
        match execution.end {
            End::Success => Ok(execution.output),
            End::Revert => Err(Self::Reverted(execution.output)),
            End::Failure(halt) => Err(Self::Failed(halt)),
        }
    }

    /// Its code.
    const fn code(&self) -> i32 {
        match self {
            Self::Params(_)
            | Self::NotAList
            | Self::Missing(_)
            | Self::Argument { .. }
            | Self::TooMany(_)
            | Self::Topics => ARGUMENTS,
            Self::Refused(_)
            | Self::Failed(_)
            | Self::LongKey
            | Self::BadKey
            | Self::NoFilter
            | Self::TooManyFilters(_)
            | Self::UnknownAccount
            | Self::Incomplete
            | Self::TypedData
            | Self::TooManyBlocks(_) => REFUSED,
            Self::Reverted(_) => REVERT,
            Self::Answer(_) | Self::Stopped(_) => INTERNAL,
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
fn told(data: &[u8]) -> String {
    revert_text(data).map(|text| format!(": {text}")).unwrap_or_default()
}
