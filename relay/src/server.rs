//! Starts and stops a relay, accepts connections and removes expired wraps.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use muster_tls::TlsServer;
use nostr::types::RelayUrl;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{interval, sleep};

use crate::auth::Nip42Auth;
use crate::connection::Connection;
use crate::connection_limit::{ConnectionLimiter, Permit};
use crate::error::RelayError;
use crate::hub::Hub;
use crate::limits::Limits;
use crate::socket::open_socket;

/// The interval between two removals of expired wraps.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);

/// The pause after `accept` fails, for example because no file descriptor is left.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// The configuration of a relay. The default listens on a free port of 127.0.0.1 without NIP-42 and without TLS.
#[derive(Clone, Debug)]
pub struct RelayConfig {
    /// Address and port to listen on; port 0 is any free port.
    pub listen: SocketAddr,
    /// Whether a subscription to a key needs a proof of that key (NIP-42).
    pub require_auth: bool,
    /// The relay's public URL, which a NIP-42 proof must name. If it is `None`, a proof must name `ws://` with
    /// the address that the client connected to, or `wss://` with TLS.
    pub url: Option<RelayUrl>,
    /// The limits.
    pub limits: Limits,
    /// Encrypts connections; without it, everybody on the way sees who sends messages to whom, though not what is in them.
    pub tls: Option<TlsServer>,
}

impl Default for RelayConfig {
    fn default() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { listen, require_auth: false, url: None, limits: Limits::default(), tls: None }
    }
}

/// A running relay. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Relay {
    /// The URL's scheme.
    scheme: &'static str,
    /// The address that it listens on.
    address: SocketAddr,
    /// The accept loop, which owns every connection.
    task: JoinHandle<()>,
}

impl Relay {
    /// Starts a relay on the current Tokio runtime. It accepts connections when this returns.
    ///
    /// # Errors
    /// [`RelayError::Listen`] if the address cannot be bound.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub async fn start(config: RelayConfig) -> Result<Self, RelayError> {
        let listen_error = |source| RelayError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let scheme = scheme(&config);
        let task = tokio::spawn(accept_loop(listener, config));
        Ok(Self { scheme, address, task })
    }

    /// The URL under which this machine reaches the relay: `ws://`, or `wss://` with TLS, and [`Self::address`].
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The address that the relay listens on, with the real port if the configured one was 0.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the relay accepts connections. Once this is `false` it stays `false`.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        !self.task.is_finished()
    }

    /// Closes every connection and returns when the port is free. Stored wraps are lost.
    pub async fn stop(mut self) {
        self.task.abort();
        // The join error says that the task was aborted.
        drop((&mut self.task).await);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The scheme of the relay's URL.
const fn scheme(config: &RelayConfig) -> &'static str {
    if config.tls.is_some() { "wss" } else { "ws" }
}

/// Accepts connections for ever. Every connection ends with this future.
async fn accept_loop(listener: TcpListener, config: RelayConfig) {
    let hub = Arc::new(Hub::new(config.limits));
    let limiter = ConnectionLimiter::new(config.limits);
    let mut connections = JoinSet::new();
    let mut sweep = interval(SWEEP_INTERVAL);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, from)) => {
                    // Without a permit the socket is dropped, which closes it.
                    if let Some(permit) = limiter.acquire(from.ip()) {
                        connections.spawn(serve_connection(socket, permit, config.clone(), hub.clone()));
                    }
                }
                Err(_) => sleep(ACCEPT_RETRY_DELAY).await,
            },
            Some(_) = connections.join_next() => {}
            _ = sweep.tick() => hub.remove_expired(),
        }
    }
}

/// Serves one connection until it ends, then releases its permit.
async fn serve_connection(socket: TcpStream, permit: Permit, config: RelayConfig, hub: Arc<Hub>) {
    let scheme = scheme(&config);
    let RelayConfig { require_auth, url, limits, tls, .. } = config;
    let local_url = |socket: &TcpStream| {
        let address = socket.local_addr().ok()?;
        RelayUrl::parse(&format!("{scheme}://{address}")).ok()
    };
    let url = if require_auth { url.or_else(|| local_url(&socket)) } else { None };
    if require_auth && url.is_none() {
        return;
    }
    let auth = url.map(Nip42Auth::new);
    let Some(socket) = open_socket(socket, tls.as_ref(), limits.io_timeout).await else { return };
    if let Some(connection) = Connection::open(socket, auth, limits, hub).await {
        connection.run().await;
    }
    drop(permit);
}
