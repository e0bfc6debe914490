//! A transport over several Nostr relays at once.

mod connection;
mod inboxes;
mod send_queue;
mod session;
mod websocket;

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use nostr::event::Event;
use nostr::types::RelayUrl;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::connection::RelayConnection;
use self::inboxes::Inboxes;
use self::send_queue::PublishOutcome;
use crate::error::MessageError;
use crate::keys::MessageKey;
use crate::proxy::ProxyUrl;
use crate::transport::{Inbox, Transport};

pub use self::connection::RelayStatus;

/// How long publishing waits for the first relay that accepts a wrap.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(15);

/// Connections to Nostr relays. A wrap is sent to all relays and received from any of them.
///
/// Every connection is kept in the background until the pool is dropped: it reconnects with exponential backoff (100 ms
/// to 30 s, with jitter), subscribes again, and sends again what the relay has not answered. It proves keys to relays
/// that require that (NIP-42). The last 256 unanswered wraps wait for each relay; beyond that the oldest is dropped.
///
/// [`Transport::publish`] returns when the first relay accepts the wrap, and after 15 seconds with
/// [`MessageError::Unacknowledged`] if none has. A dropped future and a timeout leave the wrap in the queues.
#[derive(Debug)]
pub struct RelayPool {
    /// One connection for each relay.
    connections: Vec<Arc<RelayConnection>>,
    /// The open inboxes.
    inboxes: Arc<Inboxes>,
    /// The background tasks of the connections, which end with the pool.
    _tasks: JoinSet<()>,
}

impl RelayPool {
    /// Starts to connect to the relays at these URLs (`wss://` or `ws://`), and returns at once.
    ///
    /// # Errors
    /// [`MessageError::InvalidRelayUrl`] for the first text that is not the URL of a relay.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn connect(urls: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, MessageError> {
        Self::connect_through(None, urls)
    }

    /// As [`RelayPool::connect`], through a proxy if there is one.
    ///
    /// # Errors
    /// [`MessageError::InvalidRelayUrl`].
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn connect_through(
        proxy: Option<&ProxyUrl>,
        urls: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, MessageError> {
        let parse =
            |url: &str| RelayUrl::parse(url).map_err(|_| MessageError::InvalidRelayUrl(url.into()));
        let urls: Vec<_> =
            urls.into_iter().map(|url| parse(url.as_ref())).collect::<Result<_, _>>()?;
        // The error says that the process has installed a provider before, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let inboxes = Arc::new(Inboxes::default());
        let (mut connections, mut tasks) = (Vec::new(), JoinSet::new());
        for url in urls {
            let connection = Arc::new(RelayConnection::new(connections.len(), url, proxy.cloned()));
            tasks.spawn(connection.clone().run(inboxes.clone()));
            connections.push(connection);
        }
        Ok(Self { connections, inboxes, _tasks: tasks })
    }

    /// The status of each relay, in the order of the URLs.
    #[must_use]
    pub fn statuses(&self) -> Vec<RelayStatus> {
        self.connections.iter().map(|connection| connection.status()).collect()
    }

    /// Sends a wrap to every relay and waits for the first that accepts it.
    async fn broadcast(&self, wrap: &Event) -> Result<(), MessageError> {
        let wrap = Arc::new(wrap.clone());
        let (sender, mut outcomes) = mpsc::channel(self.connections.len().max(1));
        for connection in &self.connections {
            connection.send(wrap.clone(), sender.clone());
        }
        drop(sender);
        let mut rejected = 0_usize;
        let first = async {
            while let Some(outcome) = outcomes.recv().await {
                match outcome {
                    PublishOutcome::Accepted => return Ok(()),
                    PublishOutcome::Rejected => rejected = rejected.saturating_add(1),
                }
            }
            if rejected > 0 {
                Err(MessageError::Rejected)
            } else {
                Err(MessageError::Unacknowledged)
            }
        };
        timeout(PUBLISH_TIMEOUT, first).await.unwrap_or(Err(MessageError::Unacknowledged))
    }
}

impl Transport for RelayPool {
    fn publish<'a>(&'a self, wrap: &'a Event) -> BoxFuture<'a, Result<(), MessageError>> {
        self.broadcast(wrap).boxed()
    }

    fn subscribe<'a>(&'a self, key: &'a MessageKey) -> BoxFuture<'a, Result<Inbox, MessageError>> {
        async { Ok(self.inboxes.open(key)) }.boxed()
    }

    fn is_connected(&self) -> bool {
        self.connections.iter().any(|connection| connection.status().is_connected)
    }
}
