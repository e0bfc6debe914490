//! A seat of one window, and the identity under which its tester probes workers.
//!
//! The identity is the client's pass for a fresh key, so that workers cannot tell the tester from the client. Only if the
//! client has sent none by the first probe, it is the seat itself.

use std::sync::{Arc, OnceLock};

use alloy::primitives::B256;
use muster_client::Agreement;
use muster_messaging::{
    ApplicationCommitment, Claim, Content, Delegation, Message, MessageError, MessageKey, Pass,
};
use tokio::select;
use tokio::sync::{OnceCell, watch};

use super::probe_context::ProbeContext;
use super::sample_cache::SampleCache;
use crate::checks::ProbeKind;
use crate::failpoint::fail_point;
use crate::request_client::RequestClient;
use crate::schedule::{Moment, Timing};
use crate::store::StoreError;
use crate::unix_time::unix_now;

/// The key and the claim with which workers are asked for their endpoints.
#[derive(Debug)]
pub(super) struct ProbeIdentity {
    /// Why the key is entitled to an endpoint.
    pub(super) claim: Claim,
    /// The commitments of workers that came with the client's pass.
    commitments: Vec<ApplicationCommitment>,
    /// Sends requests under the key, once there was one to send.
    request_client: OnceCell<Arc<RequestClient>>,
}

impl ProbeIdentity {
    /// Whether no worker can refuse the claim for its age.
    pub(super) fn is_unexpired(&self) -> bool {
        match &self.claim {
            Claim::Delegate { delegation } => delegation.until > unix_now(),
            _ => true,
        }
    }
}

/// A seat of one window of one agreement.
#[derive(Debug)]
pub(super) struct Seat {
    /// What probes need.
    pub(super) probe_context: Arc<ProbeContext>,
    /// The agreement.
    pub(super) agreement: Agreement,
    /// What probes of its workers are made of.
    pub(super) kind: ProbeKind,
    /// Blobs of the client's jobs.
    pub(super) samples: Arc<SampleCache>,
    /// The window.
    pub(super) window: u8,
    /// The place that holds the seat.
    pub(super) place: u32,
    /// The session that requests belong to.
    pub(super) session: B256,
    /// The identity of the client's pass, once there is one.
    pass: watch::Sender<Option<Arc<ProbeIdentity>>>,
    /// The identity for all workers, from the first probe on.
    identity: OnceLock<Arc<ProbeIdentity>>,
}

impl Seat {
    /// A seat of a window.
    pub(super) fn new(
        probe_context: Arc<ProbeContext>,
        agreement: Agreement,
        kind: ProbeKind,
        samples: Arc<SampleCache>,
        window: u8,
        place: u32,
    ) -> Result<Self, StoreError> {
        let session = probe_context.session(agreement.address())?;
        let session = session.id(probe_context.account(), window);
        let (pass, identity) = (watch::Sender::new(None), OnceLock::new());
        Ok(Self { probe_context, agreement, kind, samples, window, place, session, pass, identity })
    }

    /// The chain's id.
    pub(super) fn chain_id(&self) -> u64 {
        self.agreement.market().node().chain_id()
    }

    /// The window's key for messages.
    fn window_key(&self) -> MessageKey {
        self.probe_context.window_key(self.agreement.address(), self.window)
    }

    /// Names what belongs to a worker and a purpose, for a secret of its own.
    pub(super) fn subject(&self, index: u8, purpose: &[u8]) -> Vec<u8> {
        [&[self.window, index][..], purpose].concat()
    }

    /// Waits for the client's pass.
    pub(super) async fn pass_arrived(&self) {
        // The sender is here, so the channel stays open.
        drop(self.pass.subscribe().wait_for(Option::is_some).await);
    }

    /// The identity for all workers, which is decided by the first call: the client's pass if it has arrived.
    pub(super) fn identity(&self) -> Arc<ProbeIdentity> {
        let decide = || {
            let pass = self.pass.borrow().clone();
            let identity = if pass.is_some() { "pass" } else { "seat" };
            metrics::counter!("muster_tester_seats_total", "identity" => identity).increment(1);
            let claim = Claim::Seat { window: self.window, place: self.place };
            let request_client =
                OnceCell::new_with(Some(self.probe_context.request_client.clone()));
            let own = || ProbeIdentity { claim, commitments: Vec::new(), request_client };
            pass.unwrap_or_else(|| Arc::new(own()))
        };
        self.identity.get_or_init(decide).clone()
    }

    /// The digest of the document to which the worker at `index` committed, as the client can show; `None` if it cannot.
    pub(super) fn committed(&self, identity: &ProbeIdentity, index: u8) -> Option<B256> {
        let (terms, market) = (self.agreement.terms(), self.agreement.market().dispatcher());
        let (worker, purchased) = (terms.worker(index)?.account, terms.header.purchased);
        let place = (self.chain_id(), market);
        ApplicationCommitment::committed(&identity.commitments, place, worker, purchased)
    }

    /// What sends requests under the key of an identity.
    pub(super) async fn request_client(
        &self,
        identity: &ProbeIdentity,
    ) -> Result<Arc<RequestClient>, MessageError> {
        let open = || async {
            let transport = self.probe_context.transport.clone();
            RequestClient::open(self.window_key(), transport).await.map(Arc::new)
        };
        identity.request_client.get_or_try_init(open).await.cloned()
    }

    /// Asks the client for a pass from the moment `at` on, until it sends one or the window is over.
    pub(super) async fn fetch_pass(&self, at: Moment, timing: &Timing) {
        let (clock, agreement) = (&self.probe_context.clock, self.agreement.address());
        match self.probe_context.store.pass(agreement, self.window) {
            Ok(Some(pass)) if self.is_valid_pass(&pass.delegation, timing) => {
                return self.use_pass(pass);
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%agreement, %error, "pass not read"),
        }
        clock.wait_for(at).await;
        let length = timing.window.end.saturating_sub(timing.window.start);
        let pause = length.div_ceil(16).max(2);
        while clock.now() < timing.window.end && self.identity.get().is_none() {
            let next = clock.now().saturating_add(pause);
            match self.agreement.client_key().await {
                // It never sends one.
                Ok(None) => return,
                Ok(Some(client)) => select! {
                    pass = self.request_pass(client, timing) => if let Some(pass) = pass {
                        return self.keep_pass(pass);
                    },
                    () = clock.wait_until(next) => {}
                },
                Err(error) => tracing::debug!(%agreement, %error, "client's message key not read"),
            }
            clock.wait_until(next).await;
        }
    }

    /// Stores a pass, then uses it.
    fn keep_pass(&self, pass: Pass) {
        let agreement = self.agreement.address();
        if let Err(error) = self.probe_context.store.save_pass(agreement, self.window, &pass) {
            tracing::error!(%agreement, window = self.window, %error, "pass not stored");
        }
        fail_point!("pass/stored");
        self.use_pass(pass);
    }

    /// Uses a pass for all requests that are not under way.
    fn use_pass(&self, pass: Pass) {
        let Pass { delegation, commitments } = pass;
        let claim = Claim::Delegate { delegation };
        let identity = ProbeIdentity { claim, commitments, request_client: OnceCell::new() };
        self.pass.send_replace(Some(Arc::new(identity)));
    }

    /// Asks the client for a pass once; `None` if it sends no valid one.
    async fn request_pass(&self, client: B256, timing: &Timing) -> Option<Pass> {
        let address = self.agreement.address();
        let (window, place, key) = (self.window, self.place, self.window_key().public());
        let content = Content::PassRequest { window, place, key };
        let request = Message::request(self.chain_id(), address, content);
        match self.probe_context.request_client.request(client, request).await {
            Ok(Content::Pass(pass)) if self.is_valid_pass(&pass.delegation, timing) => {
                return Some(pass);
            }
            Ok(reply) => tracing::debug!(agreement = %address, ?reply, "no pass"),
            Err(error) => tracing::debug!(agreement = %address, %error, "pass request failed"),
        }
        None
    }

    /// Whether a delegation is the client's, for this key, and until the end of the window. A worker could refuse any
    /// other, and would then be reported for nothing.
    fn is_valid_pass(&self, delegation: &Delegation, timing: &Timing) -> bool {
        let left = self.probe_context.clock.seconds_until(timing.window.end);
        let signer = delegation.signer(self.chain_id(), self.agreement.address());
        delegation.key == self.window_key().public()
            && signer == Some(self.agreement.terms().header.client)
            && delegation.until > unix_now().saturating_add(left)
    }
}
