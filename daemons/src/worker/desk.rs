//! What guests are given: an address with a token when they ask by letter, and receipts with the answers.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::ServiceReceipt;
use muster_gateway::{Claims, Receipts, Secret};
use muster_messaging::{AccessGrant, BoxError, Endpoint, EndpointIssuer, Party, SecretString};

use super::door::Roll;
use crate::fault::point;
use crate::store::Store;

/// The most sessions that one key opens in an agreement; more get no receipts. Clients and testers have one.
const MOST_SESSIONS: u32 = 16;

/// Tells those who may come in where to go, and remembers them.
#[derive(Debug)]
pub(super) struct Front {
    /// Who was let in.
    pub(super) store: Store,
    /// What tokens are sealed with.
    pub(super) secret: Secret,
    /// Where to go.
    pub(super) url: Box<str>,
}

impl EndpointIssuer for Front {
    fn issue(&self, admission: &AccessGrant) -> Result<Endpoint, BoxError> {
        self.store.admit(admission)?;
        point("admission", "noted");
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
pub(super) struct Receipting {
    /// What is known of agreements.
    pub(super) roll: Arc<Roll>,
    /// Sessions.
    pub(super) store: Store,
    /// The worker's key.
    pub(super) signer: PrivateKeySigner,
}

impl Receipting {
    /// The newest receipt of a session that is served to a guest now; `None` outside the agreement's windows,
    /// and when the guest's key has opened too many sessions.
    fn sign(&self, guest: &Claims, session: B256) -> Result<Option<ServiceReceipt>, BoxError> {
        let (agreement, key) = (Address::new(guest.agreement), B256::new(guest.key));
        let Ok((entry, window)) = self.roll.find(agreement) else { return Ok(None) };
        point("session", "decided");
        let served = self.store.serve(agreement, session, key, window, MOST_SESSIONS)?;
        point("session", "noted");
        let sign = |served| ServiceReceipt::sign(&self.signer, entry.domain, session, served);
        Ok(served.map(sign).transpose()?)
    }
}

impl Receipts for Receipting {
    async fn issue(&self, guest: &Claims, session: [u8; 32]) -> Option<String> {
        match self.sign(guest, B256::new(session)) {
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
    use super::super::door::Entry;
    use super::*;
    use crate::store::{Identity, Role};

    #[test]
    fn who_opens_sessions_without_end_takes_nobody_elses_receipts() {
        let folder = tempfile::tempdir().unwrap();
        let signer = PrivateKeySigner::random();
        let (dispatcher, account) = (Address::ZERO, signer.address());
        let identity = Identity { role: Role::Worker, chain: 1, dispatcher, account };
        let store = Store::open(&folder.path().join("state.db"), &identity).unwrap();
        let upstream = "http://127.0.0.1:1".parse().unwrap();
        let entry = Entry { start: 100, length: 40, windows: 4, domain: B256::ZERO, upstream };
        let roll = Arc::new(Roll::default());
        roll.renew(100, false, vec![(Address::ZERO, entry)]);
        let desk = Receipting { roll, store, signer };

        let guest = |key| Claims { agreement: [0; 20], key: [key; 32], expires_at: u64::MAX };
        let served = |key, session: u32| {
            let session = B256::left_padding_from(&session.to_be_bytes());
            desk.sign(&guest(key), session).unwrap().map(|receipt| receipt.served)
        };
        for session in 0..MOST_SESSIONS {
            assert_eq!(served(1, session), Some(1));
        }
        assert_eq!(served(1, MOST_SESSIONS), None);
        assert_eq!(served(2, MOST_SESSIONS), Some(1));
        assert_eq!(served(1, MOST_SESSIONS), Some(1), "it has one already");
    }
}
