//! Signed results of jobs: a worker's word for what a job came to, which anybody can check and hold against it.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol;

use super::compact_signature::CompactSignature;
use crate::error::MarketError;

sol! {
    /// What a worker signs, in the domain of the agreement's receipts.
    struct JobResult {
        bytes32 job;
        bytes32 result;
    }
}

/// A worker's signature for the result of a job. Its text is the compact signature (EIP-2098) in hex: 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResultSignature(CompactSignature);

/// The error of a text that is no signature of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signature of a result is 64 bytes in hex after 0x")]
pub struct ResultSignatureError;

impl ResultSignature {
    /// Signs, as a worker, that the job with this id came to the result with this digest. `domain` is
    /// [`Agreement::receipt_domain`](super::Agreement::receipt_domain).
    ///
    /// # Errors
    /// [`NodeError::Signing`](crate::NodeError::Signing).
    pub fn sign(
        worker: &PrivateKeySigner,
        domain: B256,
        job: B256,
        result: B256,
    ) -> Result<Self, MarketError> {
        CompactSignature::sign(worker, domain, &JobResult { job, result }).map(Self)
    }

    /// The account that signed it for this job and this result; `None` if the signature is invalid.
    #[must_use]
    pub fn signer(&self, domain: B256, job: B256, result: B256) -> Option<Address> {
        self.0.signer(domain, &JobResult { job, result })
    }
}

impl Display for ResultSignature {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ResultSignature {
    type Err = ResultSignatureError;

    fn from_str(text: &str) -> Result<Self, ResultSignatureError> {
        CompactSignature::parse(text).map(Self).ok_or(ResultSignatureError)
    }
}

#[cfg(test)]
mod tests {
    use alloy::sol_types::{SolStruct, eip712_domain};

    use super::super::compact_signature::signing_hash;
    use super::*;

    #[test]
    fn a_signature_is_what_every_wallet_would_sign() {
        let worker = PrivateKeySigner::random();
        let domain = eip712_domain! {
            name: "WorkAgreement",
            version: "1",
            chain_id: 412_346,
            verifying_contract: Address::with_last_byte(9),
        };
        let [job, result, other] = [1, 2, 3].map(B256::with_last_byte);
        let hash = JobResult { job, result }.eip712_signing_hash(&domain);
        let separator = domain.hash_struct();
        assert_eq!(signing_hash(separator, &JobResult { job, result }), hash);
        let signature = ResultSignature::sign(&worker, separator, job, result).unwrap();
        let text = signature.to_string();
        assert_eq!(text.parse(), Ok(signature));
        assert_eq!(signature.signer(separator, job, result), Some(worker.address()));
        assert_ne!(signature.signer(separator, job, other), Some(worker.address()));
        assert_ne!(signature.signer(other, job, result), Some(worker.address()));
        for bad in [&text[2..], &text[..64], "0x", ""] {
            assert_eq!(bad.parse::<ResultSignature>(), Err(ResultSignatureError), "{bad}");
        }
    }
}
