//! `muster example factor`: prime factors over HTTP.

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
use muster_daemons::checks::Factors;
use muster_gateway::{RECEIPT_HEADER, SESSION_HEADER};
use muster_messaging::InMemoryTransport;
use serde::Deserialize;
use tokio::task::spawn_blocking;

use crate::commands::example::receipt_signer::ReceiptSigner;
use crate::commands::example::serve::serve;
use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::parse;

/// Options of `muster example factor`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster example factor --listen 127.0.0.1:3000\n  \
        muster example factor --account dev:ada --agreement 0x8ba1f109551bD432803012645Ac136ddd64DBA72"
)]
pub(crate) struct Options {
    /// Address and port to listen on; port 0 is any free one
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket_address, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// Sign receipts for this agreement, whose worker the account must be: every response to a request that names a
    /// session has one. A file in the state folder keeps the sessions
    #[arg(long, value_parser = parse::contract_address)]
    agreement: Option<Address>,
}

/// The query of a request.
#[derive(Debug, Deserialize)]
struct Number {
    /// The number.
    n: u64,
}

/// Serves until SIGINT or SIGTERM.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let receipt_signer = match options.agreement {
        Some(agreement) => Some(open_receipt_signer(context, agreement).await?),
        None => None,
    };
    let mut app = Router::new().route("/factor", get(factor)).route("/health", get(async || "ok"));
    if let Some(receipt_signer) = receipt_signer {
        app = app.layer(from_fn_with_state(Arc::new(receipt_signer), attach_receipt));
    }
    serve(context, options.listen, app).await
}

/// The prime factors of a number.
async fn factor(Query(query): Query<Number>) -> Result<Json<Factors>, StatusCode> {
    let factors = spawn_blocking(move || Factors::of(query.n)).await;
    factors.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// Opens the signer of an agreement's receipts. Its state file keeps the name that the command had first.
async fn open_receipt_signer(
    context: &Context,
    agreement: Address,
) -> Result<ReceiptSigner, CliError> {
    let (name, transport) = (format!("serve-{agreement}"), Arc::new(InMemoryTransport::default()));
    let (daemon_context, _) = context.daemon_context(Role::Worker, &name, None, transport).await?;
    ReceiptSigner::open(daemon_context, agreement).await
}

/// Adds a receipt to the response to a request that names a session. If no receipt can be signed, for example because
/// no node answers, the response goes without it.
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
        Err(error) => tracing::warn!(%session, %error, "no receipt signed"),
    }
    response
}

/// The session that a request names.
fn requested_session(headers: &HeaderMap) -> Option<B256> {
    headers.get(SESSION_HEADER)?.to_str().ok()?.parse().ok()
}
