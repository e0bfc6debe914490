//! The way to one worker of an agreement: fresh keys, each for one use.
//!
//! A worker knows from a signed request that its key is the client's. So the service is managed under one key, used under
//! another, and jobs run under those of the pool: none of them tells whose the others are.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::{Agreement, Market};
use muster_messaging::{
    Claim, Endpoint, InMemoryReplayGuard, MessageKey, PassResponder, ProxyUrl, Transport,
};

use super::failure::ServiceFailure;
use crate::chain::{RpcChainView, planned_end_second};
use crate::client::traffic_key::{KeyId, TrafficKey};
use crate::endpoint_request::{EndpointFailure, request_endpoint};
use crate::endpoint_slot::EndpointSlot;
use crate::error::DaemonError;
use crate::service_client::{RESPONSE_TIMEOUT, ServiceClient};

/// What it takes to reach workers as a client.
#[derive(Clone, Debug)]
pub(super) struct ClientAccess {
    /// The client's key.
    pub(super) signer: PrivateKeySigner,
    /// Makes requests.
    pub(super) http: ServiceClient,
    /// Where messages are published.
    transport: Arc<dyn Transport>,
    /// Signs delegations for keys.
    passes: PassResponder,
}

/// A fresh key at a worker.
#[derive(Debug)]
pub(super) struct FreshKey {
    /// The key. No window limits it.
    key: TrafficKey,
    /// The worker's endpoint for it.
    pub(super) slot: EndpointSlot,
}

/// A worker of an agreement, as the client of a service uses it.
#[derive(Debug)]
pub(super) struct ServiceWorker {
    /// The way to it.
    pub(super) access: ClientAccess,
    /// The agreement.
    pub(super) agreement: Agreement,
    /// Its index in the agreement.
    pub(super) index: u8,
    /// Its account.
    pub(super) account: Address,
    /// The key under which the service is managed.
    pub(super) management: FreshKey,
    /// The key under which it is used.
    pub(super) traffic: FreshKey,
}

impl ClientAccess {
    /// The access of an account.
    ///
    /// # Errors
    /// [`DaemonError::Http`], [`DaemonError::Listen`].
    pub(super) fn new(
        signer: PrivateKeySigner,
        market: &Market,
        transport: Arc<dyn Transport>,
        proxy: Option<&ProxyUrl>,
    ) -> Result<Self, DaemonError> {
        let chain_view = Arc::new(RpcChainView::new(market.clone()));
        // It signs delegations, and gives no passes.
        let replay_guard = Arc::new(InMemoryReplayGuard::new(1));
        let passes = PassResponder::new(signer.clone(), chain_view, replay_guard);
        let http = ServiceClient::new(RESPONSE_TIMEOUT, proxy)?;
        Ok(Self { signer, http, transport, passes })
    }
}

impl FreshKey {
    /// A random key.
    fn random() -> Self {
        let (id, session) = (KeyId { window: 0, slot: 0 }, B256::random());
        let key = TrafficKey::new(id, session, MessageKey::random());
        Self { key, slot: EndpointSlot::default() }
    }

    /// The session that its requests belong to.
    pub(super) const fn session(&self) -> B256 {
        self.key.session
    }
}

impl ServiceWorker {
    /// A worker of an agreement, which is asked for nothing yet.
    pub(super) fn new(access: ClientAccess, agreement: Agreement, index: u8) -> Self {
        let account = agreement.terms().worker(index).map(|worker| worker.account);
        let [management, traffic] = [FreshKey::random(), FreshKey::random()];
        let account = account.unwrap_or_default();
        Self { access, agreement, index, account, management, traffic }
    }

    /// The worker's endpoint for a key, which is asked for if it is not known.
    pub(super) async fn endpoint(&self, key: &FreshKey) -> Result<Arc<Endpoint>, ServiceFailure> {
        Ok(key.slot.get(self.request_endpoint(&key.key)).await?)
    }

    /// Asks for the endpoint once, as a delegate of the client.
    async fn request_endpoint(&self, key: &TrafficKey) -> Result<Endpoint, EndpointFailure> {
        let not_sent = EndpointFailure::NotSent;
        let ClientAccess { transport, passes, .. } = &self.access;
        let client = key.request_client(transport.clone()).await.map_err(|_| not_sent)?;
        let progress = self.agreement.progress().await.map_err(|_| not_sent)?;
        let planned_end = planned_end_second(&self.agreement, &progress);
        let delegation = passes.delegate(self.agreement.address(), client.key(), planned_end);
        let delegation = delegation.map_err(|_| not_sent)?;
        request_endpoint(client, &self.agreement, self.index, Claim::Delegate { delegation }).await
    }
}
