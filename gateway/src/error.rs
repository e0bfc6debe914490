//! Errors before anything is served.

use std::io;

/// Why a gateway, an upstream or a service cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// The gateway cannot listen on its address.
    #[error("cannot listen: {0}")]
    Listen(#[source] io::Error),
    /// The URL of a service is not `http://host:port` or `ws://host:port`.
    #[error("a service URL must be http://host:port, without a path")]
    InvalidUpstream,
    /// The system cannot start the service's process.
    #[error("cannot start the service: {0}")]
    StartService(#[source] io::Error),
}
