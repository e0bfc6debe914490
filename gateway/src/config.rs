//! Settings of a gateway: address, secret and limits.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    time::Duration,
};

use muster_tls::TlsServer;

use crate::token::Secret;

/// The smallest buffer that hyper accepts.
const MIN_BUFFER_BYTES: usize = 8192;

/// The longest time for a request's head: a later instant overflows some clocks.
const MAX_HEADER_TIMEOUT: Duration = Duration::from_hours(24);

/// The shortest interval between two periodic authorization checks.
const MIN_REAUTHORIZE_INTERVAL: Duration = Duration::from_millis(1);

/// Settings of a [`crate::Gateway`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 for any free port.
    pub listen: SocketAddr,
    /// Authenticates tokens.
    pub secret: Secret,
    /// Quotas, sizes and timeouts.
    pub limits: Limits,
    /// Encrypts connections; without it, everybody on the way can read tokens and answers.
    pub tls: Option<TlsServer>,
}

impl Config {
    /// Any free port of 127.0.0.1, with the default limits, without TLS.
    #[must_use]
    pub fn any_port(secret: Secret) -> Self {
        let listen = (Ipv4Addr::LOCALHOST, 0).into();
        Self { listen, secret, limits: Limits::default(), tls: None }
    }
}

/// Quotas, sizes and timeouts of a gateway.
///
/// A connection is unauthenticated until a request on it is let in; from then on it belongs to the key of
/// the latest such request. An authenticated connection needs two file descriptors, an unauthenticated one
/// needs one: the defaults fit into the usual 1024 of a process. When a quota is exhausted, a key that has
/// fewer connections than another evicts the other's oldest one.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Authenticated connections in total; one more evicts a connection of the agreement that has most.
    pub connections: usize,
    /// Connections per agreement; one more evicts a connection of the agreement's key that has most.
    pub connections_per_agreement: usize,
    /// Connections per key of an agreement; one more is answered with 429.
    pub connections_per_key: usize,
    /// Unauthenticated connections; one more evicts the oldest.
    pub unauthenticated_connections: usize,
    /// Requests per second per key of an agreement, and as many in a burst; one more is answered with 429.
    pub requests_per_second: NonZeroU32,
    /// Bytes of a request's head, and of each buffer of a connection; at least 8192.
    pub header_bytes: usize,
    /// Bytes of a request's body.
    pub body_bytes: u64,
    /// Time for a TLS handshake, and for a request's head, including the wait for the next request on a connection; at most
    /// a day.
    pub header_timeout: Duration,
    /// Time to connect to the service.
    pub connect_timeout: Duration,
    /// Time from the last byte on the client's connection to the head of the service's response.
    pub response_timeout: Duration,
    /// Time without a byte on a client's connection after which the connection ends; longer than
    /// `response_timeout`.
    pub idle_timeout: Duration,
    /// Interval at which open connections are authorized again; at least a millisecond.
    pub reauthorize_interval: Duration,
    /// Time that responses in progress have to end when the gateway stops.
    pub shutdown_timeout: Duration,
}

impl Limits {
    /// The nearest limits that hyper and tokio can enforce.
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
            response_timeout: Duration::from_mins(5),
            idle_timeout: Duration::from_mins(10),
            reauthorize_interval: Duration::from_secs(1),
            shutdown_timeout: Duration::from_secs(10),
        }
    }
}
