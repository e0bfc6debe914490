//! What can go wrong when a service is managed.

use muster_client::MarketError;

use super::failure::ServiceFailure;
use crate::error::DaemonError;
use crate::service_record::RecordError;

/// Why a service cannot be managed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServicesError {
    /// The file with the services cannot be used, or has no such service.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// No node could be asked about an agreement.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// No request can be made from here.
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    /// A worker did not do what it was asked.
    #[error(transparent)]
    Worker(#[from] ServiceFailure),
}
