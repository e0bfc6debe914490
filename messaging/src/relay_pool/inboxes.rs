//! The open inboxes, one for each key. A wrap that arrives from several relays is put into its inbox once.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use nostr::event::{Event, EventId};
use nostr::key::PublicKey;
use tokio::sync::{mpsc, watch};

use crate::keys::MessageKey;
use crate::transport::Inbox;

/// How many unread wraps an inbox holds.
const INBOX_CAPACITY: usize = 256;

/// How many ids of delivered wraps an inbox remembers.
const DELIVERED_CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(8191);

/// The open inboxes.
#[derive(Debug, Default)]
pub(super) struct Inboxes {
    /// The readers.
    subscribers: Mutex<Subscribers>,
    /// Notified when relays must be asked for another inbox.
    changed: watch::Sender<()>,
}

/// The readers.
#[derive(Debug, Default)]
struct Subscribers {
    /// The readers by key.
    by_key: HashMap<PublicKey, Subscriber>,
    /// The newest request id.
    last_request_id: u64,
}

impl Subscribers {
    /// A new request id.
    const fn next_request_id(&mut self) -> u64 {
        self.last_request_id = self.last_request_id.wrapping_add(1);
        self.last_request_id
    }
}

/// The reader of an inbox.
#[derive(Debug)]
struct Subscriber {
    /// The key, for NIP-42 proofs.
    key: MessageKey,
    /// The sending end of the inbox.
    inbox: mpsc::Sender<Event>,
    /// The ids of the wraps that were put into the inbox, the oldest evicted first.
    delivered: LruCache<EventId, ()>,
    /// Relays are asked again when it changes.
    request_id: u64,
    /// Whether a wrap was dropped because the inbox was full. Relays are asked for it again.
    has_overflowed: bool,
}

impl Inboxes {
    /// Opens an inbox, which replaces an older one for the same key.
    pub(super) fn open(&self, key: &MessageKey) -> Inbox {
        let (inbox, receiver) = Inbox::new(INBOX_CAPACITY);
        let (key, delivered) = (key.clone(), LruCache::new(DELIVERED_CAPACITY));
        let mut subscribers = self.lock_subscribers();
        let request_id = subscribers.next_request_id();
        let public = key.keys().public_key();
        let subscriber = Subscriber { key, inbox, delivered, request_id, has_overflowed: false };
        subscribers.by_key.insert(public, subscriber);
        drop(subscribers);
        self.changed.send_replace(());
        receiver
    }

    /// Notified when relays must be asked for another inbox.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The keys with an open inbox, and their request ids.
    pub(super) fn active_keys(&self) -> Vec<(MessageKey, u64)> {
        let mut subscribers = self.lock_subscribers();
        subscribers.by_key.retain(|_, subscriber| !subscriber.inbox.is_closed());
        subscribers
            .by_key
            .values()
            .map(|subscriber| (subscriber.key.clone(), subscriber.request_id))
            .collect()
    }

    /// Puts a wrap from a relay into its receiver's inbox, if its signature is valid and it is new there.
    pub(super) fn deliver(&self, wrap: Event) {
        let Some(receiver) = wrap.tags.public_keys().next() else { return };
        let id = wrap.id;
        let is_delivered = |subscriber: &Subscriber| subscriber.delivered.contains(&id);
        // The signature comes first: an altered copy from one relay must not hide the true wrap.
        if self.lock_subscribers().by_key.get(&receiver).is_none_or(is_delivered)
            || wrap.verify().is_err()
        {
            return;
        }
        let mut subscribers = self.lock_subscribers();
        let subscriber = subscribers.by_key.get_mut(&receiver);
        let Some(subscriber) = subscriber.filter(|subscriber| !is_delivered(subscriber)) else {
            return;
        };
        if subscriber.inbox.try_send(wrap).is_ok() {
            subscriber.delivered.put(id, ());
        } else {
            subscriber.has_overflowed = true;
        }
    }

    /// Gives every inbox that has dropped wraps, and has capacity now, a new request id.
    pub(super) fn retry_overflowed(&self) {
        let mut subscribers = self.lock_subscribers();
        let request_id = subscribers.next_request_id();
        for subscriber in subscribers.by_key.values_mut() {
            if subscriber.has_overflowed && subscriber.inbox.capacity() > 0 {
                (subscriber.has_overflowed, subscriber.request_id) = (false, request_id);
            }
        }
    }

    /// Locks the readers.
    fn lock_subscribers(&self) -> MutexGuard<'_, Subscribers> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use nostr::event::{Event, EventBuilder, FinalizeEvent, Kind, Tag};
    use nostr::key::Keys;

    use super::{INBOX_CAPACITY, Inboxes};
    use crate::keys::MessageKey;

    /// An empty wrap for a key.
    fn wrap(receiver: &MessageKey) -> Event {
        let to = Tag::public_key(receiver.keys().public_key());
        let event = EventBuilder::new(Kind::GiftWrap, "").tag(to);
        event.finalize(&Keys::generate()).unwrap()
    }

    #[tokio::test]
    async fn wraps_that_overflow_an_inbox_are_requested_again_when_it_has_capacity() {
        let (inboxes, key) = (Inboxes::default(), MessageKey::random());
        let mut inbox = inboxes.open(&key);
        let request_ids = || inboxes.active_keys().iter().map(|(_, id)| *id).collect::<Vec<_>>();
        let before = request_ids();
        let wraps: Vec<_> = (0..=INBOX_CAPACITY).map(|_| wrap(&key)).collect();
        for wrap in &wraps {
            inboxes.deliver(wrap.clone());
        }
        inboxes.retry_overflowed();
        assert_eq!(request_ids(), before);
        assert_eq!(inbox.next().await.as_ref(), wraps.first());
        inboxes.retry_overflowed();
        assert_ne!(request_ids(), before);
        // The relay sends every wrap again, and the inbox gets only those that it has not had.
        for wrap in &wraps {
            inboxes.deliver(wrap.clone());
        }
        for wrap in &wraps[1..] {
            assert_eq!(inbox.next().await.as_ref(), Some(wrap));
        }
    }

    #[tokio::test]
    async fn an_altered_copy_of_a_wrap_does_not_hide_it() {
        let (inboxes, key) = (Inboxes::default(), MessageKey::random());
        let mut inbox = inboxes.open(&key);
        let wrap = wrap(&key);
        let mut altered = wrap.clone();
        altered.content.push('!');
        inboxes.deliver(altered);
        inboxes.deliver(wrap.clone());
        assert_eq!(inbox.next().await, Some(wrap));
    }

    #[test]
    fn a_dropped_inbox_is_not_requested() {
        let (inboxes, key) = (Inboxes::default(), MessageKey::random());
        let inbox = inboxes.open(&key);
        assert_eq!(inboxes.active_keys().len(), 1);
        drop(inbox);
        assert_eq!(inboxes.active_keys().len(), 0);
    }
}
