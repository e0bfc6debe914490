//! What was received before, so that nothing is answered twice.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use alloy::primitives::B256;

use crate::error::Source;

/// Remembers ids for a time.
pub trait Seen: Debug + Send + Sync {
    /// Whether an id is remembered.
    ///
    /// # Errors
    /// If that cannot be looked up.
    fn knows(&self, id: B256) -> Result<bool, Source>;

    /// Remembers an id until a Unix second at least; `true` if it was not remembered before.
    ///
    /// # Errors
    /// If it cannot be written down.
    fn remember(&self, id: B256, until: u64) -> Result<bool, Source>;
}

/// Remembers in memory: the latest ids, by the time until which they are remembered.
#[derive(Debug)]
pub struct RecentlySeen {
    /// The most that are remembered.
    limit: usize,
    /// What is.
    ids: Mutex<Ids>,
}

/// Ids, found both ways.
#[derive(Debug, Default)]
struct Ids {
    /// When each can be forgotten.
    until: HashMap<B256, u64>,
    /// The same, the first one to forget in front.
    order: BTreeSet<(u64, B256)>,
}

impl RecentlySeen {
    /// Remembers so many ids at most, and forgets those first that need not be remembered for long.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, ids: Mutex::default() }
    }
}

impl Default for RecentlySeen {
    fn default() -> Self {
        Self::new(1 << 16)
    }
}

impl Seen for RecentlySeen {
    fn knows(&self, id: B256) -> Result<bool, Source> {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(ids.until.contains_key(&id))
    }

    fn remember(&self, id: B256, until: u64) -> Result<bool, Source> {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let Ids { until: times, order } = &mut *ids;
        let before = times.insert(id, until);
        if let Some(before) = before {
            order.remove(&(before, id));
        }
        order.insert((until, id));
        while order.len() > self.limit {
            if let Some((_, oldest)) = order.pop_first() {
                times.remove(&oldest);
            }
        }
        Ok(before.is_none())
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;

    use super::{RecentlySeen, Seen};

    #[test]
    fn an_id_is_new_once() {
        let seen = RecentlySeen::default();
        let id = B256::repeat_byte(1);
        assert!(!seen.knows(id).unwrap());
        assert!(seen.remember(id, 5).unwrap());
        assert!(!seen.remember(id, 7).unwrap());
        assert!(seen.knows(id).unwrap());
    }

    #[test]
    fn what_lasts_shortest_is_forgotten_first() {
        let seen = RecentlySeen::new(2);
        let [a, b, c] = [1, 2, 3].map(B256::with_last_byte);
        for (id, until) in [(a, 30), (b, 10), (a, 20), (c, 40)] {
            seen.remember(id, until).unwrap();
        }
        assert_eq!([a, b, c].map(|id| seen.knows(id).unwrap()), [true, false, true]);
    }
}
