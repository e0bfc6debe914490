//! Errors of a dev chain's start and use.

use std::io;

use coins_bip39::MnemonicError;

use crate::{
    StateError,
    chain::{ChainError, ChainStopped, GenesisError},
    fork::ForkError,
    rpc::ServeError,
};

/// Why a dev chain cannot start.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StartError(#[from] pub(crate) StartErrorKind);

impl StartError {
    /// Whether another program listens on one of the addresses.
    #[must_use]
    pub fn is_address_in_use(&self) -> bool {
        let (StartErrorKind::Io(error) | StartErrorKind::Serve(ServeError::Listen(error))) =
            &self.0
        else {
            return false;
        };
        error.kind() == io::ErrorKind::AddrInUse
    }
}

/// The reasons.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartErrorKind {
    /// Cannot listen on the address, or cannot start a thread.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The server cannot start.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The state file cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The accounts cannot be derived.
    #[error("cannot derive the accounts: {0}; expected 12 to 24 words of BIP-39 in English")]
    Mnemonic(#[from] MnemonicError),
    /// The genesis file cannot be used.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// A transaction of the set-up was rejected, which is a bug.
    #[error("cannot set up the chain: {0}")]
    Setup(#[from] ChainError),
    /// The fork cannot be opened.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// The chain's thread ended during the set-up.
    #[error(transparent)]
    Stopped(#[from] ChainStopped),
}

/// The dev chain has been stopped or dropped.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the dev chain has stopped")]
pub struct NodeStopped;

/// Why a dev chain cannot be changed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ChangeError(#[from] pub(crate) ChangeErrorKind);

/// The reasons.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeErrorKind {
    /// The chain's thread has ended.
    #[error("the dev chain has stopped")]
    Stopped(#[from] ChainStopped),
    /// The fork cannot be read.
    #[error(transparent)]
    Fork(#[from] ForkError),
}
