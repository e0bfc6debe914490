//! Signed results of jobs: a worker's word for what a job came to, which anybody can check and hold against it.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use alloy::primitives::{Address, B256, Signature, keccak256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol;
use alloy::sol_types::SolStruct;

use super::receipt::sign_compact;
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
pub struct ResultSignature([[u8; 32]; 2]);

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
        let halves = sign_compact(worker, signing_hash(domain, job, result))?;
        Ok(Self(halves.map(|half| half.0)))
    }

    /// The account that signed it for this job and this result; `None` if the signature is invalid.
    #[must_use]
    pub fn signer(&self, domain: B256, job: B256, result: B256) -> Option<Address> {
        let signature = Signature::from_erc2098(self.0.as_flattened());
        signature.recover_address_from_prehash(&signing_hash(domain, job, result)).ok()
    }
}

impl Display for ResultSignature {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&alloy::hex::encode_prefixed(self.0.as_flattened()))
    }
}

impl FromStr for ResultSignature {
    type Err = ResultSignatureError;

    fn from_str(text: &str) -> Result<Self, ResultSignatureError> {
        let digits = text.strip_prefix("0x").ok_or(ResultSignatureError)?;
        let bytes: [u8; 64] =
            alloy::hex::decode_to_array(digits).map_err(|_| ResultSignatureError)?;
        let (halves, _) = bytes.as_chunks();
        Ok(Self(halves.try_into().map_err(|_| ResultSignatureError)?))
    }
}

/// The EIP-712 hash that a worker signs.
fn signing_hash(domain: B256, job: B256, result: B256) -> B256 {
    let struct_hash = JobResult { job, result }.eip712_hash_struct();
    keccak256([&[0x19, 0x01], domain.as_slice(), struct_hash.as_slice()].concat())
}

#[cfg(test)]
mod tests {
    use alloy::sol_types::eip712_domain;

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
        assert_eq!(signing_hash(separator, job, result), hash);
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
