//! How wraps get from one to another: one small trait, and what it gives out.

use std::fmt::Debug;

use futures::future::BoxFuture;
use nostr::event::Event;
use tokio::sync::mpsc;

use crate::error::MessageError;
use crate::keys::MessageKey;

/// A way for wraps, which knows neither what is in them nor who sent them.
pub trait Transport: Debug + Send + Sync {
    /// Hands a wrap over, and returns when somebody has taken it who keeps it for its receiver.
    ///
    /// # Errors
    /// [`MessageError::Unacknowledged`], [`MessageError::Rejected`], [`MessageError::TransportClosed`].
    fn publish<'a>(&'a self, wrap: &'a Event) -> BoxFuture<'a, Result<(), MessageError>>;

    /// Opens an inbox for the wraps to a key, those that wait for it first. There is one for each key:
    /// the latest.
    ///
    /// # Errors
    /// [`MessageError::TransportClosed`].
    fn subscribe<'a>(&'a self, key: &'a MessageKey) -> BoxFuture<'a, Result<Inbox, MessageError>>;
}

/// Where wraps to one key come in, until it is dropped. A wrap may come more than once.
#[derive(Debug)]
pub struct Inbox(mpsc::Receiver<Event>);

impl Inbox {
    /// An inbox for so many unread wraps, and where to put them in.
    #[must_use]
    pub fn new(capacity: usize) -> (mpsc::Sender<Event>, Self) {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        (sender, Self(receiver))
    }

    /// The next wrap; `None` when the transport has ended.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }
}
