//! `muster index`: the market's events in a database.

use std::path::PathBuf;
use std::time::Duration;

use alloy::primitives::Address;
use clap::Args;
use futures::future::try_join_all;
use muster_daemons::{Backoff, Daemon, DaemonError, NextEvent};
use muster_index::database::SqliteDatabase;
use muster_index::{Follower, Index, IndexError};
use tokio::time::Instant;

use crate::context::Context;
use crate::daemon;
use crate::error::CliError;
use crate::options::daemon::HealthOptions;
use crate::options::heading;
use crate::output::Cell;
use crate::parse;

/// A step that reads old blocks ends after so long, so that `/health` tells how far it is.
const MAX_STEP: Duration = Duration::from_secs(20);

/// Options of `muster index`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster index\n  \
        muster index --database /var/lib/muster/index.db --interval 2 --health 127.0.0.1:9104"
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

    /// Where the index serves its health.
    #[command(flatten)]
    health: HealthOptions,
}

/// Indexes until SIGINT or SIGTERM.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { database, also, interval, health } = options;
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
    let mut daemon = IndexDaemon(followers);
    let fields = vec![("database", Cell::text(path.display()))];
    let backoff = Backoff { interval, ..Backoff::default() };
    daemon::run(context, (health, backoff), &mut daemon, fields, std::future::pending()).await
}

/// An index as a daemon: each step reads the next blocks of every market.
struct IndexDaemon(Vec<Follower>);

impl Daemon for IndexDaemon {
    async fn step(&mut self) -> Result<NextEvent, DaemonError> {
        let begin = Instant::now();
        let mut waits_for = u64::MAX;
        for follower in &self.0 {
            loop {
                let progress = follower.step().await.map_err(daemon_error)?;
                if progress.is_at_tip() {
                    waits_for = waits_for.min(progress.head.saturating_add(1));
                    break;
                }
                if begin.elapsed() > MAX_STEP {
                    let (head, tip) = (progress.head, progress.tip);
                    return Ok(NextEvent::untimed(format_args!("blocks {head} to {tip}")));
                }
            }
        }
        Ok(NextEvent::untimed(format_args!("block {waits_for}")))
    }

    async fn stop(&mut self) {}
}

/// An error of the index as one of a daemon.
fn daemon_error(error: IndexError) -> DaemonError {
    let is_transient = error.is_temporary();
    match error {
        IndexError::Market(error) => error.into(),
        source => DaemonError::Other { source: source.into(), is_transient },
    }
}
