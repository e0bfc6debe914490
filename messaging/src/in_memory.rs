//! A transport in memory, for tests and for parties in one process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use nostr::event::Event;
use nostr::key::PublicKey;
use tokio::sync::mpsc;

use crate::error::MessageError;
use crate::keys::MessageKey;
use crate::transport::{Inbox, Transport};

/// How many unread wraps an inbox holds, besides those that were stored when it was opened.
const INBOX_CAPACITY: usize = 1024;

/// A transport in memory. It stores every wrap for ever and delivers wraps in the order in which they were
/// published. Publishing to a full inbox is [`MessageError::Unacknowledged`].
#[derive(Debug, Default)]
pub struct InMemoryTransport(Mutex<TransportState>);

/// The stored wraps and the open inboxes.
#[derive(Debug, Default)]
struct TransportState {
    /// Every published wrap.
    wraps: Vec<Event>,
    /// The newest inbox for each key.
    inboxes: HashMap<PublicKey, mpsc::Sender<Event>>,
}

impl TransportState {
    /// Stores a wrap and delivers it to the inboxes for its receivers.
    fn publish(&mut self, wrap: &Event) -> Result<(), MessageError> {
        for key in wrap.tags.public_keys() {
            if let Some(inbox) = self.inboxes.get(&key) {
                match inbox.try_send(wrap.clone()) {
                    Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
                    Err(mpsc::error::TrySendError::Full(_)) => {
                        return Err(MessageError::Unacknowledged);
                    }
                }
            }
        }
        self.wraps.push(wrap.clone());
        Ok(())
    }

    /// Opens an inbox with the stored wraps for a key.
    fn subscribe(&mut self, key: PublicKey) -> Inbox {
        let stored: Vec<_> = self
            .wraps
            .iter()
            .filter(|wrap| wrap.tags.public_keys().any(|receiver| receiver == key))
            .collect();
        let (sender, inbox) = Inbox::new(INBOX_CAPACITY.saturating_add(stored.len()));
        for wrap in stored {
            // The inbox is open and has the capacity.
            drop(sender.try_send(wrap.clone()));
        }
        self.inboxes.insert(key, sender);
        inbox
    }
}

impl InMemoryTransport {
    /// Every published wrap, as a relay would see it.
    #[must_use]
    pub fn wraps(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).wraps.clone()
    }
}

impl Transport for InMemoryTransport {
    fn publish<'a>(&'a self, wrap: &'a Event) -> BoxFuture<'a, Result<(), MessageError>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ready(state.publish(wrap)).boxed()
    }

    fn subscribe<'a>(&'a self, key: &'a MessageKey) -> BoxFuture<'a, Result<Inbox, MessageError>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ready(Ok(state.subscribe(key.keys().public_key()))).boxed()
    }

    fn is_connected(&self) -> bool {
        true
    }
}
