//! Remembers what was received, so that nothing is answered twice.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use alloy::primitives::B256;

use crate::error::BoxError;

/// A set of ids that expire. A daemon keeps it in its state file, so that a restart forgets nothing.
///
/// - **Atomicity.** Of several calls of [`insert_if_new`](Self::insert_if_new) with one id, one returns `true`.
/// - **Durability.** An id is recorded when `insert_if_new` returns: a crash after that must not forget it.
/// - **Ordering, cancellation.** The methods block and have no order among different ids. They are called from
///   async tasks, so they must not wait for the network.
/// - **Retries.** Nobody retries a failed call. [`Mailbox::next`](crate::Mailbox::next) returns the error. The wrap
///   arrives again in the next inbox for its key, and is delivered unless the failed call has recorded its id.
pub trait ReplayGuard: Debug + Send + Sync {
    /// Whether an id is recorded.
    ///
    /// # Errors
    /// If the record cannot be read.
    fn contains(&self, id: B256) -> Result<bool, BoxError>;

    /// Records an id until the Unix second `until` at least, and returns whether it was not recorded before. For
    /// an id that was, an implementation may keep the earlier `until`.
    ///
    /// # Errors
    /// If the record cannot be read or written. The id may be recorded or not.
    fn insert_if_new(&self, id: B256, until: u64) -> Result<bool, BoxError>;
}

/// A [`ReplayGuard`] in memory. It forgets everything with the process, and the ids that expire first when it is
/// full.
#[derive(Debug)]
pub struct InMemoryReplayGuard {
    /// The most ids.
    capacity: usize,
    /// The ids.
    ids: Mutex<Ids>,
}

/// The ids, with an index by expiry.
#[derive(Debug, Default)]
struct Ids {
    /// The Unix second at which each expires.
    expiries: HashMap<B256, u64>,
    /// The same, the earliest first.
    by_expiry: BTreeSet<(u64, B256)>,
}

impl InMemoryReplayGuard {
    /// An empty guard for so many ids.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity, ids: Mutex::default() }
    }
}

/// A guard for 65 536 ids.
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
            if let Some((_, earliest)) = by_expiry.pop_first() {
                expiries.remove(&earliest);
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
