//! What a page can fail with.

use axum::http::StatusCode;
use muster_index::{IndexError, QueryError};

/// Why a page cannot be shown. Each text says what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DashboardError {
    /// The index.
    #[error("the index does not answer now: try again in a minute")]
    Index(#[source] IndexError),
    /// A question that the index does not answer.
    #[error("{0}")]
    Query(QueryError),
    /// Nothing of the market is indexed.
    #[error(
        "the index has read nothing of this market yet: this page fills itself when `muster index` has begun"
    )]
    NotIndexed,
    /// An address that is none.
    #[error(
        "{0:?} is no address: an address is 0x and 40 hexadecimal digits; with capitals, they must be its checksum"
    )]
    Address(String),
    /// An application that is none.
    #[error(
        "{0:?} is no application: one is a name of up to 8 bytes, or 0x and 16 hexadecimal digits"
    )]
    Application(String),
    /// A parameter that is none.
    #[error("{name} cannot be {value:?}: {expected}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Nothing is there.
    #[error("{0}")]
    NotFound(String),
}

impl From<IndexError> for DashboardError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Query(error) => Self::Query(error),
            error => Self::Index(error),
        }
    }
}

impl DashboardError {
    /// The status of the answer.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Index(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotIndexed => StatusCode::SERVICE_UNAVAILABLE,
            Self::Query(_) | Self::Address(_) | Self::Application(_) | Self::Parameter { .. } => {
                StatusCode::BAD_REQUEST
            }
            Self::NotFound(_) => StatusCode::NOT_FOUND,
        }
    }
}
