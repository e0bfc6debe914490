//! What a command can fail with, and the exit code for it.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use alloy::primitives::Address;
use metrics_exporter_prometheus::BuildError;
use muster_client::{AmountError, Application, BoxError, MarketError, NodeError, ProgramError};
use muster_daemons::tester::ProbeFailure;
use muster_daemons::{DaemonError, StoreError};
use muster_messaging::MessageError;
use muster_relay::RelayError;

use crate::account::PrivateKeyError;

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The market, or the way to it.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// A program that cannot be deployed.
    #[error("{path}: {source}")]
    Program {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ProgramError,
    },
    /// A program that is another one.
    #[error("the code at {address} is not the program in {}", file.display())]
    OtherProgram {
        /// Where the code is.
        address: Address,
        /// The module.
        file: PathBuf,
    },
    /// A file that cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that would be overwritten.
    #[error("{0} is there already: name another file")]
    AlreadyExists(PathBuf),
    /// A node that cannot be reached under what is given as its URL, which may hold a key.
    #[error(
        "a node's URL begins with http://, https://, ws:// or wss://: `muster config` shows who gave another one"
    )]
    NodeUrl,
    /// A contract that is not compiled.
    #[error(
        "{0} is not there: build the contracts with scripts/wasm, or deploy the embedded ones by giving no file"
    )]
    NoWasm(PathBuf),
    /// A file whose contents make no sense.
    #[error("{path}, line {line}: {expected}")]
    BadFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What should be there.
        expected: &'static str,
    },
    /// A file with settings that makes no sense.
    #[error("{path}: {source}")]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: BoxError,
    },
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    Input(io::Error),
    /// What was read is no key.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
    /// A file that is taken for a keystore.
    #[error(
        "{0} is no keystore: it must be a V3 file, as `muster key new`, geth and cast write it"
    )]
    NoKeystore(PathBuf),
    /// A keystore that does not open.
    #[error("this password does not open the keystore {path}, or it is damaged: {source}")]
    Keystore {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: BoxError,
    },
    /// A keystore without a password.
    #[error("the keystore needs a password: give --password-file, or set MUSTER_PASSWORD")]
    NoPassword,
    /// A command that signs, and nobody to sign.
    #[error("this needs an account: give --account (on a dev chain), --keystore or --key")]
    NoAccount,
    /// A dev account where money is real.
    #[error(
        "chain {0} is public, and everybody knows the keys of dev accounts: give --keystore or --key"
    )]
    DevAccountInPublic(u64),
    /// No market is known for the chain.
    #[error(
        "no market is known on chain {chain_id}: deploy one with `muster deploy`, or give --market (looked into {path})"
    )]
    NoMarket {
        /// The chain.
        chain_id: u64,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The agreement has no window now.
    #[error(
        "the agreement is {state} at tick {now}, so there is nothing to probe: it must be running"
    )]
    NoWindow {
        /// Its state.
        state: &'static str,
        /// The market's clock.
        now: u64,
    },
    /// The tester has no seat now.
    #[error("{account} holds no seat in window {window} (its windows: {seats}): probe in those")]
    NoSeat {
        /// The tester.
        account: Address,
        /// The window of now.
        window: u8,
        /// The windows in which it holds one.
        seats: Box<str>,
    },
    /// The window ended meanwhile.
    #[error("window {0} ended before all answers were there: nothing was written down")]
    WindowOver(u8),
    /// A worker that the agreement does not have.
    #[error("{0} is none of the agreement's workers: see `muster agreement show`")]
    NotItsWorker(Box<str>),
    /// A worker that is not registered.
    #[error("no worker is registered as {0}: see `muster workers`")]
    NoWorker(Box<str>),
    /// A state file without anything to report on the agreement.
    #[error(
        "the state file {path} says nothing about agreement {agreement}: probe first, or give --entry"
    )]
    NothingObserved {
        /// The file.
        path: PathBuf,
        /// The agreement.
        agreement: Address,
    },
    /// An application whose workers cannot be judged.
    #[error("there is no check for {0}: give one in the file of --checks, or one for all")]
    NoCheck(Application),
    /// A file of checks that makes no sense.
    #[error("{path}: {source}")]
    Checks {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<toml::de::Error>,
    },
    /// A state file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An agreement that is past what was waited for.
    #[error("agreement {agreement} is {state} now: what was waited for is over")]
    WaitMissed {
        /// The agreement.
        agreement: Address,
        /// Its state.
        state: &'static str,
    },
    /// A service that does not do what it should.
    #[error("the service at {url} failed: {failure}")]
    Service {
        /// Where it is.
        url: Box<str>,
        /// What was wrong.
        failure: ProbeFailure,
    },
    /// The HTTP client does not start.
    #[error("the HTTP client does not start: {0}")]
    Http(#[from] reqwest::Error),
    /// An address that cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: Box<str>,
        /// What the system says.
        source: io::Error,
    },
    /// Messages: a relay that does not start, or no way to others' relays.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// A relay that cannot start.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// A program that is left alone cannot go on.
    #[error(transparent)]
    Daemon(DaemonError),
    /// The numbers of a program cannot be collected.
    #[error("the metrics are not collected: {0}")]
    Metrics(BuildError),
    /// The dev chain cannot run.
    #[error(transparent)]
    Devnode(#[from] stylus_devnode::command::RunError),
    /// Amounts that do not add up.
    #[error("the books do not balance: see the lines marked `no` above")]
    LedgerUnbalanced,
    /// An agreement that is not settled.
    #[error("agreement {agreement} is {state}, and its ledger closes when it is settled")]
    NotSettled {
        /// The agreement.
        agreement: Address,
        /// Its state.
        state: &'static str,
    },
    /// No worker has said where it serves.
    #[error("no worker of agreement {0} says where it serves: is --relay one that they use?")]
    NoEndpoint(Address),
    /// Standard output is closed or full.
    #[error("cannot write the answer: {0}")]
    Output(io::Error),
    /// Amounts that leave 128 bits.
    #[error(transparent)]
    Amount(#[from] AmountError),
}

impl From<DaemonError> for CliError {
    fn from(error: DaemonError) -> Self {
        match error {
            DaemonError::Market(error) => Self::Market(error),
            DaemonError::Message(error) => Self::Message(error),
            other => Self::Daemon(other),
        }
    }
}

impl CliError {
    /// The process's exit code: 1, since what is wrong with the command line itself never gets here.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            // Whoever closed the pipe has seen enough.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }

    /// What to do about it beyond what the error itself says.
    pub(crate) const fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Market(MarketError::Node(NodeError::Unreachable { .. })) => {
                Some("`muster devnode` starts one, --rpc names another")
            }
            Self::Market(MarketError::NoContract(_) | MarketError::InterfaceMismatch { .. }) => {
                Some("`muster deploy` makes a market, --market names another")
            }
            _ => None,
        }
    }
}
