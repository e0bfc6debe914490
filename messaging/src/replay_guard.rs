//! Remembers what was received, so that nothing is answered twice.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use alloy::primitives::B256;

use crate::error::BoxError;

/// A set of ids that expire. A daemon keeps it in its state file, so that a restart forgets nothing.
///
/// - **Atomicity.** Of several calls of [`insert_if_new`](Self::insert_if_new) with one id, one returns `true`.
/// - **Durability.** Ids are recorded when `insert_if_new` returns `true`: a crash after that must not forget them.
/// - **Ordering, cancellation.** The methods block and have no order among different ids. They are called from
///   async tasks, so they must not wait for the network.
/// - **Retries.** [`Mailbox::next`](crate::Mailbox::next) returns the error of a failed call, and makes it again when it is called again.
pub trait ReplayGuard: Debug + Send + Sync {
    /// Whether an id is recorded.
    ///
    /// # Errors
    /// If the record cannot be read.
    fn contains(&self, id: B256) -> Result<bool, BoxError>;

    /// Records different ids until the Unix second `until` at least, unless one of them is recorded already: then it records none.
    /// Returns whether it did.
    ///
    /// # Errors
    /// If the record cannot be read or written. Nothing is recorded then.
    fn insert_if_new(&self, ids: &[B256], until: u64) -> Result<bool, BoxError>;
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

    fn insert_if_new(&self, new: &[B256], until: u64) -> Result<bool, BoxError> {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let Ids { expiries, by_expiry } = &mut *ids;
        if new.iter().any(|id| expiries.contains_key(id)) {
            return Ok(false);
        }
        expiries.extend(new.iter().map(|id| (*id, until)));
        by_expiry.extend(new.iter().map(|id| (until, *id)));
        while by_expiry.len() > self.capacity {
            if let Some((_, earliest)) = by_expiry.pop_first() {
                expiries.remove(&earliest);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;

    use super::{InMemoryReplayGuard, ReplayGuard};

    #[test]
    fn an_id_is_new_once() {
        let replay_guard = InMemoryReplayGuard::default();
        let [id, other] = [1, 2].map(B256::repeat_byte);
        assert!(!replay_guard.contains(id).unwrap());
        assert!(replay_guard.insert_if_new(&[id], 5).unwrap());
        assert!(!replay_guard.insert_if_new(&[other, id], 7).unwrap());
        assert_eq!([id, other].map(|id| replay_guard.contains(id).unwrap()), [true, false]);
    }

    #[test]
    fn the_id_that_expires_first_is_evicted_first() {
        let replay_guard = InMemoryReplayGuard::new(2);
        let [a, b, c] = [1, 2, 3].map(B256::with_last_byte);
        for (id, until) in [(a, 30), (b, 10), (c, 40)] {
            replay_guard.insert_if_new(&[id], until).unwrap();
        }
        assert_eq!([a, b, c].map(|id| replay_guard.contains(id).unwrap()), [true, false, true]);
    }
}
