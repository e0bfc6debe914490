//! What guests are given: an address with a token when they ask by letter, and receipts with the answers.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::ServiceReceipt;
use muster_gateway::{Claims, Receipts, Secret};
use muster_messaging::{AccessGrant, BoxError, Endpoint, EndpointIssuer, Party, SecretString};

use super::access::AgreementTable;
use crate::failpoint::fail_point;
use crate::store::Store;

/// The most sessions that one key opens in an agreement; more get no receipts. Clients and testers have one.
const MAX_SESSIONS_PER_KEY: u32 = 16;

/// Tells those who may come in where to go, and remembers them.
#[derive(Debug)]
pub(super) struct TokenIssuer {
    /// Who was let in.
    pub(super) store: Store,
    /// What tokens are sealed with.
    pub(super) secret: Secret,
    /// Where to go.
    pub(super) url: Box<str>,
}

impl EndpointIssuer for TokenIssuer {
    fn issue(&self, admission: &AccessGrant) -> Result<Endpoint, BoxError> {
        self.store.record_admission(admission)?;
        fail_point("admission", "noted");
        let AccessGrant { agreement, key, party } = *admission;
        // The door knows when everybody else's time is over.
        let expires = if let Party::Delegate { until } = party { until } else { u64::MAX };
        let token = self.secret.issue(&Claims {
            agreement: agreement.0.0,
            key: key.0,
            expires_at: expires,
        });
        Ok(Endpoint {
            url: SecretString::new(&*self.url),
            token: SecretString::new(token.reveal()),
        })
    }
}

/// Keeps one growing receipt for each session, whoever opened it.
#[derive(Debug)]
pub(super) struct ReceiptSigner {
    /// What is known of agreements.
    pub(super) agreement_table: Arc<AgreementTable>,
    /// Sessions.
    pub(super) store: Store,
    /// The worker's key.
    pub(super) signer: PrivateKeySigner,
}

impl ReceiptSigner {
    /// The newest receipt of a session that is served to a guest now; `None` outside the agreement's windows,
    /// and when the guest's key has opened too many sessions.
    fn sign_receipt(
        &self,
        claims: &Claims,
        session: B256,
    ) -> Result<Option<ServiceReceipt>, BoxError> {
        let (agreement, key) = (Address::new(claims.agreement), B256::new(claims.key));
        let Ok((entry, window)) = self.agreement_table.lookup(agreement) else { return Ok(None) };
        fail_point("session", "decided");
        let served =
            self.store.record_served(agreement, session, key, window, MAX_SESSIONS_PER_KEY)?;
        fail_point("session", "noted");
        let sign =
            |served| ServiceReceipt::sign(&self.signer, entry.receipt_domain, session, served);
        Ok(served.map(sign).transpose()?)
    }
}

impl Receipts for ReceiptSigner {
    async fn issue(&self, guest: &Claims, session: [u8; 32]) -> Option<String> {
        match self.sign_receipt(guest, B256::new(session)) {
            Ok(receipt) => {
                let receipt = receipt?;
                metrics::counter!("muster_worker_receipts_total").increment(1);
                Some(receipt.to_string())
            }
            Err(error) => {
                tracing::error!("no receipt: {error}");
                None
            }
        }
    }

    fn on_response(&self, _: &Claims) {
        metrics::counter!("muster_worker_answers_total").increment(1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::access::TableEntry;
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

        let guest = |key| Claims { agreement: [0; 20], key: [key; 32], expires_at: u64::MAX };
        let served = |key, session: u32| {
            let session = B256::left_padding_from(&session.to_be_bytes());
            receipt_signer.sign_receipt(&guest(key), session).unwrap().map(|receipt| receipt.served)
        };
        for session in 0..MAX_SESSIONS_PER_KEY {
            assert_eq!(served(1, session), Some(1));
        }
        assert_eq!(served(1, MAX_SESSIONS_PER_KEY), None);
        assert_eq!(served(2, MAX_SESSIONS_PER_KEY), Some(1));
        assert_eq!(served(1, MAX_SESSIONS_PER_KEY), Some(1), "it has one already");
    }
}
