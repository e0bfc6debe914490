//! The folder beside the state file of jobs: their blobs, compiled modules, and evidence.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use muster_compute::BlobStore;
use muster_daemons::client::LocalRunner;
use muster_daemons::{DaemonContext, Role};
use muster_messaging::{InMemoryTransport, Transport};

use crate::context::Context;
use crate::error::CliError;
use crate::options::hire::JournalArgs;
use crate::program_file::with_suffix;

/// The folder of an account's jobs.
#[derive(Clone, Debug)]
pub(crate) struct JobFolder {
    /// Where it is.
    path: PathBuf,
    /// Modules, inputs and outputs.
    pub(crate) blobs: BlobStore,
}

impl JobFolder {
    /// Opens the state file of the jobs with this transport, and the folder beside it.
    ///
    /// # Errors
    /// Those of node, account and state file; [`CliError::Write`].
    pub(crate) async fn open(
        context: &Context,
        journal: &JournalArgs,
        transport: Arc<dyn Transport>,
    ) -> Result<(DaemonContext, Self), CliError> {
        let state = journal.state.as_deref();
        let (daemon_context, state) =
            context.daemon_context(Role::Client, "jobs", state, transport).await?;
        Ok((daemon_context, Self::beside(&state)?))
    }

    /// As [`JobFolder::open`], for a command that sends no messages.
    pub(crate) async fn open_offline(
        context: &Context,
        journal: &JournalArgs,
    ) -> Result<(DaemonContext, Self), CliError> {
        Self::open(context, journal, Arc::new(InMemoryTransport::default())).await
    }

    /// The folder beside a state file.
    ///
    /// # Errors
    /// [`CliError::Write`].
    pub(crate) fn beside(state: &Path) -> Result<Self, CliError> {
        Self::at(with_suffix(state, ".files"))
    }

    /// A folder, which is created if it does not exist.
    pub(crate) fn at(path: PathBuf) -> Result<Self, CliError> {
        let created = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        created.map_err(|source| CliError::Write { path: path.clone(), source })?;
        let blobs = BlobStore::open(path.join("blobs"))?;
        Ok(Self { path, blobs })
    }

    /// Where evidence is kept.
    pub(crate) fn evidence(&self) -> PathBuf {
        self.path.clone()
    }

    /// Runs jobs on this machine.
    ///
    /// # Errors
    /// [`CliError::JobCommand`].
    pub(crate) fn local_runner(&self) -> Result<LocalRunner, CliError> {
        Ok(LocalRunner::new(self.path.join("modules"), self.blobs.clone())?)
    }
}
