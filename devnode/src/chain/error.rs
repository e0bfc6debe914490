//! Why the chain rejects a transaction or a call, with Nitro's texts.

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, B256, U256},
};

use super::{
    decode_error::TransactionDecodeError, dump_error::DumpError, fee::MaxFee,
    simulate_plan::SimulationError,
};
use crate::{
    exec::{ExecutionError, TraceError},
    fork::ForkError,
};

/// Why a transaction or a call may not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ChainError {
    /// The bytes are not a valid transaction.
    #[error(transparent)]
    Decode(#[from] TransactionDecodeError),
    /// The fee exceeds the cap.
    #[error("tx fee ({0}) exceeds the configured cap (1.00 ether)")]
    FeeCapExceeded(MaxFee),
    /// The gas limit of a transaction is below its intrinsic gas.
    #[error("intrinsic gas too low")]
    IntrinsicGasTooLow,
    /// The gas limit of a call is below its intrinsic gas.
    #[error("intrinsic gas too low: have {have}, want {want}")]
    CallIntrinsicGasTooLow {
        /// Gas of the call.
        have: u64,
        /// Intrinsic gas.
        want: u64,
    },
    /// The transaction is signed for another chain.
    #[error("invalid chain id for signer: have {have} want {want}")]
    ChainId {
        /// Id in the transaction.
        have: u64,
        /// Id of the chain.
        want: u64,
    },
    /// The call names another chain.
    #[error("chainId does not match node's (have={have}, want={want})")]
    CallChainId {
        /// Id in the call.
        have: u64,
        /// Id of the chain.
        want: u64,
    },
    /// The call has both a legacy and an EIP-1559 gas price.
    #[error("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified")]
    ConflictingGasPrices,
    /// The gas price is below the base fee.
    #[error(
        "max fee per gas less than block base fee: address {from}, \
         maxFeePerGas: {cap}{} baseFee: {base}",
        if *.call { "," } else { "" }
    )]
    MaxFeeBelowBaseFee {
        /// The sender.
        from: Address,
        /// Maximum price in wei per gas.
        cap: u128,
        /// Base fee in wei per gas.
        base: u64,
        /// Whether it is a call, whose text has one more comma.
        call: bool,
    },
    /// The tip is above the price offered at most.
    #[error(
        "max priority fee per gas higher than max fee per gas: address {from}, \
         maxPriorityFeePerGas: {tip}, maxFeePerGas: {cap}"
    )]
    TipAboveMaxFee {
        /// The sender.
        from: Address,
        /// Tip in wei per gas.
        tip: u128,
        /// Maximum price in wei per gas.
        cap: u128,
    },
    /// The nonce is already used.
    #[error("nonce too low: address {from}, tx: {have} state: {want}")]
    NonceTooLow {
        /// The sender.
        from: Address,
        /// Nonce of the transaction.
        have: u64,
        /// Nonce of the sender.
        want: u64,
    },
    /// Transactions with lower nonces are missing.
    #[error("nonce too high: address {from}, tx: {have} state: {want}")]
    NonceTooHigh {
        /// The sender.
        from: Address,
        /// Nonce of the transaction.
        have: u64,
        /// Nonce of the sender.
        want: u64,
    },
    /// The sender cannot pay.
    #[error("insufficient funds for gas * price + value: address {from} have {have} want {want}")]
    InsufficientFunds {
        /// The sender.
        from: Address,
        /// Balance of the sender in wei.
        have: U256,
        /// Maximum cost in wei.
        want: U256,
    },
    /// The encoding is too long.
    #[error("oversized data")]
    OversizedData,
    /// The init code is too long.
    #[error("max initcode size exceeded: code size {0} limit 49152")]
    InitCodeTooLarge(usize),
    /// An EIP-7702 transaction has no authorizations.
    #[error("EIP-7702 transaction with empty auth list (sender {0})")]
    EmptyAuthorizationList(Address),
    /// Both storage overrides are set for an account.
    #[error("account {0} has both 'state' and 'stateDiff'")]
    StateAndDiff(Address),
    /// A call to `NodeInterface` with another method than `eth_call`.
    #[error("NodeInterface ({0}) supports eth_call only on this dev chain")]
    NodeInterface(Address),
    /// A feature of Nitro that this chain lacks.
    #[error("{0} is not implemented by the dev chain")]
    NotImplemented(&'static str),
    /// `NodeInterface` rejects the call.
    #[error("execution reverted")]
    NodeInterfaceReverted,
    /// Only precompiles can be moved.
    #[error("account {0} is not a precompile")]
    NotAPrecompile(Address),
    /// The block does not exist.
    #[error("header not found")]
    HeaderNotFound,
    /// The tag (safe or finalized) never refers to a block here.
    #[error("{0} block not found")]
    TagNotFound(&'static str),
    /// The same, for a range of logs.
    #[error("{0} header not found")]
    TagHeaderNotFound(&'static str),
    /// The block to trace does not exist.
    #[error("block {} not found", block_name(.0))]
    BlockNotFound(BlockId),
    /// Traces run on existing blocks.
    #[error("tracing on top of pending is not supported")]
    PendingNotTraceable,
    /// No transaction has this hash.
    #[error("transaction not found")]
    TransactionNotFound,
    /// No block has this hash.
    #[error("unknown block")]
    UnknownBlock(B256),
    /// The range of blocks is empty or ends in the future.
    #[error("invalid block range params")]
    InvalidBlockRange,
    /// Logs of the pending block.
    #[error("pending logs are not supported")]
    PendingLogs,
    /// A rejected simulation.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// A rejected call, with its gas.
    #[error("err: {why} (supplied gas {gas})")]
    Call {
        /// The reason.
        why: Box<Self>,
        /// Gas of the call.
        gas: u64,
    },
    /// A call rejected during an estimate.
    #[error("failed with {gas} gas: {why}")]
    Estimate {
        /// The reason.
        why: Box<Self>,
        /// Gas of the attempt.
        gas: u64,
    },
    /// A rejected call that was to be traced.
    #[error("tracing failed: {0}")]
    TraceCall(Box<Self>),
    /// Block zero has no execution to trace.
    #[error("genesis is not traceable")]
    GenesisNotTraceable,
    /// The trace failed.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// No amount of gas is enough.
    #[error("gas required exceeds allowance ({0})")]
    GasAllowanceExceeded(u64),
    /// The sender cannot pay the value.
    #[error("insufficient funds for transfer")]
    InsufficientTransferFunds,
    /// The transaction is already pooled.
    #[error("already known")]
    AlreadyKnown,
    /// A replacement must pay at least a tenth more.
    #[error("replacement transaction underpriced")]
    ReplacementUnderpriced,
    /// The pool is full.
    #[error("txpool is full")]
    PoolFull,
    /// The maximum number of snapshots exists.
    #[error("too many snapshots")]
    TooManySnapshots,
    /// More blocks are to be removed than there are.
    #[error("depth {depth} must not exceed the current chain height {height}")]
    RollbackTooDeep {
        /// The blocks to remove.
        depth: u64,
        /// Height of the latest block.
        height: u64,
    },
    /// A timestamp before the latest block.
    #[error("timestamp {0} is before that of the latest block")]
    TimestampBeforeLatest(u64),
    /// A height of the parent chain below that of the latest block.
    #[error("the parent chain is at {latest} already and cannot go back to {height}")]
    L1HeightBelowLatest {
        /// The height.
        height: u64,
        /// That of the latest block.
        latest: u64,
    },
    /// A request to a fork, of a chain that is none.
    #[error("the chain is not a fork: start it with --fork-url, or fork with anvil_reset")]
    NotAFork,
    /// A request that reads the whole state, which a fork does not have.
    #[error("{0} needs the whole state, which a fork does not fetch")]
    NeedsWholeState(&'static str),
    /// The fork cannot be opened or read.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// A dump cannot be loaded.
    #[error("cannot load the state: {0}")]
    Dump(#[from] DumpError),
    /// The execution was aborted.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
}

/// A block as geth names it: a hash, or a height after a number sign.
fn block_name(id: &BlockId) -> String {
    match id {
        BlockId::Hash(hash) => hash.block_hash.to_string(),
        BlockId::Number(BlockNumberOrTag::Number(height)) => format!("#{height}"),
        BlockId::Number(tag) => tag.to_string(),
    }
}
