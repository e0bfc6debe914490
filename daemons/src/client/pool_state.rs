//! What a client knows of the workers of an agreement, and how it spreads its requests over its keys.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::traffic_key::{KeyId, Route, TrafficKey};
use crate::schedule::Moment;

/// One key at one worker, and what is left of its plan.
#[derive(Debug)]
struct Planned {
    /// The key at the worker.
    route: Arc<Route>,
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

/// The keys at each worker, and which worker is tried first.
#[derive(Debug, Default)]
pub(super) struct PoolState {
    /// The current window.
    window: u8,
    /// The keys at each worker, by key and index.
    routes: BTreeMap<(KeyId, u8), Planned>,
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
    /// Enters a window, forgets the keys of those before, and returns the number of requests that are expected for the
    /// worker with most of them, or that it got in the last window if these were more; `None` if it is in that window
    /// already.
    pub(super) fn enter(&mut self, window: u8) -> Option<u32> {
        if window == self.window {
            return None;
        }
        self.routes.retain(|(key, _), _| key.window >= window);
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

    /// Adds a key at a worker, with the moments of its requests.
    pub(super) fn add(&mut self, route: Arc<Route>, due: Vec<Moment>) {
        let id = (route.key.id, route.index);
        self.routes.insert(id, Planned { route, due: due.into() });
    }

    /// Whether a key was added at a worker.
    pub(super) fn contains(&self, key: KeyId, index: u8) -> bool {
        self.routes.contains_key(&(key, index))
    }

    /// A key that was added at any worker.
    pub(super) fn key(&self, key: KeyId) -> Option<Arc<TrafficKey>> {
        let mut of_key = self.routes.range((key, 0)..=(key, u8::MAX));
        of_key.next().map(|(_, planned)| planned.route.key.clone())
    }

    /// The next moment of a key at a worker.
    pub(super) fn next_due(&self, key: KeyId, index: u8) -> Option<Moment> {
        self.routes.get(&(key, index))?.due.front().copied()
    }

    /// Takes a moment that has come, unless a request of the client has. So that requests and probes together are as
    /// uniform as a tester's probes, a part of the moments is postponed: as many as requests are expected in the rest of
    /// the window, of those that are left.
    pub(super) fn take_due(
        &mut self,
        key: KeyId,
        index: u8,
        moment: Moment,
        random: [u32; 2],
    ) -> Due {
        let keys = self.routes.keys().filter(|(k, i)| k.window == key.window && *i == index);
        let (keys, expected) = (keys.count(), self.expected.get(&index).copied());
        let expected = expected.filter(|_| key.window == self.window).unwrap_or_default();
        let Some(Planned { route, due }) = self.routes.get_mut(&(key, index)) else {
            return Due::Gone;
        };
        if due.front() != Some(&moment) {
            return Due::Gone;
        }
        due.pop_front();
        let ticks = &route.ticks;
        let length = ticks.end.saturating_sub(ticks.start);
        let left = ticks.end.saturating_sub(moment.tick);
        // Expected requests by this key in the rest of the window, over the moments that are left.
        let wanted = u128::from(expected).saturating_mul(left.into());
        let moments = u128::try_from(due.len().saturating_add(1)).unwrap_or(1);
        let keys = u128::try_from(keys).unwrap_or(1).max(1);
        let all = moments.saturating_mul(length.into()).saturating_mul(keys).saturating_mul(16);
        let [dice, place] = random;
        if u128::from(dice).saturating_mul(all) >= wanted.saturating_mul(1 << 32) {
            return Due::Probe;
        }
        let offset = u64::from(place).saturating_mul(left).wrapping_shr(32);
        let later = Moment { tick: moment.tick.saturating_add(offset), fraction: dice };
        let at = due.partition_point(|due| *due < later);
        due.insert(at, later);
        Due::Postponed
    }

    /// Tries this worker first from now on.
    pub(super) const fn prefer(&mut self, index: u8) {
        self.preferred = index;
    }

    /// The workers with a key for the tick `now`: those whose endpoint is known come first. Both kinds are in the order of
    /// their indexes, from the preferred one on.
    pub(super) fn by_preference(&self, now: u64) -> Vec<u8> {
        let current = self.routes.values().filter(|planned| planned.route.ticks.contains(&now));
        let mut is_known = BTreeMap::<u8, bool>::new();
        for Planned { route, .. } in current {
            *is_known.entry(route.index).or_default() |= route.slot.known().is_some();
        }
        let mut workers: Vec<_> = is_known.into_iter().collect();
        workers.sort_by_key(|(index, is_known)| (!is_known, *index < self.preferred, *index));
        workers.into_iter().map(|(index, _)| index).collect()
    }

    /// The key for a request of the client to a worker in the tick `now`, one of whose moments it takes. `random` is a
    /// random number, which picks among the keys whose endpoint is known by how many moments each has left. If none has
    /// any, it picks any of them, and the pool should get more. If no endpoint is known, one key is picked in the same way,
    /// so that it asks for one, as a tester's key does for a probe.
    pub(super) fn choose(&mut self, index: u8, now: u64, random: u64) -> Option<Arc<Route>> {
        let requests = self.requests.entry(index).or_default();
        *requests = requests.saturating_add(1);
        let of_worker = self
            .routes
            .values_mut()
            .filter(|planned| planned.route.index == index && planned.route.ticks.contains(&now));
        let (known, unknown): (Vec<_>, Vec<_>) =
            of_worker.partition(|planned| planned.route.slot.known().is_some());
        let is_known = !known.is_empty();
        let mut keys = if is_known { known } else { unknown };
        let moments = |planned: &&mut Planned| u64::try_from(planned.due.len()).unwrap_or(0);
        let left: u64 = keys.iter().map(moments).sum();
        let Some(mut pick) = random.checked_rem(left) else {
            self.overflow = self.overflow.saturating_add(is_known.into());
            let count = if is_known { u64::try_from(keys.len()).ok()? } else { 1 };
            let pick = usize::try_from(random.checked_rem(count)?).ok()?;
            return keys.get(pick).map(|planned| planned.route.clone());
        };
        for planned in &mut keys {
            if let Some(rest) = pick.checked_sub(moments(planned)) {
                pick = rest;
            } else {
                // Any of those that are left: they stay uniform.
                let at = usize::try_from(pick).unwrap_or_default();
                planned.due.remove(at);
                return Some(planned.route.clone());
            }
        }
        None
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
