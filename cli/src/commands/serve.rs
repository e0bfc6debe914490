//! `muster serve`: a small computation over HTTP, for a worker to offer.

use std::net::SocketAddr;
use std::sync::Arc;

use alloy::primitives::{Address, B256};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use clap::Args;
use muster_daemons::Role;
use muster_daemons::tester::Factors;
use muster_gateway::{RECEIPT_HEADER, SESSION_HEADER};
use muster_messaging::InMemoryTransport;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

use crate::context::Context;
use crate::desk::Desk;
use crate::error::CliError;
use crate::output::{Cell, complain};
use crate::parse;

/// Where to serve.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Address and port to listen on
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// Agreement to serve as the account, which must be one of its workers: whoever names a session gets a receipt
    /// with every answer; sessions are remembered in a file in the state folder
    #[arg(long, value_parser = parse::contract)]
    agreement: Option<Address>,
}

/// What is asked.
#[derive(Debug, Deserialize)]
struct Question {
    /// The number to factor.
    n: u64,
}

/// Serves until ctrl-c: `GET /factor?n=NUMBER` and `GET /health`.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let desk = match options.agreement {
        Some(agreement) => Some(open(context, agreement).await?),
        None => None,
    };
    let address = options.listen;
    let failed = |source| CliError::Listen { address: address.to_string().into(), source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let url = format!("http://{}", listener.local_addr().map_err(failed)?);
    context.print_ready(vec![("url", Cell::text(url))])?;

    let mut app = Router::new().route("/factor", get(factor)).route("/health", get(async || "ok"));
    if let Some(desk) = desk {
        app = app.layer(from_fn_with_state(Arc::new(desk), stamp));
    }
    // An error here means that ctrl-c cannot be heard; the service then ends at once.
    let end = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, app).with_graceful_shutdown(end).await.map_err(failed)
}

/// The prime factors of a number.
async fn factor(Query(question): Query<Question>) -> Result<Json<Factors>, StatusCode> {
    let factors = spawn_blocking(move || Factors::of(question.n)).await;
    factors.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// The desk for the receipts of an agreement.
async fn open(context: &Context, agreement: Address) -> Result<Desk, CliError> {
    let (name, letters) = (format!("serve-{agreement}"), Arc::new(InMemoryTransport::default()));
    let (base, _) = context.base(Role::Worker, &name, None, letters).await?;
    Desk::open(base, agreement).await
}

/// Puts a receipt on a good answer to a question that names a session. A node that does not answer costs
/// the receipt, not the answer.
async fn stamp(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let session = session(request.headers());
    let mut response = next.run(request).await;
    let Some(session) = session.filter(|_| response.status().is_success()) else { return response };
    match desk.stamp(session).await {
        Ok(receipt) => {
            let text = receipt.and_then(|receipt| HeaderValue::try_from(receipt.to_string()).ok());
            if let Some(text) = text {
                response.headers_mut().insert(RECEIPT_HEADER, text);
            }
        }
        Err(error) => complain(&error),
    }
    response
}

/// The session that a question names.
fn session(headers: &HeaderMap) -> Option<B256> {
    headers.get(SESSION_HEADER)?.to_str().ok()?.parse().ok()
}
