//! Why a worker did not do what it was asked with a service.

use muster_client::MarketError;
use muster_service_api::ApiError;
use reqwest::StatusCode;

use crate::endpoint_request::EndpointFailure;
use crate::job_client::JobFailure;
use crate::service_client::RequestFailure;

/// Why a request about a service failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceFailure {
    /// The worker sends no endpoint.
    #[error("the worker sends no endpoint: {0}")]
    NoEndpoint(Box<str>),
    /// It cannot be reached, or does not take the component.
    #[error(transparent)]
    Worker(#[from] JobFailure),
    /// The API of services refuses.
    #[error("the worker refused: {}", .0.message)]
    Refused(Box<ApiError>),
    /// A response that the API does not give.
    #[error("the worker responded with status {0} and without a reason")]
    Unexpected(StatusCode),
    /// The service will not run there.
    #[error("the service does not run at the worker: {0}")]
    NotRunning(Box<str>),
    /// The agreement cannot be read, or the request not be signed.
    #[error(transparent)]
    Market(#[from] MarketError),
}

impl From<RequestFailure> for ServiceFailure {
    fn from(failure: RequestFailure) -> Self {
        Self::Worker(failure.into())
    }
}

impl From<EndpointFailure> for ServiceFailure {
    fn from(failure: EndpointFailure) -> Self {
        Self::NoEndpoint(failure.to_string().into())
    }
}
