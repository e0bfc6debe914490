//! Jobs in any agreements of an account, beside the [`ClientDaemon`](crate::client::ClientDaemon) that does everything else.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use alloy::primitives::{Address, B256};
use muster_client::MarketError;
use muster_client::protocol::abi::State;
use muster_compute::BlobStore;
use muster_messaging::{BoxError, ProxyUrl, SampleList, SamplePiece, SampleSource};
use tokio::sync::Mutex;
use tokio::time::{Duration, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::error::JobsError;
use super::handle::{JobRequest, Jobs, RunOptions};
use super::report::JobReport;
use crate::client::job_samples::JobSamples;
use crate::client::key_tasks::KeyTasks;
use crate::client::probe_context::ProbeContext;
use crate::context::DaemonContext;
use crate::error::DaemonError;

/// The longest time between two looks at an agreement: somebody waits for the jobs.
const LONGEST_INTERVAL: Duration = Duration::from_secs(1);

/// The pause before a run goes on that no node could be asked about.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

/// Runs jobs in the agreements of an account. Clones share everything. The keys of an agreement are opened for its first
/// job, and kept until it is over. Everything else is done by the account's [`ClientDaemon`](crate::client::ClientDaemon), which
/// gets this as its [`ClientOptions::samples`](crate::client::ClientOptions::samples).
#[derive(Clone, Debug)]
pub struct JobSessions(Arc<Inner>);

/// What clones share.
#[derive(Debug)]
struct Inner {
    /// The account, its state file and its transport.
    context: DaemonContext,
    /// How jobs are run.
    options: RunOptions,
    /// The proxy for connections to workers, if there is one.
    proxy: Option<ProxyUrl>,
    /// The agreements whose keys are open.
    sessions: Mutex<HashMap<Address, Session>>,
    /// The jobs as samples, by agreement.
    samples: RwLock<HashMap<Address, Arc<JobSamples>>>,
}

/// An agreement whose keys are open.
#[derive(Debug)]
struct Session {
    /// Runs jobs there.
    jobs: Jobs,
    /// Opens keys, until the agreement is over.
    keys: AbortOnDropHandle<()>,
}

impl JobSessions {
    /// Knows no agreement yet.
    #[must_use]
    pub fn new(context: DaemonContext, options: RunOptions, proxy: Option<ProxyUrl>) -> Self {
        let (sessions, samples) = (Mutex::default(), RwLock::default());
        Self(Arc::new(Inner { context, options, proxy, sessions, samples }))
    }

    /// Where the blobs of jobs and of their results are.
    #[must_use]
    pub fn blobs(&self) -> &BlobStore {
        &self.0.options.blobs
    }

    /// What runs jobs in an agreement, whose keys are opened if they are not.
    ///
    /// # Errors
    /// [`DaemonError::NotClient`]; [`DaemonError::Market`] if there is no such agreement; [`DaemonError::Store`],
    /// [`DaemonError::Http`].
    pub async fn open(&self, agreement: Address) -> Result<Jobs, DaemonError> {
        let Inner { context, options, proxy, sessions, samples } = &*self.0;
        let mut sessions = sessions.lock().await;
        sessions.retain(|_, session| !session.keys.is_finished());
        if let Some(session) = sessions.get(&agreement) {
            return Ok(session.jobs.clone());
        }
        let opened = ProbeContext::open(context, agreement, Vec::new(), proxy.as_ref());
        let mut probe_context = Box::pin(opened).await?;
        let handle = probe_context.pool.agreement.clone();
        let own = JobSamples::new(handle, context.store().clone(), options.blobs.clone());
        let own = Arc::new(own);
        probe_context.jobs = Some(own.clone());
        let probe_context = Arc::new(probe_context);
        let mut key_tasks = KeyTasks::new(probe_context.clone());
        key_tasks.step().await?;
        samples.write().unwrap_or_else(PoisonError::into_inner).insert(agreement, own);
        let keys =
            AbortOnDropHandle::new(tokio::spawn(keep_keys(key_tasks, probe_context.clone())));
        let jobs = Jobs::new(probe_context, options.clone());
        sessions.insert(agreement, Session { jobs: jobs.clone(), keys });
        Ok(jobs)
    }

    /// Runs a job in an agreement, as [`Jobs::run`] does. As long as no node can be asked, it goes on.
    ///
    /// # Errors
    /// [`SessionError::Daemon`] if the agreement is not the account's; [`SessionError::Jobs`] if the job cannot go on.
    pub async fn run(
        &self,
        agreement: Address,
        request: JobRequest,
    ) -> Result<JobReport, SessionError> {
        loop {
            let error = match self.open(agreement).await {
                Ok(jobs) => match jobs.run(request.clone()).await {
                    Ok(report) => return Ok(report),
                    Err(error) => SessionError::Jobs(error),
                },
                Err(error) => SessionError::Daemon(error),
            };
            if !error.is_transient() {
                return Err(error);
            }
            tracing::warn!(job = %request.job.id(), %agreement, %error, "job waits");
            sleep(RETRY_PAUSE).await;
        }
    }

    /// The samples of an agreement, if its keys were opened.
    fn samples(&self, agreement: Address) -> Option<Arc<JobSamples>> {
        let samples = self.0.samples.read().unwrap_or_else(PoisonError::into_inner);
        samples.get(&agreement).cloned()
    }
}

/// Why a job has no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The agreement cannot be used.
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    /// The job cannot go on.
    #[error(transparent)]
    Jobs(#[from] JobsError),
}

impl SessionError {
    /// Whether it can pass.
    fn is_transient(&self) -> bool {
        match self {
            Self::Daemon(error) => {
                let is_gone = matches!(error, DaemonError::Market(MarketError::NotAnAgreement(_)));
                error.is_transient() && !is_gone
            }
            Self::Jobs(error) => matches!(error, JobsError::Market(_)),
        }
    }
}

/// Opens the keys of each window until the agreement is over.
async fn keep_keys(mut key_tasks: KeyTasks, probe_context: Arc<ProbeContext>) {
    let interval = probe_context.context.backoff().interval.min(LONGEST_INTERVAL);
    let agreement = &probe_context.pool.agreement;
    loop {
        sleep(interval).await;
        let step = async {
            key_tasks.step().await?;
            let times = agreement.times(&agreement.progress().await?);
            let state = times.state(agreement.market().next_tick().await?);
            Ok::<_, DaemonError>(matches!(state, State::Offered | State::Running))
        };
        match step.await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                let agreement = agreement.address();
                tracing::warn!(%agreement, %error, "keys of an agreement not opened");
            }
        }
    }
}

impl SampleSource for JobSessions {
    fn list(&self, agreement: Address, worker: u8) -> Result<SampleList, BoxError> {
        let samples = self.samples(agreement);
        samples.map_or_else(|| Ok(SampleList::default()), |samples| samples.list(agreement, worker))
    }

    fn piece(
        &self,
        agreement: Address,
        job: B256,
        blob: B256,
        offset: u32,
    ) -> Result<Option<SamplePiece>, BoxError> {
        let samples = self.samples(agreement);
        samples.map_or(Ok(None), |samples| samples.piece(agreement, job, blob, offset))
    }
}
