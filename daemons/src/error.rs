//! What a daemon can fail with.

use std::io;
use std::path::PathBuf;

use alloy::primitives::Address;
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherErrors;
use muster_client::{Application, MarketError};
use muster_gateway::GatewayError;
use muster_messaging::MessageError;

/// Why a step, or the whole daemon, failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// The market, or the way to it. The next step tries again.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// The state file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Letters.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The gateway, or the service behind it, does not start.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The HTTP client does not start.
    #[error("the HTTP client does not start: {0}")]
    Http(#[from] reqwest::Error),
    /// The account does something else on this market.
    #[error("{account} is registered for {application} for ever: name another account")]
    ApplicationMismatch {
        /// The account.
        account: Address,
        /// What it is registered for.
        application: Application,
    },
    /// The account did not buy the agreement.
    #[error("agreement {agreement} is bought by somebody else than {account}")]
    NotClient {
        /// The agreement.
        agreement: Address,
        /// The account.
        account: Address,
    },
    /// The agreement has not begun or is over.
    #[error("agreement {0} does not run now: nobody serves it")]
    NotRunning(Address),
    /// An address that cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: Box<str>,
        /// What the system says.
        source: io::Error,
    },
}

impl DaemonError {
    /// Whether trying again can help: not if the account or what it offers is what is wrong.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Market(error) => !is_invalid_offer(error),
            Self::Gateway(error) => matches!(error, GatewayError::StartService(_)),
            _ => false,
        }
    }
}

/// Whether a market says that it never takes what is offered to it.
const fn is_invalid_offer(error: &MarketError) -> bool {
    use IWorkerDispatcherErrors as DispatcherError;

    matches!(
        error.dispatcher(),
        Some(
            DispatcherError::PriceOutOfRange(_)
                | DispatcherError::MaxLengthTooShort(_)
                | DispatcherError::PromiseOutOfRange(_)
                | DispatcherError::CapacityZero(_)
                | DispatcherError::StakeTooHigh(_)
                | DispatcherError::WrongApplication(_)
        )
    )
}

/// What is wrong with a state file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be made.
    #[error("cannot make the state file {}: {source}", path.display())]
    Create {
        /// Where it is to be.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It cannot be opened, read or written.
    #[error("the state file {} cannot be used: {source}: name another one, or mend this one", path.display())]
    File {
        /// Where it is.
        path: PathBuf,
        /// What the database says.
        source: rusqlite::Error,
    },
    /// A question to it failed.
    #[error("the state file: {0}")]
    Query(#[from] rusqlite::Error),
    /// It belongs to somebody else.
    #[error("the state file {} belongs to {theirs}, not to {ours}: name another one", path.display())]
    IdentityMismatch {
        /// Where it is.
        path: PathBuf,
        /// Whose it is.
        theirs: Box<str>,
        /// Who wants it.
        ours: Box<str>,
    },
    /// Another process has it.
    #[error("the state file {} is in use by another process: end that one, or name another file", .0.display())]
    InUse(PathBuf),
    /// It was written by another version.
    #[error("the state file {} has version {found}, this program knows {known}: use the program that wrote it", path.display())]
    Version {
        /// Where it is.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version that is understood.
        known: u32,
    },
}
