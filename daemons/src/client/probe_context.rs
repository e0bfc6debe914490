//! What it takes to ask workers for their endpoints, and to probe them.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use muster_client::Application;
use muster_messaging::{Claim, Endpoint, MessageKey, PassResponder, ProxyUrl};
use rand::seq::IndexedRandom;
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretBox};
use tokio::select;
use tokio::time::Duration;

use super::endpoint_pool::{EndpointPool, ForwardOutcome};
use super::job_samples::JobSamples;
use super::purchase_document::PurchaseDocument;
use super::traffic_key::{KeyId, Route, TrafficKey};
use crate::chain::{MarketClock, RpcChainView, planned_end_second};
use crate::context::DaemonContext;
use crate::endpoint_request::{EndpointFailure, request_endpoint};
use crate::error::DaemonError;
use crate::request_client::is_connected;
use crate::schedule::derive;
use crate::service_client::{RESPONSE_TIMEOUT, ServiceClient, service_url};

/// What it takes to ask the workers of one agreement for their endpoints, and to probe them.
#[derive(Debug)]
pub(super) struct ProbeContext {
    /// The account, its state file and its transport.
    pub(super) context: DaemonContext,
    /// The endpoints that are known.
    pub(super) pool: EndpointPool,
    /// Signs delegations for keys.
    pass_responder: PassResponder,
    /// The market's clock.
    pub(super) clock: MarketClock,
    /// The paths that workers are probed with.
    probe_paths: Vec<Box<str>>,
    /// The client's jobs, if it has any: workers are probed with them too.
    pub(super) jobs: Option<Arc<JobSamples>>,
    /// The digest of the document that the agreement was bought by, if it was.
    bought: Option<B256>,
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
        let http = ServiceClient::new(RESPONSE_TIMEOUT, proxy)?;
        Ok(Self {
            pool: EndpointPool::new(handle, store.clone(), http),
            pass_responder: PassResponder::new(context.signer().clone(), chain_view, replay_guard),
            clock: MarketClock::start(market.clone(), market.now().await?),
            key_seed: store.secret("keys")?,
            context: context.clone(),
            probe_paths,
            jobs: None,
            bought: PurchaseDocument::of_agreement(context, agreement)?
                .map(|document| document.digest),
        })
    }

    /// The requests of a key at a worker in a window, which are those of a tester; 0 if there are no testers.
    pub(super) const fn probes_per_key(&self) -> u8 {
        let header = &self.pool.agreement.terms().header;
        if header.testers == 0 { 0 } else { header.probes }
    }

    /// A key. It is the same after a restart.
    pub(super) fn traffic_key(&self, id: KeyId) -> TrafficKey {
        let bytes = self.derive(id, b"key");
        // A hash is no key with probability 2^-128.
        let message_key = MessageKey::from_bytes(&bytes).unwrap_or_else(|_| MessageKey::random());
        let session = self.derive(id, b"session");
        TrafficKey::new(id, session, message_key)
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

    /// Asks a worker for its endpoint under a key, once, as a delegate of the client.
    pub(super) async fn request_endpoint(
        &self,
        key: &TrafficKey,
        index: u8,
    ) -> Result<Endpoint, EndpointFailure> {
        let (agreement, transport) = (&self.pool.agreement, self.context.transport());
        let request_client = key.request_client(transport).await;
        let request_client = request_client.map_err(|_| EndpointFailure::NotSent)?;
        let progress = agreement.progress().await.map_err(|_| EndpointFailure::NotSent)?;
        let planned_end = planned_end_second(agreement, &progress);
        let (address, public) = (agreement.address(), request_client.key());
        let delegation = self.pass_responder.delegate(address, public, planned_end);
        let delegation = delegation.map_err(|_| EndpointFailure::NotSent)?;
        let claim = Claim::Delegate { delegation };
        let endpoint = request_endpoint(request_client, agreement, index, claim).await?;
        let served = endpoint.application;
        match self.bought {
            Some(bought) if served != Some(bought) => {
                Err(EndpointFailure::OtherDocument { served, bought })
            }
            _ => Ok(endpoint),
        }
    }

    /// The endpoint of a key at a worker, which is asked for it if it is not known; `None` if it does not send one in time,
    /// before the end of the key's window.
    pub(super) async fn endpoint(&self, route: &Route) -> Option<Arc<Endpoint>> {
        let (agreement, worker) = (self.pool.agreement.address(), route.index);
        let ask = async {
            let endpoint = self.request_endpoint(&route.key, worker).await?;
            if let Err(error) = self.pool.save(route, &endpoint) {
                tracing::error!(%agreement, worker, %error, "endpoint not stored");
            }
            Ok(endpoint)
        };
        let asked = select! {
            asked = route.slot.get(ask) => asked,
            () = self.clock.wait_until(route.ticks.end) => Err(EndpointFailure::NoReply),
        };
        asked
            .inspect_err(|failure| tracing::warn!(%agreement, worker, %failure, "no endpoint"))
            .ok()
    }

    /// Sends a request that may take this time longer than a probe to the endpoint of a key at a worker. After one that is not
    /// served, the client's own connection is tested as a tester's is.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        route: &Route,
        endpoint: &Arc<Endpoint>,
        more_time: Duration,
    ) -> ForwardOutcome {
        let outcome = self.pool.send(request, route, endpoint, more_time).await;
        match &outcome {
            ForwardOutcome::Served(_) => {}
            ForwardOutcome::Rejected(response) => {
                self.report_failure(route, Some(response.status().as_u16()));
            }
            ForwardOutcome::NoResponse { .. } => self.report_failure(route, None),
        }
        outcome
    }

    /// Tests the own connection after a request of a key at a worker that was not served, and logs whose fault it seems.
    pub(super) fn report_failure(&self, route: &Route, status: Option<u16>) {
        let (transport, worker) = (self.context.transport(), route.index);
        let agreement = self.pool.agreement.address();
        let chain_id = self.pool.agreement.market().node().chain_id();
        tokio::spawn(async move {
            let is_connected = is_connected(transport, chain_id, agreement).await;
            tracing::warn!(%agreement, worker, status, is_connected, "request not served");
        });
    }

    /// Probes a worker once under a key, by a job or by a request whose whole response is read, as a tester does.
    pub(super) async fn probe(&self, route: &Route) {
        let Some(endpoint) = self.endpoint(route).await else {
            return self.report_failure(route, None);
        };
        if self.pool.agreement.terms().header.application == Application::WASM1.0 {
            return self.probe_by_job(route, &endpoint).await;
        }
        let path = self.probe_paths.choose(&mut rand::rng()).map_or("/", |path| &**path);
        let request = self.pool.http.get(service_url(endpoint.url.expose_secret(), path));
        if let ForwardOutcome::Served(response) | ForwardOutcome::Rejected(response) =
            self.send(request, route, &endpoint, Duration::ZERO).await
        {
            drop(self.pool.http.read_body(response).await);
        }
    }
}
