//! Receipts: a worker signs the windows in which it served a session.
//!
//! A receipt names a session, not the account that opened it, so a worker cannot tell testers from
//! the client. The session id is the hash of the tester's account and a secret salt; the tester reveals
//! both in its report.

use alloy_primitives::{Address, B256, b256};

/// keccak256 of the EIP-712 domain type with name, version, chain id and verifying contract.
const DOMAIN_TYPE_HASH: B256 =
    b256!("8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f");
/// keccak256("WorkAgreement").
const NAME_HASH: B256 = b256!("3f97d0b942f838e17fd51bafa9f6491ec6f7175b08d89e44c2840cac8c22d741");
/// keccak256("1").
const VERSION_HASH: B256 =
    b256!("c89efdaa54c0f20c7adf612882df0950f5a951637e0307cdcb4c672f298b8bc6");
/// keccak256("Receipt(bytes32 session,uint32 served)").
const RECEIPT_TYPE_HASH: B256 =
    b256!("9e5c8f2f87c8600425c1e52f333093f1e91f7ea9201a354437f6c5c6f70b47e7");

/// A number as a big-endian word.
const fn u64_word(number: u64) -> [u8; 32] {
    let mut word = [0; 32];
    if let Some(low) = word.last_chunk_mut() {
        *low = number.to_be_bytes();
    }
    word
}

/// The session id of `tester` and `salt`: keccak256(account ‖ salt), one word each.
#[must_use]
pub fn session_id(tester: Address, salt: B256, keccak: impl Fn(&[u8]) -> [u8; 32]) -> B256 {
    B256::new(keccak([tester.into_word().0, salt.0].as_flattened()))
}

/// The EIP-712 domain separator of one agreement.
#[must_use]
pub fn domain_separator(
    chain_id: u64,
    agreement: Address,
    keccak: impl Fn(&[u8]) -> [u8; 32],
) -> B256 {
    let words = [
        DOMAIN_TYPE_HASH.0,
        NAME_HASH.0,
        VERSION_HASH.0,
        u64_word(chain_id),
        agreement.into_word().0,
    ];
    B256::new(keccak(words.as_flattened()))
}

/// The EIP-712 hash that a worker signs: `Receipt(bytes32 session,uint32 served)`. `served` has one bit for
/// each window.
#[must_use]
pub fn signing_hash(
    domain: B256,
    session: B256,
    served: u32,
    keccak: impl Fn(&[u8]) -> [u8; 32],
) -> B256 {
    let receipt = keccak([RECEIPT_TYPE_HASH.0, session.0, u64_word(served.into())].as_flattened());
    let mut preimage = [0; 66];
    let parts = [0x19, 0x01].into_iter().chain(domain.0).chain(receipt);
    for (to, from) in preimage.iter_mut().zip(parts) {
        *to = from;
    }
    B256::new(keccak(&preimage))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{U256, keccak256};
    use alloy_sol_types::{SolStruct, eip712_domain, sol};

    use super::*;

    fn keccak(bytes: &[u8]) -> [u8; 32] {
        keccak256(bytes).0
    }

    sol! {
        struct Receipt {
            bytes32 session;
            uint32 served;
        }
    }

    #[test]
    fn the_signing_hash_is_what_every_wallet_would_sign() {
        let (agreement, session) = (Address::repeat_byte(7), B256::repeat_byte(9));
        let wallet = eip712_domain! {
            name: "WorkAgreement",
            version: "1",
            chain_id: 412_346,
            verifying_contract: agreement,
        };
        assert_eq!(domain_separator(412_346, agreement, keccak), wallet.separator());
        for served in [0, 0b101, u32::MAX] {
            let signed = Receipt { session, served }.eip712_signing_hash(&wallet);
            let ours =
                signing_hash(domain_separator(412_346, agreement, keccak), session, served, keccak);
            assert_eq!(ours, signed);
        }
    }

    #[test]
    fn a_session_is_the_hash_of_account_and_salt_as_words() {
        let (tester, salt) = (Address::repeat_byte(1), B256::repeat_byte(2));
        let words = [U256::from_be_slice(tester.as_slice()).to_be_bytes(), salt.0].concat();
        assert_eq!(session_id(tester, salt, keccak), keccak256(words));
    }
}
