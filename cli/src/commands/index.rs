//! `muster index`: the market's events in a database, and its API.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy::primitives::Address;
use clap::Args;
use futures::future::try_join_all;
use muster_daemons::{Backoff, Daemon, DaemonError, NextEvent};
use muster_index::database::{DatabaseError, SqliteDatabase};
use muster_index::{Follower, Index, IndexError, query};
use muster_index_api::{ApiOptions, ApiServer, WebhookConfig, WebhookSender};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::commands::index::evidence::published_evidence;
use crate::context::Context;
use crate::daemon;
use crate::error::CliError;
use crate::following::{daemon_error, follow};
use crate::options::daemon::HealthOptions;
use crate::options::heading;
use crate::output::{Cell, Fields};
use crate::parse;

mod evidence;

/// Options of `muster index`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster index\n  \
        muster index --listen 127.0.0.1:8750 --database /var/lib/muster/index.db --health 127.0.0.1:9104\n  \
        muster index --read-only --database /var/lib/muster/index.db --listen 127.0.0.1:8751"
)]
pub(crate) struct Options {
    /// Database file; it is created if it does not exist, and no other index can write it meanwhile [default: a file in the
    /// state folder, named after the chain]
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,

    /// Another market on the same chain to index too; repeat it for more
    #[arg(long, value_name = "ADDRESS", value_parser = parse::contract_address)]
    also: Vec<Address>,

    /// Seconds between two looks at the chain, such as 0.5
    #[arg(long, value_name = "SECONDS", env = "MUSTER_INTERVAL", value_parser = parse::seconds, default_value = "1")]
    interval: Duration,

    /// Only serve what another process indexes into the database; no node is needed
    #[arg(long, requires_all = ["database", "listen"], conflicts_with = "also")]
    read_only: bool,

    /// File of webhooks: who is told of what happens, and the secret that signs it
    #[arg(long, value_name = "FILE", conflicts_with = "read_only")]
    webhooks: Option<PathBuf>,

    /// Where the API is served.
    #[command(flatten)]
    api: ApiArgs,

    /// Where the index serves its health.
    #[command(flatten)]
    health: HealthOptions,
}

/// Options of the API.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::API)]
struct ApiArgs {
    /// Address at which to serve the read API, /v1 and /openapi.json; port 0 is any free one [default: it is not served]
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket_address)]
    listen: Option<SocketAddr>,

    /// The most requests per second from one address, and as many at once
    #[arg(long, value_name = "COUNT", default_value = "50", requires = "listen")]
    requests_per_second: NonZeroU32,

    /// All clients come through a reverse proxy that adds their addresses to X-Forwarded-For; count requests by these
    #[arg(long, requires = "listen")]
    behind_proxy: bool,

    /// Folder of files of evidence, as `muster run` writes them, to publish at /v1/evidence
    #[arg(long, value_name = "FOLDER", requires = "listen")]
    evidence: Option<PathBuf>,
}

impl ApiArgs {
    /// Serves an index, if that is wanted; adds the address to the fields that are printed.
    async fn start(
        &self,
        index: &Index,
        fields: &mut Fields,
    ) -> Result<Option<ApiServer>, CliError> {
        let Some(listen) = self.listen else {
            fields.push(("url", Cell::None));
            return Ok(None);
        };
        let options = ApiOptions {
            requests_per_second: self.requests_per_second,
            is_behind_proxy: self.behind_proxy,
            evidence: self.evidence.as_deref().map_or(Ok(Vec::new()), published_evidence)?,
            ..ApiOptions::new(listen)
        };
        let failed = |source| CliError::Listen { address: listen.to_string().into(), source };
        let server = ApiServer::start(index.clone(), options).await.map_err(failed)?;
        fields.push(("url", Cell::text(format_args!("http://{}", server.address()))));
        Ok(Some(server))
    }
}

/// Indexes, or serves, until SIGINT or SIGTERM.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { database, also, interval, read_only, webhooks, api, health } = options;
    let webhooks = webhooks.as_deref().map(WebhookConfig::read).transpose()?;
    let (index, followers, path) = match database {
        Some(path) if read_only => (open_reader(&path)?, Vec::new(), path),
        database => open_writer(context, database, also).await?,
    };
    let mut fields = vec![("database", Cell::text(path.display()))];
    let server = api.start(&index, &mut fields).await?;
    let is_at_tip = watch::Sender::new(false);
    let sender = webhooks.map(|config| WebhookSender::new(index.clone(), config)).transpose()?;
    let webhooks = sender.map(|sender| {
        let markets = followers.iter().map(Follower::id).collect();
        let reached = is_at_tip.subscribe();
        tokio::spawn(async move { sender.run(markets, reached).await })
    });
    let mut daemon = IndexDaemon { index, followers, is_at_tip, webhooks, server };
    let backoff = Backoff { interval, ..Backoff::default() };
    daemon::run(context, (health, backoff), &mut daemon, fields, std::future::pending()).await
}

/// The index in a database that another process writes.
fn open_reader(path: &Path) -> Result<Index, CliError> {
    Ok(Index::new(SqliteDatabase::open_reader(path).map_err(IndexError::from)?))
}

/// The index in a database that this process writes, and what follows each market into it.
async fn open_writer(
    context: &Context,
    database: Option<PathBuf>,
    also: Vec<Address>,
) -> Result<(Index, Vec<Follower>, PathBuf), CliError> {
    let market = context.market().await?;
    let path = match database {
        Some(path) => path,
        None => context.state_path(&format!("index-{}.db", market.node().chain_id()))?,
    };
    let index = Index::new(SqliteDatabase::open(&path).map_err(IndexError::from)?);
    let others = also.into_iter().map(|dispatcher| context.market_at(dispatcher));
    let mut followers = Vec::new();
    for market in [market].into_iter().chain(try_join_all(others).await?) {
        followers.push(Follower::open(index.clone(), market).await?);
    }
    Ok((index, followers, path))
}

/// An index as a daemon: each step reads the next blocks of every market that it follows.
struct IndexDaemon {
    /// The index.
    index: Index,
    /// The markets that are followed; none if another process follows them.
    followers: Vec<Follower>,
    /// Whether all that the chains have is indexed.
    is_at_tip: watch::Sender<bool>,
    /// Sends notices.
    webhooks: Option<JoinHandle<()>>,
    /// Serves the index.
    server: Option<ApiServer>,
}

impl Daemon for IndexDaemon {
    async fn step(&mut self) -> Result<NextEvent, DaemonError> {
        if self.followers.is_empty() {
            let index = self.index.clone();
            let status =
                spawn_blocking(move || index.read(|transaction| query::status(transaction)));
            let status = status.await.map_err(|_| DatabaseError::NoAnswer.into()).and_then(|s| s);
            let heads = status.map_err(daemon_error)?.into_iter().filter_map(|market| market.head);
            let next = heads.min().unwrap_or(0).saturating_add(1);
            return Ok(NextEvent::untimed(format_args!(
                "block {next} from the process that indexes"
            )));
        }
        let (is_at_tip, next) = follow(&self.followers).await?;
        self.is_at_tip.send_replace(is_at_tip);
        Ok(next)
    }

    async fn stop(&mut self) {
        if let Some(webhooks) = self.webhooks.take() {
            webhooks.abort();
        }
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }
}
