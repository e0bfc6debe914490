//! What can be chosen about a gateway.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    time::Duration,
};

use crate::token::Secret;

/// The smallest buffer of the HTTP library.
const MIN_BUFFER_BYTES: usize = 8192;

/// The longest time for a head: later ones are no instants to some clocks.
const MAX_HEADER_TIMEOUT: Duration = Duration::from_hours(24);

/// The shortest time between two looks.
const MIN_REAUTHORIZE_INTERVAL: Duration = Duration::from_millis(1);

/// Settings of a [`crate::Gateway`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 for any that is free.
    pub listen: SocketAddr,
    /// What tokens are sealed with.
    pub secret: Secret,
    /// How much of everything.
    pub limits: Limits,
}

impl Config {
    /// Any free port of this machine, with the usual limits.
    #[must_use]
    pub fn any_port(secret: Secret) -> Self {
        Self { listen: (Ipv4Addr::LOCALHOST, 0).into(), secret, limits: Limits::default() }
    }
}

/// How much of everything a gateway allows.
///
/// A connection is a stranger's until a request on it was let in; then it is its guest's. A served one needs
/// two file descriptors, a stranger's one: the usual limits fit into the 1024 that a process has as a rule.
/// When guests have all connections that there are for them, a newcomer with fewer than another gets that one's
/// oldest.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections of guests at the same time; for one more, the agreement that has most gives one up.
    pub connections: usize,
    /// Connections of one agreement at the same time; for one more, its key that has most gives one up.
    pub connections_per_agreement: usize,
    /// Connections of one key of an agreement at the same time; one more is told to come later.
    pub connections_per_key: usize,
    /// Connections of strangers at the same time; one more ends the oldest.
    pub unauthenticated_connections: usize,
    /// Requests of one key of an agreement in a second, and as many at once.
    pub requests_per_second: NonZeroU32,
    /// Bytes of a request before its body, and of each buffer of a connection; 8192 at least.
    pub header_bytes: usize,
    /// Bytes of a request's body.
    pub body_bytes: u64,
    /// How long a request's head may take, the wait for the next request on the connection included; a day at
    /// most.
    pub header_timeout: Duration,
    /// How long it may take to reach the service.
    pub connect_timeout: Duration,
    /// How long the service may be silent before it answers, from the last byte of the guest's on.
    pub response_timeout: Duration,
    /// How long a connection may be silent while it is served; longer than `answer_time`.
    pub idle_timeout: Duration,
    /// How often it is looked at whether those who are being served still may be.
    pub reauthorize_interval: Duration,
    /// How long answers may take to end when the gateway stops.
    pub shutdown_timeout: Duration,
}

impl Limits {
    /// The nearest limits that the libraries below can keep.
    pub(crate) fn clamped(self) -> Self {
        Self {
            header_bytes: self.header_bytes.max(MIN_BUFFER_BYTES),
            header_timeout: self.header_timeout.min(MAX_HEADER_TIMEOUT),
            reauthorize_interval: self.reauthorize_interval.max(MIN_REAUTHORIZE_INTERVAL),
            ..self
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            connections_per_agreement: 64,
            connections_per_key: 16,
            unauthenticated_connections: 256,
            requests_per_second: NonZeroU32::MIN.saturating_add(99),
            header_bytes: 16 << 10,
            body_bytes: 64 << 20,
            header_timeout: Duration::from_secs(15),
            connect_timeout: Duration::from_secs(2),
            response_timeout: Duration::from_mins(1),
            idle_timeout: Duration::from_secs(90),
            reauthorize_interval: Duration::from_secs(1),
            shutdown_timeout: Duration::from_secs(10),
        }
    }
}
