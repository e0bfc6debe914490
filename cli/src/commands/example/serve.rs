//! Serving an example over HTTP.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;

use crate::context::Context;
use crate::daemon::signalled;
use crate::error::CliError;
use crate::output::Cell;

/// Says where the service is, and serves until SIGINT or SIGTERM.
///
/// # Errors
/// [`CliError::Listen`].
pub(super) async fn serve(
    context: &Context,
    address: SocketAddr,
    app: Router,
) -> Result<(), CliError> {
    let end = signalled()?;
    let failed = |source| CliError::Listen { address: address.to_string().into(), source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let url = format!("http://{}", listener.local_addr().map_err(failed)?);
    context.print_ready(vec![("url", Cell::text(url))])?;
    axum::serve(listener, app).with_graceful_shutdown(end).await.map_err(failed)
}
