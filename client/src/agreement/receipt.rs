//! Receipts: a worker's signature for the parts of a window in which it served a session.
//! [`muster_protocol::receipt`] defines the signed bytes.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use alloy::primitives::{Address, B256, Signature, keccak256};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use muster_protocol::receipt::{domain_separator, receipt_hash, session_id};
use muster_protocol::report::Entry;
use serde::{Deserialize, Serialize};

use super::Agreement;
use crate::error::{MarketError, NodeError};

/// The secret of the sessions of one tester in one agreement. Only the report reveals it, so a worker cannot tell
/// whose session it serves, nor that two sessions belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The random salt, which only the session's opener knows until then.
    pub salt: B256,
}

impl Session {
    /// A session with a random salt.
    #[must_use]
    pub fn random() -> Self {
        Self { salt: PrivateKeySigner::random().to_bytes() }
    }

    /// The id of the session in a window, which `opener` sends to workers and receipts name.
    #[must_use]
    pub fn id(&self, opener: Address, window: u8) -> B256 {
        session_id(opener, self.salt, window, keccak)
    }
}

/// A worker's signature for one session in one window of an agreement. Its text is the window, the parts and
/// the compact signature (EIP-2098): `3,0b101,0x…,0x…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceReceipt {
    /// The window.
    pub window: u8,
    /// The parts of the window in which the session was served: bit i for the i-th of 32.
    pub parts: u32,
    /// The first half of the signature.
    pub r: B256,
    /// The second half, with the parity in its highest bit.
    pub vs: B256,
}

/// The error of a text that is no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a receipt is the window, the parts served as 0b1011 and the two halves of the signature, separated by commas"
)]
pub struct ReceiptError;

/// Signs a digest: the halves of the compact signature.
pub(super) fn sign_compact(
    signer: &PrivateKeySigner,
    digest: B256,
) -> Result<[B256; 2], MarketError> {
    let signature = signer.sign_hash_sync(&digest);
    let signature = signature.map_err(|error| NodeError::Signing(error.into()))?;
    let compact = signature.as_erc2098();
    // 64 bytes have two halves.
    Ok([compact.first_chunk(), compact.last_chunk()]
        .map(|half| half.copied().map(B256::new).unwrap_or_default()))
}

/// The account that signed a digest, by the halves of its compact signature; `None` if that is invalid.
pub(super) fn recover_compact(r: B256, vs: B256, digest: B256) -> Option<Address> {
    let signature = Signature::from_erc2098([r.0, vs.0].as_flattened());
    signature.recover_address_from_prehash(&digest).ok()
}

impl ServiceReceipt {
    /// Signs, as a worker, that `session` was served in these parts of a window. `domain` is
    /// [`Agreement::receipt_domain`].
    ///
    /// # Errors
    /// [`NodeError::Signing`].
    pub fn sign(
        worker: &PrivateKeySigner,
        domain: B256,
        session: B256,
        window: u8,
        parts: u32,
    ) -> Result<Self, MarketError> {
        let [r, vs] = sign_compact(worker, receipt_hash(domain, session, window, parts, keccak))?;
        Ok(Self { window, parts, r, vs })
    }

    /// The account that signed it for this session; `None` if the signature is invalid.
    #[must_use]
    pub fn signer(&self, domain: B256, session: B256) -> Option<Address> {
        let digest = receipt_hash(domain, session, self.window, self.parts, keccak);
        recover_compact(self.r, self.vs, digest)
    }

    /// The report entry of a tester that the worker at `index` served `served` of `made` probes in the receipt's
    /// window; without a receipt if it served none.
    #[must_use]
    pub const fn entry(&self, index: u8, made: u8, served: u8) -> Entry {
        let Self { window, parts, r, vs } = *self;
        if served == 0 {
            return failed_entry(index, window, made);
        }
        Entry { index, window, made, served, parts, r, vs }
    }
}

impl Display for ServiceReceipt {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{},{:#b},{},{}", self.window, self.parts, self.r, self.vs)
    }
}

impl FromStr for ServiceReceipt {
    type Err = ReceiptError;

    fn from_str(text: &str) -> Result<Self, ReceiptError> {
        let mut fields = text.split(',');
        let mut next = || fields.next().ok_or(ReceiptError);
        let (window, parts, r, vs) = (next()?, next()?, next()?, next()?);
        let bits = parts.strip_prefix("0b").and_then(|bits| u32::from_str_radix(bits, 2).ok());
        let half = |text: &str| text.parse().map_err(|_| ReceiptError);
        let window = window.parse().map_err(|_| ReceiptError)?;
        let receipt = Self { window, parts: bits.ok_or(ReceiptError)?, r: half(r)?, vs: half(vs)? };
        fields.next().map_or(Ok(receipt), |_| Err(ReceiptError))
    }
}

impl Agreement {
    /// The EIP-712 domain separator of this agreement's receipts.
    ///
    /// ```no_run
    /// # fn example(
    /// #     agreement: muster_client::Agreement,
    /// #     worker: alloy::signers::local::PrivateKeySigner,
    /// #     session: alloy::primitives::B256,
    /// # ) -> Result<(), muster_client::MarketError> {
    /// use muster_client::ServiceReceipt;
    ///
    /// let receipt = ServiceReceipt::sign(&worker, agreement.receipt_domain(), session, 3, 0b11)?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn receipt_domain(&self) -> B256 {
        domain_separator(self.market().node().chain_id(), self.address(), keccak)
    }
}

/// The report entry of a tester whose `made` probes of the worker at `index` in a window all failed.
#[must_use]
pub const fn failed_entry(index: u8, window: u8, made: u8) -> Entry {
    Entry { index, window, made, served: 0, parts: 0, r: B256::ZERO, vs: B256::ZERO }
}

/// Keccak-256, in the form that [`muster_protocol`] takes.
pub(super) fn keccak(bytes: &[u8]) -> [u8; 32] {
    keccak256(bytes).0
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, B256};
    use alloy::signers::local::PrivateKeySigner;
    use muster_protocol::report::Entry;

    use super::{ReceiptError, ServiceReceipt, Session, failed_entry};

    /// A worker's receipt for parts 0 and 1 of window 3, for session 7 under domain 9.
    fn signed() -> (PrivateKeySigner, ServiceReceipt) {
        let worker = PrivateKeySigner::random();
        let [domain, session] = [9, 7].map(B256::with_last_byte);
        let receipt = ServiceReceipt::sign(&worker, domain, session, 3, 0b11).unwrap();
        (worker, receipt)
    }

    #[test]
    fn a_receipt_recovers_its_worker_for_exactly_this_session_agreement_window_and_parts() {
        let (worker, receipt) = signed();
        let [domain, session, other] = [9, 7, 8].map(B256::with_last_byte);
        let worker = Some(worker.address());
        assert_eq!(receipt.signer(domain, session), worker);
        assert_ne!(receipt.signer(domain, other), worker);
        assert_ne!(receipt.signer(other, session), worker);
        let more = ServiceReceipt { parts: 0b111, ..receipt };
        assert_ne!(more.signer(domain, session), worker);
        let later = ServiceReceipt { window: 4, ..receipt };
        assert_ne!(later.signer(domain, session), worker);
        let none = ServiceReceipt { r: B256::ZERO, ..receipt };
        assert_eq!(none.signer(domain, session), None);
    }

    #[test]
    fn a_receipt_round_trips_through_text() {
        let (_, receipt) = signed();
        let text = receipt.to_string();
        assert!(text.starts_with("3,0b11,0x"), "{text}");
        assert_eq!(text.parse(), Ok(receipt));
        for wrong in ["", "3,0b11", "3,3,0x1,0x2", &text[1..], &format!("{text},0x")] {
            assert_eq!(wrong.parse::<ServiceReceipt>(), Err(ReceiptError), "{wrong}");
        }
    }

    #[test]
    fn a_receipt_makes_an_entry_if_something_was_served() {
        let (_, receipt) = signed();
        let ServiceReceipt { window, parts, r, vs } = receipt;
        let entry = Entry { index: 1, window, made: 12, served: 4, parts, r, vs };
        assert_eq!(receipt.entry(1, 12, 4), entry);
        assert_eq!(receipt.entry(1, 12, 0), failed_entry(1, 3, 12));
    }

    #[test]
    fn a_session_id_depends_on_the_opener_and_the_window() {
        let session = Session::random();
        assert_ne!(session, Session::random());
        let [one, other] = [1, 2].map(Address::repeat_byte);
        assert_eq!(session.id(one, 0), session.id(one, 0));
        assert_ne!(session.id(one, 0), session.id(other, 0));
        assert_ne!(session.id(one, 0), session.id(one, 1));
    }
}
