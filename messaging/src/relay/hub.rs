//! What all connections share: the wraps that are kept, and who waits for more.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nostr::event::{Event, EventId};
use nostr::filter::{Filter, MatchEventOptions};
use nostr::key::PublicKey;
use nostr::message::SubscriptionId;
use nostr::types::Timestamp;
use tokio::sync::mpsc;

use super::limits::Limits;
use super::policy::{RejectReason, check_wrap, filter_receivers};
use super::store::Store;

/// A wrap for a subscription, by its id: what waits to be sent keeps nothing that the store lets go.
pub(super) type OutgoingEvent = (Arc<SubscriptionId>, EventId);

/// Where the wraps for one connection wait to be sent.
#[derive(Clone, Debug)]
pub(super) struct OutgoingQueue {
    /// The queue.
    events: mpsc::Sender<OutgoingEvent>,
    /// Whether one did not fit in.
    overflowed: Arc<AtomicBool>,
}

impl OutgoingQueue {
    /// A queue for so many, and its end.
    pub(super) fn new(capacity: usize) -> (Self, mpsc::Receiver<OutgoingEvent>) {
        let (events, end) = mpsc::channel(capacity);
        (Self { events, overflowed: Arc::default() }, end)
    }

    /// Whether a wrap did not fit in: the connection has to be cut, so that its client asks again.
    pub(super) fn has_overflowed(&self) -> bool {
        self.overflowed.load(Ordering::Relaxed)
    }

    /// Puts a wrap in.
    fn push(&self, event: OutgoingEvent) {
        if self.events.try_send(event).is_err() {
            self.overflowed.store(true, Ordering::Relaxed);
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Hub {
    /// What is allowed.
    limits: Limits,
    /// Everything that changes.
    state: Mutex<HubState>,
}

/// Everything that changes.
#[derive(Debug)]
struct HubState {
    /// The wraps.
    store: Store,
    /// Who waits for wraps to a key.
    listeners: HashMap<PublicKey, Vec<Listener>>,
}

/// A subscription, under one of its keys.
#[derive(Clone, Debug)]
struct Listener {
    /// Whose it is, and its name.
    subscription: Arc<SubscriptionId>,
    /// What it lets through.
    filters: Arc<[Filter]>,
    /// Where its wraps go.
    queue: OutgoingQueue,
}

/// What became of a wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PutOutcome {
    /// It is kept.
    Stored,
    /// It was kept before.
    Duplicate,
}

impl Hub {
    /// Nothing kept, nobody waiting.
    pub(super) fn new(limits: Limits) -> Self {
        let state = HubState { store: Store::new(limits), listeners: HashMap::new() };
        Self { limits, state: Mutex::new(state) }
    }

    /// Keeps a wrap, and hands it to everybody who waits for it.
    pub(super) fn put(&self, wrap: Event) -> Result<PutOutcome, RejectReason> {
        if self.state().store.get(&wrap.id).is_some() {
            return Ok(PutOutcome::Duplicate);
        }
        let now = Timestamp::now().as_secs();
        let (receiver, until) = check_wrap(&wrap, now, self.limits.max_age)?;
        let mut state = self.state();
        if state.store.get(&wrap.id).is_some() {
            return Ok(PutOutcome::Duplicate);
        }
        let wrap = Arc::new(wrap);
        state.store.insert(wrap.clone(), receiver, until);
        metrics::counter!("muster_relay_letters_total").increment(1);
        for Listener { subscription, filters, queue } in
            state.listeners.get(&receiver).into_iter().flatten()
        {
            if filters.iter().any(|filter| filter_matches(filter, &wrap)) {
                queue.push((subscription.clone(), wrap.id));
            }
        }
        Ok(PutOutcome::Stored)
    }

    /// A wrap, if it is still kept.
    pub(super) fn get(&self, id: &EventId) -> Option<Arc<Event>> {
        self.state().store.get(id).cloned()
    }

    /// Gives the ids of what is kept for a subscription, the newest first, and from now on puts into the
    /// queue what comes.
    pub(super) fn subscribe(
        &self,
        subscription: Arc<SubscriptionId>,
        keys: &[PublicKey],
        filters: Vec<Filter>,
        queue: &OutgoingQueue,
    ) -> Vec<EventId> {
        let mut state = self.state();
        state.store.remove_expired(Timestamp::now().as_secs());
        let kept = find_stored(&state.store, &filters, self.limits.per_key);
        let queue = queue.clone();
        let listener = Listener { subscription, filters: filters.into(), queue };
        for key in keys {
            state.listeners.entry(*key).or_default().push(listener.clone());
        }
        kept
    }

    /// Ends a subscription.
    pub(super) fn unsubscribe(&self, subscription: &Arc<SubscriptionId>, keys: &[PublicKey]) {
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

    /// Forgets what has expired.
    pub(super) fn remove_expired(&self) {
        self.state().store.remove_expired(Timestamp::now().as_secs());
    }

    /// What is there now.
    fn state(&self) -> MutexGuard<'_, HubState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a filter lets a wrap through.
fn filter_matches(filter: &Filter, wrap: &Event) -> bool {
    filter.match_event(wrap, MatchEventOptions::new())
}

/// What filters let through of what is kept: for each filter the newest first, and at most so many in all.
fn find_stored(store: &Store, filters: &[Filter], limit: usize) -> Vec<EventId> {
    let mut given: BTreeSet<EventId> = BTreeSet::new();
    let mut found = Vec::new();
    for filter in filters {
        let mut matching: Vec<_> = filter_receivers(filter)
            .iter()
            .flat_map(|key| store.for_receiver(key))
            .filter(|wrap| filter_matches(filter, wrap))
            .collect();
        matching.sort_unstable_by(|a, b| (b.created_at, a.id).cmp(&(a.created_at, b.id)));
        matching.truncate(filter.limit.map_or(limit, |asked| asked.min(limit)));
        found.extend(matching.iter().map(|wrap| wrap.id).filter(|id| given.insert(*id)));
    }
    found.truncate(limit);
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use alloy::primitives::Address;
    use nostr::filter::Filter;
    use nostr::message::SubscriptionId;

    use super::{Hub, Limits, OutgoingQueue};
    use crate::{Claim, Content, Message, MessageKey, seal};

    #[test]
    fn a_full_queue_is_marked_as_overflowed_and_holds_no_evicted_wrap() {
        let (key, hub) = (MessageKey::random(), Hub::new(Limits { wraps: 1, ..Limits::default() }));
        let (queue, mut events) = OutgoingQueue::new(1);
        let receiver = key.keys().public_key();
        let filters = vec![Filter::new().pubkey(receiver)];
        hub.subscribe(Arc::new(SubscriptionId::new("s")), &[receiver], filters, &queue);
        let content = Content::EndpointRequest { claim: Claim::Client {} };
        let message = Message::request(1, Address::ZERO, content);
        for overrun in [false, true] {
            let wrap = seal(&MessageKey::random(), key.public(), &message).unwrap();
            hub.put(wrap).unwrap();
            assert_eq!(queue.has_overflowed(), overrun);
        }
        let (_, id) = events.try_recv().unwrap();
        assert_eq!(hub.get(&id), None);
    }
}
