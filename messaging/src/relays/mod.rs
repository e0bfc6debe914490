//! A transport over several Nostr relays at once: every wrap goes to all of them, and comes from any.
//!
//! Each relay has a link that connects again whenever it is cut, subscribes again, and sends again what the
//! relay has not taken. What is held for a relay that is away is bounded: the oldest goes first.

mod link;
mod mail;
mod outbox;
mod wire;

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
use link::Link;
use mail::Mail;
use outbox::Verdict;

/// How long it takes at most until it is said that no relay has taken a wrap.
const PATIENCE: Duration = Duration::from_secs(15);

/// Connections to relays, kept up until this is dropped.
#[derive(Debug)]
pub struct Relays {
    /// Each relay.
    links: Vec<Arc<Link>>,
    /// Who receives.
    mail: Arc<Mail>,
    /// What keeps the connections up.
    _tasks: JoinSet<()>,
}

/// How it stands with a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayState {
    /// The relay.
    pub url: RelayUrl,
    /// Whether it is connected.
    pub is_up: bool,
}

impl Relays {
    /// Begins to connect to relays, by URLs that begin with `wss://` or `ws://`. Has to be called inside a
    /// Tokio runtime.
    ///
    /// # Errors
    /// [`MessageError::BadRelay`], for the first that is none.
    pub fn connect(urls: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, MessageError> {
        let parse =
            |url: &str| RelayUrl::parse(url).map_err(|_| MessageError::BadRelay(url.into()));
        let urls: Vec<_> =
            urls.into_iter().map(|url| parse(url.as_ref())).collect::<Result<_, _>>()?;
        // Whoever has installed another one before may keep it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mail = Arc::new(Mail::default());
        let (mut links, mut tasks) = (Vec::new(), JoinSet::new());
        for url in urls {
            let link = Arc::new(Link::new(links.len(), url));
            tasks.spawn(link.clone().keep_up(mail.clone()));
            links.push(link);
        }
        Ok(Self { links, mail, _tasks: tasks })
    }

    /// How it stands with each relay.
    #[must_use]
    pub fn states(&self) -> Vec<RelayState> {
        self.links.iter().map(|link| link.state()).collect()
    }

    /// Hands a wrap to every relay and waits for the first that takes it.
    async fn spread(&self, wrap: &Event) -> Result<(), MessageError> {
        let wrap = Arc::new(wrap.clone());
        let (told, mut verdicts) = mpsc::channel(self.links.len().max(1));
        for link in &self.links {
            link.send(wrap.clone(), told.clone());
        }
        drop(told);
        let mut refused = 0_usize;
        let first = async {
            while let Some(verdict) = verdicts.recv().await {
                match verdict {
                    Verdict::Taken => return Ok(()),
                    Verdict::Refused => refused = refused.saturating_add(1),
                }
            }
            if refused > 0 { Err(MessageError::Refused) } else { Err(MessageError::Unsent) }
        };
        timeout(PATIENCE, first).await.unwrap_or(Err(MessageError::Unsent))
    }
}

impl Transport for Relays {
    fn publish<'a>(&'a self, wrap: &'a Event) -> BoxFuture<'a, Result<(), MessageError>> {
        self.spread(wrap).boxed()
    }

    fn subscribe<'a>(&'a self, key: &'a MessageKey) -> BoxFuture<'a, Result<Inbox, MessageError>> {
        async { Ok(self.mail.open(key)) }.boxed()
    }
}
