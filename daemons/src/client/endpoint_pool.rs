//! The endpoints of an agreement's workers, and requests to them.

use std::sync::{Arc, PoisonError, RwLock};

use alloy::primitives::B256;
use muster_client::{Agreement, ServiceReceipt};
use muster_gateway::RECEIPT_HEADER;
use muster_messaging::{Endpoint, ExposeSecret, SecretString};
use reqwest::{RequestBuilder, Response, StatusCode};
use tokio::sync::Notify;
use tokio::time::{Duration, timeout};

use super::pool_state::{KeyId, PoolState, WorkerEndpoint};
use crate::failpoint::fail_point;
use crate::service_client::authenticate;
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

/// The endpoints of all workers of an agreement. [`super::key_tasks`] adds them, requests remove those that fail.
#[derive(Debug)]
pub(super) struct EndpointPool {
    /// The agreement.
    pub(super) agreement: Agreement,
    /// Where endpoints are stored.
    store: Store,
    /// What is known of the workers.
    state: RwLock<PoolState>,
    /// Notified when a request finds no endpoint.
    demand: Notify,
}

impl EndpointPool {
    /// A pool without endpoints.
    pub(super) fn new(agreement: Agreement, store: Store) -> Self {
        Self { agreement, store, state: RwLock::default(), demand: Notify::new() }
    }

    /// Uses the endpoint that is stored for a key at a worker; returns whether there is one.
    pub(super) fn load(&self, key: KeyId, index: u8, session: B256) -> Result<bool, StoreError> {
        let stored = self.store.endpoint(&self.endpoint_id(key, index))?;
        let found = stored.is_some();
        if let Some((url, token)) = stored {
            let (url, token) = (SecretString::from(url), SecretString::from(token));
            self.write(|state| state.insert(WorkerEndpoint { key, index, session, url, token }));
        }
        Ok(found)
    }

    /// Stores the endpoint that a worker has sent, then uses it.
    pub(super) fn insert(
        &self,
        key: KeyId,
        index: u8,
        session: B256,
        endpoint: &Endpoint,
    ) -> Result<(), StoreError> {
        let url = SecretString::from(endpoint.url.expose_secret().trim_end_matches('/'));
        let token = endpoint.token.clone();
        fail_point!("endpoint/pending");
        let id = self.endpoint_id(key, index);
        self.store.save_endpoint(&id, url.expose_secret(), token.expose_secret())?;
        fail_point!("endpoint/stored");
        self.write(|state| state.insert(WorkerEndpoint { key, index, session, url, token }));
        Ok(())
    }

    /// The name of an endpoint in the store.
    const fn endpoint_id(&self, key: KeyId, worker: u8) -> EndpointId {
        let KeyId { window, slot } = key;
        EndpointId { agreement: self.agreement.address(), window, slot, worker }
    }

    /// Waits until a request finds no endpoint.
    pub(super) async fn wait_demand(&self) {
        self.demand.notified().await;
    }

    /// The workers in the order in which they are tried. If there are none, their endpoints are asked for.
    pub(super) fn by_preference(&self) -> Vec<u8> {
        let workers = self.read(PoolState::by_preference);
        if workers.is_empty() {
            self.demand.notify_waiters();
        }
        workers
    }

    /// Sends a request to a worker once, and waits for the head of the response. An endpoint that does not respond, or
    /// rejects the token, is removed.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        endpoint: &Arc<WorkerEndpoint>,
        response_timeout: Duration,
    ) -> ForwardOutcome {
        let request = authenticate(request, endpoint.token.expose_secret(), endpoint.session);
        match timeout(response_timeout, request.send()).await {
            Ok(Ok(response)) if self.is_served(endpoint, &response) => {
                ForwardOutcome::Served(response)
            }
            Ok(Ok(response)) => {
                if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
                    self.write(|state| state.remove(endpoint));
                }
                ForwardOutcome::Rejected(response)
            }
            failed => {
                self.write(|state| state.remove(endpoint));
                let not_delivered = matches!(failed, Ok(Err(error)) if error.is_connect());
                ForwardOutcome::NoResponse { maybe_delivered: !not_delivered }
            }
        }
    }

    /// Whether a response is the service's own: it has a receipt of the worker, or a status that no gateway gives.
    fn is_served(&self, endpoint: &WorkerEndpoint, response: &Response) -> bool {
        let text = response.headers().get(RECEIPT_HEADER).and_then(|text| text.to_str().ok());
        let Some(receipt) = text.and_then(|text| text.parse::<ServiceReceipt>().ok()) else {
            return !GATEWAY_STATUSES.contains(&response.status());
        };
        let worker = self.agreement.terms().worker(endpoint.index).map(|worker| worker.account);
        let signer = receipt.signer(self.agreement.receipt_domain(), endpoint.session);
        if signer != worker {
            let agreement = self.agreement.address();
            tracing::warn!(%agreement, worker = endpoint.index, "receipt is not signed by the worker");
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
