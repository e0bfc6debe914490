//! What the gateway knows of agreements between two steps.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use alloy::primitives::{Address, B256};
use muster_client::protocol::receipt::part_of_window;
use muster_gateway::{AuthorizationError, Upstream};
use tokio::time::{Duration, Instant};

use crate::unix_time::subsecond;

/// What the gateway knows of an agreement that this worker serves.
#[derive(Clone, Debug)]
pub(super) struct TableEntry {
    /// Its ticks, from the first accept to the end.
    pub(super) ticks: Range<u64>,
    /// Its windows with their ticks.
    pub(super) windows: Vec<(u8, Range<u64>)>,
    /// The domain that its receipts are signed under.
    pub(super) receipt_domain: B256,
    /// The service for it.
    pub(super) upstream: Upstream,
}

/// A moment in an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The window.
    pub(super) window: u8,
    /// The part of the window, from 0 to 31.
    pub(super) part: u8,
}

/// The agreements that this worker serves. Each step replaces all of them.
#[derive(Debug)]
pub(super) struct AgreementTable(RwLock<TableState>);

/// See [`AgreementTable`].
#[derive(Debug)]
struct TableState {
    /// The tick of the latest step.
    tick: u64,
    /// Whether ticks are seconds, so that they pass without a step.
    ticks_are_seconds: bool,
    /// The time of the latest step.
    updated_at: Instant,
    /// How much of the machine's second was over then. Ticks of seconds change when that second does, so that a worker is never
    /// in another window than testers whose clocks are right.
    subsecond: Duration,
    /// The agreements.
    entries: HashMap<Address, TableEntry>,
}

impl TableState {
    /// The tick so long after the latest step.
    const fn now(&self, elapsed: Duration) -> u64 {
        let passed = elapsed.saturating_add(self.subsecond).as_secs();
        if self.ticks_are_seconds { self.tick.saturating_add(passed) } else { self.tick }
    }
}

impl Default for AgreementTable {
    fn default() -> Self {
        Self(RwLock::new(TableState {
            tick: 0,
            ticks_are_seconds: false,
            updated_at: Instant::now(),
            subsecond: subsecond(),
            entries: HashMap::new(),
        }))
    }
}

impl AgreementTable {
    /// Replaces all entries by those of a step at `tick`.
    pub(super) fn replace(
        &self,
        tick: u64,
        ticks_are_seconds: bool,
        open: Vec<(Address, TableEntry)>,
    ) {
        let (updated_at, subsecond) = (Instant::now(), subsecond());
        let entries = open.into_iter().collect();
        let state = TableState { tick, ticks_are_seconds, updated_at, subsecond, entries };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// The service of some agreement, if there is one.
    pub(super) fn any_upstream(&self) -> Option<Upstream> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        state.entries.values().next().map(|entry| entry.upstream.clone())
    }

    /// An agreement and where it is now. A clock of seconds goes on between two steps; a clock of blocks does not.
    ///
    /// # Errors
    /// [`AuthorizationError::UnknownAgreement`], [`AuthorizationError::NotRunning`].
    pub(super) fn lookup(
        &self,
        agreement: Address,
    ) -> Result<(TableEntry, Position), AuthorizationError> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let entry = state.entries.get(&agreement).ok_or(AuthorizationError::UnknownAgreement)?;
        let now = state.now(state.updated_at.elapsed());
        let Range { start, end } = entry.ticks;
        let current = entry.windows.iter().find(|(_, ticks)| ticks.contains(&now));
        let current = current.filter(|_| now < end).map(|(window, ticks)| {
            let length = ticks.end.saturating_sub(ticks.start);
            let part = part_of_window(now.saturating_sub(ticks.start), length);
            Position { window: *window, part }
        });
        Ok((entry.clone(), current.ok_or(AuthorizationError::NotRunning { start, now, end })?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_of_seconds_change_with_the_machine_s_second() {
        let state = |ticks_are_seconds| TableState {
            tick: 100,
            ticks_are_seconds,
            updated_at: Instant::now(),
            subsecond: Duration::from_millis(700),
            entries: HashMap::new(),
        };
        let ticks = [0, 299, 300, 1_299, 1_300, 90_000].map(Duration::from_millis);
        assert_eq!(ticks.map(|elapsed| state(true).now(elapsed)), [100, 100, 101, 101, 102, 190]);
        assert_eq!(state(false).now(Duration::from_secs(90)), 100);
    }
}
