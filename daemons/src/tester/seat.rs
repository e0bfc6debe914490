//! A seat of one window, and the identity under which its tester probes workers.
//!
//! The identity is the client's pass for a fresh key, so that workers cannot tell the tester from the client. Only if the
//! client does not answer, it is the seat itself.

use std::ops::Range;
use std::sync::Arc;

use alloy::primitives::B256;
use muster_client::Agreement;
use muster_messaging::{Claim, Content, Delegation, InMemoryReplayGuard, Message};
use tokio::select;
use tokio::sync::OnceCell;

use super::check::Check;
use super::probe_context::ProbeContext;
use crate::request_client::RequestClient;
use crate::store::StoreError;
use crate::unix_time::unix_now;

/// Messages to a window key that are remembered, so that repetitions are ignored.
const REPLAY_GUARD_CAPACITY: usize = 64;

/// The key and the claim with which workers are asked for their endpoints.
#[derive(Debug)]
pub(super) struct ProbeIdentity {
    /// Sends requests under the key.
    pub(super) request_client: Arc<RequestClient>,
    /// Why the key is entitled to an endpoint.
    pub(super) claim: Claim,
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
    /// How its workers are checked.
    pub(super) check: Check,
    /// The window.
    pub(super) window: u8,
    /// The ticks of the window.
    pub(super) ticks: Range<u64>,
    /// The place that holds the seat.
    place: u32,
    /// The session that requests belong to.
    pub(super) session: B256,
    /// The identity for all workers, once it is found.
    identity: OnceCell<ProbeIdentity>,
}

impl Seat {
    /// A seat of a window, given by its number and its ticks.
    pub(super) fn new(
        probe_context: Arc<ProbeContext>,
        agreement: Agreement,
        check: Check,
        (window, ticks): (u8, Range<u64>),
        place: u32,
    ) -> Result<Self, StoreError> {
        let session = probe_context.session(agreement.address())?.id(probe_context.account);
        let identity = OnceCell::new();
        Ok(Self { probe_context, agreement, check, window, ticks, place, session, identity })
    }

    /// The ticks in one of `parts` equal parts of the window; 1 at least.
    pub(super) fn window_part(&self, parts: u64) -> u64 {
        let length = self.ticks.end.saturating_sub(self.ticks.start);
        length.checked_div(parts).unwrap_or(0).max(1)
    }

    /// A request about this agreement.
    pub(super) fn new_message(&self, content: Content) -> Message {
        Message::request(self.chain_id(), self.agreement.address(), content)
    }

    /// The chain's id.
    pub(super) fn chain_id(&self) -> u64 {
        self.agreement.market().node().chain_id()
    }

    /// The identity for all workers. The first call finds it; concurrent calls wait for that.
    pub(super) async fn identity(&self) -> &ProbeIdentity {
        self.identity.get_or_init(|| self.find_identity()).await
    }

    /// Waits for the client's pass: a quarter of the window at most, and never into its last quarter.
    async fn find_identity(&self) -> ProbeIdentity {
        let (clock, quarter) = (&self.probe_context.clock, self.window_part(4));
        let give_up = clock.now().saturating_add(quarter);
        let give_up = give_up.min(self.ticks.end.saturating_sub(quarter));
        let pass = select! {
            biased;
            pass = self.wait_for_pass() => pass,
            () = clock.wait_until(give_up) => None,
        };
        let identity = if pass.is_some() { "pass" } else { "seat" };
        metrics::counter!("muster_tester_seats_total", "identity" => identity).increment(1);
        pass.unwrap_or_else(|| ProbeIdentity {
            request_client: self.probe_context.request_client.clone(),
            claim: Claim::Seat { window: self.window, place: self.place },
        })
    }

    /// The client's pass, as soon as there is one; `None` if the client has no message key.
    async fn wait_for_pass(&self) -> Option<ProbeIdentity> {
        let (clock, agreement) = (&self.probe_context.clock, self.agreement.address());
        loop {
            let now = clock.now();
            match self.agreement.client_key().await {
                Ok(None) => return None,
                Ok(Some(client)) => {
                    if let Some(identity) = self.request_pass(client).await {
                        return Some(identity);
                    }
                }
                Err(error) => tracing::debug!(%agreement, %error, "client's message key not read"),
            }
            clock.wait_until(now.saturating_add(1)).await;
        }
    }

    /// Asks the client for a pass once; `None` if it sends no valid one.
    async fn request_pass(&self, client: B256) -> Option<ProbeIdentity> {
        let address = self.agreement.address();
        let window_key = self.probe_context.window_key(address, self.window);
        let (window, place, key) = (self.window, self.place, window_key.public());
        let replay_guard = Arc::new(InMemoryReplayGuard::new(REPLAY_GUARD_CAPACITY));
        let transport = self.probe_context.transport.clone();
        let request_client = RequestClient::open(window_key, transport, replay_guard).await.ok()?;
        let request = self.new_message(Content::PassRequest { window, place, key });
        match self.probe_context.request_client.request(client, request).await {
            Ok(Content::Pass { delegation }) if self.is_valid_pass(&delegation, key) => {
                let claim = Claim::Delegate { delegation };
                return Some(ProbeIdentity { request_client: Arc::new(request_client), claim });
            }
            Ok(reply) => tracing::debug!(agreement = %address, ?reply, "no pass"),
            Err(error) => tracing::debug!(agreement = %address, %error, "pass request failed"),
        }
        None
    }

    /// Whether a delegation is the client's, for this key, and until the end of the window. A worker could refuse any
    /// other, and would then be reported for nothing.
    fn is_valid_pass(&self, delegation: &Delegation, key: B256) -> bool {
        // A tick is a second at most, unless the chain stands still.
        let left = self.ticks.end.saturating_sub(self.probe_context.clock.now());
        let signer = delegation.signer(self.chain_id(), self.agreement.address());
        delegation.key == key
            && signer == Some(self.agreement.terms().header.client)
            && delegation.until > unix_now().saturating_add(left)
    }
}
