//! What a client knows of the workers of an agreement, and how it spreads its requests over its keys.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use alloy::primitives::B256;
use muster_messaging::{ExposeSecret, SecretString};

use crate::schedule::Moment;

/// One of the keys of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyId {
    /// The window.
    pub(super) window: u8,
    /// The number of the key in that window.
    pub(super) slot: u8,
}

/// The endpoint of a worker, for one key.
#[derive(Debug)]
pub(super) struct WorkerEndpoint {
    /// The key.
    pub(super) key: KeyId,
    /// The worker's index in the agreement.
    pub(super) index: u8,
    /// The key's session.
    pub(super) session: B256,
    /// The service's URL, without a slash at the end.
    pub(super) url: SecretString,
    /// The token for it.
    pub(super) token: SecretString,
}

impl WorkerEndpoint {
    /// The URL of a path and query.
    pub(super) fn url_for(&self, path_and_query: &str) -> String {
        format!("{}{path_and_query}", self.url.expose_secret())
    }
}

/// One key at one worker.
#[derive(Debug, Default)]
struct Route {
    /// The worker's endpoint, if it has sent one that works.
    endpoint: Option<Arc<WorkerEndpoint>>,
    /// The moments of requests that are left, in order. A tester's key has as many. A request of the client takes the
    /// place of the next one; those that are left over are probes.
    due: VecDeque<Moment>,
}

/// The keys with their endpoints, and which worker is tried first.
#[derive(Debug, Default)]
pub(super) struct PoolState {
    /// The current window.
    window: u8,
    /// The keys at each worker, by key and index.
    routes: BTreeMap<(KeyId, u8), Route>,
    /// The worker that is tried first.
    preferred: u8,
    /// Requests of the client in the current window.
    requests: u32,
    /// Those of them that no key had a moment for.
    overflow: u32,
}

impl PoolState {
    /// Enters a window, forgets the keys of those before the last one, and returns the number of requests in the last
    /// one; `None` if it is in that window already.
    pub(super) fn enter(&mut self, window: u8) -> Option<u32> {
        if window == self.window {
            return None;
        }
        self.routes.retain(|(key, _), _| key.window.saturating_add(1) >= window);
        (self.window, self.overflow) = (window, 0);
        Some(std::mem::take(&mut self.requests))
    }

    /// Whether a key is one of the current window.
    pub(super) const fn is_current(&self, key: KeyId) -> bool {
        key.window == self.window
    }

    /// Adds a key at a worker, with the moments of its requests.
    pub(super) fn add(&mut self, key: KeyId, index: u8, due: Vec<Moment>) {
        self.routes.insert((key, index), Route { endpoint: None, due: due.into() });
    }

    /// Whether a key was added at a worker.
    pub(super) fn contains(&self, key: KeyId, index: u8) -> bool {
        self.routes.contains_key(&(key, index))
    }

    /// Sets the endpoint of a key at a worker.
    pub(super) fn insert(&mut self, endpoint: WorkerEndpoint) {
        if let Some(route) = self.routes.get_mut(&(endpoint.key, endpoint.index)) {
            route.endpoint = Some(Arc::new(endpoint));
        }
    }

    /// The endpoint of a key at a worker.
    pub(super) fn get(&self, key: KeyId, index: u8) -> Option<Arc<WorkerEndpoint>> {
        self.routes.get(&(key, index))?.endpoint.clone()
    }

    /// Removes an endpoint, unless another one has replaced it.
    pub(super) fn remove(&mut self, endpoint: &Arc<WorkerEndpoint>) {
        if let Some(route) = self.routes.get_mut(&(endpoint.key, endpoint.index))
            && route.endpoint.as_ref().is_some_and(|known| Arc::ptr_eq(known, endpoint))
        {
            route.endpoint = None;
        }
    }

    /// The next moment of a key at a worker.
    pub(super) fn next_due(&self, key: KeyId, index: u8) -> Option<Moment> {
        self.routes.get(&(key, index))?.due.front().copied()
    }

    /// Takes a moment, if it is still the next one: no request of the client has taken it.
    pub(super) fn take_due(&mut self, key: KeyId, index: u8, moment: Moment) -> bool {
        let Some(route) = self.routes.get_mut(&(key, index)) else { return false };
        let is_next = route.due.front() == Some(&moment);
        if is_next {
            route.due.pop_front();
        }
        is_next
    }

    /// Tries this worker first from now on.
    pub(super) const fn prefer(&mut self, index: u8) {
        self.preferred = index;
    }

    /// The workers with an endpoint: the preferred one, then the others by index, from the preferred one on.
    pub(super) fn by_preference(&self) -> Vec<u8> {
        let with_endpoint = self.routes.iter().filter(|(_, route)| route.endpoint.is_some());
        let mut workers: Vec<_> = with_endpoint.map(|((_, index), _)| *index).collect();
        workers.sort_unstable();
        workers.dedup();
        let (before, from): (Vec<_>, Vec<_>) =
            workers.into_iter().partition(|index| *index < self.preferred);
        [from, before].concat()
    }

    /// The endpoint of a worker for a request of the client, and takes one of the key's moments. `random` is a random
    /// number, which picks a key of the current window by how many moments it has left. If none has any, it picks any
    /// key, and the pool should get more.
    pub(super) fn choose(&mut self, index: u8, random: u64) -> Option<Arc<WorkerEndpoint>> {
        self.requests = self.requests.saturating_add(1);
        let window = self.window;
        let is_open = |(key, worker): &(KeyId, u8), route: &Route| {
            *worker == index && key.window == window && route.endpoint.is_some()
        };
        let open = || self.routes.iter().filter(|(id, route)| is_open(id, route));
        let left: u64 = open().map(|(_, route)| u64::try_from(route.due.len()).unwrap_or(0)).sum();
        let Some(mut pick) = random.checked_rem(left) else {
            self.overflow = self.overflow.saturating_add(1);
            let count = u64::try_from(open().count()).ok()?;
            let pick = random.checked_rem(count).and_then(|pick| usize::try_from(pick).ok());
            let Some(pick) = pick else { return self.any(index) };
            return open().nth(pick)?.1.endpoint.clone();
        };
        for (id, route) in &mut self.routes {
            if !is_open(id, route) {
                continue;
            }
            let due = u64::try_from(route.due.len()).unwrap_or(0);
            if let Some(rest) = pick.checked_sub(due) {
                pick = rest;
            } else {
                route.due.pop_front();
                return route.endpoint.clone();
            }
        }
        None
    }

    /// The endpoint of a worker of any window: late in a new window, the old key is better than none.
    fn any(&self, index: u8) -> Option<Arc<WorkerEndpoint>> {
        let mut of_worker = self.routes.iter().rev().filter(|((_, worker), _)| *worker == index);
        of_worker.find_map(|(_, route)| route.endpoint.clone())
    }

    /// The number of requests that no key had a moment for, since the last call.
    pub(super) fn take_overflow(&mut self) -> u32 {
        std::mem::take(&mut self.overflow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of this number in window 0.
    const fn key(slot: u8) -> KeyId {
        KeyId { window: 0, slot }
    }

    fn endpoint(key: KeyId, index: u8) -> WorkerEndpoint {
        let [url, token] = ["http://127.0.0.1:1", "token"].map(SecretString::from);
        WorkerEndpoint { key, index, session: B256::ZERO, url, token }
    }

    /// A pool with so many open keys at worker 0, each with three moments.
    fn pool(keys: u8) -> PoolState {
        let mut state = PoolState::default();
        for slot in 0..keys {
            let due = (1..4).map(|tick| Moment { tick, fraction: 0 }).collect();
            state.add(key(slot), 0, due);
            state.insert(endpoint(key(slot), 0));
        }
        state
    }

    #[test]
    fn preferred_worker_comes_first() {
        let mut state = pool(1);
        for index in 1..3 {
            state.add(key(0), index, vec![]);
            state.insert(endpoint(key(0), index));
        }
        state.add(key(0), 3, vec![]);
        assert_eq!(state.by_preference(), [0, 1, 2], "the fourth has no endpoint");
        state.prefer(1);
        assert_eq!(state.by_preference(), [1, 2, 0]);
    }

    #[test]
    fn replaced_endpoint_is_not_removed() {
        let mut state = pool(1);
        let old = state.get(key(0), 0).unwrap();
        state.insert(endpoint(key(0), 0));
        state.remove(&old);
        let new = state.get(key(0), 0).unwrap();
        state.remove(&new);
        assert!(state.get(key(0), 0).is_none());
    }

    #[test]
    fn each_key_makes_as_many_requests_as_a_tester() {
        let mut state = pool(4);
        let mut requests = [0; 4];
        for random in 0..12_u64 {
            let chosen = state.choose(0, random.wrapping_mul(0x9e37_79b9_7f4a_7c15)).unwrap();
            requests[usize::from(chosen.key.slot)] += 1;
        }
        assert_eq!(requests, [3; 4]);
        assert_eq!((state.next_due(key(0), 0), state.take_overflow()), (None, 0));
        assert!(state.choose(0, 5).is_some(), "one more, and the pool should get more keys");
        assert_eq!((state.take_overflow(), state.take_overflow()), (1, 0));
    }

    #[test]
    fn moment_is_used_once() {
        let mut state = pool(1);
        let first = state.next_due(key(0), 0).unwrap();
        state.choose(0, 0).unwrap();
        assert!(!state.take_due(key(0), 0, first), "a request has taken it");
        let second = state.next_due(key(0), 0).unwrap();
        assert!(second > first && state.take_due(key(0), 0, second));
    }

    #[test]
    fn new_window_has_new_keys_and_the_old_ones_as_a_reserve() {
        let mut state = pool(1);
        state.choose(0, 0).unwrap();
        assert_eq!(state.enter(1), Some(1));
        assert_eq!(state.enter(1), None);
        assert_eq!(state.choose(0, 0).unwrap().key, key(0), "there is no other yet");
        let new = KeyId { window: 1, slot: 0 };
        state.add(new, 0, vec![]);
        state.insert(endpoint(new, 0));
        assert_eq!(state.choose(0, 0).unwrap().key, new);
        state.enter(2);
        assert!(!state.contains(key(0), 0) && state.contains(new, 0));
    }
}
