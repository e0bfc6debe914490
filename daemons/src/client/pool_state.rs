//! What a client knows of the workers of an agreement, and how it spreads its requests over its keys.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
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
    /// place of one of them; those that are left over are probes.
    due: VecDeque<Moment>,
}

/// Requests of the client in a window, by worker.
type Requests = BTreeMap<u8, u32>;

/// What becomes of a moment that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The worker is probed.
    Probe,
    /// It is left to a request of the client that is expected, and comes again later.
    Postponed,
    /// A request of the client has taken it.
    Gone,
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
    requests: Requests,
    /// A moving mean of those in the windows before, in sixteenths: as many are expected now.
    expected: Requests,
    /// Those of them that no key had a moment for.
    overflow: u32,
}

impl PoolState {
    /// Enters a window, forgets the keys of those before the last one, and returns the number of requests that are expected
    /// for the worker with most of them, or that it got in the last window if these were more; `None` if it is in that
    /// window already.
    pub(super) fn enter(&mut self, window: u8) -> Option<u32> {
        if window == self.window {
            return None;
        }
        self.routes.retain(|(key, _), _| key.window.saturating_add(1) >= window);
        (self.window, self.overflow) = (window, 0);
        let requests = std::mem::take(&mut self.requests);
        for index in requests.keys() {
            self.expected.entry(*index).or_default();
        }
        for (index, expected) in &mut self.expected {
            // A quarter of the mean is the last window: 16 / 4.
            let last = requests.get(index).copied().unwrap_or_default().saturating_mul(4);
            *expected = expected.saturating_sub(expected.div_ceil(4)).saturating_add(last);
        }
        let expected = self.expected.values().map(|sixteenths| sixteenths.div_ceil(16)).max();
        Some(requests.values().copied().chain(expected).max().unwrap_or_default())
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

    /// Takes a moment that has come, unless a request of the client has. So that requests and probes together are as
    /// uniform as a tester's probes, a part of the moments is postponed: as many as requests are expected in the rest of
    /// the window, of those that are left. `ticks` are those of the window.
    pub(super) fn take_due(
        &mut self,
        key: KeyId,
        index: u8,
        moment: Moment,
        ticks: &Range<u64>,
        random: [u32; 2],
    ) -> Due {
        let keys = self.routes.keys().filter(|(k, i)| k.window == key.window && *i == index);
        let (keys, expected) = (keys.count(), self.expected.get(&index).copied());
        let expected = expected.filter(|_| key.window == self.window).unwrap_or_default();
        let Some(route) = self.routes.get_mut(&(key, index)) else { return Due::Gone };
        if route.due.front() != Some(&moment) {
            return Due::Gone;
        }
        route.due.pop_front();
        let length = ticks.end.saturating_sub(ticks.start);
        let left = ticks.end.saturating_sub(moment.tick);
        // Expected requests by this key in the rest of the window, over the moments that are left.
        let wanted = u128::from(expected).saturating_mul(left.into());
        let moments = u128::try_from(route.due.len().saturating_add(1)).unwrap_or(1);
        let keys = u128::try_from(keys).unwrap_or(1).max(1);
        let all = moments.saturating_mul(length.into()).saturating_mul(keys).saturating_mul(16);
        let [dice, place] = random;
        if u128::from(dice).saturating_mul(all) >= wanted.saturating_mul(1 << 32) {
            return Due::Probe;
        }
        let offset = u64::from(place).saturating_mul(left).wrapping_shr(32);
        let later = Moment { tick: moment.tick.saturating_add(offset), fraction: dice };
        let at = route.due.partition_point(|due| *due < later);
        route.due.insert(at, later);
        Due::Postponed
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
        let requests = self.requests.entry(index).or_default();
        *requests = requests.saturating_add(1);
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
                // Any of those that are left: they stay uniform.
                let at = usize::try_from(pick).unwrap_or_default();
                route.due.remove(at);
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

    /// The number of keys that are missing: one for each `share` requests that no key had a moment for. Fewer of them are
    /// made by the keys that there are. They are counted once.
    pub(super) fn take_overflow(&mut self, share: u32) -> u32 {
        let keys = self.overflow.checked_div(share).unwrap_or_default();
        self.overflow = self.overflow.saturating_sub(keys.saturating_mul(share));
        keys
    }
}

#[cfg(test)]
mod tests;
