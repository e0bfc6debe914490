//! The command line of a dev chain: options, and running until a signal. Feature `cli`.
//!
//! The binary `devnode` and commands of other programs share it, so that both behave alike.

use std::{io, net::IpAddr, path::PathBuf, time::Duration};

use alloy::primitives::{Address, B256};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    ArbosVersion, CHAIN_ID, Config, DEFAULT_PORT, DEV_ADDRESS, DEV_KEY, Devnode, Network,
    StartError, StateError,
};

/// Options of a dev chain.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "This command")]
pub struct Options {
    /// Address to listen on; the keys of all accounts are public, so keep it local
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    host: IpAddr,

    /// Port for HTTP and WebSocket; 0 picks a free one
    #[arg(long, default_value_t = DEFAULT_PORT)]
    port: u16,

    /// Mine a block every so many milliseconds, besides those for transactions
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    block_time: Option<u64>,

    /// Unix second at which a new chain starts, from which its clock runs on; otherwise now
    #[arg(long, value_name = "SECONDS")]
    timestamp: Option<u64>,

    /// Version of ArbOS of a new chain; a state file keeps its own
    #[arg(long, value_name = "VERSION", value_enum, default_value_t)]
    arbos: ArbosVersion,

    /// The network whose fees and parameters a new chain has
    #[arg(long, value_name = "NETWORK", value_enum, default_value_t)]
    network: Network,

    /// Wei per unit of data on the parent chain, 16 units per compressed byte; otherwise that of the
    /// network
    #[arg(long, value_name = "WEI")]
    l1_fee: Option<u64>,

    /// Seconds between blocks of the parent chain, whose height is `block.number`; 0 stops it;
    /// otherwise those of the network
    #[arg(long, value_name = "SECONDS")]
    l1_block_time: Option<u64>,

    /// Keep the chain in a file: load it at the start, save it after every change and at the end
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

/// What a user needs to connect to a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ready {
    /// URL of the HTTP endpoint.
    pub rpc: String,
    /// URL of the WebSocket endpoint.
    pub websocket: String,
    /// Id of the chain.
    pub chain_id: u64,
    /// The dev account.
    pub dev_account: Address,
    /// Private key of the dev account.
    pub dev_key: B256,
}

/// Why a dev chain cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The chain cannot start.
    #[error("cannot start the dev chain on {address}: {source}")]
    Start {
        /// Address to listen on.
        address: Box<str>,
        /// The reason.
        source: Box<StartError>,
    },
    /// The process cannot handle signals.
    #[error("cannot handle signals: {0}")]
    Signals(#[source] io::Error),
    /// The last changes cannot be saved.
    #[error("cannot save the chain state: {0}")]
    State(#[source] StateError),
}

/// Runs a dev chain until SIGINT or SIGTERM, then saves its state.
///
/// Calls `ready` once the chain answers requests; its error stops the chain.
///
/// # Errors
/// See [`RunError`], and the error of `ready`.
pub async fn run<E: From<RunError>>(
    options: Options,
    ready: impl FnOnce(Ready) -> Result<(), E>,
) -> Result<(), E> {
    let Options { host, port, block_time, timestamp, arbos, network, l1_fee, l1_block_time, state } =
        options;
    let block_time = block_time.map(Duration::from_millis);
    let l1_block_time = l1_block_time.map(Duration::from_secs);
    let mut terminate = signal(SignalKind::terminate()).map_err(RunError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(RunError::Signals)?;

    let config = Config {
        host,
        port,
        block_time,
        genesis: timestamp,
        arbos,
        network,
        l1_fee,
        l1_block_time,
        state,
        ..Config::default()
    };
    let node = Devnode::start(config).await.map_err(|source| RunError::Start {
        address: format!("{host}:{port}").into(),
        source: Box::new(source),
    })?;
    ready(Ready {
        rpc: node.url(),
        websocket: node.ws_url(),
        chain_id: CHAIN_ID,
        dev_account: DEV_ADDRESS,
        dev_key: DEV_KEY,
    })?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("shutting down");
    Ok(node.stop().await.map_err(RunError::State)?)
}
