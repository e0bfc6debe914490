//! How the command runs daemons: their state files, their health, and the signals that end them.

use std::future::Future;

use metrics_exporter_prometheus::PrometheusBuilder;
use muster_daemons::{Backoff, Daemon, DaemonContext, HealthReporter, Role};
use tokio::signal::unix::{SignalKind, signal};

use crate::context::Context;
use crate::error::CliError;
use crate::options::daemon::{DaemonOptions, HealthOptions};
use crate::output::{Cell, Fields};

/// What a daemon works with, and the fields about it that are printed when the daemon is ready. Without an option, its state file
/// has this name.
pub(crate) async fn named_daemon_context(
    context: &Context,
    options: &DaemonOptions,
    role: Role,
    name: &str,
) -> Result<(DaemonContext, Fields), CliError> {
    let state = options.state.as_deref();
    let (daemon_context, path) =
        context.daemon_context(role, name, state, context.transport()?).await?;
    Ok((options.with_interval(daemon_context), vec![("state", Cell::text(path.display()))]))
}

/// Prints these fields and the address of the daemon's health, then runs the daemon until SIGINT, SIGTERM or
/// `finished`. Logs go to standard error.
///
/// # Errors
/// [`CliError::Listen`] and [`CliError::Metrics`] before the start, and whatever the daemon cannot retry.
pub(crate) async fn run(
    context: &Context,
    (health, backoff): (HealthOptions, Backoff),
    daemon: &mut impl Daemon,
    mut fields: Fields,
    finished: impl Future<Output = ()>,
) -> Result<(), CliError> {
    let signalled = signalled()?;
    let metrics = PrometheusBuilder::new().install_recorder().map_err(CliError::Metrics)?;
    let reporter = HealthReporter::default();
    let address = reporter.serve(health.health, metrics).await?;
    fields.push(("health", Cell::text(format_args!("http://{address}/health"))));
    context.print_ready(fields)?;

    let end = async {
        tokio::select! {
            () = signalled => {}
            () = finished => {}
        }
    };
    Ok(muster_daemons::run(daemon, backoff, &reporter, end).await?)
}

/// Completes at the first SIGINT or SIGTERM from now on.
///
/// # Errors
/// [`CliError::Signals`].
pub(crate) fn signalled() -> Result<impl Future<Output = ()>, CliError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(CliError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CliError::Signals)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
