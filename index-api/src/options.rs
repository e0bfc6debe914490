//! How an index is served.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::evidence::PublishedEvidence;

/// The most requests per second of one client, unless another number is given.
const DEFAULT_REQUESTS: NonZeroU32 = NonZeroU32::MIN.saturating_add(49);

/// How the API is served.
#[derive(Clone, Debug)]
pub struct ApiOptions {
    /// Where to listen; port 0 is any free one.
    pub listen: SocketAddr,
    /// The most requests per second of one client, and as many at once.
    pub requests_per_second: NonZeroU32,
    /// Whether all clients come through a reverse proxy that adds where they are to `X-Forwarded-For`.
    pub is_behind_proxy: bool,
    /// A connection that takes nothing of what is sent for so long is closed.
    pub write_timeout: Duration,
    /// Evidence to publish.
    pub evidence: Vec<PublishedEvidence>,
}

impl ApiOptions {
    /// The usual options: 50 requests per second and client, no proxy, and 30 seconds for a connection that takes nothing.
    #[must_use]
    pub const fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            requests_per_second: DEFAULT_REQUESTS,
            is_behind_proxy: false,
            write_timeout: Duration::from_secs(30),
            evidence: Vec::new(),
        }
    }
}
