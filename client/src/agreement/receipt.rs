//! Receipts: a worker's signature for the windows in which it served a session.
//! [`muster_protocol::receipt`] defines the signed bytes.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use alloy::primitives::{Address, B256, Signature, keccak256};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use muster_protocol::abi::Entry;
use muster_protocol::receipt::{domain_separator, session_id, signing_hash};
use serde::{Deserialize, Serialize};

use super::Agreement;
use crate::error::{MarketError, NodeError};

/// The secret of a session. Only the report reveals it, so a worker cannot tell whose session it serves.
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

    /// The session's id in receipts, which `opener` sends to workers.
    #[must_use]
    pub fn id(&self, opener: Address) -> B256 {
        session_id(opener, self.salt, keccak)
    }
}

/// A worker's signature for the windows of one session and one agreement. Its text is the bitmap and the
/// compact signature (EIP-2098): `0b11,0x…,0x…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceReceipt {
    /// The windows in which the session was served: bit k stands for window k.
    pub served: u32,
    /// The first half of the signature.
    pub r: B256,
    /// The second half, with the parity in its highest bit.
    pub vs: B256,
}

/// The error of a text that is no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a receipt is the windows served as 0b1011 and the two halves of the signature, separated by commas"
)]
pub struct ReceiptError;

impl ServiceReceipt {
    /// Signs, as a worker, that `session` was served in the windows `served`. `domain` is
    /// [`Agreement::receipt_domain`].
    ///
    /// # Errors
    /// [`NodeError::Signing`].
    pub fn sign(
        worker: &PrivateKeySigner,
        domain: B256,
        session: B256,
        served: u32,
    ) -> Result<Self, MarketError> {
        let signature = worker.sign_hash_sync(&signing_hash(domain, session, served, keccak));
        let signature = signature.map_err(|error| NodeError::Signing(error.into()))?;
        let compact = signature.as_erc2098();
        // 64 bytes have two halves.
        let [r, vs] = [compact.first_chunk(), compact.last_chunk()]
            .map(|half| half.copied().map(B256::new).unwrap_or_default());
        Ok(Self { served, r, vs })
    }

    /// The account that signed it for this session; `None` if the signature is invalid.
    #[must_use]
    pub fn signer(&self, domain: B256, session: B256) -> Option<Address> {
        let signature = Signature::from_erc2098([self.r.0, self.vs.0].as_flattened());
        let digest = signing_hash(domain, session, self.served, keccak);
        signature.recover_address_from_prehash(&digest).ok()
    }

    /// Whether it covers a window.
    #[must_use]
    pub fn covers(&self, window: u8) -> bool {
        self.served.checked_shr(window.into()).is_some_and(|bits| bits & 1 == 1)
    }

    /// The report entry of a tester that found the worker at `index` failing in the windows `failed`, and
    /// serving in those of the receipt.
    #[must_use]
    pub const fn entry(&self, index: u8, failed: u32) -> Entry {
        let Self { served, r, vs } = *self;
        Entry { index, checked: failed | served, served, r, vs }
    }
}

impl Display for ServiceReceipt {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:#b},{},{}", self.served, self.r, self.vs)
    }
}

impl FromStr for ServiceReceipt {
    type Err = ReceiptError;

    fn from_str(text: &str) -> Result<Self, ReceiptError> {
        let mut parts = text.split(',');
        let (Some(served), Some(r), Some(vs), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ReceiptError);
        };
        let served = served.strip_prefix("0b").and_then(|bits| u32::from_str_radix(bits, 2).ok());
        let half = |text: &str| text.parse().map_err(|_| ReceiptError);
        Ok(Self { served: served.ok_or(ReceiptError)?, r: half(r)?, vs: half(vs)? })
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
    /// let receipt = ServiceReceipt::sign(&worker, agreement.receipt_domain(), session, 0b11)?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn receipt_domain(&self) -> B256 {
        domain_separator(self.market().node().chain_id(), self.address(), keccak)
    }
}

/// The report entry of a tester that checked the worker at `index` in the windows `failed` only, and found
/// it failing.
#[must_use]
pub const fn failed_entry(index: u8, failed: u32) -> Entry {
    Entry { index, checked: failed, served: 0, r: B256::ZERO, vs: B256::ZERO }
}

/// Keccak-256, in the form that [`muster_protocol`] takes.
fn keccak(bytes: &[u8]) -> [u8; 32] {
    keccak256(bytes).0
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, B256};
    use alloy::signers::local::PrivateKeySigner;
    use muster_protocol::abi::Entry;

    use super::{ReceiptError, ServiceReceipt, Session};

    /// A worker's receipt for windows 0 and 1 of session 7 under domain 9.
    fn signed() -> (PrivateKeySigner, ServiceReceipt) {
        let worker = PrivateKeySigner::random();
        let [domain, session] = [9, 7].map(B256::with_last_byte);
        let receipt = ServiceReceipt::sign(&worker, domain, session, 0b11).unwrap();
        (worker, receipt)
    }

    #[test]
    fn a_receipt_recovers_its_worker_for_exactly_this_session_agreement_and_bitmap() {
        let (worker, receipt) = signed();
        let [domain, session, other] = [9, 7, 8].map(B256::with_last_byte);
        let worker = Some(worker.address());
        assert_eq!(receipt.signer(domain, session), worker);
        assert_ne!(receipt.signer(domain, other), worker);
        assert_ne!(receipt.signer(other, session), worker);
        let more = ServiceReceipt { served: 0b111, ..receipt };
        assert_ne!(more.signer(domain, session), worker);
        let none = ServiceReceipt { r: B256::ZERO, ..receipt };
        assert_eq!(none.signer(domain, session), None);
    }

    #[test]
    fn a_receipt_round_trips_through_text() {
        let (_, receipt) = signed();
        let text = receipt.to_string();
        assert!(text.starts_with("0b11,0x"), "{text}");
        assert_eq!(text.parse(), Ok(receipt));
        for wrong in ["", "0b11", "3,0x1,0x2", &text[1..], &format!("{text},0x")] {
            assert_eq!(wrong.parse::<ServiceReceipt>(), Err(ReceiptError), "{wrong}");
        }
    }

    #[test]
    fn a_receipt_covers_its_windows_and_makes_an_entry() {
        let (_, receipt) = signed();
        assert_eq!([0, 1, 2, 40].map(|window| receipt.covers(window)), [true, true, false, false]);
        let ServiceReceipt { r, vs, .. } = receipt;
        let entry = Entry { index: 3, checked: 0b111, served: 0b11, r, vs };
        assert_eq!(receipt.entry(3, 0b100), entry);
    }

    #[test]
    fn a_session_id_depends_on_the_opener() {
        let session = Session::random();
        assert_ne!(session, Session::random());
        let [one, other] = [1, 2].map(Address::repeat_byte);
        assert_eq!(session.id(one), session.id(one));
        assert_ne!(session.id(one), session.id(other));
    }
}
