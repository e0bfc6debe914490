//! Why a relay does not start.

use std::io;
use std::net::SocketAddr;

/// Why a relay does not start. Once it runs, it has no errors: a connection that fails is closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The relay cannot listen on its address, for example because another process does.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
}
