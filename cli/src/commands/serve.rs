//! `muster serve`: a small computation over HTTP, for a worker to offer.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use clap::Args;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

use crate::context::Context;
use crate::error::CliError;
use crate::factor::Factors;
use crate::output::{Cell, Page};

/// Where to serve.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Address and port to listen on
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8080")]
    listen: String,
}

/// What is asked.
#[derive(Debug, Deserialize)]
struct Question {
    /// The number to factor.
    n: u64,
}

/// Serves until ctrl-c: `GET /factor?n=NUMBER` and `GET /health`.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let address: Box<str> = options.listen.into();
    let failed = |source| CliError::Listen { address: address.clone(), source };
    let listener = TcpListener::bind(&*address).await.map_err(failed)?;
    let url = format!("http://{}", listener.local_addr().map_err(failed)?);
    context.print(&Page::new([("url", Cell::text(url))]))?;

    let app = Router::new().route("/factor", get(factor)).route("/health", get(async || "ok"));
    // An error here means that ctrl-c cannot be heard; the service then ends at once.
    let end = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, app).with_graceful_shutdown(end).await.map_err(failed)
}

/// The prime factors of a number.
async fn factor(Query(question): Query<Question>) -> Result<Json<Factors>, StatusCode> {
    let factors = spawn_blocking(move || Factors::of(question.n)).await;
    factors.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}
