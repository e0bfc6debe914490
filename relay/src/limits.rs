//! The limits of a relay.

use std::num::NonZeroU32;
use std::time::Duration;

/// What clients can use up at most. The relay's memory is bounded by [`bytes`](Self::bytes) and
/// [`wraps`](Self::wraps), and by about 260 kB for each of its [`connections`](Self::connections).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections. The relay closes further ones at once.
    pub connections: usize,
    /// Open connections from one IPv4 address or one IPv6 /64 network.
    pub per_address: usize,
    /// Messages per second and connection. A burst may have ten times as many.
    pub messages_per_second: NonZeroU32,
    /// Open subscriptions of one connection.
    pub subscriptions: usize,
    /// Stored wraps. The relay evicts the oldest beyond that.
    pub wraps: usize,
    /// Bytes of stored wraps, as JSON. The relay evicts the oldest wraps beyond that.
    pub bytes: usize,
    /// Stored wraps for one key. The relay evicts the oldest wrap for that key beyond that.
    pub per_key: usize,
    /// How long the relay stores a wrap that does not expire earlier.
    pub max_age: Duration,
    /// The timeout for a TLS handshake, for the WebSocket handshake, and for sending one message.
    pub io_timeout: Duration,
    /// The interval of WebSocket pings. The relay closes a connection after three pings without an answer.
    pub heartbeat: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            per_address: 128,
            messages_per_second: NonZeroU32::MIN.saturating_add(19),
            subscriptions: 64,
            wraps: 50_000,
            bytes: 64 << 20,
            per_key: 500,
            max_age: Duration::from_hours(96),
            io_timeout: Duration::from_secs(10),
            heartbeat: Duration::from_secs(30),
        }
    }
}
