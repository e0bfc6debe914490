//! Receipts, compared with alloy's EIP-712 and ABI encoding.

use alloy_primitives::{Address, B256, keccak256};
use alloy_sol_types::{Eip712Domain, SolStruct, SolValue, eip712_domain, sol};
use muster_protocol::receipt::{domain_separator, session_id, signing_hash};
use proptest::prelude::*;

sol! {
    /// The struct that a wallet shows.
    struct Receipt {
        bytes32 session;
        uint32 served;
    }
}

/// Keccak-256, as the contracts pass it in.
fn keccak(bytes: &[u8]) -> [u8; 32] {
    keccak256(bytes).0
}

/// The EIP-712 domain of a wallet.
const fn wallet(chain_id: u64, agreement: Address) -> Eip712Domain {
    eip712_domain! {
        name: "WorkAgreement",
        version: "1",
        chain_id: chain_id,
        verifying_contract: agreement,
    }
}

proptest! {
    #[test]
    fn a_receipt_is_what_every_wallet_would_sign(
        chain_id: u64, agreement: [u8; 20], opened: [u8; 32], served: u32,
    ) {
        let (agreement, session) = (Address::new(agreement), B256::new(opened));
        let wallet = wallet(chain_id, agreement);
        let ours = domain_separator(chain_id, agreement, keccak);
        prop_assert_eq!(ours, wallet.separator());
        let signed = Receipt { session, served }.eip712_signing_hash(&wallet);
        prop_assert_eq!(signing_hash(ours, session, served, keccak), signed);
    }

    #[test]
    fn a_session_is_the_hash_of_account_and_salt(tester: [u8; 20], salt: [u8; 32]) {
        let (tester, salt) = (Address::new(tester), B256::new(salt));
        prop_assert_eq!(session_id(tester, salt, keccak), keccak256((tester, salt).abi_encode()));
    }
}
