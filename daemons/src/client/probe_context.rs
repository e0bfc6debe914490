//! What it takes to ask workers for their endpoints, and to probe them.

use std::sync::Arc;

use alloy::primitives::{Address, keccak256};
use muster_client::Session;
use muster_messaging::{
    Claim, Content, Endpoint, InMemoryReplayGuard, Message, MessageError, MessageKey,
    PassResponder, SecretString,
};
use reqwest::Client;
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretBox};
use tokio::time::{Duration, timeout};

use super::endpoint_pool::{EndpointPool, ForwardOutcome};
use crate::chain::{MarketClock, RpcChainView};
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::request_client::RequestClient;
use crate::unix_time::unix_now;

/// The timeout of a connection to a worker.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An idle connection is checked after this time.
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);

/// The timeout of a worker's reply to a message.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// The timeout of a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);

/// Messages to a window key that are remembered, so that repetitions are ignored.
const REPLAY_GUARD_CAPACITY: usize = 64;

/// What it takes to ask the workers of one agreement for their endpoints, and to probe them.
#[derive(Debug)]
pub(super) struct ProbeContext {
    /// The account and its transport.
    context: DaemonContext,
    /// The endpoints that are known.
    pub(super) endpoints: Arc<EndpointPool>,
    /// Signs delegations for window keys.
    pass_responder: PassResponder,
    /// The market's clock.
    pub(super) clock: MarketClock,
    /// The HTTP client.
    pub(super) http: Client,
    /// The path that workers are probed with.
    probe_path: Box<str>,
    /// The secret that window keys are derived from.
    key_seed: SecretBox<[u8; 32]>,
}

impl ProbeContext {
    /// Loads the endpoints of an agreement that the store knows, and starts a clock.
    ///
    /// # Errors
    /// [`DaemonError::NotClient`]; [`DaemonError::Market`] if there is no such agreement; [`DaemonError::Store`],
    /// [`DaemonError::Http`].
    pub(super) async fn open(
        context: &DaemonContext,
        agreement: Address,
        probe_path: Box<str>,
    ) -> Result<Self, DaemonError> {
        let (account, market, store) = (context.account(), context.market(), context.store());
        let handle = market.agreement(agreement).await?;
        if handle.terms().header.client != account {
            return Err(DaemonError::NotClient { agreement, account });
        }
        let salt = store.session_salt(agreement, || Session::random().salt)?;
        let session = Session { salt }.id(account);
        let http = Client::builder()
            .http1_only()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_keepalive(TCP_KEEPALIVE)
            .build()?;
        let chain_view = Arc::new(RpcChainView::new(market.clone()));
        let replay_guard = Arc::new(store.clone());
        Ok(Self {
            endpoints: Arc::new(EndpointPool::load(handle, session, store.clone())?),
            pass_responder: PassResponder::new(context.signer().clone(), chain_view, replay_guard),
            clock: MarketClock::start(market.clone(), market.now().await?),
            key_seed: store.secret("keys")?,
            context: context.clone(),
            http,
            probe_path,
        })
    }

    /// Opens the mailbox of the key for a window. The key is the same after a restart.
    pub(super) async fn request_client(&self, window: u8) -> Result<RequestClient, MessageError> {
        let (seed, agreement) = (self.key_seed.expose_secret(), self.endpoints.agreement.address());
        let bytes = keccak256([&seed[..], agreement.as_slice(), &[window]].concat());
        // A hash is no key with probability 2^-128.
        let key = MessageKey::from_bytes(&bytes).unwrap_or_else(|_| MessageKey::random());
        let replay_guard = Arc::new(InMemoryReplayGuard::new(REPLAY_GUARD_CAPACITY));
        RequestClient::open(key, self.context.transport(), replay_guard).await
    }

    /// Asks a worker for its endpoint; `None` if it does not send one in time.
    pub(super) async fn request_endpoint(
        &self,
        request_client: &RequestClient,
        index: u8,
    ) -> Option<(SecretString, SecretString)> {
        let (agreement, worker) = (self.endpoints.agreement.address(), index);
        match timeout(REPLY_TIMEOUT, self.send_endpoint_request(request_client, index)).await {
            Ok(Ok(Content::EndpointReply(Endpoint { url, token }))) => return Some((url, token)),
            Ok(Ok(Content::Refusal { reason })) => {
                tracing::warn!(%agreement, worker, %reason, "endpoint refused");
            }
            Ok(Ok(_)) => tracing::warn!(%agreement, worker, "reply is no endpoint"),
            Ok(Err(error)) => tracing::warn!(%agreement, worker, %error, "endpoint request failed"),
            Err(_) => tracing::warn!(%agreement, worker, timeout = ?REPLY_TIMEOUT, "no reply"),
        }
        None
    }

    /// Asks a worker for its endpoint as a delegate of the client.
    async fn send_endpoint_request(
        &self,
        request_client: &RequestClient,
        index: u8,
    ) -> Result<Content, DaemonError> {
        let (agreement, market) = (&self.endpoints.agreement, self.context.market());
        let worker = agreement.terms().worker(index).map(|worker| worker.account);
        let key = market.key_of(worker.unwrap_or_default()).await?.unwrap_or_default();
        let delegation =
            self.pass_responder.delegate(agreement.address(), request_client.key(), unix_now())?;
        let content = Content::EndpointRequest { claim: Claim::Delegate { delegation } };
        let message = Message::request(market.node().chain_id(), agreement.address(), content);
        Ok(request_client.request(key, message).await?)
    }

    /// Probes a worker once, if its endpoint is known.
    pub(super) async fn probe(&self, index: u8) {
        let Some(endpoint) = self.endpoints.get(index) else { return };
        let request = self.http.get(endpoint.url_for(&self.probe_path));
        let (agreement, worker) = (self.endpoints.agreement.address(), index);
        match self.endpoints.send(request, &endpoint, PROBE_TIMEOUT).await {
            ForwardOutcome::Served(_) => {}
            ForwardOutcome::Rejected(response) => {
                tracing::warn!(%agreement, worker, status = %response.status(), "probe rejected");
            }
            ForwardOutcome::NoResponse { .. } => {
                tracing::warn!(%agreement, worker, "probe without a response");
            }
        }
    }
}
