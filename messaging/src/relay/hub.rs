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
use super::rules::{Refusal, check, receivers};
use super::store::Store;

/// A wrap for a subscription, by its id: what waits to be sent keeps nothing that the store lets go.
pub(super) type Parcel = (Arc<SubscriptionId>, EventId);

/// Where the wraps for one connection wait to be sent.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    /// The queue.
    parcels: mpsc::Sender<Parcel>,
    /// Whether one did not fit in.
    overrun: Arc<AtomicBool>,
}

impl Queue {
    /// A queue for so many, and its end.
    pub(super) fn new(room: usize) -> (Self, mpsc::Receiver<Parcel>) {
        let (parcels, end) = mpsc::channel(room);
        (Self { parcels, overrun: Arc::default() }, end)
    }

    /// Whether a wrap did not fit in: the connection has to be cut, so that its client asks again.
    pub(super) fn is_overrun(&self) -> bool {
        self.overrun.load(Ordering::Relaxed)
    }

    /// Puts a wrap in.
    fn put(&self, parcel: Parcel) {
        if self.parcels.try_send(parcel).is_err() {
            self.overrun.store(true, Ordering::Relaxed);
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Hub {
    /// What is allowed.
    limits: Limits,
    /// Everything that changes.
    state: Mutex<State>,
}

/// Everything that changes.
#[derive(Debug)]
struct State {
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
    queue: Queue,
}

/// What became of a wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is kept.
    New,
    /// It was kept before.
    Known,
}

impl Hub {
    /// Nothing kept, nobody waiting.
    pub(super) fn new(limits: Limits) -> Self {
        let state = State { store: Store::new(limits), listeners: HashMap::new() };
        Self { limits, state: Mutex::new(state) }
    }

    /// Keeps a wrap, and hands it to everybody who waits for it.
    pub(super) fn put(&self, wrap: Event) -> Result<Taken, Refusal> {
        if self.state().store.get(&wrap.id).is_some() {
            return Ok(Taken::Known);
        }
        let now = Timestamp::now().as_secs();
        let (receiver, until) = check(&wrap, now, self.limits.age)?;
        let mut state = self.state();
        if state.store.get(&wrap.id).is_some() {
            return Ok(Taken::Known);
        }
        let wrap = Arc::new(wrap);
        state.store.put(wrap.clone(), receiver, until);
        metrics::counter!("muster_relay_letters_total").increment(1);
        for Listener { subscription, filters, queue } in
            state.listeners.get(&receiver).into_iter().flatten()
        {
            if filters.iter().any(|filter| wants(filter, &wrap)) {
                queue.put((subscription.clone(), wrap.id));
            }
        }
        Ok(Taken::New)
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
        queue: &Queue,
    ) -> Vec<EventId> {
        let mut state = self.state();
        state.store.sweep(Timestamp::now().as_secs());
        let kept = find(&state.store, &filters, self.limits.per_key);
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
    pub(super) fn sweep(&self) {
        self.state().store.sweep(Timestamp::now().as_secs());
    }

    /// What is there now.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a filter lets a wrap through.
fn wants(filter: &Filter, wrap: &Event) -> bool {
    filter.match_event(wrap, MatchEventOptions::new())
}

/// What filters let through of what is kept: for each filter the newest first, and at most so many in all.
fn find(store: &Store, filters: &[Filter], limit: usize) -> Vec<EventId> {
    let mut given: BTreeSet<EventId> = BTreeSet::new();
    let mut found = Vec::new();
    for filter in filters {
        let mut matching: Vec<_> = receivers(filter)
            .iter()
            .flat_map(|key| store.of(key))
            .filter(|wrap| wants(filter, wrap))
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

    use super::{Hub, Limits, Queue};
    use crate::{Claim, Content, Letter, MessageKey, seal};

    #[test]
    fn what_does_not_fit_into_a_queue_is_noticed_and_what_is_given_up_costs_nothing() {
        let (key, hub) = (MessageKey::random(), Hub::new(Limits { wraps: 1, ..Limits::default() }));
        let (queue, mut parcels) = Queue::new(1);
        let receiver = key.keys().public_key();
        let filters = vec![Filter::new().pubkey(receiver)];
        hub.subscribe(Arc::new(SubscriptionId::new("s")), &[receiver], filters, &queue);
        let content = Content::EndpointRequest { claim: Claim::Client {} };
        let letter = Letter::request(1, Address::ZERO, content);
        for overrun in [false, true] {
            let wrap = seal(&MessageKey::random(), key.public(), &letter).unwrap();
            hub.put(wrap).unwrap();
            assert_eq!(queue.is_overrun(), overrun);
        }
        let (_, id) = parcels.try_recv().unwrap();
        assert_eq!(hub.get(&id), None);
    }
}
