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
use crate::fault::point;
use crate::store::Store;

/// Where a worker serves, and what to show there.
#[derive(Debug)]
pub(super) struct Way {
    /// The worker's place in the agreement.
    pub(super) index: u8,
    /// Its URL, without a slash at the end.
    url: SecretString,
    /// What lets one in.
    token: SecretString,
}

impl Way {
    /// The address of a page, given by its path and query.
    pub(super) fn at(&self, page: &str) -> String {
        format!("{}{page}", self.url.reveal())
    }
}

/// What came of asking a worker.
#[derive(Debug)]
pub(super) enum Passed {
    /// The service has answered.
    Served(Response),
    /// The worker's gateway has answered in its place.
    TurnedAway(Response),
    /// Nobody has answered.
    Lost {
        /// Whether the service can have seen the request.
        maybe_seen: bool,
    },
}

/// What gateways answer in place of the service. The service may say the same, but then with a receipt, or that
/// it fails.
const TURNED_AWAY: [StatusCode; 6] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];

/// The ways to all workers of an agreement.
#[derive(Debug)]
pub(super) struct Ways {
    /// The agreement.
    pub(super) agreement: Agreement,
    /// The session.
    pub(super) session: B256,
    /// Where ways and receipts are written down.
    store: Store,
    /// What is known.
    state: RwLock<State>,
    /// Changes whenever a way is lost.
    lost: watch::Sender<()>,
}

/// See [`Ways`].
#[derive(Debug, Default)]
struct State {
    /// By place in the agreement.
    ways: BTreeMap<u8, Arc<Way>>,
    /// The worker that is asked first.
    first: u8,
    /// Windows that receipts cover, by worker.
    served: BTreeMap<u8, u32>,
}

impl Ways {
    /// The ways that the store knows.
    pub(super) fn load(
        agreement: Agreement,
        session: B256,
        store: Store,
    ) -> Result<Self, StoreError> {
        let (mut state, address) = (State::default(), agreement.address());
        for index in 0..agreement.terms().header.redundancy {
            if let Some((url, token)) = store.endpoint(address, index)? {
                let (url, token) = (SecretString::new(url), SecretString::new(token));
                state.ways.insert(index, Arc::new(Way { index, url, token }));
            }
            let receipt = store.seen(address, index)?.receipt;
            state.served.insert(index, receipt.map_or(0, |receipt| receipt.served));
        }
        let (state, lost) = (RwLock::new(state), watch::Sender::new(()));
        Ok(Self { agreement, session, store, state, lost })
    }

    /// Takes note of where a worker serves.
    pub(super) fn open(
        &self,
        index: u8,
        url: &SecretString,
        token: &SecretString,
    ) -> Result<(), StoreError> {
        let url = SecretString::new(url.reveal().trim_end_matches('/'));
        point("endpoint", "decided");
        self.store.note_endpoint(self.agreement.address(), index, url.reveal(), token.reveal())?;
        point("endpoint", "noted");
        let way = Arc::new(Way { index, url, token: token.clone() });
        self.change(|state| state.ways.insert(index, way));
        Ok(())
    }

    /// The way to a worker.
    pub(super) fn to(&self, index: u8) -> Option<Arc<Way>> {
        self.look(|state| state.ways.get(&index).cloned())
    }

    /// All ways in the order in which they are to be tried.
    pub(super) fn all(&self) -> Vec<Arc<Way>> {
        self.look(|state| {
            let (before, from): (Vec<_>, Vec<_>) =
                state.ways.values().cloned().partition(|way| way.index < state.first);
            [from, before].concat()
        })
    }

    /// A worker has served: it is asked first from now on.
    pub(super) fn prefer(&self, way: &Way) {
        self.change(|state| state.first = way.index);
    }

    /// A way leads nowhere: its worker is to be asked for another one.
    fn forget(&self, way: &Arc<Way>) {
        self.change(|state| {
            let is_current = |known: &Arc<Way>| Arc::ptr_eq(known, way);
            if state.ways.get(&way.index).is_some_and(is_current) {
                state.ways.remove(&way.index);
            }
        });
        self.lost.send_replace(());
    }

    /// Sees ways being lost.
    pub(super) fn losses(&self) -> watch::Receiver<()> {
        self.lost.subscribe()
    }

    /// Asks a worker, and waits so long for the beginning of an answer. A way that leads nowhere is forgotten.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        way: &Arc<Way>,
        patience: Duration,
    ) -> Passed {
        match timeout(patience, self.sign(request, way).send()).await {
            Ok(Ok(answer)) if self.is_served(way, &answer) => Passed::Served(answer),
            Ok(Ok(answer)) => {
                if matches!(answer.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
                    self.forget(way);
                }
                Passed::TurnedAway(answer)
            }
            lost => {
                self.forget(way);
                let unseen = matches!(lost, Ok(Err(error)) if error.is_connect());
                Passed::Lost { maybe_seen: !unseen }
            }
        }
    }

    /// A request as its worker wants it.
    fn sign(&self, request: RequestBuilder, way: &Way) -> RequestBuilder {
        let Ok(mut token) = HeaderValue::from_str(way.token.reveal()) else { return request };
        token.set_sensitive(true);
        request.header(TOKEN_HEADER, token).header(SESSION_HEADER, self.session.to_string())
    }

    /// Whether an answer is the service's own, and not that of a gateway that let nobody in. If it brings a
    /// receipt, that is kept.
    fn is_served(&self, way: &Way, answer: &Response) -> bool {
        if let Some(receipt) = receipt(answer.headers()) {
            self.keep(way.index, &receipt);
            return true;
        }
        !TURNED_AWAY.contains(&answer.status())
    }

    /// Whether a worker's receipt for this session covers a window.
    pub(super) fn covers(&self, index: u8, window: u8) -> bool {
        let served = self.look(|state| state.served.get(&index).copied().unwrap_or_default());
        served.checked_shr(window.into()).is_some_and(|bits| bits & 1 == 1)
    }

    /// Keeps a receipt that says more than the last one, if it is the worker's.
    fn keep(&self, index: u8, receipt: &ServiceReceipt) {
        let served = self.look(|state| state.served.get(&index).copied().unwrap_or_default());
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
        let noted = self.store.saw(self.agreement.address(), index, window, Some(receipt));
        if let Err(error) = noted {
            tracing::error!("a receipt is not kept: {error}");
        }
        self.change(|state| state.served.insert(index, receipt.served));
    }

    /// Looks at what is known.
    fn look<T>(&self, what: impl FnOnce(&State) -> T) -> T {
        what(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes what is known.
    fn change<T>(&self, how: impl FnOnce(&mut State) -> T) -> T {
        how(&mut self.state.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The receipt that came with an answer.
fn receipt(headers: &HeaderMap) -> Option<ServiceReceipt> {
    headers.get(RECEIPT_HEADER)?.to_str().ok()?.parse().ok()
}
