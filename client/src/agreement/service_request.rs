//! Signed requests by which a client manages its service at a worker. The keys under which requests are made do not say whose
//! they are, so that workers cannot tell the client from testers; this signature says it for one request.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol;

use super::compact_signature::CompactSignature;
use crate::error::MarketError;

sol! {
    /// What a client signs, in the domain of the agreement's receipts.
    struct ServiceRequest {
        address worker;
        string action;
        bytes32 document;
        uint64 number;
    }
}

/// What a client asks a worker to do with its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceAction {
    /// To run the service whose document has this SHA-256.
    Put(B256),
    /// To end the service.
    Delete,
    /// To tell the last lines of its log.
    Logs,
}

/// A client's signature for one request to one worker. Its text is the compact signature (EIP-2098) in hex: 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceRequestSignature(CompactSignature);

/// The error of a text that is no signature of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signature of a request is 64 bytes in hex after 0x")]
pub struct ServiceRequestSignatureError;

impl ServiceAction {
    /// The structure that is signed.
    fn request(self, worker: Address, number: u64) -> ServiceRequest {
        let (action, document) = match self {
            Self::Put(document) => ("put", document),
            Self::Delete => ("delete", B256::ZERO),
            Self::Logs => ("logs", B256::ZERO),
        };
        ServiceRequest { worker, action: action.to_owned(), document, number }
    }
}

impl ServiceRequestSignature {
    /// Signs a request as the client of an agreement. A worker accepts each number once, and none below one that it has
    /// accepted. `domain` is [`Agreement::receipt_domain`](super::Agreement::receipt_domain).
    ///
    /// # Errors
    /// [`NodeError::Signing`](crate::NodeError::Signing).
    pub fn sign(
        client: &PrivateKeySigner,
        domain: B256,
        worker: Address,
        action: ServiceAction,
        number: u64,
    ) -> Result<Self, MarketError> {
        CompactSignature::sign(client, domain, &action.request(worker, number)).map(Self)
    }

    /// The account that signed this request; `None` if the signature is invalid.
    #[must_use]
    pub fn signer(
        &self,
        domain: B256,
        worker: Address,
        action: ServiceAction,
        number: u64,
    ) -> Option<Address> {
        self.0.signer(domain, &action.request(worker, number))
    }
}

impl Display for ServiceRequestSignature {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ServiceRequestSignature {
    type Err = ServiceRequestSignatureError;

    fn from_str(text: &str) -> Result<Self, ServiceRequestSignatureError> {
        CompactSignature::parse(text).map(Self).ok_or(ServiceRequestSignatureError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_for_one_request() {
        let client = PrivateKeySigner::random();
        let [domain, document, other] = [1, 2, 3].map(B256::with_last_byte);
        let [worker, another] = [4, 5].map(Address::with_last_byte);
        let put = ServiceAction::Put(document);
        let signature = ServiceRequestSignature::sign(&client, domain, worker, put, 7).unwrap();
        assert_eq!(signature.to_string().parse(), Ok(signature));
        let is_client = |domain, worker, action, number| {
            signature.signer(domain, worker, action, number) == Some(client.address())
        };
        assert!(is_client(domain, worker, put, 7));
        assert!(!is_client(other, worker, put, 7));
        assert!(!is_client(domain, another, put, 7));
        assert!(!is_client(domain, worker, ServiceAction::Put(other), 7));
        assert!(!is_client(domain, worker, ServiceAction::Delete, 7));
        assert!(!is_client(domain, worker, ServiceAction::Logs, 7));
        assert!(!is_client(domain, worker, put, 8));
        assert_eq!("0x12".parse::<ServiceRequestSignature>(), Err(ServiceRequestSignatureError));
    }
}
