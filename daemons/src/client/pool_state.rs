//! What a client knows of the workers of an agreement.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_messaging::{ExposeSecret, SecretString};

/// The endpoint of a worker.
#[derive(Debug)]
pub(super) struct WorkerEndpoint {
    /// The worker's index in the agreement.
    pub(super) index: u8,
    /// The service's URL, without a slash at the end.
    pub(super) url: SecretString,
    /// The token for it.
    pub(super) token: SecretString,
}

impl WorkerEndpoint {
    /// The URL of a path and query.
    pub(super) fn url_for(&self, path_and_query: &str) -> String {
        format!("{}{path_and_query}", self.url.expose_secret())
    }
}

/// The endpoints of an agreement's workers, and which one is tried first.
#[derive(Debug, Default)]
pub(super) struct PoolState {
    /// The endpoints, by worker.
    endpoints: BTreeMap<u8, Arc<WorkerEndpoint>>,
    /// The worker that is tried first.
    preferred: u8,
    /// The windows that receipts cover, by worker.
    served: BTreeMap<u8, u32>,
}

impl PoolState {
    /// Adds an endpoint, or replaces the worker's old one.
    pub(super) fn insert(&mut self, endpoint: WorkerEndpoint) {
        self.endpoints.insert(endpoint.index, Arc::new(endpoint));
    }

    /// The endpoint of a worker.
    pub(super) fn get(&self, index: u8) -> Option<Arc<WorkerEndpoint>> {
        self.endpoints.get(&index).cloned()
    }

    /// Removes an endpoint, unless another one has replaced it.
    pub(super) fn remove(&mut self, endpoint: &Arc<WorkerEndpoint>) {
        if self.endpoints.get(&endpoint.index).is_some_and(|known| Arc::ptr_eq(known, endpoint)) {
            self.endpoints.remove(&endpoint.index);
        }
    }

    /// Tries this worker first from now on.
    pub(super) const fn prefer(&mut self, index: u8) {
        self.preferred = index;
    }

    /// All endpoints: the preferred worker's, then the others' by index, from the preferred one on.
    pub(super) fn by_preference(&self) -> Vec<Arc<WorkerEndpoint>> {
        let endpoints = self.endpoints.values().cloned();
        let (before, from): (Vec<_>, Vec<_>) =
            endpoints.partition(|endpoint| endpoint.index < self.preferred);
        [from, before].concat()
    }

    /// The windows that a worker's receipt covers; bit k stands for window k.
    pub(super) fn served(&self, index: u8) -> u32 {
        self.served.get(&index).copied().unwrap_or_default()
    }

    /// Sets the windows that a worker's receipt covers.
    pub(super) fn set_served(&mut self, index: u8, served: u32) {
        self.served.insert(index, served);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(index: u8) -> WorkerEndpoint {
        let [url, token] = ["http://127.0.0.1:1", "token"].map(SecretString::from);
        WorkerEndpoint { index, url, token }
    }

    #[test]
    fn preferred_worker_comes_first() {
        let mut state = PoolState::default();
        (0..3).for_each(|index| state.insert(endpoint(index)));
        let order = |state: &PoolState| {
            state.by_preference().iter().map(|endpoint| endpoint.index).collect::<Vec<_>>()
        };
        assert_eq!(order(&state), [0, 1, 2]);
        state.prefer(1);
        assert_eq!(order(&state), [1, 2, 0]);
    }

    #[test]
    fn replaced_endpoint_is_not_removed() {
        let mut state = PoolState::default();
        state.insert(endpoint(0));
        let old = state.get(0).unwrap();
        state.insert(endpoint(0));
        state.remove(&old);
        let new = state.get(0).unwrap();
        state.remove(&new);
        assert!(state.get(0).is_none());
    }
}
