//! Serving an example over HTTP.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;

use crate::context::Context;
use crate::error::CliError;
use crate::output::Cell;

/// Says where the service is, and serves until ctrl-c.
///
/// # Errors
/// [`CliError::Listen`].
pub(super) async fn serve(
    context: &Context,
    address: SocketAddr,
    app: Router,
) -> Result<(), CliError> {
    let failed = |source| CliError::Listen { address: address.to_string().into(), source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let url = format!("http://{}", listener.local_addr().map_err(failed)?);
    context.print_ready(vec![("url", Cell::text(url))])?;
    // On an error ctrl-c cannot be received, and the service ends at once.
    let end = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, app).with_graceful_shutdown(end).await.map_err(failed)
}
