//! The stored wraps, with indexes by id, receiver and expiry, and their eviction at the limits.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use nostr::event::{Event, EventId};
use nostr::key::PublicKey;

use crate::limits::Limits;

/// The position of a wrap in the order of arrival.
type SequenceNumber = u64;

/// The stored wraps.
#[derive(Debug)]
pub(super) struct Store {
    /// The limits.
    limits: Limits,
    /// The number of the next wrap to arrive.
    next_number: SequenceNumber,
    /// Bytes of all wraps, as JSON.
    bytes: usize,
    /// Every wrap, oldest first.
    wraps: BTreeMap<SequenceNumber, StoredWrap>,
    /// Numbers by id.
    by_id: HashMap<EventId, SequenceNumber>,
    /// Numbers by receiver.
    by_key: HashMap<PublicKey, BTreeSet<SequenceNumber>>,
    /// Numbers by the Unix second of expiry.
    by_expiry: BTreeSet<(u64, SequenceNumber)>,
}

/// A stored wrap.
#[derive(Debug)]
struct StoredWrap {
    /// The wrap.
    wrap: Arc<Event>,
    /// Its size, in bytes of JSON.
    bytes: usize,
    /// Its receiver.
    receiver: PublicKey,
    /// The Unix second at which it expires.
    until: u64,
}

impl Store {
    /// An empty store.
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

    /// A wrap, if it is stored.
    pub(super) fn get(&self, id: &EventId) -> Option<&Arc<Event>> {
        self.wraps.get(self.by_id.get(id)?).map(|stored| &stored.wrap)
    }

    /// Stores a wrap that is not stored yet, and evicts the oldest ones beyond the limits.
    pub(super) fn insert(&mut self, wrap: Arc<Event>, receiver: PublicKey, until: u64) {
        let (number, bytes) = (self.next_number, wrap.as_json().len());
        self.next_number = number.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        self.by_id.insert(wrap.id, number);
        self.by_expiry.insert((until, number));
        let same_receiver = self.by_key.entry(receiver).or_default();
        same_receiver.insert(number);
        let is_over = same_receiver.len() > self.limits.per_key;
        let evicted = is_over.then(|| same_receiver.first().copied()).flatten();
        self.wraps.insert(number, StoredWrap { wrap, bytes, receiver, until });

        if let Some(oldest) = evicted {
            self.remove(oldest);
        }
        while self.wraps.len() > self.limits.wraps || self.bytes > self.limits.bytes {
            let Some((oldest, _)) = self.wraps.first_key_value() else { return };
            self.remove(*oldest);
        }
    }

    /// Removes every wrap that has expired by the Unix second `now`.
    pub(super) fn remove_expired(&mut self, now: u64) {
        while let Some((until, number)) = self.by_expiry.first().copied()
            && until <= now
        {
            self.remove(number);
        }
    }

    /// The wraps for a receiver, in the order of arrival.
    pub(super) fn for_receiver(&self, receiver: &PublicKey) -> impl Iterator<Item = &Arc<Event>> {
        let numbers = self.by_key.get(receiver).into_iter().flatten();
        numbers.filter_map(|number| self.wraps.get(number)).map(|stored| &stored.wrap)
    }

    /// Removes a wrap.
    fn remove(&mut self, number: SequenceNumber) {
        let Some(StoredWrap { wrap, bytes, receiver, until }) = self.wraps.remove(&number) else {
            return;
        };
        self.bytes = self.bytes.saturating_sub(bytes);
        self.by_id.remove(&wrap.id);
        self.by_expiry.remove(&(until, number));
        if let Some(same_receiver) = self.by_key.get_mut(&receiver) {
            same_receiver.remove(&number);
            if same_receiver.is_empty() {
                self.by_key.remove(&receiver);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nostr::event::{Event, EventBuilder, FinalizeEvent, Kind, Tag};
    use nostr::key::{Keys, PublicKey};

    use super::{Limits, Store};

    /// A fresh public key.
    fn key() -> PublicKey {
        Keys::generate().public_key()
    }

    /// A wrap for a key. All wraps are about equally long.
    fn wrap(receiver: PublicKey) -> Arc<Event> {
        let event = EventBuilder::new(Kind::GiftWrap, "x".repeat(1_000));
        Arc::new(event.tag(Tag::public_key(receiver)).finalize(&Keys::generate()).unwrap())
    }

    /// Stores a wrap.
    fn put(store: &mut Store, receiver: PublicKey, until: u64) -> Arc<Event> {
        let wrap = wrap(receiver);
        store.insert(wrap.clone(), receiver, until);
        wrap
    }

    /// Whether a wrap is stored.
    fn has(store: &Store, wrap: &Event) -> bool {
        store.get(&wrap.id).is_some()
    }

    /// Whether the indexes and the total size agree with the wraps.
    fn is_consistent(store: &Store) -> bool {
        let count = store.wraps.len();
        let by_key: usize = store.by_key.values().map(std::collections::BTreeSet::len).sum();
        let bytes: usize = store.wraps.values().map(|stored| stored.bytes).sum();
        (store.by_id.len(), store.by_expiry.len(), by_key, store.bytes)
            == (count, count, count, bytes)
    }

    #[test]
    fn the_oldest_wrap_is_evicted_beyond_a_limit_of_count_or_bytes() {
        let [a, b] = [(); 2].map(|()| key());
        let size = wrap(a).as_json().len();
        let few = Limits { wraps: 2, ..Limits::default() };
        let small = Limits { bytes: 2 * size + 100, ..Limits::default() };
        for limits in [few, small] {
            let mut store = Store::new(limits);
            let first = put(&mut store, a, 10);
            let rest = [put(&mut store, b, 10), put(&mut store, a, 10)];
            assert!(!has(&store, &first) && rest.iter().all(|wrap| has(&store, wrap)));
            assert!(is_consistent(&store));
        }
    }

    #[test]
    fn a_flood_to_one_key_evicts_only_wraps_to_that_key() {
        let [a, b] = [(); 2].map(|()| key());
        let mut store = Store::new(Limits { per_key: 2, ..Limits::default() });
        let quiet = put(&mut store, b, 10);
        let flood: Vec<_> = (0..4).map(|_| put(&mut store, a, 10)).collect();
        let stored: Vec<_> = store.for_receiver(&a).cloned().collect();
        assert_eq!(stored, flood[2..]);
        assert!(has(&store, &quiet) && is_consistent(&store));
    }

    #[test]
    fn expired_wraps_are_removed() {
        let receiver = key();
        let mut store = Store::new(Limits::default());
        let [early, late] = [10, 11].map(|until| put(&mut store, receiver, until));
        store.remove_expired(10);
        assert!(!has(&store, &early) && has(&store, &late));
        assert!(is_consistent(&store));
    }
}
