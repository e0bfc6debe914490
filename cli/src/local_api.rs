//! The local API of a client daemon, from its options.

use std::path::Path;

use alloy::primitives::Address;
use muster_daemons::DaemonContext;
use muster_daemons::client::{JobSessions, RunOptions};
use muster_local_api::{LocalApi, LocalApiOptions, TokenFile};

use crate::context::Context;
use crate::error::CliError;
use crate::jobs::folder::JobFolder;
use crate::options::api::{ApiArgs, TokenFileArgs};
use crate::program_file::with_suffix;

/// Jobs that are under way at once in an agreement.
const JOBS_AT_ONCE: usize = 16;

/// The file of the account's tokens.
///
/// # Errors
/// Those of node and account.
pub(crate) async fn token_file(
    context: &Context,
    args: &TokenFileArgs,
) -> Result<TokenFile, CliError> {
    let path = match &args.tokens {
        Some(path) => path.clone(),
        None => context.account_file("tokens", "toml").await?,
    };
    Ok(TokenFile::new(path))
}

/// Serves the API of a client daemon with this state file, if that was asked for, and returns what runs its jobs, of which the
/// daemon gives samples to testers. Withdrawals go to `payout`. The files of jobs are in a folder beside the state file.
///
/// # Errors
/// [`CliError::LocalApi`].
pub(crate) async fn start(
    context: &Context,
    args: ApiArgs,
    (daemon_context, state): (&DaemonContext, &Path),
    (payout, first_block): (Option<Address>, u64),
) -> Result<Option<(LocalApi, JobSessions)>, CliError> {
    let Some(listen) = args.listen else { return Ok(None) };
    let folder = JobFolder::beside(state)?;
    let run = RunOptions {
        blobs: folder.blobs.clone(),
        local: None,
        evidence: folder.evidence(),
        at_once: JOBS_AT_ONCE,
        timeout: None,
    };
    let jobs = JobSessions::new(daemon_context.clone(), run, context.proxy().cloned());
    let options = LocalApiOptions {
        listen,
        exposed: args.exposed,
        hosts: args.hosts,
        origins: args.origins,
        tokens: token_file(context, &args.tokens).await?,
        ledger: with_suffix(state, ".api"),
        payout,
        first_block,
        jobs: jobs.clone(),
    };
    Ok(Some((LocalApi::start(daemon_context.clone(), options).await?, jobs)))
}
