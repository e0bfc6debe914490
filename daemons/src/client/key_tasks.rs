//! The keys under which a client uses a service, and the probes that hide its use.
//!
//! In every window the client has fresh keys, opened and used as testers open and use theirs: a worker is asked for its
//! endpoint at a random moment of the window before, and gets as many requests as a tester makes, at random moments. A
//! request of the client takes the place of one of these. A client with more requests has more keys, up to a limit.

use std::ops::Range;
use std::sync::Arc;

use backon::{BackoffBuilder, ExponentialBuilder};
use muster_client::Progress;
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

use super::pool_state::{Due, KeyId};
use super::probe_context::{ProbeContext, TrafficKey};
use crate::chain::timing_of;
use crate::error::DaemonError;
use crate::schedule::{Moment, schedule};

/// The most keys of a window.
const MAX_KEYS: u8 = 64;

/// The longest pause before a worker is asked again.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// The pauses before a worker is asked again: from a second on, each twice the one before.
const BACKOFF: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_secs(1))
    .with_max_delay(MAX_BACKOFF)
    .without_max_times();

/// Opens the keys of an agreement, and makes their probes.
#[derive(Debug)]
pub(super) struct KeyTasks {
    /// What it takes to ask and probe workers.
    probe_context: Arc<ProbeContext>,
    /// The current window and the next one, each with the number of its keys and their tasks.
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
        let now = agreement.market().now().await?;
        let Some(window) = agreement.window_at(&progress, now) else {
            self.windows.clear();
            return Ok(());
        };
        let pool = self.probe_context.pool.clone();
        let probes = self.probe_context.probes_per_key();
        if let Some(requests) = pool.write(|state| state.enter(window)) {
            self.keys = keys_for(requests, probes).max(1);
        }
        self.windows.retain(|(open, ..)| *open >= window);
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
        for (window, keys, tasks) in &mut self.windows {
            for slot in 0..*keys {
                let key = KeyId { window: *window, slot };
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
        let mut traffic_key = None;
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
            // After a restart, nobody knows which of the past moments were used.
            let due = plan.probes.into_iter().filter(|moment| moment.tick > now).collect();
            self.pool.write(|state| state.add(key, index, due));
            let is_open = self.pool.load(key, index, traffic_key.session)?;
            let at_once =
                self.probes_per_key() == 0 || key.slot > 0 && timing.window.contains(&now);
            let opening = if at_once { Moment { tick: now, fraction: 0 } } else { plan.opening };
            let (context, traffic_key) = (self.clone(), traffic_key.clone());
            let opening = (!is_open).then_some(opening);
            let ticks = timing.window;
            tasks.spawn(async move {
                context.run_route(&traffic_key, index, &ticks, opening).await;
            });
        }
        Ok(())
    }

    /// Opens a key at a worker in a moment, unless it is open, and makes its probes. The worker is asked again when a probe,
    /// or a request of the client, needs an endpoint.
    async fn run_route(
        &self,
        key: &TrafficKey,
        index: u8,
        ticks: &Range<u64>,
        opening: Option<Moment>,
    ) {
        let mut opening = opening;
        let (mut last_request, mut delays) = (None::<Instant>, BACKOFF.build());
        let mut delay = Duration::ZERO;
        loop {
            let due = self.pool.read(|state| state.next_due(key.id, index));
            let is_needed = select! {
                () = self.clock.wait_for(opening.unwrap_or_default()), if opening.is_some() => true,
                () = self.clock.wait_for(due.unwrap_or_default()), if due.is_some() => {
                    let random = rand::random();
                    let taken = self.pool.write(|state| {
                        state.take_due(key.id, index, due.unwrap_or_default(), ticks, random)
                    });
                    if taken != Due::Probe { continue }
                    false
                }
                () = self.pool.wait_demand() => {
                    // A key of the next window opens in its own moment.
                    if self.pool.read(|state| !state.is_current(key.id)) { continue }
                    true
                }
            };
            let endpoint = self.pool.read(|state| state.get(key.id, index));
            if endpoint.is_none() && last_request.is_none_or(|last| last.elapsed() >= delay) {
                if last_request.is_some_and(|last| last.elapsed() > MAX_BACKOFF) {
                    // The endpoint worked for a while.
                    delays = BACKOFF.build();
                }
                (opening, last_request) = (None, Some(Instant::now()));
                delay = delays.next().unwrap_or(MAX_BACKOFF);
                self.open_endpoint(key, index).await;
            }
            if !is_needed {
                self.probe(key.id, index).await;
            }
        }
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
