//! What a daemon can fail with.

use std::io;
use std::path::PathBuf;

use alloy::primitives::{Address, B256};
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherErrors;
use muster_client::{Application, BoxError, MarketError};
use muster_gateway::GatewayError;
use muster_messaging::MessageError;

use crate::service_record::RecordError;
use crate::store::StoreError;

/// Why a step, or the whole daemon, failed. Each text says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// The market refused, or no node could be asked. The next step retries, unless the market never accepts the offer.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// The state file failed. The daemon ends, because without it, it could do something twice; while the disk is full, the next
    /// step tries again, because nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mailbox could not be opened, or a message could not be sealed or sent.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The gateway, or the service behind it, does not start.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The jobs of an agreement cannot be opened, or not be served. The next step retries.
    #[error(transparent)]
    Jobs(#[from] muster_job_api::OpenError),
    /// The HTTP client cannot be created.
    #[error(
        "cannot create the HTTP client: {0}: check the certificates and the file limit of this machine"
    )]
    Http(#[from] reqwest::Error),
    /// The component of a service cannot be read.
    #[error("cannot read the component {path}: {source}: bring the service again")]
    Component {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The account is registered for another application.
    #[error(
        "account {account} is registered for application {application}, and a registration keeps its application: \
         use another account, or serve {application}"
    )]
    ApplicationMismatch {
        /// The account.
        account: Address,
        /// The application that it is registered for.
        application: Application,
    },
    /// The account did not buy the agreement.
    #[error("agreement {agreement} was not bought by {account}: use the account that bought it")]
    NotClient {
        /// The agreement.
        agreement: Address,
        /// The account.
        account: Address,
    },
    /// The agreement has not started, or is over.
    #[error("agreement {0} is not running, so no worker serves it: check its state and its times")]
    NotRunning(Address),
    /// The file with the services of the account cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The order file of an agreement cannot be read.
    #[error(
        "cannot read the order file {path}, which says by which document the agreement was bought: {source}: restore it, or \
         delete it to go on without a document"
    )]
    OrderFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The order file of an agreement cannot be written.
    #[error(
        "cannot write the order file {path}, without which testers do not learn by which document the agreement was bought: \
         {source}: make the folder writable"
    )]
    SaveOrder {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// An agreement that was bought by a document cannot be renewed, because too few workers commit to it.
    #[error(
        "{serving} of {wanted} workers that can be bought commit to serve by document {digest} of application {application}, \
         so agreement {agreement} is not renewed yet: workers that serve by it must be in the book with a free place"
    )]
    NoSuccessor {
        /// The agreement.
        agreement: Address,
        /// The application's name.
        application: Box<str>,
        /// The document's digest.
        digest: B256,
        /// How many workers commit to it.
        serving: usize,
        /// How many are wanted.
        wanted: usize,
    },
    /// Fewer workers serve than are to be kept.
    #[error(
        "{serving} of {wanted} workers serve application {application}, and no other can be hired: either none qualifies, \
         or the {left} wei that are left of the budget are not enough: raise the budget, or ask for less of a worker"
    )]
    TooFewReplicas {
        /// What they serve.
        application: Application,
        /// How many serve.
        serving: usize,
        /// How many are to serve.
        wanted: u8,
        /// What is left of the budget, in wei.
        left: u128,
    },
    /// A daemon of another crate failed.
    #[error("{source}")]
    Other {
        /// Its error.
        source: BoxError,
        /// Whether the loop retries.
        is_transient: bool,
    },
    /// An address that cannot be listened on.
    #[error("cannot listen on {address}: {source}: free the port, or choose another address")]
    Listen {
        /// The address.
        address: Box<str>,
        /// The system's error.
        source: io::Error,
    },
}

impl DaemonError {
    /// Whether every node refused because it was asked too often.
    #[must_use]
    pub const fn is_rate_limit(&self) -> bool {
        matches!(self, Self::Market(error) if error.is_rate_limit())
    }

    /// Whether the loop retries after this error. It does not where the account, the offer or the state file is wrong.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Market(error) => !is_invalid_offer(error),
            Self::TooFewReplicas { .. }
            | Self::NoSuccessor { .. }
            | Self::SaveOrder { .. }
            | Self::Jobs(_) => true,
            Self::Store(error) => error.is_disk(),
            Self::Other { is_transient, .. } => *is_transient,
            Self::Gateway(error) => matches!(error, GatewayError::StartService(_)),
            _ => false,
        }
    }
}

/// Whether the market refused an offer that it never accepts.
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
