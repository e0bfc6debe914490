//! The quotas of authenticated connections: per key, per agreement and in total. When a quota is exhausted, a
//! key with fewer connections evicts the oldest connection of the key with most, so that neither many
//! connections nor many keys keep another key out.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::{config::Limits, error_response::RequestError, token::Claims};

/// An agreement and a key of it.
type Owner = ([u8; 20], [u8; 32]);

/// The authenticated connections and their quotas.
#[derive(Debug)]
pub(crate) struct ConnectionQuota {
    /// Connections in total.
    max_total: usize,
    /// Connections per agreement.
    max_per_agreement: usize,
    /// Connections per key.
    max_per_key: usize,
    /// The open connections.
    state: Mutex<QuotaState>,
}

/// The open authenticated connections.
#[derive(Debug, Default)]
struct QuotaState {
    /// The next connection's id; ids follow the order of arrival.
    next_id: u64,
    /// The connections, oldest first.
    connections: BTreeMap<u64, ActiveConnection>,
}

/// An open connection.
#[derive(Debug)]
struct ActiveConnection {
    /// Whose it is.
    owner: Owner,
    /// Evicts the connection, and identifies it.
    evict: Arc<Notify>,
}

/// Counts one authenticated connection until dropped.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    /// Where it is counted.
    quota: Arc<ConnectionQuota>,
    /// The connection's id.
    id: u64,
}

impl ConnectionQuota {
    /// Quotas with no connection.
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            max_total: limits.connections,
            max_per_agreement: limits.connections_per_agreement,
            max_per_key: limits.connections_per_key,
            state: Mutex::default(),
        })
    }

    /// Counts a connection, identified by its signal `evict`, for the claims' key. A connection that another
    /// key owned until now is not counted twice.
    ///
    /// # Errors
    /// [`RequestError::TooManyConnections`] if the key has its quota, or if another quota is exhausted and an
    /// eviction would leave the key with more connections than the evicted one.
    pub(crate) fn acquire(
        self: &Arc<Self>,
        claims: &Claims,
        evict: &Arc<Notify>,
    ) -> Result<ConnectionPermit, RequestError> {
        let owner = (claims.agreement, claims.key);
        let mut state = self.lock();
        let others =
            state.connections.iter().filter(|(_, other)| !Arc::ptr_eq(&other.evict, evict));
        let others: Vec<_> = others.map(|(id, other)| (*id, other.owner)).collect();
        if others.iter().filter(|(_, other)| *other == owner).count() >= self.max_per_key {
            return Err(RequestError::TooManyConnections);
        }
        let agreement_is_full =
            others.iter().filter(|(_, other)| other.0 == owner.0).count() >= self.max_per_agreement;
        if agreement_is_full || others.len() >= self.max_total {
            let agreements = others.iter().map(|(_, other)| other.0).filter(|_| !agreement_is_full);
            let largest_agreement = largest_owner(agreements, owner.0).unwrap_or(owner.0);
            let keys =
                others.iter().map(|(_, other)| *other).filter(|other| other.0 == largest_agreement);
            let largest_key = largest_owner(keys, owner).ok_or(RequestError::TooManyConnections)?;
            let oldest = others.iter().find(|(_, other)| *other == largest_key);
            if let Some(evicted) = oldest.and_then(|(id, _)| state.connections.remove(id)) {
                evicted.evict.notify_one();
            }
        }
        let id = state.next_id;
        state.next_id = id.wrapping_add(1);
        state.connections.insert(id, ActiveConnection { owner, evict: Arc::clone(evict) });
        drop(state);
        Ok(ConnectionPermit { quota: Arc::clone(self), id })
    }

    /// Locks the state; a panic elsewhere cannot leave it inconsistent.
    fn lock(&self) -> MutexGuard<'_, QuotaState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.quota.lock().connections.remove(&self.id);
    }
}

/// The owner with most connections, if `own` may evict one of them: `own` has none, or would afterwards have
/// no more than that owner. Among equals it is the owner whose connection is oldest.
fn largest_owner<K: Copy + Eq + Hash>(owners: impl Iterator<Item = K>, own: K) -> Option<K> {
    let mut counts = HashMap::new();
    for (order, owner) in owners.enumerate() {
        let (count, _) = counts.entry(owner).or_insert((0_usize, Reverse(order)));
        *count = count.saturating_add(1);
    }
    let mine = counts.get(&own).map_or(0, |(count, _)| *count);
    let (largest, (count, _)) = counts.into_iter().max_by_key(|(_, weight)| *weight)?;
    (largest != own && (mine == 0 || count > mine.saturating_add(1))).then_some(largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three connections per key, four per agreement, six in total.
    const SMALL_LIMITS: (usize, usize, usize) = (3, 4, 6);

    /// Quotas and their open connections.
    struct Fixture(Arc<ConnectionQuota>, Vec<(Owner, Arc<Notify>, ConnectionPermit)>);

    impl Fixture {
        fn new() -> Self {
            let (connections_per_key, connections_per_agreement, connections) = SMALL_LIMITS;
            let limits = Limits {
                connections,
                connections_per_agreement,
                connections_per_key,
                ..Limits::default()
            };
            Self(ConnectionQuota::new(&limits), Vec::new())
        }

        /// Opens a connection of a key of an agreement and closes those it evicts, which are returned; `None` if
        /// it is rejected.
        fn connect(&mut self, agreement: u8, key: u8) -> Option<Vec<(u8, u8)>> {
            let claims = Claims { agreement: [agreement; 20], key: [key; 32], expires_at: 0 };
            let evict = Arc::default();
            let permit = self.0.acquire(&claims, &evict).ok()?;
            let mut evicted = Vec::new();
            self.1.retain(|(owner, evict, _)| {
                let is_evicted = std::pin::pin!(evict.notified()).enable();
                if is_evicted {
                    evicted.push((owner.0[0], owner.1[0]));
                }
                !is_evicted
            });
            self.1.push(((claims.agreement, claims.key), evict, permit));
            assert_eq!(self.0.lock().connections.len(), self.1.len());
            Some(evicted)
        }

        /// Opens connections that evict nobody.
        fn connect_all(&mut self, names: &[(u8, u8)]) {
            for (agreement, key) in names {
                assert_eq!(self.connect(*agreement, *key), Some(vec![]));
            }
        }
    }

    #[test]
    fn a_key_has_its_quota_and_evicts_nobody() {
        let mut fixture = Fixture::new();
        fixture.connect_all(&[(1, 1), (1, 1), (1, 1)]);
        assert_eq!(fixture.connect(1, 1), None);
        fixture.1.clear();
        assert_eq!(fixture.connect(1, 1), Some(vec![]), "a closed connection is free again");
    }

    #[test]
    fn in_a_full_agreement_the_largest_key_is_evicted_until_all_are_equal() {
        let mut fixture = Fixture::new();
        fixture.connect_all(&[(1, 2), (1, 1), (1, 1), (1, 1)]);
        assert_eq!(fixture.connect(1, 3), Some(vec![(1, 1)]));
        assert_eq!(fixture.connect(1, 3), None, "would have more than the largest key");
        assert_eq!(fixture.connect(1, 1), None, "is the largest key");
    }

    #[test]
    fn many_keys_keep_no_new_key_out() {
        let mut fixture = Fixture::new();
        fixture.connect_all(&[(1, 1), (1, 2), (1, 3), (1, 4)]);
        assert_eq!(fixture.connect(1, 5), Some(vec![(1, 1)]), "among equals the oldest is evicted");
        assert_eq!(fixture.connect(1, 1), Some(vec![(1, 2)]));
        assert_eq!(fixture.connect(1, 1), None);
    }

    #[test]
    fn in_a_full_gateway_the_largest_agreement_is_evicted_until_all_are_equal() {
        let mut fixture = Fixture::new();
        fixture.connect_all(&[(2, 1), (1, 1), (1, 1), (1, 2), (1, 3), (2, 2)]);
        assert_eq!(
            fixture.connect(3, 1),
            Some(vec![(1, 1)]),
            "the largest key of the largest agreement"
        );
        assert_eq!(fixture.connect(3, 2), Some(vec![(1, 1)]));
        assert_eq!(fixture.connect(3, 1), None, "all agreements have as many");
        assert_eq!(fixture.connect(3, 3), Some(vec![(3, 1)]), "a key without connections");
    }

    #[test]
    fn a_connection_that_changes_owner_counts_once() {
        let mut fixture = Fixture::new();
        fixture.connect_all(&[(1, 1), (1, 1), (1, 1), (1, 2)]);
        let claims = |key| Claims { agreement: [1; 20], key: [key; 32], expires_at: 0 };
        let (owner, evict, permit) = fixture.1.pop().unwrap();
        assert_eq!(owner, (claims(2).agreement, claims(2).key));
        let other = fixture.0.acquire(&claims(3), &evict).unwrap();
        drop(permit);
        assert_eq!(fixture.0.lock().connections.len(), 4);
        drop(other);
        assert_eq!(fixture.0.lock().connections.len(), 3);
    }
}
