//! The keys that a client has proven to hold (NIP-42).

use std::collections::BTreeSet;

use nostr::event::Event;
use nostr::key::{Keys, PublicKey};
use nostr::nips::nip42::is_valid_auth_event;
use nostr::types::{RelayUrl, Timestamp};

use crate::policy::{RejectReason, is_fresh};

/// The most keys that one connection may prove.
const MAX_PROVEN_KEYS: usize = 64;

/// The NIP-42 state of one connection.
#[derive(Debug)]
pub(crate) struct Nip42Auth {
    /// The relay's URL, which a proof must name.
    url: RelayUrl,
    /// The challenge, which a proof must repeat.
    challenge: String,
    /// The proven keys.
    proven_keys: BTreeSet<PublicKey>,
}

impl Nip42Auth {
    /// A fresh challenge; no key is proven.
    pub(crate) fn new(url: RelayUrl) -> Self {
        // A fresh public key is 32 random bytes.
        let challenge = Keys::generate().public_key().to_hex();
        Self { url, challenge, proven_keys: BTreeSet::new() }
    }

    /// Whether all these keys are proven.
    pub(crate) fn has_proven(&self, keys: &[PublicKey]) -> bool {
        keys.iter().all(|key| self.proven_keys.contains(key))
    }

    /// The challenge.
    pub(crate) fn challenge(&self) -> &str {
        &self.challenge
    }

    /// Adds the key of a valid proof.
    pub(crate) fn verify(&mut self, proof: &Event) -> Result<(), RejectReason> {
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
