//! The wraps that a relay keeps: found by id, by receiver and by expiry, and never more than allowed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use nostr::event::{Event, EventId};
use nostr::key::PublicKey;

use super::limits::Limits;

/// In which order wraps came.
type SequenceNumber = u64;

/// See the module.
#[derive(Debug)]
pub(super) struct Store {
    /// What is allowed.
    limits: Limits,
    /// The number of the next wrap.
    next_number: SequenceNumber,
    /// Bytes of all wraps.
    bytes: usize,
    /// Every wrap, the oldest first.
    wraps: BTreeMap<SequenceNumber, StoredWrap>,
    /// The same by id.
    by_id: HashMap<EventId, SequenceNumber>,
    /// The same by receiver.
    by_key: HashMap<PublicKey, BTreeSet<SequenceNumber>>,
    /// The same by expiry.
    by_expiry: BTreeSet<(u64, SequenceNumber)>,
}

/// A wrap that is kept.
#[derive(Debug)]
struct StoredWrap {
    /// The wrap.
    wrap: Arc<Event>,
    /// Its bytes, as JSON.
    bytes: usize,
    /// Its receiver.
    receiver: PublicKey,
    /// The Unix second from which on it is not kept.
    until: u64,
}

impl Store {
    /// Nothing.
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            next_number: 0,
            bytes: 0,
            wraps: BTreeMap::new(),
            by_id: HashMap::new(),
            by_key: HashMap::new(),
            by_expiry: BTreeSet::new(),
        }
    }

    /// A wrap, if it is kept.
    pub(super) fn get(&self, id: &EventId) -> Option<&Arc<Event>> {
        self.wraps.get(self.by_id.get(id)?).map(|kept| &kept.wrap)
    }

    /// Keeps a wrap, and lets older ones go if there are too many.
    pub(super) fn insert(&mut self, wrap: Arc<Event>, receiver: PublicKey, until: u64) {
        let (number, bytes) = (self.next_number, wrap.as_json().len());
        self.next_number = number.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        self.by_id.insert(wrap.id, number);
        self.by_expiry.insert((until, number));
        let same = self.by_key.entry(receiver).or_default();
        same.insert(number);
        let evicted = (same.len() > self.limits.per_key).then(|| same.first().copied()).flatten();
        self.wraps.insert(number, StoredWrap { wrap, bytes, receiver, until });

        if let Some(oldest) = evicted {
            self.remove(oldest);
        }
        while self.wraps.len() > self.limits.wraps || self.bytes > self.limits.bytes {
            let Some((oldest, _)) = self.wraps.first_key_value() else { return };
            self.remove(*oldest);
        }
    }

    /// Lets everything go that is past its time at the Unix second `now`.
    pub(super) fn remove_expired(&mut self, now: u64) {
        while let Some((until, number)) = self.by_expiry.first().copied()
            && until <= now
        {
            self.remove(number);
        }
    }

    /// What is kept for a receiver, in the order in which it came.
    pub(super) fn for_receiver(&self, receiver: &PublicKey) -> impl Iterator<Item = &Arc<Event>> {
        let numbers = self.by_key.get(receiver).into_iter().flatten();
        numbers.filter_map(|number| self.wraps.get(number)).map(|kept| &kept.wrap)
    }

    /// Lets a wrap go.
    fn remove(&mut self, number: SequenceNumber) {
        let Some(StoredWrap { wrap, bytes, receiver, until }) = self.wraps.remove(&number) else {
            return;
        };
        self.bytes = self.bytes.saturating_sub(bytes);
        self.by_id.remove(&wrap.id);
        self.by_expiry.remove(&(until, number));
        if let Some(same) = self.by_key.get_mut(&receiver) {
            same.remove(&number);
            if same.is_empty() {
                self.by_key.remove(&receiver);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use alloy::primitives::Address;
    use nostr::event::Event;

    use super::{Limits, Store};
    use crate::{Claim, Content, Message, MessageKey, seal};

    /// A wrap for a key.
    fn wrap(receiver: &MessageKey) -> Arc<Event> {
        let content = Content::EndpointRequest { claim: Claim::Client {} };
        let message = Message::request(1, Address::ZERO, content);
        Arc::new(seal(&MessageKey::random(), receiver.public(), &message).unwrap())
    }

    /// Keeps a wrap.
    fn put(store: &mut Store, receiver: &MessageKey, until: u64) -> Arc<Event> {
        let wrap = wrap(receiver);
        store.insert(wrap.clone(), receiver.keys().public_key(), until);
        wrap
    }

    /// Whether a wrap is kept.
    fn has(store: &Store, wrap: &Event) -> bool {
        store.get(&wrap.id).is_some()
    }

    /// Whether nothing is left of what is gone.
    fn is_consistent(store: &Store) -> bool {
        let count = store.wraps.len();
        let by_key: usize = store.by_key.values().map(std::collections::BTreeSet::len).sum();
        let bytes: usize = store.wraps.values().map(|kept| kept.bytes).sum();
        (store.by_id.len(), store.by_expiry.len(), by_key, store.bytes)
            == (count, count, count, bytes)
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many_or_too_much() {
        let [a, b] = [(); 2].map(|()| MessageKey::random());
        let size = wrap(&a).as_json().len();
        let few = Limits { wraps: 2, ..Limits::default() };
        let small = Limits { bytes: 2 * size + 100, ..Limits::default() };
        for limits in [few, small] {
            let mut store = Store::new(limits);
            let first = put(&mut store, &a, 10);
            let rest = [put(&mut store, &b, 10), put(&mut store, &a, 10)];
            assert!(!has(&store, &first) && rest.iter().all(|wrap| has(&store, wrap)));
            assert!(is_consistent(&store));
        }
    }

    #[test]
    fn a_flood_to_one_key_evicts_only_wraps_to_that_key() {
        let [a, b] = [(); 2].map(|()| MessageKey::random());
        let mut store = Store::new(Limits { per_key: 2, ..Limits::default() });
        let quiet = put(&mut store, &b, 10);
        let flood: Vec<_> = (0..4).map(|_| put(&mut store, &a, 10)).collect();
        let left: Vec<_> = store.for_receiver(&a.keys().public_key()).cloned().collect();
        assert_eq!(left, flood[2..]);
        assert!(has(&store, &quiet) && is_consistent(&store));
    }

    #[test]
    fn expired_wraps_are_removed() {
        let key = MessageKey::random();
        let mut store = Store::new(Limits::default());
        let [early, late] = [10, 11].map(|until| put(&mut store, &key, until));
        store.remove_expired(10);
        assert!(!has(&store, &early) && has(&store, &late));
        assert!(is_consistent(&store));
    }
}
