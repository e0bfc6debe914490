//! The command line of a dev chain: options, and running until a signal. Feature `cli`.
//!
//! The binary `devnode` and commands of other programs share it, so that both behave alike.

mod accounts;
mod config_out;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use alloy::primitives::{Address, B256};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    Account, ArbosVersion, CHAIN_ID, Config, DEFAULT_PORT, DEV_ADDRESS, DEV_KEY, Devnode, Network,
    NodeStopped, StartError, StateError, TransactionOrder,
};

use accounts::AccountOptions;

/// Wei per ether.
const WEI_PER_ETHER: u128 = 1_000_000_000_000_000_000;

/// Options of a dev chain.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "This command")]
pub struct Options {
    /// Address to listen on, or several; the keys of all accounts are public, so keep it local
    #[arg(long, value_name = "IP", value_delimiter = ',', default_value = "127.0.0.1")]
    host: Vec<IpAddr>,

    /// Port for HTTP and WebSocket; 0 picks a free one
    #[arg(short, long, default_value_t = DEFAULT_PORT)]
    port: u16,

    /// Origin whose pages may read responses; * means every one
    #[arg(long, value_name = "ORIGIN", default_value = "*")]
    allow_origin: String,

    /// The accounts of the chain.
    #[command(flatten)]
    accounts: AccountOptions,

    /// Id of the chain
    #[arg(long, value_name = "ID", default_value_t = CHAIN_ID)]
    chain_id: u64,

    /// Genesis file of geth: accounts that exist from the start, and the time and id of the chain
    #[arg(long, visible_alias = "init", value_name = "FILE")]
    genesis: Option<PathBuf>,

    /// Let transactions wait until a block is asked for
    #[arg(long, conflicts_with = "block_time")]
    no_mining: bool,

    /// Order of the transactions that wait
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    order: TransactionOrder,

    /// Log the calls of every transaction and of `eth_call`
    #[arg(long)]
    print_traces: bool,

    /// Print nothing but errors
    #[arg(short, long, visible_alias = "silent")]
    quiet: bool,

    /// Write accounts, keys and fees to a file, in Anvil's format
    #[arg(long, value_name = "FILE")]
    config_out: Option<PathBuf>,

    /// Mine a block every so many seconds, such as 1 or 0.25, besides those for transactions
    #[arg(short, long, value_name = "SECONDS", value_parser = seconds)]
    block_time: Option<Duration>,

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

    /// Continue another chain, an Arbitrum chain or a dev chain: fetch its state on demand; its id,
    /// ArbOS and parameters stay
    #[arg(long, value_name = "URL", conflicts_with_all = ["arbos", "network", "chain_id", "genesis"])]
    fork_url: Option<String>,

    /// Height of the last block that the fork takes over; otherwise the latest, or the only one in the
    /// cache
    #[arg(long, visible_alias = "fork-block-number", value_name = "N")]
    fork_block: Option<u64>,

    /// Keep what the fork fetches in a folder; without --fork-url, work from it alone
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["arbos", "network", "chain_id", "genesis"])]
    fork_cache: Option<PathBuf>,

    /// Keep the chain in a file: load it at the start, save it after every change and at the end
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

impl Options {
    /// Whether nothing but errors is to be printed.
    #[must_use]
    pub const fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// The configuration of the chain.
    fn into_config(self) -> Config {
        let AccountOptions { accounts, mnemonic, balance, auto_impersonate } = self.accounts;
        Config {
            hosts: self.host,
            port: self.port,
            allow_origin: self.allow_origin,
            block_time: self.block_time,
            automine: !self.no_mining,
            order: self.order,
            accounts,
            mnemonic,
            balance: u128::from(balance).saturating_mul(WEI_PER_ETHER),
            auto_impersonate,
            chain_id: self.chain_id,
            print_traces: self.print_traces,
            genesis_file: self.genesis,
            genesis: self.timestamp,
            arbos: self.arbos,
            network: self.network,
            l1_fee: self.l1_fee,
            l1_block_time: self.l1_block_time.map(Duration::from_secs),
            fork_url: self.fork_url,
            fork_block: self.fork_block,
            fork_cache: self.fork_cache,
            state: self.state,
        }
    }
}

/// Seconds above zero, in milliseconds or more.
fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let fits = |time: &Duration| time.as_millis() > 0;
    seconds.filter(fits).ok_or("expected seconds, 0.001 or more, such as 1 or 0.25")
}

/// What to do about a chain that cannot start, if its address is taken.
fn what_to_do(error: &StartError) -> &'static str {
    if error.is_address_in_use() {
        "; another program listens there: end it, or take another port with --port (0: a free one)"
    } else {
        ""
    }
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
    /// The accounts of the mnemonic.
    pub accounts: Vec<Account>,
}

/// Why a dev chain cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The chain cannot start.
    #[error("cannot start the dev chain on {address}: {source}{}", what_to_do(source))]
    Start {
        /// Address to listen on.
        address: Box<str>,
        /// The reason.
        source: Box<StartError>,
    },
    /// The file of `--config-out` cannot be written.
    #[error("cannot write the configuration to {file}: {source}")]
    ConfigOut {
        /// The file.
        file: Box<str>,
        /// The reason.
        source: io::Error,
    },
    /// The chain has stopped on its own, which is a bug.
    #[error(transparent)]
    Stopped(#[from] NodeStopped),
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
    let mut terminate = signal(SignalKind::terminate()).map_err(RunError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(RunError::Signals)?;
    let config_out = options.config_out.clone();
    let config = options.into_config();
    let mnemonic = config.mnemonic.clone();
    let hosts: Vec<_> =
        config.hosts.iter().map(|&host| SocketAddr::new(host, config.port).to_string()).collect();
    let node = Devnode::start(config).await.map_err(|source| RunError::Start {
        address: hosts.join(" and ").into(),
        source: Box::new(source),
    })?;
    if let Some(file) = config_out {
        config_out::write(&file, &node, &mnemonic).await?;
    }
    ready(Ready {
        rpc: node.url(),
        websocket: node.ws_url(),
        chain_id: node.chain_id().await.map_err(RunError::from)?,
        dev_account: DEV_ADDRESS,
        dev_key: DEV_KEY,
        accounts: node.accounts().iter().skip(1).cloned().collect(),
    })?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("shutting down");
    Ok(node.stop().await.map_err(RunError::State)?)
}
