//! A seat of one window: by what right workers are asked in it. It is the client's pass for a fresh key, so
//! that workers take the tester for the client; only if the client does not answer, the seat itself.

use std::ops::Range;
use std::sync::Arc;

use alloy::primitives::{Address, B256, keccak256};
use muster_client::{Agreement, Session};
use muster_messaging::{
    Claim, Content, Delegation, InMemoryReplayGuard, Message, MessageKey, Transport,
};
use tokio::select;
use tokio::sync::OnceCell;

use super::check::Check;
use super::prober::Prober;
use crate::error::StoreError;
use crate::failpoint::fail_point;
use crate::market_clock::MarketClock;
use crate::request_client::RequestClient;
use crate::store::Store;

/// How many letters to a fresh key are told from their repetitions.
const REPLAY_GUARD_CAPACITY: usize = 64;

/// What looks are made with.
#[derive(Debug)]
pub(super) struct ProbeContext {
    /// The account.
    pub(super) account: Address,
    /// What was seen.
    pub(super) store: Store,
    /// The market's time.
    pub(super) clock: MarketClock,
    /// The letters of the account's own key.
    pub(super) request_client: Arc<RequestClient>,
    /// The way for letters of other keys.
    pub(super) transport: Arc<dyn Transport>,
    /// Asks services.
    pub(super) prober: Prober,
    /// What fresh keys are made from.
    pub(super) key_seed: [u8; 32],
}

impl ProbeContext {
    /// The key for a window of an agreement: always the same, so that after a restart the client's pass for
    /// it still counts, and known to nobody.
    fn window_key(&self, agreement: Address, window: u8) -> MessageKey {
        let bytes = keccak256([&self.key_seed[..], agreement.as_slice(), &[window]].concat());
        // Hardly ever is a hash no key.
        MessageKey::from_bytes(&bytes).unwrap_or_else(|_| MessageKey::random())
    }
}

/// By what right workers are asked.
#[derive(Debug)]
pub(super) struct ProbeIdentity {
    /// The letters of the key that asks.
    pub(super) request_client: Arc<RequestClient>,
    /// The right.
    pub(super) claim: Claim,
}

/// A seat of one window of one agreement.
#[derive(Debug)]
pub(super) struct Seat {
    /// What looks are made with.
    pub(super) probe_context: Arc<ProbeContext>,
    /// The agreement.
    pub(super) agreement: Agreement,
    /// How its workers are checked.
    pub(super) check: Check,
    /// The window.
    pub(super) window: u8,
    /// Its ticks.
    pub(super) ticks: Range<u64>,
    /// The place that holds the seat.
    pub(super) place: u32,
    /// The session that workers are asked in.
    pub(super) session: B256,
    /// By what right they are asked, once that is found.
    identity: OnceCell<ProbeIdentity>,
}

/// The secret of the session in an agreement, which is the same for all its windows and workers.
pub(super) fn load_session(store: &Store, agreement: Address) -> Result<Session, StoreError> {
    let salt = store.session_salt(agreement, || Session::random().salt)?;
    fail_point("session", "noted");
    Ok(Session { salt })
}

impl Seat {
    /// A seat of a window.
    pub(super) fn new(
        probe_context: Arc<ProbeContext>,
        agreement: Agreement,
        check: Check,
        (window, ticks): (u8, Range<u64>),
        place: u32,
    ) -> Result<Self, StoreError> {
        let session =
            load_session(&probe_context.store, agreement.address())?.id(probe_context.account);
        let identity = OnceCell::new();
        Ok(Self { probe_context, agreement, check, window, ticks, place, session, identity })
    }

    /// So many ticks of the window are one part of `parts`, one tick at least.
    pub(super) fn window_part(&self, parts: u64) -> u64 {
        let length = self.ticks.end.saturating_sub(self.ticks.start);
        length.checked_div(parts).unwrap_or(0).max(1)
    }

    /// A request to somebody about this agreement.
    pub(super) fn new_message(&self, content: Content) -> Message {
        Message::request(self.chain_id(), self.agreement.address(), content)
    }

    /// The chain's id.
    pub(super) fn chain_id(&self) -> u64 {
        self.agreement.market().node().chain_id()
    }

    /// By what right workers are asked; found once for all of them.
    pub(super) async fn identity(&self) -> &ProbeIdentity {
        self.identity.get_or_init(|| self.find_identity()).await
    }

    /// Waits for the client's pass for a quarter of the window, and never into its last quarter.
    async fn find_identity(&self) -> ProbeIdentity {
        let (clock, quarter) = (&self.probe_context.clock, self.window_part(4));
        let give_up = clock.now().saturating_add(quarter);
        let give_up = give_up.min(self.ticks.end.saturating_sub(quarter));
        let pass = select! {
            biased;
            pass = self.wait_for_pass() => pass,
            () = clock.wait_until(give_up) => None,
        };
        metrics::counter!("muster_tester_seats_total", "shown" => if pass.is_some() { "no" } else { "yes" })
            .increment(1);
        pass.unwrap_or_else(|| ProbeIdentity {
            request_client: self.probe_context.request_client.clone(),
            claim: Claim::Seat { window: self.window, place: self.place },
        })
    }

    /// The client's pass, as soon as there is one; `None` if nobody can write to this client.
    async fn wait_for_pass(&self) -> Option<ProbeIdentity> {
        let clock = &self.probe_context.clock;
        loop {
            let now = clock.now();
            match self.agreement.client_key().await {
                Ok(None) => return None,
                Ok(Some(client)) => {
                    if let Some(identity) = self.request_pass(client).await {
                        return Some(identity);
                    }
                }
                Err(error) => tracing::debug!("the client's key is not known: {error}"),
            }
            clock.wait_until(now.saturating_add(1)).await;
        }
    }

    /// Asks the client for a pass once; `None` if that came to nothing.
    async fn request_pass(&self, client: B256) -> Option<ProbeIdentity> {
        let fresh = self.probe_context.window_key(self.agreement.address(), self.window);
        let (window, place, key) = (self.window, self.place, fresh.public());
        let seen = Arc::new(InMemoryReplayGuard::new(REPLAY_GUARD_CAPACITY));
        let letters =
            RequestClient::open(fresh, self.probe_context.transport.clone(), seen).await.ok()?;
        let request = self.new_message(Content::PassRequest { window, place, key });
        match self.probe_context.request_client.request(client, request).await {
            Ok(Content::Pass { delegation }) if self.is_valid_pass(&delegation, key) => {
                let (letters, claim) = (Arc::new(letters), Claim::Delegate { delegation });
                return Some(ProbeIdentity { request_client: letters, claim });
            }
            Ok(reply) => tracing::debug!(?reply, "the client gives no pass"),
            Err(error) => tracing::debug!("the client cannot be asked for a pass: {error}"),
        }
        None
    }

    /// Whether a delegation is the client's, for this key, and for the whole window: with any other a worker would
    /// refuse for good reason, and seem to fail.
    fn is_valid_pass(&self, delegation: &Delegation, key: B256) -> bool {
        // No tick is longer than a second, unless nothing happens on the chain.
        let left = self.ticks.end.saturating_sub(self.probe_context.clock.now());
        let signer = delegation.signer(self.chain_id(), self.agreement.address());
        delegation.key == key
            && signer == Some(self.agreement.terms().header.client)
            && delegation.until > unix_now().saturating_add(left)
    }

    /// Whether nobody has a reason yet to refuse the right by which workers are asked.
    pub(super) fn is_unexpired(way: &ProbeIdentity) -> bool {
        match &way.claim {
            Claim::Delegate { delegation } => delegation.until > unix_now(),
            _ => true,
        }
    }
}

/// Unix seconds.
fn unix_now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}
