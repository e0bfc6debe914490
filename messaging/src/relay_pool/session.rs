//! One WebSocket session with a relay: its subscriptions and NIP-42 proofs.

use std::collections::{HashMap, HashSet};

use nostr::event::{EventId, FinalizeEvent, IntoEventBuilder, Kind};
use nostr::filter::Filter;
use nostr::key::PublicKey;
use nostr::message::{ClientMessage, SubscriptionId};
use nostr::nips::nip42::ClientAuthentication;
use nostr::types::{RelayUrl, Timestamp};

use super::inboxes::Inboxes;
use super::websocket::{Disconnected, Socket};
use crate::envelope::{MAX_CLOCK_SKEW, MAX_TIMESTAMP_TWEAK, MESSAGE_TTL};
use crate::keys::MessageKey;

/// The state of one session.
pub(super) struct RelaySession {
    /// The connection.
    pub(super) socket: Socket,
    /// The open subscriptions, with the request ids of their inboxes.
    subscriptions: HashMap<PublicKey, u64>,
    /// The relay's NIP-42 challenge, if it has sent one.
    challenge: Option<String>,
    /// The proofs that the relay has not answered.
    pending_auths: HashSet<EventId>,
}

impl RelaySession {
    /// A session without subscriptions.
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            socket,
            subscriptions: HashMap::new(),
            challenge: None,
            pending_auths: HashSet::new(),
        }
    }

    /// Subscribes for new inboxes, again for those with a new request id, and unsubscribes for closed ones.
    pub(super) async fn update_subscriptions(
        &mut self,
        relay: &RelayUrl,
        inboxes: &Inboxes,
    ) -> Result<(), Disconnected> {
        let active = inboxes.active_keys();
        let is_active =
            |key: &PublicKey| active.iter().any(|(active, _)| active.keys().public_key() == *key);
        let closed: Vec<_> =
            self.subscriptions.keys().filter(|key| !is_active(key)).copied().collect();
        for key in closed {
            self.subscriptions.remove(&key);
            self.socket.send(&ClientMessage::close(subscription_id(&key))).await?;
        }
        for (message_key, request_id) in active {
            let key = message_key.keys().public_key();
            if self.subscriptions.insert(key, request_id) != Some(request_id) {
                self.authenticate(relay, &message_key).await?;
                self.socket
                    .send(&ClientMessage::req(subscription_id(&key), wrap_filter(key)))
                    .await?;
            }
        }
        Ok(())
    }

    /// Forgets a subscription that the relay has closed. The next update requests it again.
    pub(super) fn forget_subscription(&mut self, closed: &SubscriptionId) {
        self.subscriptions.retain(|key, _| subscription_id(key) != *closed);
    }

    /// Stores a new challenge. The next update proves every key again.
    pub(super) fn set_challenge(&mut self, challenge: String) {
        self.challenge = Some(challenge);
        self.subscriptions.clear();
    }

    /// Whether an `OK` answers a proof. It does so once.
    pub(super) fn take_pending_auth(&mut self, id: &EventId) -> bool {
        self.pending_auths.remove(id)
    }

    /// Sends a NIP-42 proof of a key, if the relay has sent a challenge.
    async fn authenticate(
        &mut self,
        relay: &RelayUrl,
        message_key: &MessageKey,
    ) -> Result<(), Disconnected> {
        let Some(challenge) = &self.challenge else { return Ok(()) };
        let proof = ClientAuthentication::new(challenge, relay.clone());
        let proof =
            proof.into_event_builder().finalize(message_key.keys()).map_err(|_| Disconnected)?;
        self.pending_auths.insert(proof.id);
        self.socket.send(&ClientMessage::auth(proof)).await
    }
}

/// The subscription id for a key.
fn subscription_id(key: &PublicKey) -> SubscriptionId {
    SubscriptionId::new(key.to_hex())
}

/// Every wrap for a key that may still open.
fn wrap_filter(key: PublicKey) -> Filter {
    let max_age =
        MESSAGE_TTL.saturating_add(MAX_TIMESTAMP_TWEAK).saturating_add(MAX_CLOCK_SKEW).as_secs();
    let oldest = Timestamp::now().as_secs().saturating_sub(max_age);
    Filter::new().kind(Kind::GiftWrap).pubkey(key).since(Timestamp::from_secs(oldest))
}
