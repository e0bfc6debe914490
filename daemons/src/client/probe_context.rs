//! What it takes to ask workers for their endpoints, and to probe them.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use muster_messaging::{
    Claim, Endpoint, InMemoryReplayGuard, MessageError, MessageKey, PassResponder, ProxyUrl,
};
use rand::seq::IndexedRandom;
use secrecy::{ExposeSecret, SecretBox};
use tokio::sync::OnceCell;
use tokio::time::{Duration, timeout};

use super::endpoint_pool::{EndpointPool, ForwardOutcome};
use super::pool_state::KeyId;
use crate::chain::{MarketClock, RpcChainView, tick_duration};
use crate::context::DaemonContext;
use crate::endpoint_request::request_endpoint;
use crate::error::DaemonError;
use crate::request_client::RequestClient;
use crate::schedule::derive;
use crate::service_client::ServiceClient;
use crate::unix_time::unix_now;

/// The timeout of a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);

/// Messages to a key that are remembered, so that repetitions are ignored.
const REPLAY_GUARD_CAPACITY: usize = 64;

/// One of a client's keys for a window.
#[derive(Debug)]
pub(super) struct TrafficKey {
    /// Which one.
    pub(super) id: KeyId,
    /// The session that its requests belong to.
    pub(super) session: B256,
    /// The key for messages.
    message_key: MessageKey,
    /// Sends requests under it, once there was one to send.
    request_client: OnceCell<RequestClient>,
}

/// What it takes to ask the workers of one agreement for their endpoints, and to probe them.
#[derive(Debug)]
pub(super) struct ProbeContext {
    /// The account, its state file and its transport.
    pub(super) context: DaemonContext,
    /// The endpoints that are known.
    pub(super) pool: Arc<EndpointPool>,
    /// Signs delegations for keys.
    pass_responder: PassResponder,
    /// The market's clock.
    pub(super) clock: MarketClock,
    /// The HTTP client.
    pub(super) http: ServiceClient,
    /// The paths that workers are probed with.
    probe_paths: Vec<Box<str>>,
    /// The secret that keys, sessions and moments are derived from.
    key_seed: SecretBox<[u8; 32]>,
}

impl ProbeContext {
    /// Starts a clock, and knows no endpoint yet.
    ///
    /// # Errors
    /// [`DaemonError::NotClient`]; [`DaemonError::Market`] if there is no such agreement; [`DaemonError::Store`],
    /// [`DaemonError::Http`].
    pub(super) async fn open(
        context: &DaemonContext,
        agreement: Address,
        probe_paths: Vec<Box<str>>,
        proxy: Option<&ProxyUrl>,
    ) -> Result<Self, DaemonError> {
        let (account, market, store) = (context.account(), context.market(), context.store());
        let handle = market.agreement(agreement).await?;
        if handle.terms().header.client != account {
            return Err(DaemonError::NotClient { agreement, account });
        }
        let chain_view = Arc::new(RpcChainView::new(market.clone()));
        let replay_guard = Arc::new(store.clone());
        Ok(Self {
            pool: Arc::new(EndpointPool::new(handle, store.clone())),
            pass_responder: PassResponder::new(context.signer().clone(), chain_view, replay_guard),
            clock: MarketClock::start(market.clone(), market.now().await?),
            key_seed: store.secret("keys")?,
            context: context.clone(),
            http: ServiceClient::new(proxy)?,
            probe_paths,
        })
    }

    /// The requests of a key at a worker in a window, which are those of a tester; 0 if there are no testers.
    pub(super) fn probes_per_key(&self) -> u8 {
        let header = &self.pool.agreement.terms().header;
        if header.testers == 0 { 0 } else { header.probes }
    }

    /// A key. It is the same after a restart.
    pub(super) fn traffic_key(&self, id: KeyId) -> TrafficKey {
        let bytes = self.derive(id, b"key");
        // A hash is no key with probability 2^-128.
        let message_key = MessageKey::from_bytes(&bytes).unwrap_or_else(|_| MessageKey::random());
        let session = self.derive(id, b"session");
        TrafficKey { id, session, message_key, request_client: OnceCell::new() }
    }

    /// The seed of the moments of a key at a worker.
    pub(super) fn moments(&self, id: KeyId, index: u8) -> B256 {
        self.derive(id, &[b"moments", &[index][..]].concat())
    }

    /// A secret that belongs to a key.
    fn derive(&self, id: KeyId, subject: &[u8]) -> B256 {
        let KeyId { window, slot } = id;
        let subject = [&[window, slot], subject].concat();
        derive(self.key_seed.expose_secret(), self.pool.agreement.address(), &subject)
    }

    /// Asks a worker for its endpoint under a key, as a delegate of the client; `None` if it does not send one in time.
    pub(super) async fn request_endpoint(&self, key: &TrafficKey, index: u8) -> Option<Endpoint> {
        let (agreement, worker) = (self.pool.agreement.address(), index);
        match self.send_endpoint_request(key, index).await {
            Ok(Ok(endpoint)) => return Some(endpoint),
            Ok(Err(failure)) => tracing::warn!(%agreement, worker, %failure, "no endpoint"),
            Err(error) => tracing::warn!(%agreement, worker, %error, "endpoint request failed"),
        }
        None
    }

    /// See [`Self::request_endpoint`].
    async fn send_endpoint_request(
        &self,
        key: &TrafficKey,
        index: u8,
    ) -> Result<Result<Endpoint, crate::endpoint_request::EndpointFailure>, DaemonError> {
        let (agreement, market) = (&self.pool.agreement, self.context.market());
        let open = || async {
            let replay_guard = Arc::new(InMemoryReplayGuard::new(REPLAY_GUARD_CAPACITY));
            let (key, transport) = (key.message_key.clone(), self.context.transport());
            RequestClient::open(key, transport, replay_guard).await
        };
        let request_client: Result<_, MessageError> =
            key.request_client.get_or_try_init(open).await;
        let request_client = request_client?;
        let (progress, now) = (agreement.progress().await?, market.now().await?);
        let ticks = agreement.times(&progress).end().saturating_sub(now);
        let left = tick_duration(market.settings().clock)
            .saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX));
        let (address, public) = (agreement.address(), request_client.key());
        let delegation = self.pass_responder.delegate(address, public, unix_now(), left)?;
        let claim = Claim::Delegate { delegation };
        Ok(request_endpoint(request_client, agreement, index, claim).await)
    }

    /// Asks a worker for its endpoint under a key, and uses it.
    pub(super) async fn open_endpoint(&self, key: &TrafficKey, index: u8) {
        let Some(endpoint) = self.request_endpoint(key, index).await else { return };
        if let Err(error) = self.pool.insert(key.id, index, key.session, &endpoint) {
            let agreement = self.pool.agreement.address();
            tracing::error!(%agreement, worker = index, %error, "endpoint not stored");
        }
    }

    /// Probes a worker once under a key, if its endpoint is known.
    pub(super) async fn probe(&self, key: KeyId, index: u8) {
        let Some(endpoint) = self.pool.read(|state| state.get(key, index)) else { return };
        let path = self.probe_paths.choose(&mut rand::rng()).map_or("/", |path| &**path);
        let request = self.http.get(endpoint.url_for(path));
        let (agreement, worker) = (self.pool.agreement.address(), index);
        match self.pool.send(request, &endpoint, PROBE_TIMEOUT).await {
            ForwardOutcome::Served(mut response) => {
                // A tester reads the whole response.
                let read = async { while let Ok(Some(_)) = response.chunk().await {} };
                drop(timeout(PROBE_TIMEOUT, read).await);
            }
            ForwardOutcome::Rejected(response) => {
                tracing::warn!(%agreement, worker, status = %response.status(), "probe rejected");
            }
            ForwardOutcome::NoResponse { .. } => {
                tracing::warn!(%agreement, worker, "probe without a response");
            }
        }
    }
}
