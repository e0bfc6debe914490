//! What every daemon has in common: its state file, relays, health, and how it is told to end.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;

use alloy::primitives::Address;
use clap::Args;
use metrics_exporter_prometheus::PrometheusBuilder;
use muster_daemons::{Backoff, Daemon, DaemonContext, HealthReporter, Payout, Role};
use tokio::signal::unix::{SignalKind, signal};

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Fields};
use crate::parse;

/// What every daemon can be told.
#[derive(Debug, Args)]
pub(crate) struct DaemonOptions {
    /// File with the daemon's state, made if it is not there; nobody else can use it meanwhile. Without it, one in
    /// the state folder that is named after role, chain, market and account
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// How others see how it is.
    #[command(flatten)]
    pub(crate) health: HealthOptions,
}

/// Where a program that is left alone says how it is.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct HealthOptions {
    /// Address and port at which /health and /metrics are served; port 0 is any free one
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket_address, default_value = "127.0.0.1:0")]
    health: SocketAddr,
}

/// Where what the account earns or gets back goes, and when.
#[derive(Debug, Args)]
pub(crate) struct PayoutOptions {
    /// Who gets what the account earns or gets back; without it, the account itself
    #[arg(long, value_parser = parse::account_address, value_name = "ADDRESS|NAME")]
    payout: Option<Address>,

    /// That is withdrawn when there is so much of it
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei, default_value = "1000000gwei")]
    withdraw_at: u128,
}

impl PayoutOptions {
    /// As daemons take it.
    pub(crate) const fn payout(&self) -> Payout {
        Payout { to: self.payout, threshold: self.withdraw_at }
    }
}

/// What a daemon works with, and the facts about that which are printed when it is ready.
pub(crate) async fn daemon_context(
    context: &Context,
    options: &DaemonOptions,
    role: Role,
) -> Result<(DaemonContext, Fields), CliError> {
    named_daemon_context(context, options, role, &role.to_string()).await
}

/// The same, with another name for the state file in place of the role.
pub(crate) async fn named_daemon_context(
    context: &Context,
    options: &DaemonOptions,
    role: Role,
    name: &str,
) -> Result<(DaemonContext, Fields), CliError> {
    let state = options.state.as_deref();
    let (daemon_context, path) =
        context.daemon_context(role, name, state, context.transport()?).await?;
    Ok((daemon_context, vec![("state", Cell::text(path.display()))]))
}

/// Runs a program that is left alone until it is told to end or is through, after a line with these facts and where its
/// health is. What happens is said on standard error, as much of it as `MUSTER_LOG` asks for.
pub(crate) async fn run(
    context: &Context,
    health: HealthOptions,
    daemon: &mut impl Daemon,
    mut facts: Fields,
    finished: impl Future<Output = ()>,
) -> Result<(), CliError> {
    let unable = |source| CliError::Listen { address: "signals".into(), source };
    let mut terminate = signal(SignalKind::terminate()).map_err(unable)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unable)?;

    let metrics = PrometheusBuilder::new().install_recorder().map_err(CliError::Metrics)?;
    let status = HealthReporter::default();
    let health = status.serve(health.health, metrics).await?;
    facts.push(("health", Cell::text(format_args!("http://{health}/health"))));
    context.print_ready(facts)?;

    let end = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = finished => {}
        }
    };
    Ok(muster_daemons::run(daemon, Backoff::default(), &status, end).await?)
}
