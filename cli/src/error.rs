//! Errors of commands, in an operator's words: what is wrong, and what to do.

use std::io;
use std::path::PathBuf;

use alloy::primitives::Address;
use metrics_exporter_prometheus::BuildError;
use muster_client::{AmountError, Application, BoxError, MarketError, ProgramError};
use muster_daemons::checks::ProbeFailure;
use muster_daemons::tester::ReferenceError;
use muster_daemons::{DaemonError, StoreError};
use muster_gateway::TlsError;
use muster_index::IndexError;
use muster_index_api::WebhookError;
use muster_job_api::HostError;
use muster_local_api::{LocalApiError, TokenFileError};
use muster_messaging::MessageError;
use muster_relay::RelayError;

pub(crate) use self::application_command::ApplicationCommandError;
pub(crate) use self::job_command::JobCommandError;
pub(crate) use self::key::KeyError;
pub(crate) use self::probe_command::ProbeCommandError;
pub(crate) use self::profile_command::ProfileCommandError;
pub(crate) use self::service_command::ServiceCommandError;
use crate::clock::ClockError;
use crate::purchase_error::NamedPurchaseError;

mod application_command;
mod conversion;
mod job_command;
mod key;
mod outcome;
mod probe_command;
mod profile_command;
mod service_command;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The market, or the node.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// A time that the market's clock does not have.
    #[error(transparent)]
    Clock(ClockError),
    /// Needs of a role that are not there.
    #[error("{wrong} of {all} checks found something wrong: the output says what to do")]
    Unready {
        /// How many found something wrong.
        wrong: usize,
        /// How many there were.
        all: usize,
    },
    /// Comma-separated values that cannot be written.
    #[error("cannot write comma-separated values: {0}")]
    Csv(#[from] csv::Error),
    /// A name that no address has.
    #[error("no address is called {0}: see `muster alias list`")]
    NoAlias(Box<str>),
    /// No folder for the user's own files.
    #[error("the environment names no folder for settings: set HOME, or XDG_CONFIG_HOME")]
    NoUserFolder,
    /// A transaction that somebody did not want.
    #[error("nothing was sent")]
    Declined,
    /// A program that cannot be deployed.
    #[error("{path}: {source}")]
    Program {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: ProgramError,
    },
    /// Another program than the expected one.
    #[error("the code at {address} is not the program in {}", file.display())]
    OtherProgram {
        /// Where the code is.
        address: Address,
        /// The compiled contract.
        file: PathBuf,
    },
    /// A file that cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file that the command does not overwrite.
    #[error("{0} exists already: name another file")]
    AlreadyExists(PathBuf),
    /// A URL that cannot be a node's. It is not repeated, because it may contain a key.
    #[error(
        "a node's URL begins with http://, https://, ws:// or wss://: `muster config` shows where the setting rpc comes from"
    )]
    NodeUrl,
    /// A contract that is not compiled.
    #[error(
        "{0} is not there: build the contracts with scripts/wasm, or deploy the embedded ones by giving no file"
    )]
    NoWasm(PathBuf),
    /// A file with invalid content.
    #[error("{path}, line {line}: {expected}")]
    BadFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The expected content.
        expected: &'static str,
    },
    /// An invalid file of settings.
    #[error("{path}: {source}")]
    Config {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: BoxError,
    },
    /// A purchase whose name was used for something else.
    #[error(transparent)]
    NamedPurchase(#[from] NamedPurchaseError),
    /// An unknown level of logs.
    #[error("MUSTER_LOG is {0:?}, and must be one of off, error, warn, info, debug and trace")]
    LogLevel(Box<str>),
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    Input(io::Error),
    /// A key that cannot be used, or no account.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No market is configured or recorded for the chain.
    #[error(
        "no market is known on chain {chain_id}: deploy one with `muster deploy`, or give --market (looked into {path})"
    )]
    NoMarket {
        /// The chain.
        chain_id: u64,
        /// The file with the record.
        path: PathBuf,
    },
    /// An account that is no worker of the agreement.
    #[error("{0} is none of the agreement's workers: see `muster agreement show`")]
    NotItsWorker(Box<str>),
    /// A worker that is not registered.
    #[error("no worker is registered as {0}: see `muster worker list`")]
    NoWorker(Box<str>),
    /// A probe or a report by hand.
    #[error(transparent)]
    Probe(#[from] ProbeCommandError),
    /// A transaction or call that cannot be profiled.
    #[error(transparent)]
    Profile(#[from] ProfileCommandError),
    /// An application document that cannot be used.
    #[error(transparent)]
    Application(#[from] ApplicationCommandError),
    /// An application without a check.
    #[error(
        "the application {0} has no check: add one to the file of --checks, or one for all others, \"*\""
    )]
    NoCheck(Application),
    /// An invalid file of checks.
    #[error("{path}: {source}")]
    Checks {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<toml::de::Error>,
    },
    /// This machine cannot run jobs.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A state file that cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An agreement that is past the awaited state or window.
    #[error("agreement {agreement} is {state} now: the awaited state or window is over")]
    WaitMissed {
        /// The agreement.
        agreement: Address,
        /// Its state.
        state: &'static str,
    },
    /// A service that does not answer as it should.
    #[error("the service at {url} failed: {failure}")]
    Service {
        /// Its URL.
        url: Box<str>,
        /// The cause.
        failure: ProbeFailure,
    },
    /// A worker without a service.
    #[error(
        "the worker needs something to serve: give --upstream or --exec, or --compute to run jobs of clients"
    )]
    NoService,
    /// A certificate that cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A worker that cannot run jobs.
    #[error("{0}: choose another --job-folder if the folder is the reason")]
    JobHost(#[from] HostError),
    /// The HTTP client cannot start.
    #[error("cannot start the HTTP client: {0}")]
    Http(#[from] reqwest::Error),
    /// An address that cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: Box<str>,
        /// The cause.
        source: io::Error,
    },
    /// Signals of the system that cannot be received.
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
    /// A relay that does not start, or relays that cannot be used.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// A relay that cannot start.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// An index that cannot be opened.
    #[error(transparent)]
    Index(IndexError),
    /// Webhooks that cannot be used.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// A local API that does not start.
    #[error(transparent)]
    LocalApi(#[from] LocalApiError),
    /// Tokens that cannot be read or changed.
    #[error(transparent)]
    Tokens(#[from] TokenFileError),
    /// A daemon that cannot continue.
    #[error(transparent)]
    Daemon(DaemonError),
    /// Metrics that cannot be collected.
    #[error("cannot collect metrics: {0}")]
    Metrics(BuildError),
    /// A dev chain that cannot run.
    #[error(transparent)]
    Devnode(#[from] stylus_devnode::command::RunError),
    /// A ledger that does not balance.
    #[error("the ledger does not balance: see the lines marked `no` above")]
    LedgerUnbalanced,
    /// An agreement that is not settled.
    #[error("agreement {agreement} is {state}: wait until it is settled")]
    NotSettled {
        /// The agreement.
        agreement: Address,
        /// Its state.
        state: &'static str,
    },
    /// No worker has sent its endpoint.
    #[error("no worker of agreement {0} has sent its endpoint: use a --relay that its workers use")]
    NoEndpoint(Address),
    /// A job that cannot be run, bought or verified.
    #[error(transparent)]
    JobCommand(#[from] JobCommandError),
    /// A service that cannot be brought, seen or ended.
    #[error(transparent)]
    ServiceCommand(#[from] ServiceCommandError),
    /// A program that failed, with one file or some of many.
    #[error("{reason}")]
    ProgramFailed {
        /// The exit code.
        code: u8,
        /// Where it failed and how it ended, as a sentence.
        reason: String,
    },
    /// A command that was interrupted.
    #[error("interrupted: repeat the command to go on")]
    Interrupted,
    /// A command that runs programs, and has no result to exit with.
    #[error(transparent)]
    WithoutResult(Box<Self>),
    /// Standard output is closed or full.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    /// An amount that 128 bits cannot hold.
    #[error(transparent)]
    Amount(#[from] AmountError),
}
