//! Who holds which key, where that has to be proven (NIP-42).

use std::collections::BTreeSet;

use nostr::event::Event;
use nostr::key::PublicKey;
use nostr::nips::nip42::is_valid_auth_event;
use nostr::types::{RelayUrl, Timestamp};

use super::policy::{RejectReason, is_fresh};
use crate::keys::MessageKey;

/// How many keys somebody may prove to hold.
const MAX_PROVEN_KEYS: usize = 64;

/// Proofs that the other side holds keys.
#[derive(Debug)]
pub(super) struct Nip42Auth {
    /// The relay's URL, which a proof names.
    url: RelayUrl,
    /// What a proof has to repeat.
    challenge: String,
    /// The keys.
    proven_keys: BTreeSet<PublicKey>,
}

impl Nip42Auth {
    /// Nothing is proven.
    pub(super) fn new(url: RelayUrl) -> Self {
        let challenge = MessageKey::random().public().to_string();
        Self { url, challenge, proven_keys: BTreeSet::new() }
    }

    /// Whether all these keys are proven to be held.
    pub(super) fn has_proven(&self, keys: &[PublicKey]) -> bool {
        keys.iter().all(|key| self.proven_keys.contains(key))
    }

    /// What a proof has to repeat.
    pub(super) fn challenge(&self) -> &str {
        &self.challenge
    }

    /// Believes a proof, or says why not.
    pub(super) fn verify(&mut self, proof: &Event) -> Result<(), RejectReason> {
        if self.proven_keys.len() >= MAX_PROVEN_KEYS {
            return Err("restricted: too many keys");
        }
        if !is_fresh(proof.created_at, Timestamp::now().as_secs())
            || !is_valid_auth_event(proof, &self.url, &self.challenge)
        {
            return Err("invalid: another relay, challenge or time");
        }
        proof.verify().map_err(|_| "invalid: id or signature")?;
        self.proven_keys.insert(proof.pubkey);
        Ok(())
    }
}
