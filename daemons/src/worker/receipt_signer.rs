//! The receipts that come with the responses of the service.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::ServiceReceipt;
use muster_gateway::{Claims, Receipts};
use muster_messaging::BoxError;

use super::agreement_table::AgreementTable;
use crate::failpoint::fail_point;
use crate::store::Store;

/// Sessions that one key can open in an agreement; a further one gets no receipts. Clients and testers need one.
const MAX_SESSIONS_PER_KEY: u32 = 16;

/// Signs one growing receipt for each session, whoever opened it. A window is stored before it is signed for.
#[derive(Debug)]
pub(super) struct ReceiptSigner {
    /// The agreements.
    pub(super) agreement_table: Arc<AgreementTable>,
    /// Where the served windows of sessions are stored.
    pub(super) store: Store,
    /// The worker's key.
    pub(super) signer: PrivateKeySigner,
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
        let Ok((entry, window)) = self.agreement_table.lookup(agreement) else { return Ok(None) };
        fail_point!("session/pending");
        let served =
            self.store.record_served(agreement, session, key, window, MAX_SESSIONS_PER_KEY)?;
        fail_point!("session/stored");
        let sign =
            |served| ServiceReceipt::sign(&self.signer, entry.receipt_domain, session, served);
        Ok(served.map(sign).transpose()?)
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

    fn on_response(&self, _: &Claims) {
        metrics::counter!("muster_worker_responses_total").increment(1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::agreement_table::TableEntry;
    use super::*;
    use crate::store::{Identity, Role};

    #[test]
    fn session_limit_applies_per_key() {
        let folder = tempfile::tempdir().unwrap();
        let signer = PrivateKeySigner::random();
        let (dispatcher, account) = (Address::ZERO, signer.address());
        let identity = Identity { role: Role::Worker, chain: 1, dispatcher, account };
        let store = Store::open(&folder.path().join("state.db"), &identity).unwrap();
        let upstream = "http://127.0.0.1:1".parse().unwrap();
        let entry =
            TableEntry { start: 100, length: 40, windows: 4, receipt_domain: B256::ZERO, upstream };
        let agreement_table = Arc::new(AgreementTable::default());
        agreement_table.replace(100, false, vec![(Address::ZERO, entry)]);
        let receipt_signer = ReceiptSigner { agreement_table, store, signer };

        let claims = |key| Claims { agreement: [0; 20], key: [key; 32], expires_at: u64::MAX };
        let served = |key, session: u32| {
            let session = B256::left_padding_from(&session.to_be_bytes());
            receipt_signer
                .sign_receipt(&claims(key), session)
                .unwrap()
                .map(|receipt| receipt.served)
        };
        for session in 0..MAX_SESSIONS_PER_KEY {
            assert_eq!(served(1, session), Some(1));
        }
        assert_eq!(served(1, MAX_SESSIONS_PER_KEY), None);
        assert_eq!(served(2, MAX_SESSIONS_PER_KEY), Some(1));
        assert_eq!(served(1, MAX_SESSIONS_PER_KEY), Some(1), "the session is open already");
    }
}
