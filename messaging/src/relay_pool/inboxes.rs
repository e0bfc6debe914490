//! What comes in: one inbox for each key, in which every wrap is put once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy::primitives::B256;
use nostr::event::Event;
use nostr::key::PublicKey;
use tokio::sync::{mpsc, watch};

use crate::keys::MessageKey;
use crate::replay_guard::{InMemoryReplayGuard, ReplayGuard};
use crate::transport::Inbox;

/// How many wraps an inbox holds.
const INBOX_CAPACITY: usize = 256;

/// How many ids an inbox remembers.
const REPLAY_CAPACITY: usize = 8192;

/// Every inbox.
#[derive(Debug, Default)]
pub(super) struct Inboxes {
    /// Who reads.
    subscribers: Mutex<Subscribers>,
    /// Changes whenever relays have to be asked again.
    changed: watch::Sender<()>,
}

/// Who reads, by key.
#[derive(Debug, Default)]
struct Subscribers {
    /// Each one.
    by_key: HashMap<PublicKey, Subscriber>,
    /// How many requests there have been.
    last_request_id: u64,
}

impl Subscribers {
    /// The number of a new request.
    const fn next_request_id(&mut self) -> u64 {
        self.last_request_id = self.last_request_id.wrapping_add(1);
        self.last_request_id
    }
}

/// Who reads an inbox.
#[derive(Debug)]
struct Subscriber {
    /// The key, to prove that it is held.
    key: MessageKey,
    /// The inbox.
    inbox: mpsc::Sender<Event>,
    /// What was put in.
    replay_guard: InMemoryReplayGuard,
    /// Counts what is put in, so that the oldest is forgotten first.
    delivered_count: u64,
    /// Under which number relays are asked for it.
    request_id: u64,
    /// Whether something did not fit in: it is asked for again.
    has_overflowed: bool,
}

impl Inboxes {
    /// Opens an inbox in place of an older one for the same key.
    pub(super) fn open(&self, key: &MessageKey) -> Inbox {
        let (inbox, receiver) = Inbox::new(INBOX_CAPACITY);
        let (key, replay_guard) = (key.clone(), InMemoryReplayGuard::new(REPLAY_CAPACITY));
        let mut subscribers = self.lock_subscribers();
        let request_id = subscribers.next_request_id();
        let public = key.keys().public_key();
        let subscriber = Subscriber {
            key,
            inbox,
            replay_guard,
            delivered_count: 0,
            request_id,
            has_overflowed: false,
        };
        subscribers.by_key.insert(public, subscriber);
        drop(subscribers);
        self.changed.send_replace(());
        receiver
    }

    /// Tells when relays have to be asked again.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The keys whose inboxes are read, with the numbers of their requests.
    pub(super) fn active_keys(&self) -> Vec<(MessageKey, u64)> {
        let mut subscribers = self.lock_subscribers();
        subscribers.by_key.retain(|_, subscriber| !subscriber.inbox.is_closed());
        subscribers
            .by_key
            .values()
            .map(|subscriber| (subscriber.key.clone(), subscriber.request_id))
            .collect()
    }

    /// Puts in a wrap that some relay has sent, if it is genuine, for somebody here, and new to them.
    pub(super) fn deliver(&self, wrap: Event) {
        let Some(receiver) = wrap.tags.public_keys().next() else { return };
        let id = B256::new(wrap.id.to_bytes());
        let known = |subscriber: &Subscriber| subscriber.replay_guard.contains(id).unwrap_or(true);
        // A relay that lies about a wrap must not hide the true one.
        if self.lock_subscribers().by_key.get(&receiver).is_none_or(known) || wrap.verify().is_err()
        {
            return;
        }
        let mut subscribers = self.lock_subscribers();
        let subscriber = subscribers.by_key.get_mut(&receiver);
        let Some(subscriber) = subscriber.filter(|subscriber| !known(subscriber)) else { return };
        if subscriber.inbox.try_send(wrap).is_ok() {
            subscriber.delivered_count = subscriber.delivered_count.saturating_add(1);
            // This memory does not fail.
            drop(subscriber.replay_guard.insert_if_new(id, subscriber.delivered_count));
        } else {
            subscriber.has_overflowed = true;
        }
    }

    /// Asks again for what did not fit in, where there is room now.
    pub(super) fn retry_overflowed(&self) {
        let mut subscribers = self.lock_subscribers();
        let request_id = subscribers.next_request_id();
        for subscriber in subscribers.by_key.values_mut() {
            if subscriber.has_overflowed && subscriber.inbox.capacity() > 0 {
                (subscriber.has_overflowed, subscriber.request_id) = (false, request_id);
            }
        }
    }

    /// Who reads, now.
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

    /// A wrap for a key, with nothing in it.
    fn wrap(receiver: &MessageKey) -> Event {
        let to = Tag::public_key(receiver.keys().public_key());
        let event = EventBuilder::new(Kind::GiftWrap, "").tag(to);
        event.finalize(&Keys::generate()).unwrap()
    }

    #[tokio::test]
    async fn wraps_that_overflow_an_inbox_are_requested_again_when_it_has_capacity() {
        let (inboxes, key) = (Inboxes::default(), MessageKey::random());
        let mut inbox = inboxes.open(&key);
        let numbers =
            || inboxes.active_keys().iter().map(|(_, number)| *number).collect::<Vec<_>>();
        let before = numbers();
        let wraps: Vec<_> = (0..=INBOX_CAPACITY).map(|_| wrap(&key)).collect();
        for wrap in &wraps {
            inboxes.deliver(wrap.clone());
        }
        inboxes.retry_overflowed();
        assert_eq!(numbers(), before);
        assert_eq!(inbox.next().await.as_ref(), wraps.first());
        inboxes.retry_overflowed();
        assert_ne!(numbers(), before);
        // The relay sends everything again, and what was in is not put in twice.
        for wrap in &wraps {
            inboxes.deliver(wrap.clone());
        }
        for wrap in &wraps[1..] {
            assert_eq!(inbox.next().await.as_ref(), Some(wrap));
        }
    }

    #[tokio::test]
    async fn a_relay_that_lies_about_a_wrap_does_not_hide_it() {
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
    fn an_inbox_that_nobody_reads_any_more_is_not_asked_for() {
        let (inboxes, key) = (Inboxes::default(), MessageKey::random());
        let inbox = inboxes.open(&key);
        assert_eq!(inboxes.active_keys().len(), 1);
        drop(inbox);
        assert_eq!(inboxes.active_keys().len(), 0);
    }
}
