//! Asking workers where they serve, and looking at each of them once in every window, as testers with a pass
//! do: under a fresh key for each window, which the client delegates, at a random time, in one session. So
//! workers cannot tell who is who.

use std::ops::Range;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use alloy::primitives::keccak256;
use muster_client::Progress;
use muster_messaging::{
    Claim, Content, InMemoryReplayGuard, Message, MessageError, MessageKey, PassResponder,
    SecretString,
};
use reqwest::Client;
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep, timeout};

use super::endpoint_pool::{EndpointPool, ForwardOutcome};
use crate::chain_view::RpcChainView;
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::market_clock::MarketClock;
use crate::request_client::RequestClient;
use crate::rng::random_below;

/// How long a worker may take to answer a letter.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a worker may take to answer a look.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);

/// The pause before a worker is asked again; each further one is twice as long.
const INITIAL_BACKOFF: Duration = Duration::from_secs(1);

/// The longest pause. A way that was good for longer is asked for again at once.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// How many letters to a fresh key are told from their repetitions.
const REPLAY_GUARD_CAPACITY: usize = 64;

/// What workers are asked with.
#[derive(Debug)]
pub(super) struct ProbeContext {
    /// The account, and its way for letters.
    context: DaemonContext,
    /// Where workers serve.
    pub(super) endpoints: Arc<EndpointPool>,
    /// Signs for fresh keys.
    pass_responder: PassResponder,
    /// The market's time.
    clock: MarketClock,
    /// The connections.
    pub(super) http: Client,
    /// What workers are asked for in a look: a path.
    probe_path: Box<str>,
    /// What fresh keys are made from.
    key_seed: [u8; 32],
}

impl ProbeContext {
    /// What is needed to ask the workers of these ways.
    pub(super) async fn new(
        context: DaemonContext,
        endpoints: Arc<EndpointPool>,
        http: Client,
        probe_path: Box<str>,
    ) -> Result<Self, DaemonError> {
        let (market, store) = (context.market().clone(), context.store().clone());
        let key_seed = store.secret("keys", || MessageKey::random().to_bytes().0)?;
        let chain_view = Arc::new(RpcChainView::new(market.clone()));
        let pass_responder =
            PassResponder::new(context.signer().clone(), chain_view, Arc::new(store));
        let clock = MarketClock::start(market.clone(), market.now().await?);
        Ok(Self { context, endpoints, pass_responder, clock, http, probe_path, key_seed })
    }

    /// The letters of the key for a window, which is the same after a restart.
    pub(super) async fn request_client(&self, window: u8) -> Result<RequestClient, MessageError> {
        let agreement = self.endpoints.agreement.address();
        let bytes = keccak256([&self.key_seed[..], agreement.as_slice(), &[window]].concat());
        // Hardly ever is a hash no key.
        let key = MessageKey::from_bytes(bytes).unwrap_or_else(|_| MessageKey::random());
        RequestClient::open(
            key,
            self.context.transport(),
            Arc::new(InMemoryReplayGuard::new(REPLAY_GUARD_CAPACITY)),
        )
        .await
    }

    /// Asks a worker where it serves; `None` if it does not say so in time.
    pub(super) async fn request_endpoint(
        &self,
        request_client: &RequestClient,
        index: u8,
    ) -> Option<(SecretString, SecretString)> {
        match timeout(REPLY_TIMEOUT, self.send_endpoint_request(request_client, index)).await {
            Ok(Ok(Content::EndpointReply { url, token })) => return Some((url, token)),
            Ok(Ok(Content::Refusal { reason })) => {
                tracing::warn!("worker {index} does not say where it serves: {reason}");
            }
            Ok(Ok(_)) => tracing::warn!("worker {index} has sent an answer that is none"),
            Ok(Err(error)) => tracing::warn!("worker {index} cannot be asked: {error}"),
            Err(_) => tracing::warn!("worker {index} does not answer letters"),
        }
        None
    }

    /// Asks a worker as a delegate of the client.
    async fn send_endpoint_request(
        &self,
        request_client: &RequestClient,
        index: u8,
    ) -> Result<Content, DaemonError> {
        let (agreement, market) = (&self.endpoints.agreement, self.context.market());
        let worker = agreement.terms().worker(index).map(|worker| worker.account);
        let key = market.key_of(worker.unwrap_or_default()).await?.unwrap_or_default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let delegation =
            self.pass_responder.delegate(agreement.address(), request_client.key(), now)?;
        let content = Content::EndpointRequest { claim: Claim::Delegate { delegation } };
        let message = Message::request(market.node().chain_id(), agreement.address(), content);
        Ok(request_client.request(key, message).await?)
    }

    /// Looks at a worker.
    async fn probe(&self, index: u8) {
        let Some(endpoint) = self.endpoints.get(index) else { return };
        let request = self.http.get(endpoint.url_for(&self.probe_path));
        if !matches!(
            self.endpoints.send(request, &endpoint, PROBE_TIMEOUT).await,
            ForwardOutcome::Served(_)
        ) {
            tracing::warn!("worker {index} does not serve");
        }
    }
}

/// Visits the workers of an agreement.
#[derive(Debug)]
pub(super) struct EndpointRefresh {
    /// What they are asked with.
    probe_context: Arc<ProbeContext>,
    /// The window, and who has accepted, for which visits are made now.
    current: Option<(u8, u8)>,
    /// A visit to each worker.
    tasks: JoinSet<()>,
}

impl EndpointRefresh {
    /// No visit yet.
    pub(super) fn new(probe_context: Arc<ProbeContext>) -> Self {
        Self { probe_context, current: None, tasks: JoinSet::new() }
    }

    /// Sees to it that every worker is visited in the window of now.
    pub(super) async fn step(&mut self) -> Result<(), DaemonError> {
        let agreement = self.probe_context.endpoints.agreement.clone();
        let progress = agreement.progress().await?;
        let now = agreement.market().now().await?;
        let window = agreement.window_at(&progress, now);
        let current = window.map(|window| (window, progress.accepted));
        if current == self.current {
            return Ok(());
        }
        self.tasks.abort_all();
        self.tasks = JoinSet::new();
        if let Some(window) = window {
            let windows = agreement.windows(&progress);
            let ticks = windows.into_iter().find_map(|(k, ticks)| (k == window).then_some(ticks));
            let request_client = Arc::new(self.probe_context.request_client(window).await?);
            for index in serving_workers(&progress, window) {
                let (probe_context, request_client) =
                    (self.probe_context.clone(), request_client.clone());
                let ticks = ticks.clone().unwrap_or_default();
                self.tasks.spawn(async move {
                    refresh_endpoint(&probe_context, &request_client, index, window, ticks).await
                });
            }
        }
        self.current = current;
        Ok(())
    }
}

/// The workers that serve in a window, by their places.
pub(super) fn serving_workers(progress: &Progress, window: u8) -> impl Iterator<Item = u8> {
    (0..u8::MAX)
        .filter(move |index| progress.has_accepted(*index) && progress.judged(*index) > window)
}

/// Keeps a way to a worker open through a window, and looks at it once, at a random time.
async fn refresh_endpoint(
    probe_context: &ProbeContext,
    request_client: &RequestClient,
    index: u8,
    window: u8,
    ticks: Range<u64>,
) {
    let part = |parts: u64| {
        let length = ticks.end.saturating_sub(ticks.start);
        length.checked_div(parts).unwrap_or_default().max(1)
    };
    let spread = ticks.end.saturating_sub(part(8)).saturating_sub(probe_context.clock.now());
    let mut probe_at = probe_context.clock.now().saturating_add(random_below(spread));
    let mut removals = probe_context.endpoints.subscribe_removals();
    let (mut last_request, mut backoff) = (None::<Instant>, INITIAL_BACKOFF);
    loop {
        if last_request.is_none() || probe_context.endpoints.get(index).is_none() {
            if let Some(last_request) = last_request {
                backoff =
                    if last_request.elapsed() > MAX_BACKOFF { INITIAL_BACKOFF } else { backoff };
                sleep(backoff).await;
                backoff = backoff.saturating_mul(2).min(MAX_BACKOFF);
            }
            last_request = Some(Instant::now());
            if let Some((url, token)) = probe_context.request_endpoint(request_client, index).await
                && let Err(error) = probe_context.endpoints.insert(index, &url, &token)
            {
                tracing::error!("{error}");
            }
            continue;
        }
        select! {
            _ = removals.changed() => {}
            () = probe_context.clock.wait_until(probe_at), if !probe_context.endpoints.covers(index, window) => {
                probe_context.probe(index).await;
                probe_at = probe_context.clock.now().saturating_add(part(16));
            }
        }
    }
}
