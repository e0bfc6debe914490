//! The boundary to whatever carries wraps from senders to receivers.

use std::fmt::Debug;

use futures::future::BoxFuture;
use nostr::event::Event;
use tokio::sync::mpsc;

use crate::error::MessageError;
use crate::keys::MessageKey;

/// Carries wraps to the receivers that they name, and sees neither their content nor their sender.
///
/// - **Delivery.** A wrap that [`publish`](Self::publish) has acknowledged is delivered at least once to an inbox
///   that is open before the wrap expires, unless everybody who stores it loses it.
/// - **Ordering.** There is none: wraps may arrive in any order and more than once. [`Mailbox`](crate::Mailbox)
///   drops duplicates.
/// - **Concurrency.** All methods may be called at the same time from any task.
pub trait Transport: Debug + Send + Sync {
    /// Sends a wrap and waits until somebody stores it for its receiver.
    ///
    /// Dropping the future does not withdraw the wrap. Publishing the same wrap again is safe: its receiver gets
    /// it once.
    ///
    /// # Errors
    /// [`MessageError::Unacknowledged`] if nobody has stored it yet (it may still be delivered),
    /// [`MessageError::Rejected`] if nobody will, [`MessageError::TransportClosed`].
    fn publish<'a>(&'a self, wrap: &'a Event) -> BoxFuture<'a, Result<(), MessageError>>;

    /// Opens an inbox for the wraps to a key, and requests the stored ones. A new inbox for the same key replaces
    /// the older one, which then ends. Dropping the inbox ends the subscription.
    ///
    /// This does not wait for a connection: an implementation connects, and reconnects, in the background.
    /// Dropping the future opens nothing.
    ///
    /// # Errors
    /// [`MessageError::TransportClosed`].
    fn subscribe<'a>(&'a self, key: &'a MessageKey) -> BoxFuture<'a, Result<Inbox, MessageError>>;

    /// Whether somebody who carries wraps is connected now.
    fn is_connected(&self) -> bool;
}

/// The receiving end for the wraps to one key. A wrap may arrive more than once.
#[derive(Debug)]
pub struct Inbox(mpsc::Receiver<Event>);

impl Inbox {
    /// An inbox for so many unread wraps, at least one, and the sending end for a transport.
    #[must_use]
    pub fn new(capacity: usize) -> (mpsc::Sender<Event>, Self) {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        (sender, Self(receiver))
    }

    /// Waits for the next wrap; `None` when the transport has closed the inbox. Cancel-safe: a dropped future
    /// loses no wrap.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }
}
