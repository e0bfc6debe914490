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
use crate::error::CliError;
use crate::output::{Cell, print_error};
use crate::parse;
use crate::receipt_signer::ReceiptSigner;

/// Where to serve.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Address and port to listen on
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket_address, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// Agreement to serve as the account, which must be one of its workers: whoever names a session gets a receipt
    /// with every answer; sessions are remembered in a file in the state folder
    #[arg(long, value_parser = parse::contract_address)]
    agreement: Option<Address>,
}

/// What is asked.
#[derive(Debug, Deserialize)]
struct FactorQuery {
    /// The number to factor.
    n: u64,
}

/// Serves until ctrl-c: `GET /factor?n=NUMBER` and `GET /health`.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let receipt_signer = match options.agreement {
        Some(agreement) => Some(open_receipt_signer(context, agreement).await?),
        None => None,
    };
    let address = options.listen;
    let failed = |source| CliError::Listen { address: address.to_string().into(), source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let url = format!("http://{}", listener.local_addr().map_err(failed)?);
    context.print_ready(vec![("url", Cell::text(url))])?;

    let mut app = Router::new().route("/factor", get(factor)).route("/health", get(async || "ok"));
    if let Some(receipt_signer) = receipt_signer {
        app = app.layer(from_fn_with_state(Arc::new(receipt_signer), attach_receipt));
    }
    // An error here means that ctrl-c cannot be heard; the service then ends at once.
    let end = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, app).with_graceful_shutdown(end).await.map_err(failed)
}

/// The prime factors of a number.
async fn factor(Query(question): Query<FactorQuery>) -> Result<Json<Factors>, StatusCode> {
    let factors = spawn_blocking(move || Factors::of(question.n)).await;
    factors.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// The desk for the receipts of an agreement.
async fn open_receipt_signer(
    context: &Context,
    agreement: Address,
) -> Result<ReceiptSigner, CliError> {
    let (name, transport) = (format!("serve-{agreement}"), Arc::new(InMemoryTransport::default()));
    let (daemon_context, _) = context.daemon_context(Role::Worker, &name, None, transport).await?;
    ReceiptSigner::open(daemon_context, agreement).await
}

/// Puts a receipt on a good answer to a question that names a session. A node that does not answer costs
/// the receipt, not the answer.
async fn attach_receipt(
    State(receipt_signer): State<Arc<ReceiptSigner>>,
    request: Request,
    next: Next,
) -> Response {
    let session = requested_session(request.headers());
    let mut response = next.run(request).await;
    let Some(session) = session.filter(|_| response.status().is_success()) else { return response };
    match receipt_signer.sign_receipt(session).await {
        Ok(receipt) => {
            let text = receipt.and_then(|receipt| HeaderValue::try_from(receipt.to_string()).ok());
            if let Some(text) = text {
                response.headers_mut().insert(RECEIPT_HEADER, text);
            }
        }
        Err(error) => print_error(&error),
    }
    response
}

/// The session that a question names.
fn requested_session(headers: &HeaderMap) -> Option<B256> {
    headers.get(SESSION_HEADER)?.to_str().ok()?.parse().ok()
}
