//! Options for how workers are checked.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use alloy::primitives::B256;
use clap::{Args, ValueEnum};
use futures::future::try_join_all;
use muster_daemons::checks::{Check, Checks, CommandCheck, HttpCheck};

use crate::application::DocumentArg;
use crate::clock;
use crate::error::CliError;
use crate::options::heading;

/// How workers are checked: by a page, unless another check is named.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct CheckOptions {
    /// TOML file with a check for each application: a table by its name, or "*" for all others, with kind = "http" and
    /// path, paths, post, status, contains, sha256; kind = "factor"; or kind = "command" with run and path
    #[arg(long, value_name = "FILE", conflicts_with_all = ["check", "check_command", "post", "status", "expect", "digest"])]
    checks: Option<PathBuf>,

    /// Application document: workers of that application are checked as it says, before all other checks; repeat it for several
    #[arg(long, value_name = "FILE|URL")]
    application: Vec<DocumentArg>,

    /// Ask a question whose answer can be verified, instead of reading a page
    #[arg(long, value_enum, conflicts_with_all = ["check_command", "post", "status", "expect", "digest"])]
    check: Option<BuiltinCheck>,

    /// Shell command that succeeds if the service works; its environment has `MUSTER_URL`, `MUSTER_TOKEN` and
    /// `MUSTER_SESSION`
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["post", "status", "expect", "digest"])]
    check_command: Option<String>,

    /// Path of the page below the service's URL; with --check-command, the path that returns a receipt
    #[arg(long, value_name = "PATH", default_value = "/health")]
    path: String,

    /// Further path that clients request, to be answered with success; repeat it for several. Each probe takes one of all
    /// paths at random
    #[arg(long, value_name = "PATH")]
    also: Vec<String>,

    /// Send a POST request with this body instead of a GET request
    #[arg(long, value_name = "TEXT")]
    post: Option<String>,

    /// Status that the response must have [default: any of success]
    #[arg(long, value_name = "CODE")]
    status: Option<u16>,

    /// Text that the response must contain
    #[arg(long, value_name = "TEXT")]
    expect: Option<String>,

    /// SHA-256 digest that the response's body must have
    #[arg(long, value_name = "DIGEST")]
    digest: Option<B256>,

    /// Milliseconds within which a response must come; one that takes longer does not count
    #[arg(long, value_name = "MS|TIME", value_parser = clock::milliseconds, default_value_t = 2_000)]
    timeout: u64,
}

/// A question whose answer can be verified.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum BuiltinCheck {
    /// The prime factors of a random number, as `muster example factor` serves them
    Factor,
}

impl CheckOptions {
    /// How long to wait for a response.
    pub(crate) const fn timeout_duration(&self) -> Duration {
        Duration::from_millis(self.timeout)
    }

    /// The check of each application.
    ///
    /// # Errors
    /// [`CliError::Read`] or [`CliError::Checks`], about the file; those of a document.
    pub(crate) async fn checks(self) -> Result<Checks, CliError> {
        let documents = try_join_all(self.application.iter().map(DocumentArg::read)).await?;
        Ok(self.other_checks()?.with_documents(documents))
    }

    /// The checks of applications that have no document.
    fn other_checks(self) -> Result<Checks, CliError> {
        let Self { checks, check, check_command, path, also, post, status, expect, digest, .. } =
            self;
        if let Some(file) = checks {
            return read_checks(file);
        }
        Ok(Checks::all(match (check, check_command) {
            (Some(BuiltinCheck::Factor), _) => Check::Factor,
            (None, Some(run)) => Check::Command(CommandCheck { run, path }),
            (None, None) => Check::Http(HttpCheck {
                path,
                paths: also,
                post,
                status,
                contains: expect,
                sha256: digest,
            }),
        }))
    }
}

/// The checks in a file.
fn read_checks(path: PathBuf) -> Result<Checks, CliError> {
    match fs::read_to_string(&path) {
        Ok(text) => toml::from_str(&text)
            .map_err(|source| CliError::Checks { path, source: Box::new(source) }),
        Err(source) => Err(CliError::Read { path, source }),
    }
}
