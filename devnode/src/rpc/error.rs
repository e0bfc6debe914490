//! Errors of JSON-RPC. Only this file and [`super::request`] know error codes.

use std::time::Duration;

use alloy::{
    primitives::{B256, Bytes},
    rpc::json_rpc::ErrorPayload,
};
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::Value;

use super::argument_error::ArgumentError;
use crate::{
    chain::{ChainError, ChainStopped, SimulationError},
    exec::{Execution, ExecutionStatus},
    precompiles::revert_text,
};

/// Code of a reverted call.
const EXECUTION_REVERTED: i32 = 3;

/// Code of a transaction that is not in a block in time.
const NOT_INCLUDED: i32 = 4;

/// Code of a transaction whose condition is not met.
const CONDITION_NOT_MET: i32 = -32_003;

/// Code of a rejection by the chain.
const SERVER_ERROR: i32 = -32_000;

/// Code of an unknown method or subscription.
const METHOD_NOT_FOUND: i32 = -32_601;

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
    /// The first argument of a subscription is not its name.
    #[error("expected subscription name as first argument")]
    NoSubscriptionName,
    /// There is no subscription with this name.
    #[error("no {name:?} subscription in {namespace} namespace")]
    UnknownSubscription {
        /// Its name.
        name: String,
        /// Its namespace.
        namespace: String,
    },
    /// The connection has no subscription with this id.
    #[error("subscription not found")]
    SubscriptionNotFound,
    /// The connection has the maximum number of subscriptions.
    #[error("too many subscriptions: at most {0} per connection")]
    TooManySubscriptions(usize),
    /// A subscription names too many transactions.
    #[error(
        "exceed max number of transaction hashes allowed per transactionReceipts subscription: {0}"
    )]
    TooManyHashes(usize),
    /// The chain rejects the request.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The error with which a fork's node answers.
    #[error("{}", .0.message)]
    Forked(ErrorPayload),
    /// The call reverted with this data.
    #[error("{}", revert_message(.0))]
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
    /// A storage key cannot be decoded.
    #[error("unable to decode storage key: {0}")]
    UndecodableKey(Box<Self>),
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
    /// A contract is to be created from nothing.
    #[error("contract creation without any data provided")]
    EmptyCreation,
    /// A condition of a transaction is not met.
    #[error("{0} condition not met")]
    ConditionNotMet(&'static str),
    /// A transaction was accepted, but is not yet in a block.
    #[error(
        "The transaction was added to the transaction pool but wasn't processed in {}.",
        go_duration(*timeout)
    )]
    NotIncluded {
        /// Hash of the transaction.
        hash: B256,
        /// How long the request waited.
        timeout: Duration,
    },
    /// A request would trace too many blocks.
    #[error("too many blocks to trace: at most {0} per request")]
    TooManyTracedBlocks(u64),
    /// Bytes are not the encoding of a block.
    #[error("could not decode block: rlp: {0}")]
    UndecodableBlock(alloy::rlp::Error),
    /// A transaction that is to be dropped is already in a block.
    #[error("Transaction {0} cannot be dropped because it's already mined")]
    AlreadyMined(B256),
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
    fn code(&self) -> i32 {
        match self {
            Self::InvalidParams(_)
            | Self::ParamsNotAList
            | Self::MissingArgument(_)
            | Self::InvalidArgument { .. }
            | Self::TooManyArguments(_)
            | Self::BlockOutsideReorg { .. }
            | Self::Chain(ChainError::RollbackTooDeep { .. })
            | Self::NoSubscriptionName
            | Self::TooManyHashes(_)
            | Self::TooManyTopics => INVALID_PARAMS,
            Self::UnknownSubscription { .. } => METHOD_NOT_FOUND,
            Self::Chain(ChainError::Simulation(error)) => simulation_code(error),
            Self::Chain(_)
            | Self::Halted(_)
            | Self::KeyTooLong
            | Self::InvalidKey
            | Self::UndecodableKey(_)
            | Self::FilterNotFound
            | Self::TooManyFilters(_)
            | Self::SubscriptionNotFound
            | Self::TooManySubscriptions(_)
            | Self::UnknownAccount
            | Self::UnknownTransactionType
            | Self::InvalidTypedData
            | Self::AlreadyMined(_)
            | Self::EmptyCreation
            | Self::TooManyTracedBlocks(_)
            | Self::UndecodableBlock(_)
            | Self::TooManyBlocks(_) => SERVER_ERROR,
            Self::Forked(error) => i32::try_from(error.code).unwrap_or(SERVER_ERROR),
            Self::Reverted(_) => EXECUTION_REVERTED,
            Self::ConditionNotMet(_) => CONDITION_NOT_MET,
            Self::NotIncluded { .. } => NOT_INCLUDED,
            Self::Serialize(_) | Self::Stopped(_) => INTERNAL_ERROR,
        }
    }
}

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        let data = match &error {
            RpcError::Reverted(data) => Some(Value::from(data.to_string())),
            RpcError::Forked(error) => {
                error.data.as_ref().and_then(|data| serde_json::from_str(data.get()).ok())
            }
            RpcError::NotIncluded { hash, .. } => Some(Value::from(hash.to_string())),
            _ => None,
        };
        Self::owned(error.code(), error.to_string(), data)
    }
}

/// A duration of whole milliseconds as Go writes it.
fn go_duration(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    match (milliseconds, milliseconds.checked_rem(1000)) {
        (0..1000, _) => format!("{milliseconds}ms"),
        (_, Some(0)) => format!("{}s", duration.as_secs()),
        _ => format!("{}s", duration.as_secs_f64()),
    }
}

/// The text of a revert, with the decoded revert data if it is known.
pub(super) fn revert_message(data: &[u8]) -> String {
    let text = revert_text(data).map(|text| format!(": {text}")).unwrap_or_default();
    format!("execution reverted{text}")
}

/// The JSON-RPC error code of a rejected simulation.
const fn simulation_code(error: &SimulationError) -> i32 {
    match error {
        SimulationError::Empty => INVALID_PARAMS,
        SimulationError::TooManyBlocks => -38_026,
        SimulationError::Height { .. } => -38_020,
        SimulationError::Timestamp { .. } => -38_021,
        SimulationError::BlockGasLimit { .. } => -38_015,
        SimulationError::Call { why, .. } => match **why {
            ChainError::NonceTooHigh { .. } => -38_011,
            ChainError::NonceTooLow { .. } => -38_010,
            ChainError::MaxFeeBelowBaseFee { .. } => INVALID_PARAMS,
            ChainError::InsufficientFunds { .. } => -38_014,
            ChainError::CallIntrinsicGasTooLow { .. } => -38_013,
            ChainError::InitCodeTooLarge(_) => -38_025,
            _ => INTERNAL_ERROR,
        },
    }
}
