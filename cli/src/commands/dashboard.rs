//! `muster dashboard`: the market as web pages.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use muster_client::Market;
use muster_daemons::{Backoff, Daemon, DaemonError, NextEvent};
use muster_dashboard::{DashboardConfig, DocumentText, router};
use muster_index::database::SqliteDatabase;
use muster_index::{Follower, Index, IndexError};
use tokio::net::TcpListener;

use crate::application::DocumentArg;
use crate::context::Context;
use crate::daemon;
use crate::error::CliError;
use crate::following::follow;
use crate::options::daemon::HealthOptions;
use crate::options::heading;
use crate::output::Cell;
use crate::parse;

/// Options of `muster dashboard`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster dashboard --index\n  \
        muster dashboard --database /var/lib/muster/index.db --listen 127.0.0.1:8600\n  \
        muster dashboard --index --document factor.toml"
)]
pub(crate) struct Options {
    /// Address at which to serve the pages; port 0 is any free one
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket_address, default_value = "127.0.0.1:8600")]
    listen: SocketAddr,

    /// Database file of `muster index` [default: a file in the state folder, named after the chain]
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,

    /// Index the market in this process too, instead of reading what `muster index` writes
    #[arg(long)]
    index: bool,

    /// Application document to show, in a file or at a URL; repeat it for more
    #[arg(long, value_name = "FILE|URL")]
    document: Vec<DocumentArg>,

    /// Seconds between two looks at the chain with --index, such as 0.5
    #[arg(long, value_name = "SECONDS", env = "MUSTER_INTERVAL", value_parser = parse::seconds, default_value = "1")]
    interval: Duration,

    /// Where the dashboard serves its health.
    #[command(flatten)]
    health: HealthOptions,
}

/// Serves pages until SIGINT or SIGTERM. No key is read: what visitors sign, they sign in their wallets.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { listen, database, index: indexes, document, interval, health } = options;
    let market = context.market().await?;
    let path = match database {
        Some(path) => path,
        None => context.state_path(&format!("index-{}.db", market.node().chain_id()))?,
    };
    let (index, followers) = if indexes {
        let index = Index::new(SqliteDatabase::open(&path).map_err(IndexError::from)?);
        let follower = Follower::open(index.clone(), market.clone()).await?;
        (index, vec![follower])
    } else {
        let index = Index::new(SqliteDatabase::open_reader(&path).map_err(IndexError::from)?);
        check_market(&index, &market).await?;
        (index, Vec::new())
    };
    let mut documents = Vec::new();
    for document in &document {
        let read = document.read().await?;
        documents.push(DocumentText {
            name: read.name().to_owned(),
            version: read.version().to_owned(),
            api: read.api().to_owned(),
            canonical: read.canonical(),
            digest: read.digest().to_string(),
        });
    }
    let config = DashboardConfig {
        index,
        chain_id: market.node().chain_id(),
        market: market.dispatcher(),
        node: Some(market),
        documents,
    };
    let failed = |source| CliError::Listen { address: listen.to_string().into(), source };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let server = tokio::spawn(async move { axum::serve(listener, router(config)).await });
    let fields = vec![
        ("url", Cell::text(format_args!("http://{address}"))),
        ("database", Cell::text(path.display())),
    ];
    let finished = async { drop(server.await) };
    let mut daemon = DashboardDaemon(followers);
    let backoff = Backoff { interval, ..Backoff::default() };
    daemon::run(context, (health, backoff), &mut daemon, fields, finished).await
}

/// Fails if the index has another market of this address: the chain was started anew.
async fn check_market(index: &Index, market: &Market) -> Result<(), CliError> {
    let (chain, dispatcher) = (market.node().chain_id(), market.dispatcher());
    let known = index.markets()?;
    let found = known.iter().find(|(_, one)| (one.chain, one.dispatcher) == (chain, dispatcher));
    let Some((_, theirs)) = found else { return Ok(()) };
    match market.creation_hash().await? {
        Some(ours) if ours != theirs.created_hash => {
            Err(IndexError::OtherMarket { dispatcher, theirs: theirs.created_hash, ours }.into())
        }
        _ => Ok(()),
    }
}

/// A dashboard as a daemon: it indexes, if it is to, and has nothing to do otherwise.
#[derive(Debug)]
struct DashboardDaemon(Vec<Follower>);

impl Daemon for DashboardDaemon {
    async fn step(&mut self) -> Result<NextEvent, DaemonError> {
        if self.0.is_empty() {
            return Ok(NextEvent::untimed(format_args!("a visitor")));
        }
        Ok(follow(&self.0).await?.1)
    }

    async fn stop(&mut self) {}
}
