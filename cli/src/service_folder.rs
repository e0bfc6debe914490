//! Where the services of an account are: the record that all processes share, and a folder beside it with their components
//! and state files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_compute::{Digest, Variable};
use muster_compute_http::{ServiceDocument, Settings, check_component};
use muster_daemons::client::ServiceManager;
use muster_daemons::{
    CheckedAnswer, CopyOptions, ServiceAnswer, ServiceCheck, ServiceChecks, ServiceRecord,
    answer_checks,
};

use crate::context::Context;
use crate::error::{CliError, ServiceCommandError};
use crate::jobs::folder::JobFolder;
use crate::options::service::{CheckArgs, ComponentArgs, RecordArgs};
use crate::output::print_note;
use crate::program_file::with_suffix;

/// The longest time of a response that testers wait for.
const LONGEST_CHECK: Duration = Duration::from_secs(10);

/// The services of an account.
#[derive(Clone, Debug)]
pub(crate) struct ServiceFolder {
    /// What they are, and what runs where.
    pub(crate) record: ServiceRecord,
    /// The folder beside it.
    path: PathBuf,
}

impl ServiceFolder {
    /// The services of the account.
    ///
    /// # Errors
    /// Those of node and account; [`CliError::Write`].
    pub(crate) async fn open(context: &Context, args: &RecordArgs) -> Result<Self, CliError> {
        let path = match &args.services {
            Some(path) => path.clone(),
            None => context.account_file("services", "json").await?,
        };
        Ok(Self { record: ServiceRecord::new(path.clone()), path: with_suffix(&path, ".files") })
    }

    /// Checks a component, keeps it, and returns the document of a service with it.
    ///
    /// # Errors
    /// [`ServiceCommandError::Component`] and [`ServiceCommandError::Document`] for what no worker runs; [`CliError::Read`].
    pub(crate) fn add(
        &self,
        path: &Path,
        args: &ComponentArgs,
    ) -> Result<ServiceDocument, CliError> {
        let unreadable = |source| CliError::Read { path: path.into(), source };
        let wasm = fs::read(path).map_err(unreadable)?;
        check_component(&wasm).map_err(|source| ServiceCommandError::Component {
            path: path.into(),
            source: Box::new(source),
        })?;
        let mut document = ServiceDocument::new(Digest::of(&wasm));
        let variable = |(name, value): &(String, String)| Variable {
            name: name.clone(),
            value: value.clone(),
        };
        document.environment = args.env.iter().map(variable).collect();
        document.limits = args.limits();
        let allowed = Settings::new("").limits;
        document.check(&allowed).map_err(|error| ServiceCommandError::Document(Box::new(error)))?;
        JobFolder::at(self.path.clone())?.blobs.put(&wasm)?;
        Ok(document)
    }

    /// The file of a component that was added.
    ///
    /// # Errors
    /// [`CliError::Write`].
    pub(crate) fn component(&self, component: &Digest) -> Result<PathBuf, CliError> {
        Ok(JobFolder::at(self.path.clone())?.blobs.path(component))
    }

    /// The checks of a service that was added: those of the file, or that the path `/` is answered as here. Every check is
    /// requested here first. Without a file, a component that testers cannot compare has none, which is said.
    ///
    /// # Errors
    /// [`ServiceCommandError::Checks`], [`ServiceCommandError::Copy`] and [`ServiceCommandError::WrongCheck`]; [`CliError::Read`].
    pub(crate) async fn checks(
        &self,
        document: &ServiceDocument,
        args: &CheckArgs,
    ) -> Result<Option<ServiceChecks>, CliError> {
        let read = |path: &Path| {
            fs::read(path).map_err(|source| CliError::Read { path: path.into(), source })
        };
        let service = document.clone();
        let checks = match &args.checks {
            None => ServiceChecks { service, checks: vec![ServiceCheck::of_path("/")] },
            Some(path) => ServiceChecks::of_list(service, &read(path)?)
                .map_err(|source| ServiceCommandError::Checks { path: path.clone(), source })?,
        };
        let settings = Settings::new("");
        let options = CopyOptions {
            folder: self.path.join("copies"),
            memory: settings.limits.memory,
            compile: settings.compile,
            program: None,
            response: LONGEST_CHECK,
        };
        let component = read(&self.component(&document.component)?)?;
        let answers = match answer_checks(&options, &checks, component).await {
            Ok(answers) => answers,
            Err(error) if args.checks.is_some() => {
                return Err(ServiceCommandError::Copy(error).into());
            }
            Err(error) => {
                print_note(format_args!("testers do not check the service: {error}"));
                return Ok(None);
            }
        };
        for (number, CheckedAnswer { check, answer }) in (1..).zip(answers) {
            let wrong =
                |found| ServiceCommandError::WrongCheck { number, path: check.path.clone(), found };
            match answer {
                Some(answer) if !check.accepts(&answer) => {
                    let ServiceAnswer { status, sha256 } = answer;
                    return Err(wrong(format!("status {status}, SHA-256 {sha256}")).into());
                }
                None if args.checks.is_some() => {
                    let found =
                        "it is too slow or too long, or fails, so that testers cannot use it";
                    return Err(wrong(found.to_owned()).into());
                }
                _ => {}
            }
        }
        Ok(Some(checks))
    }

    /// The state file of a service, which one process at a time serves.
    pub(crate) fn state(&self, id: Digest) -> PathBuf {
        self.path.join(format!("{id}.db"))
    }
}

/// What manages the account's services at their workers.
///
/// # Errors
/// Those of node, account and relays.
pub(crate) async fn manager(context: &Context) -> Result<ServiceManager, CliError> {
    let market = context.signing_market().await?;
    let signer = context.signer(market.node().chain_id())?;
    Ok(ServiceManager::new(signer, market, context.transport()?, context.proxy())?)
}
