//! Receipts and signed reports, compared with alloy's EIP-712 and ABI encoding.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::{Eip712Domain, SolStruct, SolValue, eip712_domain, sol};
use muster_protocol::receipt::{
    domain_separator, part_of_window, receipt_hash, report_hash, session_id, supports,
};
use proptest::collection::vec;
use proptest::prelude::*;

sol! {
    /// What a worker's wallet shows.
    struct Receipt {
        bytes32 session;
        uint8 window;
        uint32 parts;
    }

    /// What a tester's wallet shows.
    struct Report {
        uint32 place;
        bytes32 salt;
        bytes32 entriesHash;
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
        chain_id: u64, agreement: [u8; 20], opened: [u8; 32], window: u8, parts: u32,
    ) {
        let (agreement, session) = (Address::new(agreement), B256::new(opened));
        let wallet = wallet(chain_id, agreement);
        let ours = domain_separator(chain_id, agreement, keccak);
        prop_assert_eq!(ours, wallet.separator());
        let signed = Receipt { session, window, parts }.eip712_signing_hash(&wallet);
        prop_assert_eq!(receipt_hash(ours, session, window, parts, keccak), signed);
    }

    #[test]
    fn a_signed_report_is_what_every_wallet_would_sign(
        chain_id: u64, agreement: [u8; 20], place: u32, salt: [u8; 32], entries in vec(any::<u8>(), 0..300),
    ) {
        let (agreement, salt) = (Address::new(agreement), B256::new(salt));
        let ours = domain_separator(chain_id, agreement, keccak);
        let report = Report { place, salt, entriesHash: keccak256(&entries) };
        let signed = report.eip712_signing_hash(&wallet(chain_id, agreement));
        prop_assert_eq!(report_hash(ours, place, salt, &entries, keccak), signed);
    }

    #[test]
    fn a_session_is_the_hash_of_account_salt_and_window(tester: [u8; 20], salt: [u8; 32], window: u8) {
        let (tester, salt) = (Address::new(tester), B256::new(salt));
        let words = (tester, salt, U256::from(window)).abi_encode();
        prop_assert_eq!(session_id(tester, salt, window, keccak), keccak256(words));
    }

    /// Counts the bits one by one.
    #[test]
    fn every_part_of_a_receipt_stands_for_two_probes_at_most(parts: u32, served in 0..=70_u8) {
        let count = (0..32).filter(|part| parts & (1 << part) != 0).count();
        prop_assert_eq!(supports(parts, served), usize::from(served) <= count + count);
    }

    /// Part i of a window is where i / 32 ≤ elapsed / ticks < (i + 1) / 32.
    #[test]
    fn a_window_has_thirty_two_parts_of_equal_length(ticks in 1..=u64::from(u32::MAX), at: u64) {
        let elapsed = at % ticks;
        let part = u64::from(part_of_window(elapsed, ticks));
        prop_assert!(part < 32);
        prop_assert!(part * ticks <= 32 * elapsed && 32 * elapsed < (part + 1) * ticks);
    }
}
