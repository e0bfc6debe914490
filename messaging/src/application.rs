//! What a worker serves: the digest of an application document, with a signature that a client can show to testers.

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use serde::{Deserialize, Serialize};

use crate::delegation::Delegation;
use crate::error::MessageError;
use crate::typed_signature::{recover_compact, sign_compact, signing_hash};

/// The EIP-712 struct. Its domain has the name "Muster messages", version "1", the chain and the market's contract.
mod typed {
    alloy::sol! {
        /// In agreements that are bought until the tick `until`, the signer serves the application with this document.
        struct ApplicationCommitment {
            bytes32 digest;
            uint64 until;
        }
    }
}

/// A worker's signature that it serves the application of a document in every agreement that is bought with it until a tick.
///
/// A client asks for it before it buys, and hands it to testers: so neither can the worker name another document afterwards,
/// nor the client one that the worker never agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationCommitment {
    /// The document's SHA-256.
    pub digest: B256,
    /// The last tick of the market's clock in which an agreement is bought under this commitment.
    pub until: u64,
    /// The first half of the worker's compact signature (EIP-2098).
    pub r: B256,
    /// The second half, with the parity in its highest bit.
    pub vs: B256,
}

impl ApplicationCommitment {
    /// Signs a commitment as `worker`, in the market whose contract this is.
    ///
    /// # Errors
    /// [`MessageError::Key`] if the account cannot sign.
    pub fn sign(
        worker: &PrivateKeySigner,
        chain_id: u64,
        market: Address,
        digest: B256,
        until: u64,
    ) -> Result<Self, MessageError> {
        let [r, vs] = sign_compact(worker, hash(chain_id, market, digest, until))?;
        Ok(Self { digest, until, r, vs })
    }

    /// The account that signed it for this market; `None` if the signature is invalid.
    #[must_use]
    pub fn signer(&self, chain_id: u64, market: Address) -> Option<Address> {
        recover_compact(self.r, self.vs, hash(chain_id, market, self.digest, self.until))
    }

    /// The digest that `worker` committed to serve in an agreement of this market that was bought in the tick `purchased`; `None`
    /// if no commitment is the worker's and covers that tick.
    #[must_use]
    pub fn committed(
        commitments: &[Self],
        (chain_id, market): (u64, Address),
        worker: Address,
        purchased: u64,
    ) -> Option<B256> {
        let covers = |commitment: &&Self| {
            commitment.until >= purchased && commitment.signer(chain_id, market) == Some(worker)
        };
        commitments.iter().find(covers).map(|commitment| commitment.digest)
    }
}

/// A client's pass for a tester's fresh key, and what the client bought by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pass {
    /// The client's delegation for the key.
    pub delegation: Delegation,
    /// The commitments of the agreement's workers to serve by a document; none if the client bought by name alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commitments: Vec<ApplicationCommitment>,
}

/// The EIP-712 hash that is signed.
fn hash(chain_id: u64, market: Address, digest: B256, until: u64) -> B256 {
    signing_hash(chain_id, market, &typed::ApplicationCommitment { digest, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKET: Address = Address::repeat_byte(9);

    #[test]
    fn a_commitment_counts_for_its_worker_its_market_and_purchases_in_time() {
        let worker = PrivateKeySigner::random();
        let digest = B256::repeat_byte(7);
        let commitment = ApplicationCommitment::sign(&worker, 1, MARKET, digest, 100).unwrap();
        let committed = |commitment, chain_id, market, account, purchased| {
            ApplicationCommitment::committed(&[commitment], (chain_id, market), account, purchased)
        };
        let account = worker.address();
        assert_eq!(committed(commitment, 1, MARKET, account, 100), Some(digest));
        assert_eq!(committed(commitment, 1, MARKET, account, 101), None);
        assert_eq!(committed(commitment, 2, MARKET, account, 100), None);
        assert_eq!(committed(commitment, 1, Address::ZERO, account, 100), None);
        assert_eq!(committed(commitment, 1, MARKET, Address::ZERO, 100), None);
        for forged in [
            ApplicationCommitment { digest: B256::ZERO, ..commitment },
            ApplicationCommitment { until: 200, ..commitment },
            ApplicationCommitment { r: B256::ZERO, ..commitment },
        ] {
            assert_eq!(committed(forged, 1, MARKET, account, 100), None);
        }
    }
}
