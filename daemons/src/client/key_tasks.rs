//! The keys under which a client uses a service, and the probes that hide its use.
//!
//! In every window the client has fresh keys, opened and used as testers open and use theirs: a worker is asked for its
//! endpoint at a random moment of the window before, and gets as many requests as a tester makes, at random moments. A
//! request of the client takes the place of one of these. A client with more requests has more keys, up to a limit.

use std::sync::Arc;

use muster_client::Progress;
use tokio::select;
use tokio::task::JoinSet;

use super::pool_state::Due;
use super::probe_context::ProbeContext;
use super::traffic_key::{KeyId, Route};
use crate::chain::timing_of;
use crate::error::DaemonError;
use crate::schedule::{Moment, Timing, schedule};

/// The most keys of a window.
const MAX_KEYS: u8 = 64;

/// Opens the keys of an agreement, and makes their probes.
#[derive(Debug)]
pub(super) struct KeyTasks {
    /// What it takes to ask and probe workers.
    probe_context: Arc<ProbeContext>,
    /// The current window and the next one, each with the number of its keys and their tasks. A window that is over stays
    /// until the last request in it has ended.
    windows: Vec<(u8, u8, JoinSet<()>)>,
    /// The number of keys that the last windows needed.
    keys: u8,
}

impl KeyTasks {
    /// Opens no key yet.
    pub(super) const fn new(probe_context: Arc<ProbeContext>) -> Self {
        Self { probe_context, windows: Vec::new(), keys: 1 }
    }

    /// Opens the keys of the current and the next window, and further ones if those of the current window have no
    /// requests left.
    pub(super) async fn step(&mut self) -> Result<(), DaemonError> {
        let agreement = self.probe_context.pool.agreement.clone();
        let progress = agreement.progress().await?;
        let now = self.probe_context.clock.now();
        let window = agreement.window_at(&progress, now);
        self.windows.retain_mut(|(open, _, tasks)| {
            while tasks.try_join_next().is_some() {}
            !tasks.is_empty() || window.is_some_and(|window| *open >= window)
        });
        let Some(window) = window else { return Ok(()) };
        let pool = &self.probe_context.pool;
        let probes = self.probe_context.probes_per_key();
        if let Some(requests) = pool.write(|state| state.enter(window)) {
            self.keys = keys_for(requests, probes).max(1);
        }
        let next = window.saturating_add(1);
        for window in [window, next] {
            if !self.windows.iter().any(|(open, ..)| *open == window) {
                self.windows.push((window, self.keys, JoinSet::new()));
            }
        }
        let missing = pool.write(|state| state.take_overflow(u32::from(probes).div_ceil(2)));
        if let Some((_, keys, _)) = self.windows.iter_mut().find(|(open, ..)| *open == window) {
            let missing = u8::try_from(missing).unwrap_or(MAX_KEYS);
            *keys = keys.saturating_add(missing).min(MAX_KEYS);
        }
        for (open, keys, tasks) in self.windows.iter_mut().filter(|(open, ..)| *open >= window) {
            for slot in 0..*keys {
                let key = KeyId { window: *open, slot };
                self.probe_context.open_routes(&progress, key, now, tasks)?;
            }
        }
        Ok(())
    }
}

/// The number of keys for so many requests, if each makes `probes`, a third of them for the client; none if a key has no
/// limit. One more makes it rare that a request comes when all keys have made theirs.
pub(super) fn keys_for(requests: u32, probes: u8) -> u8 {
    if probes == 0 || requests == 0 {
        return 0;
    }
    let keys = requests.saturating_mul(3).div_ceil(probes.into()).saturating_add(1);
    u8::try_from(keys).unwrap_or(MAX_KEYS).min(MAX_KEYS)
}

impl ProbeContext {
    /// Starts the task of a key at each serving worker, where there is none yet.
    fn open_routes(
        self: &Arc<Self>,
        progress: &Progress,
        key: KeyId,
        now: u64,
        tasks: &mut JoinSet<()>,
    ) -> Result<(), DaemonError> {
        let agreement = &self.pool.agreement;
        let mut traffic_key = self.pool.read(|state| state.key(key));
        for index in 0..agreement.terms().header.redundancy {
            if self.pool.read(|state| state.contains(key, index)) || progress.has_resigned(index) {
                continue;
            }
            let worker = (index, key.window);
            let timing = timing_of(agreement, progress, self.context.store(), worker, now)?;
            let Some(timing) = timing else { continue };
            let seed = self.moments(key, index);
            let plan = schedule(seed, &timing, self.probes_per_key());
            let traffic_key = traffic_key.get_or_insert_with(|| Arc::new(self.traffic_key(key)));
            let route = Route::new(traffic_key.clone(), index, timing.window.clone());
            let route = Arc::new(route);
            self.pool.load(&route)?;
            // After a restart, nobody knows which of the past moments were used.
            let due = plan.probes.into_iter().filter(|moment| moment.tick > now).collect();
            self.pool.write(|state| state.add(route.clone(), due));
            let at_once =
                self.probes_per_key() == 0 || key.slot > 0 && timing.window.contains(&now);
            let opening = if at_once { Moment { tick: now, fraction: 0 } } else { plan.opening };
            tasks.spawn(self.clone().run_route(route, timing, opening));
        }
        Ok(())
    }

    /// Opens a key at a worker in a moment, and makes its probes. The worker is asked again when a probe, or a request of the
    /// client, needs an endpoint.
    async fn run_route(self: Arc<Self>, route: Arc<Route>, timing: Timing, opening: Moment) {
        let (mut opening, mut requests) = (Some(opening), JoinSet::new());
        let (key, index) = (route.key.id, route.index);
        loop {
            while requests.try_join_next().is_some() {}
            let (context, route) = (self.clone(), route.clone());
            let due = self.pool.read(|state| state.next_due(key, index));
            select! {
                () = self.clock.wait_for(opening.unwrap_or_default()), if opening.is_some() => {
                    opening = None;
                    requests.spawn(async move { drop(context.endpoint(&route).await) });
                }
                () = self.clock.wait_for(due.unwrap_or_default()), if due.is_some() => {
                    let (moment, random) = (due.unwrap_or_default(), rand::random());
                    let taken = self.pool.write(|state| state.take_due(key, index, moment, random));
                    if taken == Due::Probe && timing.is_in_time(moment, self.clock.now()) {
                        requests.spawn(async move { context.probe(&route).await });
                    }
                }
                else => break,
            }
        }
        while requests.join_next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_client_has_more_keys() {
        let table = [(0, 0), (1, 2), (4, 2), (5, 3), (252, 64), (1_000_000, 64)];
        assert_eq!(table.map(|(requests, _)| keys_for(requests, 12)), table.map(|(_, keys)| keys));
        assert_eq!(keys_for(1_000, 0), 0, "nobody is to be looked like");
    }
}
