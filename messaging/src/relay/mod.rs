//! A small Nostr relay (NIP-01, 40, 42) that takes gift wraps and nothing else, and keeps them in memory.
//!
//! Who connects is a stranger: everything that one of them can make it hold is bounded by [`Limits`].
//! Nobody's address and nothing of a wrap is ever logged.

mod auth;
mod connection;
mod connection_limit;
mod hub;
mod limits;
mod policy;
mod store;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use nostr::types::RelayUrl;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{interval, sleep};

use crate::error::MessageError;
use auth::Nip42Auth;
use connection::Connection;
use connection_limit::{ConnectionLimiter, Permit};
use hub::Hub;

pub use limits::Limits;

/// How often it forgets what has expired.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);

/// How long it waits when the system gives it no more connections.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// How a relay is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayConfig {
    /// Where it listens; port 0 is any free one.
    pub listen: SocketAddr,
    /// Whether a key's messages are given only to those who prove that they hold the key (NIP-42).
    pub require_auth: bool,
    /// The URL by which it is known, which such a proof must name; without it, `ws://` and the address
    /// connected to.
    pub url: Option<RelayUrl>,
    /// What it holds at most.
    pub limits: Limits,
}

impl Default for RelayConfig {
    fn default() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { listen, require_auth: false, url: None, limits: Limits::default() }
    }
}

/// A relay that runs in this process until it is stopped or dropped.
#[derive(Debug)]
pub struct Relay {
    /// Where it listens.
    address: SocketAddr,
    /// The relay itself.
    task: JoinHandle<()>,
}

impl Relay {
    /// Starts a relay and returns when it can be connected to.
    ///
    /// # Errors
    /// [`MessageError::Listen`].
    pub async fn start(config: RelayConfig) -> Result<Self, MessageError> {
        let address = config.listen.to_string().into();
        let failed = |source| MessageError::Listen { address, source };
        let bound = async {
            let listener = TcpListener::bind(config.listen).await?;
            Ok((listener.local_addr()?, listener))
        };
        let (address, listener) = bound.await.map_err(failed)?;
        let task = tokio::spawn(accept_loop(listener, config));
        Ok(Self { address, task })
    }

    /// Where it can be connected to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it still takes connections; if it does not, it never will again.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        !self.task.is_finished()
    }

    /// Stops it, cuts every connection and returns when its port is free. What it held is gone.
    pub async fn stop(mut self) {
        self.task.abort();
        // It ends because it is told to.
        drop((&mut self.task).await);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Lets strangers in. Connections end with this.
async fn accept_loop(listener: TcpListener, config: RelayConfig) {
    let hub = Arc::new(Hub::new(config.limits));
    let limiter = ConnectionLimiter::new(config.limits);
    let mut connections = JoinSet::new();
    let mut sweep = interval(SWEEP_INTERVAL);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, from)) => {
                    // One too many is closed at once.
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

/// Serves one connection until it ends.
async fn serve_connection(socket: TcpStream, permit: Permit, config: RelayConfig, hub: Arc<Hub>) {
    let RelayConfig { require_auth, url, limits, .. } = config;
    let here = |socket: &TcpStream| {
        let address = socket.local_addr().ok()?;
        RelayUrl::parse(&format!("ws://{address}")).ok()
    };
    let url = if require_auth { url.or_else(|| here(&socket)) } else { None };
    if require_auth && url.is_none() {
        return;
    }
    let auth = url.map(Nip42Auth::new);
    if let Some(connection) = Connection::open(socket, auth, limits, hub).await {
        connection.run().await;
    }
    drop(permit);
}
