//! What can go wrong, by what the caller can do next. The sentences are in [`crate::words`].

use std::error::Error;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::SolInterface;
use muster_protocol::abi::IWorkAgreement::IWorkAgreementErrors;
use muster_protocol::abi::IWorkerDispatcher::IWorkerDispatcherErrors;
use muster_protocol::abi::Reason;

use crate::amount::Ether;
use crate::program::ProgramError;

/// Somebody else's error, kept as it came.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MarketError {
    /// A contract refused. Nothing was paid unless a transaction got that far.
    #[error("{0}")]
    Refused(RevertReason),
    /// The market does not sell this; the whole value stayed with, or went back to, the client.
    #[error("the purchase was refused: {}", crate::refusal_text::purchase_text(*.reason, *.required, *.sent))]
    PurchaseRefused {
        /// What stood against it.
        reason: Reason,
        /// The price in wei, 0 if there is none.
        required: u128,
        /// The wei that were, or would have been, sent.
        sent: u128,
    },
    /// The transaction failed, or would fail, without a reason that the interface knows.
    #[error("{contract} refused without a reason that the market knows (its answer: {data})")]
    Reverted {
        /// The contract that was called.
        contract: Address,
        /// Its answer.
        data: Bytes,
    },
    /// The account cannot pay for this.
    #[error("{account} has {}, but this takes {} with gas: fund the account, or ask for less", Ether::from(*.have), Ether::from(*.need))]
    InsufficientFunds {
        /// The account that was to pay.
        account: Address,
        /// What it has, in wei.
        have: U256,
        /// What it needs, in wei, with gas.
        need: U256,
    },
    /// This connection has no key to sign with.
    #[error("this needs an account that signs, and the connection has none: give a key")]
    NoAccount,
    /// Nothing is deployed there.
    #[error("there is no contract at {0} on this chain: check the address and the chain")]
    NoContract(Address),
    /// What is there does not answer like a contract of the market.
    #[error(
        "the contract at {contract} does not answer `{call}` as a contract of this market does: check the address"
    )]
    InterfaceMismatch {
        /// The contract that was called.
        contract: Address,
        /// Signature of the call.
        call: &'static str,
    },
    /// The market did not make this agreement.
    #[error("{0} is no agreement of this market: check the address and the market")]
    NotAnAgreement(Address),
    /// The account has no place in the list of testers that this is about.
    #[error(
        "{account} is not in the list of testers of epoch {epoch}: testers check in before the agreement is bought"
    )]
    NotListed {
        /// The account.
        account: Address,
        /// The epoch of the list.
        epoch: u32,
    },
    /// The transaction was sent, and no block has it yet.
    #[error(
        "transaction {0} was sent, but no block has it yet: it may still come, so look before sending it again"
    )]
    Unconfirmed(B256),
    /// Another transaction of the same account took this one's nonce: it did not happen, and never will.
    #[error(
        "another transaction of {account} took number {nonce}, so this one will never happen: does another program use the same key?"
    )]
    NonceTaken {
        /// The account.
        account: Address,
        /// The nonce.
        nonce: u64,
    },
    /// The transaction could not be written down before sending, so it was not sent.
    #[error("the transaction was not sent, because it could not be written down first")]
    Journal(#[source] BoxError),
    /// A block that was seen is no longer in the chain: what was known since is to be looked at again.
    #[error("the chain moved back: block {seen} is gone, the latest is block {head}")]
    Reorg {
        /// The block that was seen.
        seen: u64,
        /// The latest block now.
        head: u64,
    },
    /// What was waited for took too long.
    #[error("the deadline passed before {0}")]
    Timeout(&'static str),
    /// What was waited for cannot happen any more.
    #[error("it is too late: it will not happen that {0}")]
    Impossible(&'static str),
    /// The transaction went through, but did not say what it must say.
    #[error(
        "the transaction went through without the event `{0}`: the contract is not the one this program knows"
    )]
    EventMissing(&'static str),
    /// The program cannot be deployed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The node is the problem.
    #[error(transparent)]
    Node(#[from] NodeError),
}

impl MarketError {
    /// The dispatcher's own reason, if it gave one.
    #[must_use]
    pub const fn dispatcher(&self) -> Option<&IWorkerDispatcherErrors> {
        match self {
            Self::Refused(RevertReason::Dispatcher(reason)) => Some(reason),
            _ => None,
        }
    }

    /// The agreement's own reason, if it gave one.
    #[must_use]
    pub const fn agreement(&self) -> Option<&IWorkAgreementErrors> {
        match self {
            Self::Refused(RevertReason::Agreement(reason)) => Some(reason),
            _ => None,
        }
    }

    /// Whether the same call may succeed later without any change by the caller, because the node or
    /// the chain was not ready.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Node(NodeError::Unreachable { .. })
                | Self::Unconfirmed(_)
                | Self::NonceTaken { .. }
                | Self::Reorg { .. }
                | Self::Refused(RevertReason::Agreement(IWorkAgreementErrors::SeedNotReady(_)))
        )
    }
}

/// A contract's own reason for refusing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevertReason {
    /// The dispatcher's.
    #[error("the market refused: {}", crate::refusal_text::dispatcher_text(.0))]
    Dispatcher(IWorkerDispatcherErrors),
    /// An agreement's.
    #[error("the agreement refused: {}", crate::refusal_text::agreement_text(.0))]
    Agreement(IWorkAgreementErrors),
}

/// Which contract is spoken to, and so how its refusals read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contract {
    /// The dispatcher.
    Dispatcher(Address),
    /// An agreement.
    Agreement(Address),
    /// Neither: the chain's own contracts, and plain accounts.
    Other(Address),
}

impl Contract {
    /// Where it is.
    pub(crate) const fn address(self) -> Address {
        match self {
            Self::Dispatcher(address) | Self::Agreement(address) | Self::Other(address) => address,
        }
    }

    /// What its revert data means.
    pub(crate) fn decode_revert(self, data: Bytes) -> MarketError {
        let reason = match self {
            Self::Dispatcher(_) => {
                IWorkerDispatcherErrors::abi_decode(&data).ok().map(RevertReason::Dispatcher)
            }
            Self::Agreement(_) => {
                IWorkAgreementErrors::abi_decode(&data).ok().map(RevertReason::Agreement)
            }
            Self::Other(_) => None,
        };
        match reason {
            Some(reason) => MarketError::Refused(reason),
            None => MarketError::Reverted { contract: self.address(), data },
        }
    }
}

/// What a backend can run into.
#[derive(Debug)]
pub(crate) enum BackendError {
    /// The contract reverted with this data.
    Reverted(Bytes),
    /// The node is the problem.
    Node(NodeError),
}

impl BackendError {
    /// What this means when `contract` was called.
    pub(crate) fn into_market_error(self, contract: Contract) -> MarketError {
        match self {
            Self::Reverted(data) => contract.decode_revert(data),
            Self::Node(error) => MarketError::Node(error),
        }
    }
}

/// What is wrong between this program and the node.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// Nobody answers.
    #[error("no node answers at {url}: check that it runs and that the URL is right")]
    Unreachable {
        /// The node's URL.
        url: Box<str>,
        /// What the connection said.
        source: BoxError,
    },
    /// Somebody answers, but not in Ethereum JSON-RPC.
    #[error("what answers at {url} is no Ethereum node: check the URL")]
    NotANode {
        /// The node's URL.
        url: Box<str>,
        /// What was wrong with the answer.
        source: BoxError,
    },
    /// The node refused the request itself.
    #[error("the node refused ({code}): {message}")]
    Rpc {
        /// The JSON-RPC error code.
        code: i64,
        /// The node's own words.
        message: Box<str>,
    },
    /// The node, or the transaction, is of another chain.
    #[error("{what} is of chain {found}, and this is about chain {expected}: check the URLs")]
    WrongChain {
        /// The node's URL, or the transaction.
        what: Box<str>,
        /// The chain that was expected.
        expected: u64,
        /// The chain that it is of.
        found: u64,
    },
    /// The transaction could not be signed.
    #[error("the transaction could not be signed")]
    Signing(#[source] BoxError),
}
