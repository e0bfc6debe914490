//! What others reach of a worker: its gateway, and its replies to messages.

use std::sync::Arc;

use muster_gateway::{Config, Gateway, Secret};
use muster_messaging::EndpointResponder;

use super::access::AgreementAccess;
use super::agreement_table::AgreementTable;
use super::commitment_issuer::CommitmentIssuer;
use super::endpoint_issuer::TokenIssuer;
use super::failure_log::FailureLog;
use super::options::{ServiceSource, WorkerOptions};
use super::receipt_signer::ReceiptSigner;
use super::self_check::OwnKey;
use super::services::Services;
use super::worker_responder::WorkerResponder;
use crate::chain::RpcChainView;
use crate::checks::ApplicationDocument;
use crate::context::DaemonContext;
use crate::error::DaemonError;

/// Starts the gateway in front of the services.
///
/// # Errors
/// [`DaemonError::Gateway`].
pub(super) async fn start_gateway(
    context: &DaemonContext,
    options: &WorkerOptions,
    agreement_table: &Arc<AgreementTable>,
    (secret, own_key): (&Secret, OwnKey),
) -> Result<Gateway, DaemonError> {
    let store = context.store();
    let (listen, limits, tls) = (options.listen, options.gateway_limits, options.tls.clone());
    let config = Config { listen, secret: secret.clone(), limits, tls };
    let own_upstream = match &options.source {
        ServiceSource::Upstream(upstream) => Some(upstream.clone()),
        _ => None,
    };
    let access = AgreementAccess {
        agreement_table: agreement_table.clone(),
        store: store.clone(),
        own_key,
        own_upstream,
    };
    let receipts = ReceiptSigner {
        agreement_table: agreement_table.clone(),
        store: store.clone(),
        signer: context.signer().clone(),
        failure_log: FailureLog::new(matches!(options.source, ServiceSource::Compute { .. })),
    };
    Ok(Gateway::start(config, access, receipts).await?)
}

/// What answers messages, for a gateway that is reached at this URL.
pub(super) fn responder(
    context: &DaemonContext,
    options: &WorkerOptions,
    secret: Secret,
    url: Box<str>,
) -> WorkerResponder {
    let chain_view = Arc::new(RpcChainView::new(context.market().clone()));
    let application = options.document.as_ref().map(ApplicationDocument::digest);
    let token_issuer = TokenIssuer { store: context.store().clone(), secret, url, application };
    let market = context.market();
    WorkerResponder {
        endpoints: EndpointResponder::new(context.account(), chain_view, Arc::new(token_issuer)),
        market: (market.node().chain_id(), market.dispatcher()),
        job_limits: Services::job_limits(&options.source),
        commitment_issuer: application.map(|digest| CommitmentIssuer::new(context, digest)),
    }
}
