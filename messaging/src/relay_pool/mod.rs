//! A transport over several Nostr relays at once: every wrap goes to all of them, and comes from any.
//!
//! Each relay has a link that connects again whenever it is cut, subscribes again, and sends again what the
//! relay has not taken. What is held for a relay that is away is bounded: the oldest goes first.

mod connection;
mod inboxes;
mod send_queue;
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

use crate::error::MessageError;
use crate::keys::MessageKey;
use crate::transport::{Inbox, Transport};
use connection::RelayConnection;
use inboxes::Inboxes;
use send_queue::PublishOutcome;

/// How long it takes at most until it is said that no relay has taken a wrap.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(15);

/// Connections to relays, kept up until this is dropped.
#[derive(Debug)]
pub struct RelayPool {
    /// Each relay.
    connections: Vec<Arc<RelayConnection>>,
    /// Who receives.
    inboxes: Arc<Inboxes>,
    /// What keeps the connections up.
    _tasks: JoinSet<()>,
}

/// How it stands with a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayStatus {
    /// The relay.
    pub url: RelayUrl,
    /// Whether it is connected.
    pub is_connected: bool,
}

impl RelayPool {
    /// Begins to connect to relays, by URLs that begin with `wss://` or `ws://`. Has to be called inside a
    /// Tokio runtime.
    ///
    /// # Errors
    /// [`MessageError::InvalidRelayUrl`], for the first that is none.
    pub fn connect(urls: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, MessageError> {
        let parse =
            |url: &str| RelayUrl::parse(url).map_err(|_| MessageError::InvalidRelayUrl(url.into()));
        let urls: Vec<_> =
            urls.into_iter().map(|url| parse(url.as_ref())).collect::<Result<_, _>>()?;
        // Whoever has installed another one before may keep it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let inboxes = Arc::new(Inboxes::default());
        let (mut connections, mut tasks) = (Vec::new(), JoinSet::new());
        for url in urls {
            let connection = Arc::new(RelayConnection::new(connections.len(), url));
            tasks.spawn(connection.clone().run(inboxes.clone()));
            connections.push(connection);
        }
        Ok(Self { connections, inboxes, _tasks: tasks })
    }

    /// How it stands with each relay.
    #[must_use]
    pub fn statuses(&self) -> Vec<RelayStatus> {
        self.connections.iter().map(|connection| connection.status()).collect()
    }

    /// Hands a wrap to every relay and waits for the first that takes it.
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
}
