//! Why no agreement is there for jobs.

use alloy::primitives::Address;
use muster_client::MarketError;

use crate::error::DaemonError;

/// Why there is no agreement for jobs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HireError {
    /// An agreement of another application.
    #[error("agreement {0} is not for jobs: its application is not wasm1")]
    NotForJobs(Address),
    /// No relay carries messages.
    #[error(
        "no relay can be reached, so workers cannot be asked what they take: check that one runs"
    )]
    NoRelay,
    /// Fewer workers for sale than are wanted.
    #[error(
        "{wanted} workers are wanted, and {for_sale} are for sale: the others have no free slot, or do not fit the length; ask for \
         fewer or for a shorter length, or try later"
    )]
    TooFewForSale {
        /// How many were asked for.
        wanted: usize,
        /// How many there are.
        for_sale: usize,
    },
    /// Workers that take smaller jobs, or do not answer.
    #[error(
        "{wanted} workers are wanted, and {fitting} of those for sale take a job of {needs}{said}: lower the job's limits, or ask for \
         fewer workers"
    )]
    TooFewWorkersFit {
        /// How many were asked for.
        wanted: usize,
        /// How many would do.
        fitting: usize,
        /// What the job needs.
        needs: String,
        /// What each worker said, each after a semicolon.
        said: String,
    },
    /// The market refuses, or no node answers.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// The state file or the messages failed.
    #[error(transparent)]
    Daemon(#[from] DaemonError),
}
