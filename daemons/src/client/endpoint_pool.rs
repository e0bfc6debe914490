//! The endpoints of an agreement's workers, and requests to them.

use std::sync::{Arc, PoisonError, RwLock};

use alloy::primitives::B256;
use muster_client::{Agreement, ServiceReceipt};
use muster_gateway::{RECEIPT_HEADER, SESSION_HEADER, TOKEN_HEADER};
use muster_messaging::{ExposeSecret, SecretString};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, Response, StatusCode};
use tokio::sync::watch;
use tokio::time::{Duration, timeout};

use super::pool_state::{PoolState, WorkerEndpoint};
use crate::failpoint::fail_point;
use crate::store::{Store, StoreError};

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

/// The endpoints of all workers of an agreement. [`super::endpoint_refresh`] adds them, requests remove those that fail.
#[derive(Debug)]
pub(super) struct EndpointPool {
    /// The agreement.
    pub(super) agreement: Agreement,
    /// The session that requests belong to.
    pub(super) session: B256,
    /// Where endpoints and receipts are stored.
    store: Store,
    /// What is known of the workers.
    state: RwLock<PoolState>,
    /// Changes when an endpoint is removed.
    removed: watch::Sender<()>,
}

impl EndpointPool {
    /// The endpoints and receipts of an agreement that are in the store.
    pub(super) fn load(
        agreement: Agreement,
        session: B256,
        store: Store,
    ) -> Result<Self, StoreError> {
        let (mut state, address) = (PoolState::default(), agreement.address());
        for index in 0..agreement.terms().header.redundancy {
            if let Some((url, token)) = store.endpoint(address, index)? {
                let (url, token) = (SecretString::from(url), SecretString::from(token));
                state.insert(WorkerEndpoint { index, url, token });
            }
            let receipt = store.observations(address, index)?.receipt;
            state.set_served(index, receipt.map_or(0, |receipt| receipt.served));
        }
        let (state, removed) = (RwLock::new(state), watch::Sender::new(()));
        Ok(Self { agreement, session, store, state, removed })
    }

    /// Stores the endpoint that a worker has sent, then uses it.
    pub(super) fn insert(
        &self,
        index: u8,
        url: &SecretString,
        token: &SecretString,
    ) -> Result<(), StoreError> {
        let url = SecretString::from(url.expose_secret().trim_end_matches('/'));
        fail_point!("endpoint/pending");
        self.store.save_endpoint(
            self.agreement.address(),
            index,
            url.expose_secret(),
            token.expose_secret(),
        )?;
        fail_point!("endpoint/stored");
        self.write(|state| state.insert(WorkerEndpoint { index, url, token: token.clone() }));
        Ok(())
    }

    /// The endpoint of a worker.
    pub(super) fn get(&self, index: u8) -> Option<Arc<WorkerEndpoint>> {
        self.read(|state| state.get(index))
    }

    /// All endpoints, in the order in which they are tried.
    pub(super) fn by_preference(&self) -> Vec<Arc<WorkerEndpoint>> {
        self.read(PoolState::by_preference)
    }

    /// Tries the worker of this endpoint first from now on.
    pub(super) fn prefer(&self, endpoint: &WorkerEndpoint) {
        self.write(|state| state.prefer(endpoint.index));
    }

    /// Removes an endpoint, so that its worker is asked for a new one.
    fn remove(&self, endpoint: &Arc<WorkerEndpoint>) {
        self.write(|state| state.remove(endpoint));
        self.removed.send_replace(());
    }

    /// Changes whenever an endpoint is removed.
    pub(super) fn subscribe_removals(&self) -> watch::Receiver<()> {
        self.removed.subscribe()
    }

    /// Sends a request to a worker once, and waits for the head of the response. An endpoint that does not respond, or
    /// rejects the token, is removed.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        endpoint: &Arc<WorkerEndpoint>,
        response_timeout: Duration,
    ) -> ForwardOutcome {
        match timeout(response_timeout, self.authenticate(request, endpoint).send()).await {
            Ok(Ok(response)) if self.is_served(endpoint, &response) => {
                ForwardOutcome::Served(response)
            }
            Ok(Ok(response)) => {
                if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
                    self.remove(endpoint);
                }
                ForwardOutcome::Rejected(response)
            }
            failed => {
                self.remove(endpoint);
                let not_delivered = matches!(failed, Ok(Err(error)) if error.is_connect());
                ForwardOutcome::NoResponse { maybe_delivered: !not_delivered }
            }
        }
    }

    /// Adds token and session to a request.
    fn authenticate(&self, request: RequestBuilder, endpoint: &WorkerEndpoint) -> RequestBuilder {
        let Ok(mut token) = HeaderValue::from_str(endpoint.token.expose_secret()) else {
            return request;
        };
        token.set_sensitive(true);
        request.header(TOKEN_HEADER, token).header(SESSION_HEADER, self.session.to_string())
    }

    /// Whether a response is the service's own. Stores its receipt, if it has one.
    fn is_served(&self, endpoint: &WorkerEndpoint, response: &Response) -> bool {
        if let Some(receipt) = receipt_header(response.headers()) {
            self.store_receipt(endpoint.index, &receipt);
            return true;
        }
        !GATEWAY_STATUSES.contains(&response.status())
    }

    /// Whether a worker's receipt for this session covers a window.
    pub(super) fn covers(&self, index: u8, window: u8) -> bool {
        let served = self.read(|state| state.served(index));
        served.checked_shr(window.into()).is_some_and(|bits| bits & 1 == 1)
    }

    /// Stores a receipt that the worker signed, if it covers another window than the last one.
    fn store_receipt(&self, index: u8, receipt: &ServiceReceipt) {
        let new = receipt.served & !self.read(|state| state.served(index));
        let Some(window) = new.checked_ilog2().and_then(|window| u8::try_from(window).ok()) else {
            return;
        };
        let agreement = self.agreement.address();
        let worker = self.agreement.terms().worker(index).map(|worker| worker.account);
        if worker.is_none()
            || receipt.signer(self.agreement.receipt_domain(), self.session) != worker
        {
            tracing::warn!(%agreement, worker = index, "receipt is not signed by the worker");
            return;
        }
        if let Err(error) = self.store.record_observation(agreement, index, window, Some(receipt)) {
            tracing::error!(%agreement, worker = index, %error, "receipt not stored");
        }
        self.write(|state| state.set_served(index, receipt.served));
    }

    /// Reads what is known.
    fn read<T>(&self, read: impl FnOnce(&PoolState) -> T) -> T {
        read(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes what is known.
    fn write<T>(&self, change: impl FnOnce(&mut PoolState) -> T) -> T {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The receipt in the headers of a response.
fn receipt_header(headers: &HeaderMap) -> Option<ServiceReceipt> {
    headers.get(RECEIPT_HEADER)?.to_str().ok()?.parse().ok()
}
