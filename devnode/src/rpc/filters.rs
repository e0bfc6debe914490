//! Filters that clients have installed.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::error::RpcError;
use crate::chain::LogFilter;

/// Lifetime of a filter after its last use.
const FILTER_TTL: Duration = Duration::from_mins(5);

/// Maximum number of filters.
const MAX_FILTERS: usize = 1024;

/// What a filter reports.
#[derive(Clone, Debug)]
pub(super) enum FilterKind {
    /// Logs.
    Logs(Box<LogFilter>),
    /// Hashes of blocks.
    Blocks,
    /// Hashes of transactions.
    Transactions,
}

/// An installed filter.
#[derive(Clone, Debug)]
struct InstalledFilter {
    /// What the filter reports.
    kind: FilterKind,
    /// First block that is not yet reported.
    next_block: u64,
    /// Time of the last use.
    last_polled: Instant,
}

/// Installed filters.
#[derive(Debug, Default)]
pub(super) struct Filters {
    /// Filters by id.
    installed: HashMap<u64, InstalledFilter>,
    /// Number of filters ever installed.
    count: u64,
}

impl Filters {
    /// Installs a filter that starts after block `height`, and returns its id. Removes expired filters.
    ///
    /// # Errors
    /// If the maximum number of filters is installed.
    pub(super) fn install(&mut self, kind: FilterKind, height: u64) -> Result<u64, RpcError> {
        self.installed.retain(|_, filter| filter.last_polled.elapsed() < FILTER_TTL);
        if self.installed.len() >= MAX_FILTERS {
            return Err(RpcError::TooManyFilters(MAX_FILTERS));
        }
        self.count = self.count.saturating_add(1);
        let next_block = height.saturating_add(1);
        let filter = InstalledFilter { kind, next_block, last_polled: Instant::now() };
        self.installed.insert(self.count, filter);
        Ok(self.count)
    }

    /// Removes a filter; false if it does not exist.
    pub(super) fn uninstall(&mut self, id: u64) -> bool {
        self.installed.remove(&id).is_some()
    }

    /// What a filter reports, and the first block that it has not reported. Marks the blocks up to
    /// `height` as reported.
    pub(super) fn poll(&mut self, id: u64, height: u64) -> Option<(&FilterKind, u64)> {
        let filter = self.installed.get_mut(&id)?;
        filter.last_polled = Instant::now();
        let first = std::mem::replace(&mut filter.next_block, height.saturating_add(1));
        Some((&filter.kind, first))
    }

    /// What a filter reports.
    pub(super) fn get(&self, id: u64) -> Option<&FilterKind> {
        self.installed.get(&id).map(|filter| &filter.kind)
    }

    /// Adjusts filters after the chain was reverted to block `height`.
    pub(super) fn rewind(&mut self, height: u64) {
        for filter in self.installed.values_mut() {
            filter.next_block = filter.next_block.min(height.saturating_add(1));
        }
    }
}
