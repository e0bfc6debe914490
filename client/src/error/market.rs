//! The error of every call of this crate.

use alloy::primitives::{Address, B256, Bytes, U256};
use muster_protocol::abi::IWorkAgreement::IWorkAgreementErrors;
use muster_protocol::abi::IWorkerDispatcher::IWorkerDispatcherErrors;
use muster_protocol::abi::Reason;

use super::node::{BoxError, NodeError};
use super::refusal_text::purchase_text;
use super::revert::RevertReason;
use crate::amount::Ether;

/// Why a call failed. Variants differ by what the caller can do next; [`MarketError::is_temporary`] tells which
/// calls are worth repeating unchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MarketError {
    /// The contract reverted with an error of its interface. Usually found by simulation, before anything is
    /// sent; otherwise only gas is spent.
    #[error("{0}")]
    Refused(RevertReason),
    /// The market does not sell this order. The value stays with the client, or went back to it.
    #[error("the purchase was refused: {}", purchase_text(*.reason, *.required, *.sent))]
    PurchaseRefused {
        /// The market's reason.
        reason: Reason,
        /// The price in wei, 0 if there is none.
        required: u128,
        /// The wei that were, or would have been, sent.
        sent: u128,
    },
    /// The market sells no agreement of this length.
    #[error(
        "an agreement of {length} ticks is not for sale: its length must be from {shortest} to {longest} ticks of the market's \
         clock (buy again before the end for longer work)"
    )]
    LengthOutOfRange {
        /// The length that was asked for, in ticks.
        length: u32,
        /// The shortest length in ticks.
        shortest: u32,
        /// The longest length in ticks.
        longest: u32,
    },
    /// The call reverted with data that is no error of the interface.
    #[error(
        "{contract} reverted without a reason that the market's interface knows (its data: {data})"
    )]
    Reverted {
        /// The contract that was called.
        contract: Address,
        /// The revert data.
        data: Bytes,
    },
    /// The account cannot pay for the value and the gas.
    #[error("{account} has {}, but this takes {} with gas: fund the account, or ask for less", Ether::from(*.have), Ether::from(*.need))]
    InsufficientFunds {
        /// The account that was to pay.
        account: Address,
        /// Its balance in wei.
        have: U256,
        /// The balance that it needs in wei, with gas.
        need: U256,
    },
    /// The connection has no signer.
    #[error("this needs an account that signs, and the connection has none: give a key")]
    NoAccount,
    /// There is no code at the address.
    #[error("there is no contract at {0} on this chain: check the address and the chain")]
    NoContract(Address),
    /// The contract's return data does not decode.
    #[error(
        "the contract at {contract} does not answer `{call}` as a contract of this market does: check the address"
    )]
    InterfaceMismatch {
        /// The contract that was called.
        contract: Address,
        /// Signature of the call.
        call: &'static str,
    },
    /// The address is not an agreement that this market created.
    #[error("{0} is no agreement of this market: check the address and the market")]
    NotAnAgreement(Address),
    /// The account has no place in the list of testers from which the agreement draws.
    #[error(
        "{account} is not in the list of testers of epoch {epoch}: testers check in before the agreement is bought"
    )]
    NotListed {
        /// The account.
        account: Address,
        /// The epoch of the list.
        epoch: u32,
    },
    /// The transaction was sent, and no block had it before the timeout. It may still be mined.
    #[error(
        "transaction {0} was sent, but no block has it yet: it may still be mined, so look before sending it again"
    )]
    Unconfirmed(B256),
    /// Another transaction of the same account was mined with this nonce: this one never will be.
    #[error(
        "another transaction of {account} took nonce {nonce}, so this one will never be mined: does another program \
         use the same key?"
    )]
    NonceTaken {
        /// The account.
        account: Address,
        /// The nonce.
        nonce: u64,
    },
    /// The journal did not accept the transaction, so it was not sent.
    #[error(
        "the transaction was not sent, because the journal could not record it: check the disk"
    )]
    Journal(#[source] BoxError),
    /// A block that was seen is no longer in the chain: read everything since then again.
    #[error("the chain was reorganized: block {seen} is gone, the latest is block {head}")]
    Reorg {
        /// The block that was seen.
        seen: u64,
        /// The latest block now.
        head: u64,
    },
    /// The timeout passed before this came true. It may still come.
    #[error("the timeout passed before {0}")]
    Timeout(&'static str),
    /// This can no longer come true.
    #[error("it is too late: it will not happen that {0}")]
    Impossible(&'static str),
    /// The transaction succeeded without the event that must come with it.
    #[error(
        "the transaction succeeded without the event `{0}`: the contract is not the one that this program knows"
    )]
    EventMissing(&'static str),
    /// The node is the problem.
    #[error(transparent)]
    Node(#[from] NodeError),
}

impl MarketError {
    /// The dispatcher's error, if it reverted with one.
    #[must_use]
    pub const fn dispatcher(&self) -> Option<&IWorkerDispatcherErrors> {
        match self {
            Self::Refused(RevertReason::Dispatcher(reason)) => Some(reason),
            _ => None,
        }
    }

    /// The agreement's error, if it reverted with one.
    #[must_use]
    pub const fn agreement(&self) -> Option<&IWorkAgreementErrors> {
        match self {
            Self::Refused(RevertReason::Agreement(reason)) => Some(reason),
            _ => None,
        }
    }

    /// Whether the same call may succeed later without any change by the caller, because the node or the chain
    /// was not ready. After [`MarketError::Unconfirmed`], look for the transaction before sending another.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Node(NodeError::Unreachable { .. } | NodeError::RateLimited { .. })
                | Self::Unconfirmed(_)
                | Self::NonceTaken { .. }
                | Self::Reorg { .. }
                | Self::Refused(RevertReason::Agreement(IWorkAgreementErrors::SeedNotReady(_)))
        )
    }

    /// Whether every node refused because it was asked too often.
    #[must_use]
    pub const fn is_rate_limit(&self) -> bool {
        matches!(self, Self::Node(NodeError::RateLimited { .. }))
    }
}
