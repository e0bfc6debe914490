//! What can go wrong before anything is served.

use std::io;

/// Why there is no gateway, no way to a service, or no service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// The address cannot be listened on.
    #[error("cannot listen: {0}")]
    Listen(#[source] io::Error),
    /// The URL of a service is not `http://host:port` or `ws://host:port`.
    #[error("a service is named by http://host:port, without a path")]
    InvalidUpstream,
    /// The system does not start the service's process.
    #[error("cannot start the service: {0}")]
    StartService(#[source] io::Error),
}
