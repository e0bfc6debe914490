//! The endpoint that a worker sends on request: the gateway's URL, and a token for one agreement and key.

use alloy::primitives::B256;
use muster_gateway::{Claims, Secret};
use muster_messaging::{AccessGrant, BoxError, Endpoint, EndpointIssuer, Party, SecretString};

use crate::failpoint::fail_point;
use crate::store::Store;

/// Issues tokens. It stores each admission before it issues the token, so that the token works after a restart too.
#[derive(Debug)]
pub(super) struct TokenIssuer {
    /// Where admissions are stored.
    pub(super) store: Store,
    /// The secret that tokens are authenticated with.
    pub(super) secret: Secret,
    /// The gateway's URL.
    pub(super) url: Box<str>,
    /// The digest of the document that the worker serves by.
    pub(super) application: Option<B256>,
}

impl EndpointIssuer for TokenIssuer {
    fn issue(&self, grant: &AccessGrant) -> Result<Endpoint, BoxError> {
        self.store.record_admission(grant)?;
        fail_point!("admission/stored");
        let AccessGrant { agreement, key, party } = *grant;
        // The authorizer checks the times of every other party.
        let expires_at = if let Party::Delegate { until } = party { until } else { u64::MAX };
        let token = self.secret.issue(&Claims { agreement: agreement.0.0, key: key.0, expires_at });
        Ok(Endpoint {
            url: SecretString::from(&*self.url),
            token: SecretString::from(token.reveal()),
            application: self.application,
        })
    }
}
