//! The nonces of one account's transactions in flight.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many tasks follow the transactions of each nonce.
type InFlight = Arc<Mutex<BTreeMap<u64, usize>>>;

/// Keeps the nonces of concurrent transactions apart. Clones of a [`crate::Node`] share one.
#[derive(Debug, Default)]
pub(super) struct NonceManager {
    /// Held from choosing a nonce until a node has the transaction, so that no two get the same.
    pub(super) send_lock: tokio::sync::Mutex<()>,
    /// The nonces in flight.
    in_flight: InFlight,
}

impl NonceManager {
    /// The nonce of the next transaction. `expected` is the nonce that a node expects, which may not know all
    /// transactions in flight.
    pub(super) fn next_nonce(&self, expected: u64) -> u64 {
        let last = lock(&self.in_flight).last_key_value().map(|(nonce, _)| nonce.saturating_add(1));
        last.unwrap_or_default().max(expected)
    }

    /// Marks a nonce as in flight until the guard is dropped.
    pub(super) fn reserve(&self, nonce: u64) -> NonceGuard {
        let mut in_flight = lock(&self.in_flight);
        let count = in_flight.entry(nonce).or_default();
        *count = count.saturating_add(1);
        NonceGuard { nonce, in_flight: self.in_flight.clone() }
    }
}

/// A nonce in flight, until this is dropped.
#[derive(Debug)]
pub(super) struct NonceGuard {
    /// The nonce.
    nonce: u64,
    /// The nonces in flight.
    in_flight: InFlight,
}

impl Drop for NonceGuard {
    fn drop(&mut self) {
        let mut in_flight = lock(&self.in_flight);
        if let Some(count) = in_flight.get_mut(&self.nonce) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                in_flight.remove(&self.nonce);
            }
        }
    }
}

/// The map behind the lock, which holds at every moment.
fn lock(in_flight: &InFlight) -> MutexGuard<'_, BTreeMap<u64, usize>> {
    in_flight.lock().unwrap_or_else(PoisonError::into_inner)
}
