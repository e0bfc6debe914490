//! The receipts that come with the responses of the service.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use hyper::{Method, StatusCode};
use muster_client::ServiceReceipt;
use muster_gateway::{Claims, Receipts};
use muster_messaging::BoxError;

use super::agreement_table::{AgreementTable, Position};
use super::failure_log::FailureLog;
use crate::failpoint::fail_point;
use crate::store::Store;

/// Sessions that one key can open in a window; a further one gets no receipts. Clients and testers need one.
const MAX_SESSIONS_PER_KEY: u32 = 16;

/// Signs one growing receipt for each session of the current window, whoever opened it. A part is stored before it is
/// signed for.
#[derive(Debug)]
pub(super) struct ReceiptSigner {
    /// The agreements.
    pub(super) agreement_table: Arc<AgreementTable>,
    /// Where the served parts of sessions are stored.
    pub(super) store: Store,
    /// The worker's key.
    pub(super) signer: PrivateKeySigner,
    /// Requests without success.
    pub(super) failure_log: FailureLog,
}

impl ReceiptSigner {
    /// The newest receipt of a session that is served now; `None` outside the agreement's windows, and if the key has
    /// opened too many sessions.
    fn sign_receipt(
        &self,
        claims: &Claims,
        session: B256,
    ) -> Result<Option<ServiceReceipt>, BoxError> {
        let (agreement, key) = (Address::new(claims.agreement), B256::new(claims.key));
        let Ok((entry, now)) = self.agreement_table.lookup(agreement) else { return Ok(None) };
        let Position { window, part } = now;
        fail_point!("session/pending");
        let parts = self.store.record_served(
            agreement,
            session,
            key,
            (window, part),
            MAX_SESSIONS_PER_KEY,
        )?;
        fail_point!("session/stored");
        let domain = entry.receipt_domain;
        let sign = |parts| ServiceReceipt::sign(&self.signer, domain, session, window, parts);
        Ok(parts.map(sign).transpose()?)
    }
}

impl Receipts for ReceiptSigner {
    async fn issue(&self, claims: &Claims, session: [u8; 32]) -> Option<String> {
        match self.sign_receipt(claims, B256::new(session)) {
            Ok(receipt) => {
                let receipt = receipt?;
                metrics::counter!("muster_worker_receipts_total").increment(1);
                Some(receipt.to_string())
            }
            Err(error) => {
                let agreement = Address::new(claims.agreement);
                tracing::error!(%agreement, %error, "receipt not signed");
                None
            }
        }
    }

    fn on_answer(&self, claims: &Claims, method: &Method, path: &str, status: StatusCode) {
        // The worker's own requests are for no agreement.
        if claims.agreement != [0; 20] {
            self.failure_log.count(method.as_str(), path, status.as_u16());
        }
    }

    fn on_response(&self, _: &Claims) {
        metrics::counter!("muster_worker_responses_total").increment(1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::agreement_table::TableEntry;
    use super::*;
    use crate::store::{Identity, Role};

    /// A signer for one agreement of two windows, from tick 100 and 132 on; it is tick 100.
    fn receipt_signer(folder: &tempfile::TempDir) -> ReceiptSigner {
        let signer = PrivateKeySigner::random();
        let (dispatcher, account) = (Address::ZERO, signer.address());
        let identity = Identity { role: Role::Worker, chain: 1, dispatcher, account };
        let store = Store::open(&folder.path().join("state.db"), &identity).unwrap();
        let (agreement_table, failure_log) = (Arc::default(), FailureLog::new(false));
        let receipt_signer = ReceiptSigner { agreement_table, store, signer, failure_log };
        go_to(&receipt_signer, 100);
        receipt_signer
    }

    /// Sets the clock.
    fn go_to(receipt_signer: &ReceiptSigner, tick: u64) {
        let upstream = "http://127.0.0.1:1".parse().unwrap();
        let (ticks, windows) = (100..196, vec![(0, 100..132), (1, 132..196)]);
        let entry = TableEntry { ticks, windows, receipt_domain: B256::ZERO, upstream };
        receipt_signer.agreement_table.replace(tick, false, vec![(Address::ZERO, entry)]);
    }

    /// Window and parts of the receipt for a key's session.
    fn sign(receipt_signer: &ReceiptSigner, key: u8, session: u32) -> Option<(u8, u32)> {
        let claims = Claims { agreement: [0; 20], key: [key; 32], expires_at: u64::MAX };
        let session = B256::left_padding_from(&session.to_be_bytes());
        let receipt = receipt_signer.sign_receipt(&claims, session).unwrap()?;
        let signer = receipt.signer(B256::ZERO, session);
        assert_eq!(signer, Some(receipt_signer.signer.address()));
        Some((receipt.window, receipt.parts))
    }

    #[test]
    fn session_limit_applies_per_key_and_window() {
        let folder = tempfile::tempdir().unwrap();
        let receipt_signer = receipt_signer(&folder);
        for session in 0..MAX_SESSIONS_PER_KEY {
            assert_eq!(sign(&receipt_signer, 1, session), Some((0, 1)));
        }
        assert_eq!(sign(&receipt_signer, 1, MAX_SESSIONS_PER_KEY), None);
        assert_eq!(sign(&receipt_signer, 2, MAX_SESSIONS_PER_KEY), Some((0, 1)));
        assert_eq!(sign(&receipt_signer, 1, MAX_SESSIONS_PER_KEY), Some((0, 1)), "it is open");
        go_to(&receipt_signer, 132);
        assert_eq!(sign(&receipt_signer, 1, MAX_SESSIONS_PER_KEY + 1), Some((1, 1)));
    }

    #[test]
    fn receipt_has_the_parts_of_its_window_in_which_the_session_was_served() {
        let folder = tempfile::tempdir().unwrap();
        let receipt_signer = receipt_signer(&folder);
        for (tick, receipt) in [
            (100, Some((0, 1))),
            (102, Some((0, 0b101))),
            (102, Some((0, 0b101))),
            (131, Some((0, 1 << 31 | 0b101))),
            (132, Some((1, 1))),
            (134, Some((1, 0b11))),
            (195, Some((1, 1 << 31 | 0b11))),
            (196, None),
        ] {
            go_to(&receipt_signer, tick);
            assert_eq!(sign(&receipt_signer, 1, 7), receipt, "{tick}");
        }
    }
}
