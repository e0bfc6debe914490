//! Why the chain refuses a transaction or a call, in the words of the node.

use alloy::primitives::{Address, B256, U256};

use super::fee::MaxFee;
use crate::{
    CHAIN_ID,
    exec::{ExecutionError, TraceError},
};

/// Why bytes are no transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransactionDecodeError {
    /// Nothing, or only a type.
    #[error("typed transaction too short")]
    TooShort,
    /// A type that is none, or one that the chain does not take.
    #[error("transaction type not supported")]
    UnsupportedType,
    /// More after the end.
    #[error("rlp: input contains more than one value")]
    TrailingBytes,
    /// The end is missing.
    #[error("rlp: value size exceeds available input length")]
    Truncated,
    /// Not the encoding of a transaction.
    #[error("rlp: {0}")]
    Rlp(alloy::rlp::Error),
    /// A price beyond 128 bits, which makes the fee higher than anybody would mean.
    #[error("tx fee ({0}) exceeds the configured cap (1.00 ether)")]
    FeeCapExceeded(MaxFee),
    /// A transaction that delegates has to have a recipient.
    #[error("rlp: input string too short for common.Address, decoding into (types.SetCodeTx).To")]
    MissingRecipient,
    /// A signature that nobody can have made.
    #[error("invalid transaction v, r, s values")]
    InvalidSignature,
}

/// Why a transaction or a call may not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ChainError {
    /// The bytes are no transaction.
    #[error(transparent)]
    Decode(#[from] TransactionDecodeError),
    /// The fee is higher than anybody would mean.
    #[error("tx fee ({0}) exceeds the configured cap (1.00 ether)")]
    FeeCapExceeded(MaxFee),
    /// The gas does not cover the transaction itself.
    #[error("intrinsic gas too low")]
    IntrinsicGasTooLow,
    /// The same, in a call.
    #[error("intrinsic gas too low: have {have}, want {want}")]
    CallIntrinsicGasTooLow {
        /// Gas of the call.
        have: u64,
        /// Gas that it needs at least.
        want: u64,
    },
    /// Signed for another chain.
    #[error("invalid chain id for signer: have {0} want {CHAIN_ID}")]
    ChainId(u64),
    /// A call names another chain.
    #[error("chainId does not match node's (have={0}, want={CHAIN_ID})")]
    CallChainId(u64),
    /// A call names prices of two kinds.
    #[error("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified")]
    ConflictingGasPrices,
    /// The price is too low.
    #[error(
        "max fee per gas less than block base fee: address {from}, \
         maxFeePerGas: {cap}{} baseFee: {base}",
        if *.call { "," } else { "" }
    )]
    MaxFeeBelowBaseFee {
        /// The sender.
        from: Address,
        /// Wei per gas offered at most.
        cap: u128,
        /// Wei per gas of the block.
        base: u64,
        /// Whether it is a call: there the words have one comma more.
        call: bool,
    },
    /// The nonce was used before.
    #[error("nonce too low: address {from}, tx: {have} state: {want}")]
    NonceTooLow {
        /// The sender.
        from: Address,
        /// Nonce of the transaction.
        have: u64,
        /// Nonce of the sender.
        want: u64,
    },
    /// Transactions before this one are missing.
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
        /// Wei of the sender.
        have: U256,
        /// Wei needed at most.
        want: U256,
    },
    /// The encoding is too long.
    #[error("oversized data")]
    OversizedData,
    /// The init code is too long.
    #[error("max initcode size exceeded: code size {0} limit 49152")]
    InitCodeTooLarge(usize),
    /// A transaction that delegates, but names no delegation.
    #[error("EIP-7702 transaction with empty auth list (sender {0})")]
    EmptyAuthorizationList(Address),
    /// An account's storage is overridden in two ways.
    #[error("account {0} has both 'state' and 'stateDiff'")]
    StateAndDiff(Address),
    /// A contract that a Nitro node answers for by itself, in a call that is more than a question.
    #[error("the dev chain answers for NodeInterface at {0} in eth_call only")]
    NodeInterface(Address),
    /// Something that Nitro answers to, and this chain does not.
    #[error("{0} is not implemented by the dev chain")]
    NotImplemented(&'static str),
    /// The node has no answer.
    #[error("execution reverted")]
    NodeInterfaceReverted,
    /// A precompile is to move that is none.
    #[error("account {0} is not a precompile")]
    NotAPrecompile(Address),
    /// A block that does not exist.
    #[error("header not found")]
    HeaderNotFound,
    /// A tag that this chain never reaches.
    #[error("{0} block not found")]
    TagNotFound(&'static str),
    /// The same, where events are asked for.
    #[error("{0} header not found")]
    TagHeaderNotFound(&'static str),
    /// No transaction has this hash.
    #[error("transaction not found")]
    TransactionNotFound,
    /// No block has this hash.
    #[error("unknown block")]
    UnknownBlock(B256),
    /// A range that ends before it begins, or in the future.
    #[error("invalid block range params")]
    InvalidBlockRange,
    /// Events of blocks that are not there yet.
    #[error("pending logs are not supported")]
    PendingLogs,
    /// A refusal of a call, with the gas that it had.
    #[error("err: {why} (supplied gas {gas})")]
    Call {
        /// Why.
        why: Box<Self>,
        /// Gas of the call.
        gas: u64,
    },
    /// A refusal while gas is estimated.
    #[error("failed with {gas} gas: {why}")]
    Estimate {
        /// Why.
        why: Box<Self>,
        /// Gas that was tried.
        gas: u64,
    },
    /// A refusal of a call that was to be traced.
    #[error("tracing failed: {0}")]
    TraceCall(Box<Self>),
    /// Block zero was never run.
    #[error("genesis is not traceable")]
    GenesisNotTraceable,
    /// There is no trace.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// No amount of gas is enough.
    #[error("gas required exceeds allowance ({0})")]
    GasAllowanceExceeded(u64),
    /// The sender cannot pay for the value.
    #[error("insufficient funds for transfer")]
    InsufficientTransferFunds,
    /// The transaction waits already.
    #[error("already known")]
    AlreadyKnown,
    /// It would take the place of another that pays as much.
    #[error("replacement transaction underpriced")]
    ReplacementUnderpriced,
    /// Too many transactions wait.
    #[error("txpool is full")]
    PoolFull,
    /// Too many snapshots.
    #[error("too many snapshots")]
    TooManySnapshots,
    /// A time before the newest block.
    #[error("the time {0} is before that of the newest block")]
    TimestampBeforeLatest(u64),
    /// A chain that begins as another one.
    #[error("this chain cannot fork another")]
    ForkingUnsupported,
    /// Bytes that are no chain.
    #[error("the state cannot be loaded: {0}")]
    Dump(#[from] super::DumpError),
    /// It came to nothing.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
}
