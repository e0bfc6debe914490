//! What all connections share: the stored wraps and the open subscriptions.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nostr::event::{Event, EventId};
use nostr::filter::{Filter, MatchEventOptions};
use nostr::key::PublicKey;
use nostr::message::SubscriptionId;
use nostr::types::Timestamp;
use tokio::sync::mpsc;

use crate::limits::Limits;
use crate::policy::{RejectReason, check_wrap, filter_receivers};
use crate::store::Store;

/// A wrap to send for a subscription. It is an id, so that a queue keeps no wrap that the store has evicted.
pub(crate) type OutgoingEvent = (Arc<SubscriptionId>, EventId);

/// The sending half of one connection's bounded queue of wraps.
#[derive(Clone, Debug)]
pub(crate) struct OutgoingQueue {
    /// The queue.
    events: mpsc::Sender<OutgoingEvent>,
    /// Whether a wrap was dropped because the queue was full.
    overflowed: Arc<AtomicBool>,
}

impl OutgoingQueue {
    /// A queue for so many wraps, and its receiving half.
    pub(crate) fn new(capacity: usize) -> (Self, mpsc::Receiver<OutgoingEvent>) {
        let (events, receiver) = mpsc::channel(capacity);
        (Self { events, overflowed: Arc::default() }, receiver)
    }

    /// Whether a wrap was dropped. The connection must be closed then, so that its client subscribes again.
    pub(crate) fn has_overflowed(&self) -> bool {
        self.overflowed.load(Ordering::Relaxed)
    }

    /// Queues a wrap.
    fn push(&self, event: OutgoingEvent) {
        if self.events.try_send(event).is_err() {
            self.overflowed.store(true, Ordering::Relaxed);
        }
    }
}

/// The stored wraps and the open subscriptions.
#[derive(Debug)]
pub(crate) struct Hub {
    /// The limits.
    limits: Limits,
    /// Everything that changes.
    state: Mutex<HubState>,
}

/// Everything that changes.
#[derive(Debug)]
struct HubState {
    /// The stored wraps.
    store: Store,
    /// The open subscriptions, by each of their receivers.
    listeners: HashMap<PublicKey, Vec<Listener>>,
}

/// An open subscription, under one of its receivers.
#[derive(Clone, Debug)]
struct Listener {
    /// The subscription's id; the pointer tells subscriptions of different connections apart.
    subscription: Arc<SubscriptionId>,
    /// The subscription's filters.
    filters: Arc<[Filter]>,
    /// The queue of its connection.
    queue: OutgoingQueue,
}

/// The outcome of [`Hub::put`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PutOutcome {
    /// The wrap is new and now stored.
    Stored,
    /// The wrap was stored before.
    Duplicate,
}

impl Hub {
    /// No wraps and no subscriptions.
    pub(crate) fn new(limits: Limits) -> Self {
        let state = HubState { store: Store::new(limits), listeners: HashMap::new() };
        Self { limits, state: Mutex::new(state) }
    }

    /// Checks and stores a wrap, and queues it for every subscription that matches.
    pub(crate) fn put(&self, wrap: Event) -> Result<PutOutcome, RejectReason> {
        if self.state().store.get(&wrap.id).is_some() {
            return Ok(PutOutcome::Duplicate);
        }
        // The signature is verified without the lock.
        let now = Timestamp::now().as_secs();
        let (receiver, until) = check_wrap(&wrap, now, self.limits.max_age)?;
        let mut state = self.state();
        if state.store.get(&wrap.id).is_some() {
            return Ok(PutOutcome::Duplicate);
        }
        let wrap = Arc::new(wrap);
        state.store.insert(wrap.clone(), receiver, until);
        metrics::counter!("muster_relay_messages_total").increment(1);
        for Listener { subscription, filters, queue } in
            state.listeners.get(&receiver).into_iter().flatten()
        {
            if filters.iter().any(|filter| filter_matches(filter, &wrap)) {
                queue.push((subscription.clone(), wrap.id));
            }
        }
        Ok(PutOutcome::Stored)
    }

    /// A wrap, if it is stored.
    pub(crate) fn get(&self, id: &EventId) -> Option<Arc<Event>> {
        self.state().store.get(id).cloned()
    }

    /// Opens a subscription: returns the ids of the stored wraps that match, newest first, and queues the
    /// matching wraps that arrive from now on.
    pub(crate) fn subscribe(
        &self,
        subscription: Arc<SubscriptionId>,
        keys: &[PublicKey],
        filters: Vec<Filter>,
        queue: &OutgoingQueue,
    ) -> Vec<EventId> {
        let mut state = self.state();
        state.store.remove_expired(Timestamp::now().as_secs());
        let stored = find_stored(&state.store, &filters, self.limits.per_key);
        let queue = queue.clone();
        let listener = Listener { subscription, filters: filters.into(), queue };
        for key in keys {
            state.listeners.entry(*key).or_default().push(listener.clone());
        }
        stored
    }

    /// Closes a subscription to these receivers.
    pub(crate) fn unsubscribe(&self, subscription: &Arc<SubscriptionId>, keys: &[PublicKey]) {
        let mut state = self.state();
        for key in keys {
            if let Some(listeners) = state.listeners.get_mut(key) {
                listeners.retain(|other| !Arc::ptr_eq(&other.subscription, subscription));
                if listeners.is_empty() {
                    state.listeners.remove(key);
                }
            }
        }
    }

    /// Removes expired wraps.
    pub(crate) fn remove_expired(&self) {
        self.state().store.remove_expired(Timestamp::now().as_secs());
    }

    /// Locks the state.
    fn state(&self) -> MutexGuard<'_, HubState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a wrap matches a filter.
fn filter_matches(filter: &Filter, wrap: &Event) -> bool {
    filter.match_event(wrap, MatchEventOptions::new())
}

/// The ids of stored wraps that match, each once: filter by filter, newest first, at most `limit` in all.
fn find_stored(store: &Store, filters: &[Filter], limit: usize) -> Vec<EventId> {
    let mut seen_ids: BTreeSet<EventId> = BTreeSet::new();
    let mut found = Vec::new();
    for filter in filters {
        let mut matching: Vec<_> = filter_receivers(filter)
            .iter()
            .flat_map(|key| store.for_receiver(key))
            .filter(|wrap| filter_matches(filter, wrap))
            .collect();
        matching.sort_unstable_by(|a, b| (b.created_at, a.id).cmp(&(a.created_at, b.id)));
        matching.truncate(filter.limit.map_or(limit, |asked| asked.min(limit)));
        found.extend(matching.iter().map(|wrap| wrap.id).filter(|id| seen_ids.insert(*id)));
    }
    found.truncate(limit);
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nostr::event::{EventBuilder, FinalizeEvent, Kind, Tag};
    use nostr::filter::Filter;
    use nostr::key::Keys;
    use nostr::message::SubscriptionId;

    use super::{Hub, Limits, OutgoingQueue};

    #[test]
    fn a_full_queue_is_marked_as_overflowed_and_holds_no_evicted_wrap() {
        let hub = Hub::new(Limits { wraps: 1, ..Limits::default() });
        let (queue, mut events) = OutgoingQueue::new(1);
        let receiver = Keys::generate().public_key();
        let filters = vec![Filter::new().pubkey(receiver)];
        hub.subscribe(Arc::new(SubscriptionId::new("s")), &[receiver], filters, &queue);
        for overflows in [false, true] {
            let wrap = EventBuilder::new(Kind::GiftWrap, "").tag(Tag::public_key(receiver));
            hub.put(wrap.finalize(&Keys::generate()).unwrap()).unwrap();
            assert_eq!(queue.has_overflowed(), overflows);
        }
        let (_, id) = events.try_recv().unwrap();
        assert_eq!(hub.get(&id), None);
    }
}
