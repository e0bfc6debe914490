//! What was received before, so that nothing is answered twice.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use alloy::primitives::B256;

use crate::error::BoxError;

/// Remembers ids for a time.
pub trait ReplayGuard: Debug + Send + Sync {
    /// Whether an id is remembered.
    ///
    /// # Errors
    /// If that cannot be looked up.
    fn contains(&self, id: B256) -> Result<bool, BoxError>;

    /// Remembers an id until a Unix second at least; `true` if it was not remembered before.
    ///
    /// # Errors
    /// If it cannot be written down.
    fn insert_if_new(&self, id: B256, until: u64) -> Result<bool, BoxError>;
}

/// Remembers in memory: the latest ids, by the time until which they are remembered.
#[derive(Debug)]
pub struct InMemoryReplayGuard {
    /// The most that are remembered.
    capacity: usize,
    /// What is.
    ids: Mutex<Ids>,
}

/// Ids, found both ways.
#[derive(Debug, Default)]
struct Ids {
    /// When each can be forgotten.
    expiries: HashMap<B256, u64>,
    /// The same, the first one to forget in front.
    by_expiry: BTreeSet<(u64, B256)>,
}

impl InMemoryReplayGuard {
    /// Remembers so many ids at most, and forgets those first that need not be remembered for long.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity, ids: Mutex::default() }
    }
}

impl Default for InMemoryReplayGuard {
    fn default() -> Self {
        Self::new(1 << 16)
    }
}

impl ReplayGuard for InMemoryReplayGuard {
    fn contains(&self, id: B256) -> Result<bool, BoxError> {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(ids.expiries.contains_key(&id))
    }

    fn insert_if_new(&self, id: B256, until: u64) -> Result<bool, BoxError> {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let Ids { expiries, by_expiry } = &mut *ids;
        let before = expiries.insert(id, until);
        if let Some(before) = before {
            by_expiry.remove(&(before, id));
        }
        by_expiry.insert((until, id));
        while by_expiry.len() > self.capacity {
            if let Some((_, oldest)) = by_expiry.pop_first() {
                expiries.remove(&oldest);
            }
        }
        Ok(before.is_none())
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;

    use super::{InMemoryReplayGuard, ReplayGuard};

    #[test]
    fn an_id_is_new_once() {
        let replay_guard = InMemoryReplayGuard::default();
        let id = B256::repeat_byte(1);
        assert!(!replay_guard.contains(id).unwrap());
        assert!(replay_guard.insert_if_new(id, 5).unwrap());
        assert!(!replay_guard.insert_if_new(id, 7).unwrap());
        assert!(replay_guard.contains(id).unwrap());
    }

    #[test]
    fn the_id_that_expires_first_is_evicted_first() {
        let replay_guard = InMemoryReplayGuard::new(2);
        let [a, b, c] = [1, 2, 3].map(B256::with_last_byte);
        for (id, until) in [(a, 30), (b, 10), (a, 20), (c, 40)] {
            replay_guard.insert_if_new(id, until).unwrap();
        }
        assert_eq!([a, b, c].map(|id| replay_guard.contains(id).unwrap()), [true, false, true]);
    }
}
