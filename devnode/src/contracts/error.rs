//! Errors of calls, transactions and deployments.

use alloy::primitives::hex;

use super::Address;
use crate::NodeStopped;

/// Why arguments or results do not fit a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AbiError {
    /// The signature is malformed.
    #[error(
        "{0:?} is no signature: expected a name and types, such as transfer(address,uint256)(bool)"
    )]
    Signature(Box<str>),
    /// The number of arguments is wrong.
    #[error("{signature} takes {expected} arguments, not {given}")]
    Count {
        /// The signature.
        signature: Box<str>,
        /// Number of its arguments.
        expected: usize,
        /// Number of the given ones.
        given: usize,
    },
    /// An argument does not have its type.
    #[error("argument {index} is {text:?}, which is no {expected}")]
    Argument {
        /// Its position, from zero.
        index: usize,
        /// The argument.
        text: Box<str>,
        /// Its type.
        expected: Box<str>,
    },
    /// What was returned does not have the types of the signature.
    #[error("{signature} returned 0x{}, which has other types", hex::encode(data))]
    Result {
        /// The signature.
        signature: Box<str>,
        /// What was returned.
        data: Vec<u8>,
    },
}

/// Why a call or a transaction fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// Arguments or results do not fit the signature.
    #[error(transparent)]
    Abi(#[from] AbiError),
    /// The contract reverted.
    #[error("{message} (data 0x{})", hex::encode(data))]
    Reverted {
        /// What the contract returned: an encoded error, or nothing.
        data: Vec<u8>,
        /// The node's words.
        message: String,
    },
    /// The node rejected the request.
    #[error("{message} (code {code})")]
    Rejected {
        /// Code of the error.
        code: i64,
        /// The node's words.
        message: String,
    },
    /// The transaction waits in the pool, because the chain mines only on request.
    #[error("the transaction {0} waits for a block: mine one, or start the chain with automine")]
    NotMined(String),
    /// The chain has stopped.
    #[error("the dev chain has stopped")]
    Stopped,
}

/// Why a program cannot be deployed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeployError {
    /// The program is no WebAssembly module.
    #[error("the program is no WebAssembly module: {0}")]
    NotWasm(Box<str>),
    /// The program is too large for this version of ArbOS.
    #[error(
        "the program has {size} bytes after compression, and ArbOS {arbos} allows {limit}; \
         make it smaller, or run a later version"
    )]
    TooLarge {
        /// Bytes of the compressed program.
        size: usize,
        /// Maximum number of bytes.
        limit: usize,
        /// Version of ArbOS.
        arbos: u8,
    },
    /// The constructor reverted.
    #[error("the constructor of {contract} reverted with 0x{}", hex::encode(data))]
    Constructor {
        /// Where the program would be.
        contract: Address,
        /// What it returned: an encoded error, or nothing.
        data: Vec<u8>,
    },
    /// A transaction of the deployment failed, such as the activation.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl From<NodeStopped> for CallError {
    fn from(_: NodeStopped) -> Self {
        Self::Stopped
    }
}
