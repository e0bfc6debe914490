//! What a relay holds at most.

use std::num::NonZeroU32;
use std::time::Duration;

/// What a relay holds at most, and for how long. Its memory is bounded by `bytes` and `wraps`, and by
/// about 260 kB for each connection that does its worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// Connections at a time from one IPv4 address or one IPv6 network of 64 bits.
    pub per_address: usize,
    /// Messages per second and connection, after a burst of ten times as many.
    pub messages_per_second: NonZeroU32,
    /// Subscriptions of one connection at a time.
    pub subscriptions: usize,
    /// Wraps that are kept; beyond, the oldest goes.
    pub wraps: usize,
    /// Bytes of wraps that are kept; beyond, the oldest goes.
    pub bytes: usize,
    /// Wraps that are kept for one key; beyond, the oldest of them goes.
    pub per_key: usize,
    /// How long a wrap is kept, if it does not say that it expires earlier.
    pub max_age: Duration,
    /// How long somebody may take for the shake, or for taking one message.
    pub io_timeout: Duration,
    /// How often it is asked whether somebody is still there; after three times without a word they are
    /// taken to be gone.
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
