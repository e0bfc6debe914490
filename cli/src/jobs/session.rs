//! Running jobs: the client's part in their agreement is done meanwhile, and nothing longer.

use std::future::Future;

use muster_daemons::client::{ClientOptions, Jobs, JobsDaemon, JobsOptions, RunOptions};
use muster_daemons::{Backoff, DaemonContext, HealthReporter, Payout};
use tokio::select;
use tokio::time::Duration;

use super::folder::JobFolder;
use super::hire::Hired;
use crate::context::Context;
use crate::daemon::signalled;
use crate::error::CliError;
use crate::options::hire::{HireArgs, JournalArgs, Verify};

/// Jobs that are under way at once for each worker.
const AT_ONCE: usize = 8;

/// The longest time that others have to settle an agreement first.
const SETTLE_DELAY: Duration = Duration::from_secs(10);

/// The longest time between two looks at the chain: somebody waits for the jobs.
const LONGEST_INTERVAL: Duration = Duration::from_secs(1);

/// How jobs are run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionArgs<'a> {
    /// Where jobs are kept.
    pub(crate) journal: &'a JournalArgs,
    /// How else results are checked.
    pub(crate) verify: Option<Verify>,
    /// How long a worker may take for a job.
    pub(crate) timeout: Option<Duration>,
}

impl<'a> From<&'a HireArgs> for SessionArgs<'a> {
    fn from(args: &'a HireArgs) -> Self {
        Self { journal: &args.journal, verify: args.verify, timeout: args.timeout() }
    }
}

/// Runs jobs with `work` while the client's part in the agreement is done; ends with it, or at SIGINT or SIGTERM.
///
/// # Errors
/// [`CliError::Interrupted`]; those of `work` and of the client.
pub(crate) async fn run_jobs<T, F>(
    context: &Context,
    daemon_context: DaemonContext,
    folder: &JobFolder,
    (hired, args): (Hired, SessionArgs<'_>),
    work: impl FnOnce(Jobs) -> F,
) -> Result<T, CliError>
where
    F: Future<Output = Result<T, CliError>>,
{
    let signalled = signalled()?;
    let local = match args.verify {
        Some(Verify::Local) => Some(folder.local_runner()?),
        None => None,
    };
    let run = RunOptions {
        blobs: folder.blobs.clone(),
        local,
        evidence: folder.evidence(),
        at_once: AT_ONCE.saturating_mul(hired.replicas.into()),
        timeout: args.timeout,
    };
    // What comes back stays the account's credit.
    let payout = Payout { to: None, threshold: u128::MAX };
    let client = ClientOptions::new(payout, SETTLE_DELAY, args.journal.from_block);
    let options = JobsOptions { run, proxy: context.proxy().cloned(), client };
    let backoff = daemon_context.backoff();
    let backoff = Backoff { interval: backoff.interval.min(LONGEST_INTERVAL), ..backoff };
    // Its parts together are too large for the stack of a thread.
    let start = Box::pin(JobsDaemon::start(daemon_context, hired.agreement, options));
    let mut daemon = start.await?;
    let work = Box::pin(work(daemon.jobs()));
    let mut outcome = Err(CliError::Interrupted);
    let end = async {
        outcome = select! {
            outcome = work => outcome,
            () = signalled => Err(CliError::Interrupted),
        };
    };
    let health = HealthReporter::default();
    Box::pin(muster_daemons::run(&mut daemon, backoff, &health, end)).await?;
    outcome
}
