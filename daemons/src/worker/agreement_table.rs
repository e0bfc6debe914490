//! What the gateway knows of agreements between two steps.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use alloy::primitives::{Address, B256};
use muster_client::protocol::lifecycle;
use muster_gateway::{AuthorizationError, Upstream};
use tokio::time::Instant;

/// What the gateway knows of an agreement that this worker serves.
#[derive(Clone, Debug)]
pub(super) struct TableEntry {
    /// The tick of the first accept.
    pub(super) start: u64,
    /// Ticks from there to the end.
    pub(super) length: u32,
    /// The number of its windows.
    pub(super) windows: u8,
    /// The domain that its receipts are signed under.
    pub(super) receipt_domain: B256,
    /// The service for it.
    pub(super) upstream: Upstream,
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
    /// The agreements.
    entries: HashMap<Address, TableEntry>,
}

impl Default for AgreementTable {
    fn default() -> Self {
        Self(RwLock::new(TableState {
            tick: 0,
            ticks_are_seconds: false,
            updated_at: Instant::now(),
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
        let (updated_at, entries) = (Instant::now(), open.into_iter().collect());
        let state = TableState { tick, ticks_are_seconds, updated_at, entries };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// An agreement and its current window. A clock of seconds goes on between two steps; a clock of blocks does not.
    ///
    /// # Errors
    /// [`AuthorizationError::UnknownAgreement`], [`AuthorizationError::NotRunning`].
    pub(super) fn lookup(
        &self,
        agreement: Address,
    ) -> Result<(TableEntry, u8), AuthorizationError> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let entry = state.entries.get(&agreement).ok_or(AuthorizationError::UnknownAgreement)?;
        let passed = if state.ticks_are_seconds { state.updated_at.elapsed().as_secs() } else { 0 };
        let now = state.tick.saturating_add(passed);
        let TableEntry { start, length, windows, .. } = *entry;
        let end = start.saturating_add(length.into());
        let window = lifecycle::window_at(now, start, length, windows);
        Ok((entry.clone(), window.ok_or(AuthorizationError::NotRunning { start, now, end })?))
    }
}
