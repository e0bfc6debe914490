//! The endpoints of an agreement's workers, and requests to them.

use std::sync::{Arc, PoisonError, RwLock};

use muster_client::{Agreement, ServiceReceipt};
use muster_gateway::RECEIPT_HEADER;
use muster_messaging::{Endpoint, ExposeSecret, SecretString};
use reqwest::{RequestBuilder, Response, StatusCode};
use tokio::time::Duration;

use super::pool_state::PoolState;
use super::traffic_key::Route;
use crate::failpoint::fail_point;
use crate::service_client::{RequestFailure, ServiceClient};
use crate::store::{EndpointId, Store, StoreError};

/// The outcome of a request to a worker.
#[derive(Debug)]
pub(super) enum ForwardOutcome {
    /// The service has responded.
    Served(Response),
    /// The worker's gateway has responded in its place.
    Rejected(Response),
    /// There is no response.
    NoResponse {
        /// Whether the service may have received the request.
        maybe_delivered: bool,
    },
}

/// The statuses with which gateways respond in place of the service. If the service itself has one of them, its
/// response has a receipt, or says that it failed.
const GATEWAY_STATUSES: [StatusCode; 6] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];

/// The keys of an agreement's client at all workers, and their endpoints.
#[derive(Debug)]
pub(super) struct EndpointPool {
    /// The agreement.
    pub(super) agreement: Agreement,
    /// Where endpoints are stored.
    store: Store,
    /// Makes requests.
    pub(super) http: ServiceClient,
    /// What is known of the workers.
    state: RwLock<PoolState>,
}

impl EndpointPool {
    /// A pool without keys.
    pub(super) fn new(agreement: Agreement, store: Store, http: ServiceClient) -> Self {
        Self { agreement, store, http, state: RwLock::default() }
    }

    /// Uses the endpoint that is stored for a key at a worker, if there is one.
    pub(super) fn load(&self, route: &Route) -> Result<(), StoreError> {
        if let Some((url, token)) = self.store.endpoint(&self.endpoint_id(route))? {
            let (url, token) = (SecretString::from(url), SecretString::from(token));
            route.slot.set(Endpoint { url, token, application: None });
        }
        Ok(())
    }

    /// Stores the endpoint that a worker has sent.
    pub(super) fn save(&self, route: &Route, endpoint: &Endpoint) -> Result<(), StoreError> {
        let Endpoint { url, token, .. } = endpoint;
        fail_point!("endpoint/pending");
        let id = self.endpoint_id(route);
        self.store.save_endpoint(&id, url.expose_secret(), token.expose_secret())?;
        fail_point!("endpoint/stored");
        Ok(())
    }

    /// The name of an endpoint in the store.
    fn endpoint_id(&self, route: &Route) -> EndpointId {
        let (key, worker) = (route.key.id, route.index);
        let agreement = self.agreement.address();
        EndpointId { agreement, window: key.window, slot: key.slot, worker }
    }

    /// Sends a request to a worker, and waits for the head of the response, this time longer than for a probe. An endpoint
    /// that does not work is forgotten.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        route: &Route,
        endpoint: &Arc<Endpoint>,
        more_time: Duration,
    ) -> ForwardOutcome {
        let token = endpoint.token.expose_secret();
        let failure = match self.http.send_long(request, token, route.key.session, more_time).await
        {
            Ok(response) if self.is_served(route, &response) => {
                return ForwardOutcome::Served(response);
            }
            Ok(response) => return ForwardOutcome::Rejected(response),
            Err(failure) => failure,
        };
        route.slot.forget(endpoint);
        match failure {
            RequestFailure::Rejected(response) => ForwardOutcome::Rejected(response),
            RequestFailure::NoConnection => ForwardOutcome::NoResponse { maybe_delivered: false },
            RequestFailure::NoResponse | RequestFailure::Cut => {
                ForwardOutcome::NoResponse { maybe_delivered: true }
            }
        }
    }

    /// Whether a response is the service's own: it has a receipt of the worker, or a status that no gateway gives.
    fn is_served(&self, route: &Route, response: &Response) -> bool {
        let text = response.headers().get(RECEIPT_HEADER).and_then(|text| text.to_str().ok());
        let Some(receipt) = text.and_then(|text| text.parse::<ServiceReceipt>().ok()) else {
            return !GATEWAY_STATUSES.contains(&response.status());
        };
        let worker = self.agreement.terms().worker(route.index).map(|worker| worker.account);
        let signer = receipt.signer(self.agreement.receipt_domain(), route.key.session);
        if signer != worker {
            let agreement = self.agreement.address();
            tracing::warn!(%agreement, worker = route.index, "receipt is not signed by the worker");
        }
        true
    }

    /// Reads what is known.
    pub(super) fn read<T>(&self, read: impl FnOnce(&PoolState) -> T) -> T {
        read(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes what is known.
    pub(super) fn write<T>(&self, change: impl FnOnce(&mut PoolState) -> T) -> T {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner))
    }
}
