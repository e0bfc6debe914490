//! What a right answer is, from the command line.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use alloy::primitives::B256;
use clap::{Args, ValueEnum};
use muster_daemons::tester::{Check, Checks, CommandCheck, HttpCheck};

use crate::error::CliError;

/// How workers are checked: by a page, unless something else is said.
#[derive(Debug, Args)]
pub(crate) struct CheckOptions {
    /// File with a check for each application, in TOML: a table by the application's name, or "*" for all others, with
    /// kind = "http" and what the options below are called (path, post, status, contains, sha256), kind = "factor",
    /// or kind = "command" with run and path
    #[arg(long, value_name = "FILE", conflicts_with_all = ["check", "check_command", "post", "status", "expect", "digest"])]
    checks: Option<PathBuf>,

    /// A question with an answer that can be checked, in place of a page
    #[arg(long, value_enum, conflicts_with_all = ["check_command", "post", "status", "expect", "digest"])]
    check: Option<BuiltinCheck>,

    /// Command for the shell that succeeds if the service does what it should: it finds `MUSTER_URL`, `MUSTER_TOKEN`
    /// and `MUSTER_SESSION` in its environment
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["post", "status", "expect", "digest"])]
    check_command: Option<String>,

    /// Path of the page, behind the service's URL; with a command, that from which a receipt is got
    #[arg(long, value_name = "PATH", default_value = "/health")]
    path: String,

    /// Text to post; without it, the page is got
    #[arg(long, value_name = "TEXT")]
    post: Option<String>,

    /// Status that the answer must have; without it, any of success
    #[arg(long, value_name = "CODE")]
    status: Option<u16>,

    /// Text that the answer must contain
    #[arg(long, value_name = "TEXT")]
    expect: Option<String>,

    /// SHA-256 digest that the answer must have
    #[arg(long, value_name = "DIGEST")]
    digest: Option<B256>,

    /// How long to wait for an answer
    #[arg(long, value_name = "MS", default_value_t = 2_000)]
    timeout: u64,
}

/// A question with an answer that can be checked.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum BuiltinCheck {
    /// The prime factors of a random number, from `muster serve`
    Factor,
}

impl CheckOptions {
    /// How long to wait for an answer.
    pub(crate) const fn timeout_duration(&self) -> Duration {
        Duration::from_millis(self.timeout)
    }

    /// The check of each application.
    pub(crate) fn checks(self) -> Result<Checks, CliError> {
        let Self { checks, check, check_command, path, post, status, expect, digest, .. } = self;
        if let Some(file) = checks {
            return read_checks(file);
        }
        Ok(Checks::all(match (check, check_command) {
            (Some(BuiltinCheck::Factor), _) => Check::Factor,
            (None, Some(run)) => Check::Command(CommandCheck { run, path }),
            (None, None) => {
                Check::Http(HttpCheck { path, post, status, contains: expect, sha256: digest })
            }
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
