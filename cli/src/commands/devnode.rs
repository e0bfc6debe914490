//! `muster devnode`: an Arbitrum dev chain in this process.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use stylus_devnode::{CHAIN_ID, Config, DEFAULT_PORT, Devnode};
use tokio::signal::unix::{SignalKind, signal};

use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::output::Cell;

/// Options of `muster devnode`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster devnode\n  muster devnode --port 0 --state chain.json --json"
)]
pub(crate) struct Options {
    /// Address to listen on; everybody knows the keys of all accounts, so think before you open it to others
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    host: IpAddr,

    /// Port to listen on, for HTTP and WebSocket; 0 is any free one
    #[arg(long, default_value_t = DEFAULT_PORT)]
    port: u16,

    /// Milliseconds between two blocks [default: a block for each transaction]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    block_time: Option<u64>,

    /// File that keeps the chain: read at the start, saved soon after every change and at the end
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

/// Runs the chain until SIGINT or SIGTERM.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { host, port, block_time, state } = options;
    let block_time = block_time.map(Duration::from_millis);
    let mut terminate = signal(SignalKind::terminate()).map_err(CliError::Signals)?;

    let config = Config { host, port, block_time, state, ..Config::default() };
    let node = Devnode::start(config).await.map_err(|source| CliError::Devnode {
        address: format!("{host}:{port}").into(),
        source: Box::new(source),
    })?;
    let mut fields = vec![
        ("rpc", Cell::text(node.url())),
        ("websocket", Cell::text(node.ws_url())),
        ("chain_id", Cell::count(CHAIN_ID)),
    ];
    if let Some(account) = node.accounts().first() {
        fields.push(("dev_account", Cell::text(account.address)));
        fields.push(("dev_key", Cell::text(account.key)));
    }
    context.print_ready(fields)?;

    tokio::select! {
        ended = tokio::signal::ctrl_c() => ended.map_err(CliError::Signals)?,
        _ = terminate.recv() => {}
    }
    node.stop().await.map_err(CliError::State)
}
