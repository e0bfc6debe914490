//! The quota of unauthenticated connections. A new connection over the quota evicts the oldest, so that many
//! silent connections keep no client with a token out.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// The unauthenticated connections.
#[derive(Debug)]
pub(crate) struct PreAuthConnections {
    /// How many there may be.
    max: usize,
    /// The open ones.
    state: Mutex<PreAuthState>,
}

/// The open unauthenticated connections.
#[derive(Debug, Default)]
struct PreAuthState {
    /// The next connection's id; ids follow the order of arrival.
    next_id: u64,
    /// The signal that evicts each connection.
    connections: BTreeMap<u64, Arc<Notify>>,
}

/// Counts one unauthenticated connection until dropped.
#[derive(Debug)]
pub(crate) struct PreAuthPermit {
    /// Where it is counted.
    connections: Arc<PreAuthConnections>,
    /// The connection's id.
    id: u64,
    /// Evicts the connection.
    evict: Arc<Notify>,
}

impl PreAuthConnections {
    /// A quota of `max` connections.
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, state: Mutex::default() })
    }

    /// Counts a new connection, and evicts the oldest if the quota is exceeded.
    pub(crate) fn acquire(self: &Arc<Self>) -> PreAuthPermit {
        let evict = Arc::new(Notify::new());
        let mut state = self.lock();
        let id = state.next_id;
        state.next_id = id.wrapping_add(1);
        state.connections.insert(id, Arc::clone(&evict));
        if state.connections.len() > self.max
            && let Some((_, oldest)) = state.connections.pop_first()
        {
            oldest.notify_one();
        }
        drop(state);
        PreAuthPermit { connections: Arc::clone(self), id, evict }
    }

    /// Locks the state; a panic elsewhere cannot leave it inconsistent.
    fn lock(&self) -> MutexGuard<'_, PreAuthState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PreAuthPermit {
    /// The signal that evicts the connection. It outlives the permit.
    pub(crate) fn eviction(&self) -> Arc<Notify> {
        Arc::clone(&self.evict)
    }
}

impl Drop for PreAuthPermit {
    fn drop(&mut self) {
        self.connections.lock().connections.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_evicted(permit: &PreAuthPermit) -> bool {
        let evict = permit.eviction();
        let notified = std::pin::pin!(evict.notified());
        notified.enable()
    }

    #[test]
    fn one_too_many_evicts_the_oldest_and_no_other() {
        let pre_auth = PreAuthConnections::new(2);
        let [first, second, third] = [(); 3].map(|()| pre_auth.acquire());
        assert_eq!([&first, &second, &third].map(is_evicted), [true, false, false]);
    }

    #[test]
    fn a_dropped_permit_is_free_again() {
        let pre_auth = PreAuthConnections::new(2);
        let first = pre_auth.acquire();
        drop(pre_auth.acquire());
        let third = pre_auth.acquire();
        assert_eq!([&first, &third].map(is_evicted), [false, false]);
    }
}
