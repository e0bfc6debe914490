//! `devnode`: an Arbitrum dev chain as a process.
//!
//! Prints how to connect to standard output, everything else to standard error. Exits with 0 after
//! SIGINT or SIGTERM, with 1 if the chain cannot run, and with 2 if the command line is invalid.

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use serde_json::json;
use stylus_devnode::command::{self, Options, Ready, RunError};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// The variable with the log level: `error`, `warn`, `info`, `debug`, `trace` or `off`.
const LOG_LEVEL: &str = "DEVNODE_LOG";

/// The crate whose logs are shown at that level; other crates only warn.
const TARGET: &str = "stylus_devnode";

/// Run an Arbitrum dev chain with EVM contracts and Stylus programs
#[derive(Debug, Parser)]
#[command(name = "devnode", version, after_help = EXAMPLES)]
struct Cli {
    /// How the chain runs.
    #[command(flatten)]
    options: Options,

    /// Print one line of JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Examples at the end of the help.
const EXAMPLES: &str = "\
Examples:
  devnode                             a chain on http://127.0.0.1:8547
  devnode --port 0 --json             on any free port, for scripts
  devnode --state chain.bin           keep the chain in a file
  devnode --accounts 3 --balance 50   fewer accounts, with 50 ether each
  devnode --chain-id 1337 --no-mining another chain id, and blocks on request
  devnode --arbos 51                  an older version of ArbOS
  devnode --network arbitrum-one      with the fees of Arbitrum One
  DEVNODE_LOG=debug devnode           more logs on standard error";

/// Why the process fails.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// The chain cannot run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { options, json } = Cli::parse();
    let is_quiet = options.is_quiet();
    start_logs(is_quiet);
    let print = |ready| if is_quiet { Ok(()) } else { print_ready(&ready, json) };
    match command::run(options, print).await {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has closed the pipe because it has read enough.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes logs to standard error, unless told otherwise only errors if the chain is to be quiet.
fn start_logs(is_quiet: bool) {
    let level = env::var(LOG_LEVEL).ok().and_then(|level| level.parse().ok());
    let default = if is_quiet { LevelFilter::ERROR } else { LevelFilter::INFO };
    let level = level.unwrap_or(default);
    let targets =
        Targets::new().with_default(LevelFilter::WARN.min(level)).with_target(TARGET, level);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(targets).with(lines).init();
}

/// Prints how to connect.
fn print_ready(ready: &Ready, json: bool) -> Result<(), Error> {
    let Ready { rpc, websocket, chain_id, .. } = ready;
    let (account, key) = (ready.dev_account.to_string(), ready.dev_key.to_string());
    let mut out = io::stdout().lock();
    if json {
        let accounts: Vec<_> = ready
            .accounts
            .iter()
            .map(|account| json!({"address": account.address.to_string(), "key": account.key}))
            .collect();
        let line = json!({
            "event": "ready",
            "rpc": rpc,
            "websocket": websocket,
            "chain_id": chain_id,
            "dev_account": account,
            "dev_key": key,
            "accounts": accounts,
        });
        writeln!(out, "{line}")?;
    } else {
        writeln!(out, "rpc          {rpc}")?;
        writeln!(out, "websocket    {websocket}")?;
        writeln!(out, "chain id     {chain_id}")?;
        writeln!(out, "dev account  {account}")?;
        writeln!(out, "dev key      {key}")?;
        for account in &ready.accounts {
            writeln!(out, "account      {}  key {}", account.address, account.key)?;
        }
    }
    Ok(out.flush()?)
}
