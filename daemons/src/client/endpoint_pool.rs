//! The ways to an agreement's workers: where each of them serves, the session in which it is asked, and the
//! receipts that come back. Used by whoever asks, renewed by [`super::visit`].

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use alloy::primitives::B256;
use muster_client::{Agreement, ServiceReceipt};
use muster_gateway::{RECEIPT_HEADER, SESSION_HEADER, TOKEN_HEADER};
use muster_messaging::SecretString;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, Response, StatusCode};
use tokio::sync::watch;
use tokio::time::{Duration, timeout};

use crate::error::StoreError;
use crate::failpoint::fail_point;
use crate::store::Store;

/// Where a worker serves, and what to show there.
#[derive(Debug)]
pub(super) struct WorkerEndpoint {
    /// The worker's place in the agreement.
    pub(super) index: u8,
    /// Its URL, without a slash at the end.
    url: SecretString,
    /// What lets one in.
    token: SecretString,
}

impl WorkerEndpoint {
    /// The address of a page, given by its path and query.
    pub(super) fn url_for(&self, page: &str) -> String {
        format!("{}{page}", self.url.reveal())
    }
}

/// What came of asking a worker.
#[derive(Debug)]
pub(super) enum ForwardOutcome {
    /// The service has answered.
    Served(Response),
    /// The worker's gateway has answered in its place.
    Rejected(Response),
    /// Nobody has answered.
    NoResponse {
        /// Whether the service can have seen the request.
        maybe_delivered: bool,
    },
}

/// What gateways answer in place of the service. The service may say the same, but then with a receipt, or that
/// it fails.
const GATEWAY_STATUSES: [StatusCode; 6] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];

/// The ways to all workers of an agreement.
#[derive(Debug)]
pub(super) struct EndpointPool {
    /// The agreement.
    pub(super) agreement: Agreement,
    /// The session.
    pub(super) session: B256,
    /// Where ways and receipts are written down.
    store: Store,
    /// What is known.
    state: RwLock<PoolState>,
    /// Changes whenever a way is lost.
    removed: watch::Sender<()>,
}

/// See [`EndpointPool`].
#[derive(Debug, Default)]
struct PoolState {
    /// By place in the agreement.
    endpoints: BTreeMap<u8, Arc<WorkerEndpoint>>,
    /// The worker that is asked first.
    preferred: u8,
    /// Windows that receipts cover, by worker.
    served: BTreeMap<u8, u32>,
}

impl EndpointPool {
    /// The ways that the store knows.
    pub(super) fn load(
        agreement: Agreement,
        session: B256,
        store: Store,
    ) -> Result<Self, StoreError> {
        let (mut state, address) = (PoolState::default(), agreement.address());
        for index in 0..agreement.terms().header.redundancy {
            if let Some((url, token)) = store.endpoint(address, index)? {
                let (url, token) = (SecretString::new(url), SecretString::new(token));
                state.endpoints.insert(index, Arc::new(WorkerEndpoint { index, url, token }));
            }
            let receipt = store.observations(address, index)?.receipt;
            state.served.insert(index, receipt.map_or(0, |receipt| receipt.served));
        }
        let (state, removed) = (RwLock::new(state), watch::Sender::new(()));
        Ok(Self { agreement, session, store, state, removed })
    }

    /// Takes note of where a worker serves.
    pub(super) fn insert(
        &self,
        index: u8,
        url: &SecretString,
        token: &SecretString,
    ) -> Result<(), StoreError> {
        let url = SecretString::new(url.reveal().trim_end_matches('/'));
        fail_point("endpoint", "decided");
        self.store.save_endpoint(self.agreement.address(), index, url.reveal(), token.reveal())?;
        fail_point("endpoint", "noted");
        let endpoint = Arc::new(WorkerEndpoint { index, url, token: token.clone() });
        self.write(|state| state.endpoints.insert(index, endpoint));
        Ok(())
    }

    /// The way to a worker.
    pub(super) fn get(&self, index: u8) -> Option<Arc<WorkerEndpoint>> {
        self.read(|state| state.endpoints.get(&index).cloned())
    }

    /// All ways in the order in which they are to be tried.
    pub(super) fn by_preference(&self) -> Vec<Arc<WorkerEndpoint>> {
        self.read(|state| {
            let (before, from): (Vec<_>, Vec<_>) = state
                .endpoints
                .values()
                .cloned()
                .partition(|endpoint| endpoint.index < state.preferred);
            [from, before].concat()
        })
    }

    /// A worker has served: it is asked first from now on.
    pub(super) fn prefer(&self, endpoint: &WorkerEndpoint) {
        self.write(|state| state.preferred = endpoint.index);
    }

    /// A way leads nowhere: its worker is to be asked for another one.
    fn remove(&self, endpoint: &Arc<WorkerEndpoint>) {
        self.write(|state| {
            let is_current = |known: &Arc<WorkerEndpoint>| Arc::ptr_eq(known, endpoint);
            if state.endpoints.get(&endpoint.index).is_some_and(is_current) {
                state.endpoints.remove(&endpoint.index);
            }
        });
        self.removed.send_replace(());
    }

    /// Sees ways being lost.
    pub(super) fn subscribe_removals(&self) -> watch::Receiver<()> {
        self.removed.subscribe()
    }

    /// Asks a worker, and waits so long for the beginning of an answer. A way that leads nowhere is forgotten.
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
            lost => {
                self.remove(endpoint);
                let unseen = matches!(lost, Ok(Err(error)) if error.is_connect());
                ForwardOutcome::NoResponse { maybe_delivered: !unseen }
            }
        }
    }

    /// A request as its worker wants it.
    fn authenticate(&self, request: RequestBuilder, endpoint: &WorkerEndpoint) -> RequestBuilder {
        let Ok(mut token) = HeaderValue::from_str(endpoint.token.reveal()) else { return request };
        token.set_sensitive(true);
        request.header(TOKEN_HEADER, token).header(SESSION_HEADER, self.session.to_string())
    }

    /// Whether an answer is the service's own, and not that of a gateway that let nobody in. If it brings a
    /// receipt, that is kept.
    fn is_served(&self, endpoint: &WorkerEndpoint, response: &Response) -> bool {
        if let Some(receipt) = receipt_header(response.headers()) {
            self.store_receipt(endpoint.index, &receipt);
            return true;
        }
        !GATEWAY_STATUSES.contains(&response.status())
    }

    /// Whether a worker's receipt for this session covers a window.
    pub(super) fn covers(&self, index: u8, window: u8) -> bool {
        let served = self.read(|state| state.served.get(&index).copied().unwrap_or_default());
        served.checked_shr(window.into()).is_some_and(|bits| bits & 1 == 1)
    }

    /// Keeps a receipt that says more than the last one, if it is the worker's.
    fn store_receipt(&self, index: u8, receipt: &ServiceReceipt) {
        let served = self.read(|state| state.served.get(&index).copied().unwrap_or_default());
        let new = receipt.served & !served;
        let Some(window) = new.checked_ilog2().and_then(|window| u8::try_from(window).ok()) else {
            return;
        };
        let worker = self.agreement.terms().worker(index).map(|worker| worker.account);
        if worker.is_none()
            || receipt.signer(self.agreement.receipt_domain(), self.session) != worker
        {
            tracing::warn!("worker {index} has sent a receipt that is not its own");
            return;
        }
        let noted =
            self.store.record_observation(self.agreement.address(), index, window, Some(receipt));
        if let Err(error) = noted {
            tracing::error!("a receipt is not kept: {error}");
        }
        self.write(|state| state.served.insert(index, receipt.served));
    }

    /// Looks at what is known.
    fn read<T>(&self, what: impl FnOnce(&PoolState) -> T) -> T {
        what(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes what is known.
    fn write<T>(&self, how: impl FnOnce(&mut PoolState) -> T) -> T {
        how(&mut self.state.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The receipt that came with an answer.
fn receipt_header(headers: &HeaderMap) -> Option<ServiceReceipt> {
    headers.get(RECEIPT_HEADER)?.to_str().ok()?.parse().ok()
}
