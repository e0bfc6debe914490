//! The workers of a service, and which of them run it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy::primitives::Address;
use muster_compute::Digest;
use muster_compute_http::ServiceDocument;
use tokio::sync::{Notify, watch};
use tokio::time::{Duration, Instant};

use super::access::ServiceWorker;
use crate::service_record::{ServicePlace, ServiceRecord, StoredService};

/// The workers of one service.
#[derive(Debug)]
pub(super) struct Fleet {
    /// The service.
    pub(super) id: Digest,
    /// Its document.
    pub(super) document: ServiceDocument,
    /// The file of its component.
    pub(super) component: PathBuf,
    /// What other processes know of it.
    pub(super) record: ServiceRecord,
    /// The time without an answer after which a worker has failed.
    pub(super) replace_after: Duration,
    /// The agreements that are for it, those that are over included.
    agreements: Mutex<BTreeSet<Address>>,
    /// The workers that serve, or should.
    replicas: Mutex<Vec<Arc<ServiceReplica>>>,
    /// The number of workers that run it.
    ready: watch::Sender<usize>,
    /// Requests so far.
    turn: AtomicUsize,
}

/// One worker of a service.
#[derive(Debug)]
pub(super) struct ServiceReplica {
    /// The worker.
    pub(super) worker: ServiceWorker,
    /// How it does.
    state: Mutex<ReplicaState>,
    /// Whether its place is in the record.
    is_recorded: AtomicBool,
    /// Notified when it should be checked at once.
    pub(super) wake: Notify,
}

/// How a worker does.
#[derive(Debug, Default)]
struct ReplicaState {
    /// Whether the service answered last time.
    is_ready: bool,
    /// Whether the service was brought to it: until then, its component may take time to upload.
    is_brought: bool,
    /// Since when it has not.
    failing_since: Option<Instant>,
    /// Whether it has not for too long, ever: then another worker takes its place.
    has_failed: bool,
}

impl Fleet {
    /// A service without workers.
    pub(super) fn new(
        service: &StoredService,
        component: PathBuf,
        record: ServiceRecord,
        replace_after: Duration,
    ) -> Self {
        let (id, document) = (service.id, service.document.clone());
        let agreements = Mutex::new(service.agreements.iter().copied().collect());
        let (replicas, turn) = (Mutex::default(), AtomicUsize::new(0));
        let (ready, _) = watch::channel(0);
        Self { id, document, component, record, replace_after, agreements, replicas, ready, turn }
    }

    /// The agreements that are for it, those that are over included.
    pub(super) fn agreements(&self) -> MutexGuard<'_, BTreeSet<Address>> {
        self.agreements.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The workers.
    fn replicas(&self) -> MutexGuard<'_, Vec<Arc<ServiceReplica>>> {
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker of an agreement, if it is one of these.
    pub(super) fn find(&self, place: ServicePlace) -> Option<Arc<ServiceReplica>> {
        self.replicas().iter().find(|replica| replica.place() == place).cloned()
    }

    /// All workers.
    pub(super) fn all(&self) -> Vec<Arc<ServiceReplica>> {
        self.replicas().clone()
    }

    /// Adds a worker.
    pub(super) fn add(&self, worker: ServiceWorker) -> Arc<ServiceReplica> {
        let (state, is_recorded, wake) = (Mutex::default(), AtomicBool::default(), Notify::new());
        let replica = Arc::new(ServiceReplica { worker, state, is_recorded, wake });
        self.replicas().push(replica.clone());
        replica
    }

    /// Removes the workers of which this is not true.
    pub(super) fn retain(&self, is_left: impl Fn(ServicePlace) -> bool) {
        self.replicas().retain(|replica| is_left(replica.place()));
        self.count();
    }

    /// The workers that run it, each call another one first.
    pub(super) fn ready_in_turn(&self) -> Vec<Arc<ServiceReplica>> {
        let replicas = self.replicas();
        let mut ready: Vec<_> =
            replicas.iter().filter(|replica| replica.is_ready()).cloned().collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let first = turn.checked_rem(ready.len()).unwrap_or_default();
        ready.rotate_left(first);
        ready
    }

    /// Waits until a worker runs it.
    pub(super) async fn wait_until_ready(&self) {
        drop(self.ready.subscribe().wait_for(|ready| *ready > 0).await);
    }

    /// Notes how a worker does, and returns whether that is new.
    pub(super) fn note(&self, replica: &ServiceReplica, is_ready: bool) -> bool {
        let is_new = replica.state().note(is_ready, Instant::now(), self.replace_after);
        self.count();
        is_new
    }

    /// Counts the workers that run it, for those that wait.
    fn count(&self) {
        let ready = self.replicas().iter().filter(|replica| replica.is_ready()).count();
        self.ready.send_replace(ready);
    }
}

impl ReplicaState {
    /// Notes whether it answers, and returns whether that is new.
    fn note(&mut self, is_ready: bool, now: Instant, replace_after: Duration) -> bool {
        let is_new = self.is_ready != is_ready || self.failing_since.is_none() && !is_ready;
        self.is_ready = is_ready;
        if is_ready {
            self.failing_since = None;
        } else {
            let since = *self.failing_since.get_or_insert(now);
            self.has_failed |= now.saturating_duration_since(since) >= replace_after;
        }
        is_new
    }

    /// Notes that the service was brought.
    const fn note_brought(&mut self) {
        if !self.is_brought {
            (self.is_brought, self.failing_since) = (true, None);
        }
    }
}

impl ServiceReplica {
    /// Where it is.
    pub(super) const fn place(&self) -> ServicePlace {
        ServicePlace { agreement: self.worker.agreement.address(), worker: self.worker.account }
    }

    /// Whether the service answered last time.
    pub(super) fn is_ready(&self) -> bool {
        self.state().is_ready
    }

    /// Notes that the service was brought. The first time, the worker gets all of its time from now on.
    pub(super) fn note_brought(&self) {
        self.state().note_brought();
    }

    /// Whether its place is in the record.
    pub(super) fn is_recorded(&self) -> bool {
        self.is_recorded.load(Ordering::Relaxed)
    }

    /// Notes that its place is in the record.
    pub(super) fn note_recorded(&self) {
        self.is_recorded.store(true, Ordering::Relaxed);
    }

    /// Whether it has not answered for too long.
    pub(super) fn has_failed(&self) -> bool {
        self.state().has_failed
    }

    /// How it does.
    fn state(&self) -> MutexGuard<'_, ReplicaState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A minute to answer in.
    const LIMIT: Duration = Duration::from_mins(1);

    /// The state after some seconds without an answer.
    fn silent(state: &mut ReplicaState, seconds: u64, now: &mut Instant) {
        state.note(false, *now, LIMIT);
        *now = now.checked_add(Duration::from_secs(seconds)).unwrap();
        state.note(false, *now, LIMIT);
    }

    #[test]
    fn worker_that_is_silent_for_too_long_has_failed_for_ever() {
        let (mut state, mut now) = (ReplicaState::default(), Instant::now());
        silent(&mut state, 59, &mut now);
        assert!(!state.has_failed);
        state.note(true, now, LIMIT);
        silent(&mut state, 59, &mut now);
        assert!(!state.has_failed, "it has answered in between");
        silent(&mut state, 1, &mut now);
        assert!(state.has_failed);
        state.note(true, now, LIMIT);
        assert!(state.has_failed && state.is_ready, "it is used, and does not count");
    }

    #[test]
    fn upload_takes_no_time_from_a_worker_once() {
        let (mut state, mut now) = (ReplicaState::default(), Instant::now());
        silent(&mut state, 59, &mut now);
        state.note_brought();
        silent(&mut state, 59, &mut now);
        assert!(!state.has_failed);
        state.note_brought();
        silent(&mut state, 1, &mut now);
        assert!(state.has_failed);
    }
}
