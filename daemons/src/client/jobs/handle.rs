//! What runs jobs: shared between all that are under way.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy::primitives::Address;
use muster_compute::{BlobStore, Digest, Job};
use tokio::sync::Semaphore;
use tokio::time::Duration;

use super::error::JobsError;
use super::local::LocalRunner;
use crate::client::probe_context::ProbeContext;
use crate::store::Store;

/// What an operator chooses about jobs.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Where the blobs of jobs and of their results are.
    pub blobs: BlobStore,
    /// Runs jobs on this machine, for those that are to be compared with it.
    pub local: Option<LocalRunner>,
    /// Where signed results that contradict each other are kept.
    pub evidence: PathBuf,
    /// Jobs that are under way at once.
    pub at_once: usize,
    /// How long a worker may take for a job; without it, five times the job's limit of time and five minutes.
    pub timeout: Option<Duration>,
}

/// A job to run.
#[derive(Clone, Debug)]
pub struct JobRequest {
    /// The job. Its blobs are in the store.
    pub job: Job,
    /// What people call it.
    pub label: String,
    /// How many workers must agree.
    pub replicas: u8,
    /// Whether it is run on this machine too. That result is believed, whatever workers say.
    pub verify_here: bool,
}

/// Runs jobs in one agreement. Clones share everything.
#[derive(Clone, Debug)]
pub struct Jobs(pub(super) Arc<Shared>);

/// What jobs share.
#[derive(Debug)]
pub(super) struct Shared {
    /// Keys, endpoints, and requests under them.
    pub(super) probe_context: Arc<ProbeContext>,
    /// What the operator chose.
    pub(super) options: RunOptions,
    /// A permit for each job that may be under way.
    pub(super) permits: Semaphore,
    /// Jobs that each worker has not answered.
    load: Mutex<BTreeMap<u8, usize>>,
}

/// Counts a job of a worker until it is dropped.
#[derive(Debug)]
pub(super) struct LoadGuard<'a>(&'a Shared, u8);

impl Drop for LoadGuard<'_> {
    fn drop(&mut self) {
        let mut load = self.0.load();
        let jobs = load.entry(self.1).or_default();
        *jobs = jobs.saturating_sub(1);
    }
}

impl Shared {
    /// The state file.
    pub(super) fn store(&self) -> &Store {
        self.probe_context.context.store()
    }

    /// Jobs that each worker has not answered.
    pub(super) fn load(&self) -> MutexGuard<'_, BTreeMap<u8, usize>> {
        self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index of a worker in this agreement.
    pub(super) fn index_of(&self, worker: Address) -> Option<u8> {
        let terms = self.probe_context.pool.agreement.terms();
        let mut workers = 0..terms.header.redundancy;
        workers.find(|index| terms.worker(*index).is_some_and(|terms| terms.account == worker))
    }

    /// The account of the worker at an index, and the agreement.
    pub(super) fn parties(&self, index: u8) -> (Address, Address) {
        let agreement = &self.probe_context.pool.agreement;
        let worker = agreement.terms().worker(index).map(|worker| worker.account);
        (worker.unwrap_or_default(), agreement.address())
    }

    /// Counts a job of a worker.
    pub(super) fn count(&self, index: u8) -> LoadGuard<'_> {
        let mut load = self.load();
        let jobs = load.entry(index).or_default();
        *jobs = jobs.saturating_add(1);
        LoadGuard(self, index)
    }
}

impl Jobs {
    /// Runs jobs under the keys of an agreement.
    pub(super) fn new(probe_context: Arc<ProbeContext>, options: RunOptions) -> Self {
        let permits = Semaphore::new(options.at_once.max(1));
        Self(Arc::new(Shared { probe_context, options, permits, load: Mutex::default() }))
    }

    /// Cancels a job here, and at the workers of this agreement that have not answered, as far as they can be reached.
    ///
    /// # Errors
    /// [`JobsError::NoJob`], [`JobsError::Store`].
    pub async fn cancel(&self, id: Digest) -> Result<(), JobsError> {
        let shared = &*self.0;
        let store = shared.store();
        store.job(id)?.ok_or(JobsError::NoJob(id))?;
        store.cancel_job(id)?;
        let agreement = shared.probe_context.pool.agreement.address();
        for answer in store.job_answers(id)? {
            let is_open = answer.agreement == agreement && answer.result.is_none();
            let index = shared.index_of(answer.worker).filter(|_| is_open);
            let Some(index) = index else { continue };
            let Some(client) = shared.fresh_client(index).await else { continue };
            if let Err(failure) = client.cancel(id).await {
                tracing::warn!(job = %id, worker = index, %failure, "job not cancelled");
            }
        }
        Ok(())
    }
}
