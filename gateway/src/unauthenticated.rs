//! Connections on which nobody has been let in yet. There are only so many: a new one ends the oldest, so
//! that a crowd of silent ones cannot keep out somebody who comes with a token.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// The connections, by order of arrival.
#[derive(Debug)]
pub(crate) struct PreAuthConnections {
    /// How many there may be.
    max: usize,
    /// Who is there.
    state: Mutex<PreAuthState>,
}

/// Who is there.
#[derive(Debug, Default)]
struct PreAuthState {
    /// How many have come.
    next_id: u64,
    /// What tells each one to leave.
    connections: BTreeMap<u64, Arc<Notify>>,
}

/// A stranger's place, free again when dropped.
#[derive(Debug)]
pub(crate) struct PreAuthPermit {
    /// Among whom.
    connections: Arc<PreAuthConnections>,
    /// Its number.
    id: u64,
    /// Tells it to leave.
    evict: Arc<Notify>,
}

impl PreAuthConnections {
    /// A line of so many.
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, state: Mutex::default() })
    }

    /// Takes one more in, and sends the oldest away if they are too many.
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

    /// The line; a panic elsewhere cannot leave it half written.
    fn lock(&self) -> MutexGuard<'_, PreAuthState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PreAuthPermit {
    /// Tells when to leave.
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
