//! Delegations: a client's signature that gives another key its right to request endpoints.

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use serde::{Deserialize, Serialize};

use crate::error::MessageError;
use crate::typed_signature::{recover_compact, sign_compact, signing_hash};

/// The EIP-712 struct. Its domain has the name "Muster messages", version "1", the chain and the agreement.
mod typed {
    alloy::sol! {
        /// `key` has the client's right until the Unix second `until`.
        struct Delegation {
            bytes32 key;
            uint64 until;
        }
    }
}

/// A client's signature that a key may request endpoints as the client, in one agreement and for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// The x-only key with the right.
    pub key: B256,
    /// The Unix second at which the right ends.
    pub until: u64,
    /// The first half of the client's compact signature (EIP-2098).
    pub r: B256,
    /// The second half, with the parity in its highest bit.
    pub vs: B256,
}

impl Delegation {
    /// Signs a delegation as `client`.
    ///
    /// # Errors
    /// [`MessageError::Key`] if the account cannot sign.
    pub fn sign(
        client: &PrivateKeySigner,
        chain_id: u64,
        agreement: Address,
        key: B256,
        until: u64,
    ) -> Result<Self, MessageError> {
        let [r, vs] = sign_compact(client, digest(chain_id, agreement, key, until))?;
        Ok(Self { key, until, r, vs })
    }

    /// The account that signed it for this agreement; `None` if the signature is invalid. The caller compares the
    /// account with the agreement's client and checks `until`.
    #[must_use]
    pub fn signer(&self, chain_id: u64, agreement: Address) -> Option<Address> {
        recover_compact(self.r, self.vs, digest(chain_id, agreement, self.key, self.until))
    }
}

/// The EIP-712 hash that is signed.
fn digest(chain_id: u64, agreement: Address, key: B256, until: u64) -> B256 {
    signing_hash(chain_id, agreement, &typed::Delegation { key, until })
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, B256, keccak256};
    use alloy::signers::local::PrivateKeySigner;
    use alloy::sol_types::SolValue;

    use super::{Delegation, digest};

    #[test]
    fn a_delegation_holds_for_one_client_chain_agreement_key_and_time() {
        let client = PrivateKeySigner::random();
        let [here, there] = [1, 2].map(Address::with_last_byte);
        let key = B256::repeat_byte(9);
        let signed = Delegation::sign(&client, 7, here, key, 1_000).unwrap();
        let client = Some(client.address());
        assert_eq!(signed.signer(7, here), client);
        assert_ne!(signed.signer(8, here), client);
        assert_ne!(signed.signer(7, there), client);
        assert_ne!(Delegation { until: 1_001, ..signed }.signer(7, here), client);
        assert_ne!(Delegation { key: B256::repeat_byte(8), ..signed }.signer(7, here), client);
        assert_eq!(Delegation { r: B256::ZERO, ..signed }.signer(7, here), None);
    }

    #[test]
    fn the_signed_hash_is_that_of_eip_712() {
        let (agreement, key) = (Address::repeat_byte(2), B256::repeat_byte(3));
        let domain = keccak256(
            (
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Muster messages"),
                keccak256("1"),
                B256::with_last_byte(5),
                agreement,
            )
                .abi_encode(),
        );
        let fields =
            (keccak256("Delegation(bytes32 key,uint64 until)"), key, B256::with_last_byte(9));
        let message =
            [&[0x19, 1], domain.as_slice(), keccak256(fields.abi_encode()).as_slice()].concat();
        assert_eq!(digest(5, agreement, key, 9), keccak256(message));
    }
}
