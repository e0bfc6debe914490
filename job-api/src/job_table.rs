//! The jobs of an agreement: those that wait or run in memory, all of them in records.

use crate::{
    failure::{Failure, internal},
    job_record::{JobRecord, JobRecords},
    job_run::read_blob,
    wire::{ErrorCode, JobState, JobStatus, SignedResult},
};
use muster_compute::{BlobStore, Cancel, Digest, Job, JobResult};
use std::{
    collections::{HashMap, VecDeque},
    io,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Why a job that waits in its record does not run.
const STOPPED: &str =
    "the worker was stopped, or could not store what the job came to: post it again";

/// The jobs of an agreement. Every method but [`JobTable::next_arrival`] may block for as long as files take.
#[derive(Debug)]
pub(crate) struct JobTable {
    /// What is kept.
    records: JobRecords,
    /// Documents and results.
    blobs: BlobStore,
    /// Jobs that may wait.
    max_waiting: usize,
    /// What waits and runs.
    state: Mutex<TableState>,
    /// Told when a job was added.
    arrival: Notify,
}

/// What waits and runs.
#[derive(Debug, Default)]
struct TableState {
    /// Jobs that wait, in order.
    queue: VecDeque<Digest>,
    /// Jobs that wait or run.
    active: HashMap<Digest, ActiveJob>,
    /// The number of the next job.
    next_number: u64,
    /// Whether the server stops, so that jobs which end are run again.
    closed: bool,
}

/// A job that waits or runs.
#[derive(Debug, Default)]
struct ActiveJob {
    /// Ends it, once it runs.
    cancel: Option<Cancel>,
    /// Whether somebody cancelled it.
    cancelled: bool,
    /// Cancelled when the job neither waits nor runs any more.
    end: CancellationToken,
}

impl JobTable {
    /// The jobs in a folder. Those that waited or ran are to be run again.
    pub(crate) fn open(folder: &Path, blobs: BlobStore, max_waiting: u32) -> io::Result<Self> {
        let (records, waiting) = JobRecords::open(folder)?;
        let next_number = waiting.last().map_or(0, |(number, _)| number.saturating_add(1));
        let queue: VecDeque<Digest> = waiting.into_iter().map(|(_, id)| id).collect();
        let active = queue.iter().map(|id| (*id, ActiveJob::default())).collect();
        let state = TableState { queue, active, next_number, closed: false };
        let max_waiting = usize::try_from(max_waiting).unwrap_or(usize::MAX);
        Ok(Self { records, blobs, max_waiting, state: Mutex::new(state), arrival: Notify::new() })
    }

    /// The status of a job that waits, runs, or has a result that is still here; `None` for one that is to be run.
    pub(crate) fn known(&self, job: &Job) -> Result<Option<JobStatus>, Failure> {
        self.known_in(&self.lock(), &job.id())
    }

    /// Adds a job to those that wait, unless it is known.
    pub(crate) fn add(&self, job: &Job) -> Result<JobStatus, Failure> {
        let id = job.id();
        let mut state = self.lock();
        if let Some(status) = self.known_in(&state, &id)? {
            return Ok(status);
        }
        if state.queue.len() >= self.max_waiting {
            let text = format!("{} jobs wait already: wait until some are done", state.queue.len());
            return Err(Failure::new(ErrorCode::TooManyJobs, text));
        }
        self.blobs.put(job.canonical())?;
        self.records.write(&id, &JobRecord::Waiting { number: state.next_number })?;
        state.next_number = state.next_number.saturating_add(1);
        state.queue.push_back(id);
        state.active.insert(id, ActiveJob::default());
        self.arrival.notify_one();
        metrics::counter!("muster_worker_jobs_posted_total").increment(1);
        Ok(status(id, JobState::Waiting))
    }

    /// The status of a job.
    pub(crate) fn status(&self, id: &Digest) -> Result<JobStatus, Failure> {
        if let Some(status) = active_status(&self.lock(), id) {
            return Ok(status);
        }
        let unfinished = |reason: &str| {
            let reason = Some(reason.to_owned());
            Ok(JobStatus { reason, ..status(*id, JobState::Unfinished) })
        };
        match self.records.read(id)? {
            None => Err(Failure::new(ErrorCode::NoJob, format_args!("no job {id} was posted"))),
            Some(JobRecord::Cancelled) => Ok(status(*id, JobState::Cancelled)),
            Some(JobRecord::Waiting { .. }) => unfinished(STOPPED),
            Some(JobRecord::Unfinished { reason }) => unfinished(&reason),
            Some(record @ JobRecord::Done { .. }) => match self.done_status(id, record)? {
                Some(status) => Ok(status),
                None => unfinished("its result was lost when the machine stopped: post it again"),
            },
        }
    }

    /// What is cancelled when a job neither waits nor runs any more; `None` if it does neither.
    pub(crate) fn end_of(&self, id: &Digest) -> Option<CancellationToken> {
        self.lock().active.get(id).map(|job| job.end.clone())
    }

    /// Cancels a job that waits or runs. One that runs ends soon after.
    pub(crate) fn cancel(&self, id: &Digest) -> Result<(), Failure> {
        let mut state = self.lock();
        let Some(job) = state.active.get_mut(id) else { return Ok(()) };
        job.cancelled = true;
        if let Some(cancel) = &job.cancel {
            cancel.cancel();
            return Ok(());
        }
        self.records.write(id, &JobRecord::Cancelled)?;
        count_end(&JobRecord::Cancelled);
        state.queue.retain(|waiting| waiting != id);
        leave(&mut state, id);
        Ok(())
    }

    /// Returns once a job may wait.
    pub(crate) async fn next_arrival(&self) {
        while self.lock().queue.is_empty() {
            self.arrival.notified().await;
        }
    }

    /// The job whose turn it is, and what ends it. From now on it runs.
    pub(crate) fn start_next(&self) -> io::Result<Option<(Digest, Cancel)>> {
        let mut state = self.lock();
        if state.closed {
            return Ok(None);
        }
        let cancel = Cancel::new()?;
        let Some(id) = state.queue.pop_front() else { return Ok(None) };
        if let Some(job) = state.active.get_mut(&id) {
            job.cancel = Some(cancel.clone());
        }
        Ok(Some((id, cancel)))
    }

    /// Keeps what a job came to.
    pub(crate) fn finish(&self, id: &Digest, record: JobRecord) {
        let mut state = self.lock();
        let is_done = matches!(record, JobRecord::Done { .. });
        let is_cancelled = state.active.get(id).is_some_and(|job| job.cancelled);
        let record = match record {
            _ if is_cancelled && !is_done => Some(JobRecord::Cancelled),
            // It waits for the next start.
            _ if state.closed && !is_done => None,
            record => Some(record),
        };
        if let Some(record) = record {
            if let Err(error) = self.records.write(id, &record) {
                tracing::error!(job = %id, %error, "record of a job not written");
            }
            count_end(&record);
        }
        leave(&mut state, id);
    }

    /// Ends all jobs that run. They wait for the next start, and so do the others.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        for job in state.active.values() {
            if let Some(cancel) = &job.cancel {
                cancel.cancel();
            }
        }
    }

    /// See [`JobTable::known`].
    fn known_in(&self, state: &TableState, id: &Digest) -> Result<Option<JobStatus>, Failure> {
        if let Some(status) = active_status(state, id) {
            return Ok(Some(status));
        }
        let Some(record @ JobRecord::Done { .. }) = self.records.read(id)? else { return Ok(None) };
        let Some(status) = self.done_status(id, record)? else { return Ok(None) };
        let result = status.result.iter().flat_map(|signed| {
            let outputs = signed.result.outputs.iter().map(|file| file.blob);
            outputs.chain([signed.result.stdout])
        });
        for blob in result {
            if self.blobs.size(&blob)?.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(status))
    }

    /// The status of a job that is done; `None` if its result is not here.
    fn done_status(&self, id: &Digest, record: JobRecord) -> Result<Option<JobStatus>, Failure> {
        let JobRecord::Done { result, signature, stderr, cpu_ms, trap } = record else {
            return Ok(None);
        };
        if self.blobs.size(&result)?.is_none() {
            return Ok(None);
        }
        let result = JobResult::parse(&read_blob(&self.blobs, &result)?);
        let result = result.map_err(|error| internal(&error))?;
        Ok(Some(JobStatus {
            result: Some(SignedResult { result, signature }),
            stderr,
            cpu_ms: Some(cpu_ms),
            trap,
            ..status(*id, JobState::Done)
        }))
    }

    /// What waits and runs.
    fn lock(&self) -> MutexGuard<'_, TableState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a job that neither waits nor runs any more.
fn count_end(record: &JobRecord) {
    let outcome = match record {
        JobRecord::Done { cpu_ms, .. } => {
            metrics::counter!("muster_worker_job_cpu_ms_total").increment(*cpu_ms);
            "done"
        }
        JobRecord::Cancelled => "cancelled",
        JobRecord::Unfinished { .. } | JobRecord::Waiting { .. } => "unfinished",
    };
    metrics::counter!("muster_worker_jobs_ended_total", "outcome" => outcome).increment(1);
}

/// A status without details.
const fn status(id: Digest, state: JobState) -> JobStatus {
    JobStatus { id, state, result: None, stderr: None, cpu_ms: None, trap: None, reason: None }
}

/// The status of a job that waits or runs.
fn active_status(state: &TableState, id: &Digest) -> Option<JobStatus> {
    let job = state.active.get(id)?;
    let state = if job.cancel.is_some() { JobState::Running } else { JobState::Waiting };
    Some(status(*id, state))
}

/// Removes a job from those that wait or run, and tells those who wait for its end.
fn leave(state: &mut TableState, id: &Digest) {
    if let Some(job) = state.active.remove(id) {
        job.end.cancel();
    }
}
