//! `muster devnode`: an Arbitrum dev chain in this process.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use stylus_devnode::{CHAIN_ID, Config, DEFAULT_PORT, Devnode};
use tokio::signal::unix::{SignalKind, signal};

use crate::context::Context;
use crate::error::CliError;
use crate::output::Cell;

/// What can be chosen.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Address to listen on; every account's key is known, so think before you open it to others
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    host: IpAddr,

    /// Port to listen on, for HTTP and WebSocket; 0 is any free one
    #[arg(long, default_value_t = DEFAULT_PORT)]
    port: u16,

    /// Make a block every so many milliseconds; without it, only when a transaction arrives
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    block_time: Option<u64>,

    /// Keep the chain in a file: go on with what is there, save soon after every change and at the end
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

/// Runs the chain until it is told to end.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { host, port, block_time, state } = options;
    let block_time = block_time.map(Duration::from_millis);
    let unable = |source| CliError::Listen { address: "signals".into(), source };
    let mut terminate = signal(SignalKind::terminate()).map_err(unable)?;

    let config = Config { host, port, block_time, state, ..Config::default() };
    let node = Devnode::start(config).await.map_err(|source| CliError::Devnode {
        address: format!("{host}:{port}").into(),
        source: Box::new(source),
    })?;
    let mut facts = vec![
        ("rpc", Cell::text(node.url())),
        ("websocket", Cell::text(node.ws_url())),
        ("chain_id", Cell::count(CHAIN_ID)),
    ];
    if let Some(account) = node.accounts().first() {
        facts.push(("dev_account", Cell::text(account.address)));
        facts.push(("dev_key", Cell::text(account.key)));
    }
    context.print_ready(facts)?;

    tokio::select! {
        ended = tokio::signal::ctrl_c() => ended.map_err(unable)?,
        _ = terminate.recv() => {}
    }
    node.stop().await.map_err(CliError::State)
}
