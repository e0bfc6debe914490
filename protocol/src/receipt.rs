//! Receipts and signed reports: session ids and EIP-712 hashes.
//!
//! A worker signs the parts of one window in which it served a session. A receipt names a session, not the
//! account that opened it, so a worker cannot tell testers from the client; the sessions of two windows cannot
//! be linked. The session id is the hash of the tester's account, a secret salt and the window; the tester
//! reveals them in its report.

use alloy_primitives::{Address, B256, b256};

/// keccak256 of the EIP-712 domain type with name, version, chain id and verifying contract.
const DOMAIN_TYPE_HASH: B256 =
    b256!("8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f");
/// keccak256("WorkAgreement").
const NAME_HASH: B256 = b256!("3f97d0b942f838e17fd51bafa9f6491ec6f7175b08d89e44c2840cac8c22d741");
/// keccak256("1").
const VERSION_HASH: B256 =
    b256!("c89efdaa54c0f20c7adf612882df0950f5a951637e0307cdcb4c672f298b8bc6");
/// keccak256("Receipt(bytes32 session,uint8 window,uint32 parts)").
const RECEIPT_TYPE_HASH: B256 =
    b256!("b717d8dddec9cb1d9b3d9f2ad52b529972f3fa19cb2895e621e5483dcccb4a22");
/// keccak256("Report(uint32 place,bytes32 salt,bytes32 entriesHash)").
const REPORT_TYPE_HASH: B256 =
    b256!("7f93d92cf2a456e27d83730ad600888a631ed82931286b4314ed96b6b43ffd8c");

/// A number as a big-endian word.
const fn u64_word(number: u64) -> [u8; 32] {
    let mut word = [0; 32];
    if let Some(low) = word.last_chunk_mut() {
        *low = number.to_be_bytes();
    }
    word
}

/// The session id of `tester` and `salt` in a window: keccak256(account ‖ salt ‖ window), one word each.
#[must_use]
pub fn session_id(
    tester: Address,
    salt: B256,
    window: u8,
    keccak: impl Fn(&[u8]) -> [u8; 32],
) -> B256 {
    B256::new(keccak([tester.into_word().0, salt.0, u64_word(window.into())].as_flattened()))
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

/// The EIP-712 hash that a worker signs: `Receipt(bytes32 session,uint8 window,uint32 parts)`. Bit i of
/// `parts` says that it answered in the i-th of the window's 32 parts ([`part_of_window`]).
#[must_use]
pub fn receipt_hash(
    domain: B256,
    session: B256,
    window: u8,
    parts: u32,
    keccak: impl Fn(&[u8]) -> [u8; 32],
) -> B256 {
    let words = [RECEIPT_TYPE_HASH.0, session.0, u64_word(window.into()), u64_word(parts.into())];
    let receipt = keccak(words.as_flattened());
    typed_data_hash(domain, receipt, keccak)
}

/// The EIP-712 hash that a tester signs so that anyone can post its report:
/// `Report(uint32 place,bytes32 salt,bytes32 entriesHash)`, with the hash of the encoded entries.
#[must_use]
pub fn report_hash(
    domain: B256,
    place: u32,
    salt: B256,
    entries: &[u8],
    keccak: impl Fn(&[u8]) -> [u8; 32],
) -> B256 {
    let words = [REPORT_TYPE_HASH.0, u64_word(place.into()), salt.0, keccak(entries)];
    let report = keccak(words.as_flattened());
    typed_data_hash(domain, report, keccak)
}

/// The EIP-712 hash of a struct in a domain.
fn typed_data_hash(domain: B256, of: [u8; 32], keccak: impl Fn(&[u8]) -> [u8; 32]) -> B256 {
    let mut preimage = [0; 66];
    let parts = [0x19, 0x01].into_iter().chain(domain.0).chain(of);
    for (to, from) in preimage.iter_mut().zip(parts) {
        *to = from;
    }
    B256::new(keccak(&preimage))
}

/// The part, from 0 to 31, of a window of `ticks` ticks in which its tick number `elapsed` lies.
#[must_use]
pub fn part_of_window(elapsed: u64, ticks: u64) -> u8 {
    let part = elapsed.saturating_mul(32).checked_div(ticks).unwrap_or(0);
    u8::try_from(part.min(31)).unwrap_or(31)
}

/// Whether a receipt with these parts supports `served` probes: at most two for each part.
#[must_use]
pub fn supports(parts: u32, served: u8) -> bool {
    u32::from(served) <= parts.count_ones().wrapping_mul(2)
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
            uint8 window;
            uint32 parts;
        }
        struct Report {
            uint32 place;
            bytes32 salt;
            bytes32 entriesHash;
        }
    }

    #[test]
    fn the_hashes_are_what_every_wallet_would_sign() {
        let (agreement, session) = (Address::repeat_byte(7), B256::repeat_byte(9));
        let wallet = eip712_domain! {
            name: "WorkAgreement",
            version: "1",
            chain_id: 412_346,
            verifying_contract: agreement,
        };
        let domain = domain_separator(412_346, agreement, keccak);
        assert_eq!(domain, wallet.separator());
        for (window, parts) in [(0, 0), (20, 0b101), (255, u32::MAX)] {
            let signed = Receipt { session, window, parts }.eip712_signing_hash(&wallet);
            assert_eq!(receipt_hash(domain, session, window, parts, keccak), signed);
        }
        let report = Report { place: 5, salt: session, entriesHash: keccak256([1, 2]) };
        let ours = report_hash(domain, 5, session, &[1, 2], keccak);
        assert_eq!(ours, report.eip712_signing_hash(&wallet));
    }

    #[test]
    fn a_session_is_the_hash_of_account_salt_and_window_as_words() {
        let (tester, salt) = (Address::repeat_byte(1), B256::repeat_byte(2));
        let word = U256::from_be_slice(tester.as_slice()).to_be_bytes();
        let words = [word, salt.0, U256::from(3).to_be_bytes()].concat();
        assert_eq!(session_id(tester, salt, 3, keccak), keccak256(words));
    }

    #[test]
    fn a_window_has_thirty_two_parts() {
        let parts = [0, 1, 2, 3, 62, 63, 64, u64::MAX].map(|elapsed| part_of_window(elapsed, 64));
        assert_eq!(parts, [0, 0, 1, 1, 31, 31, 31, 31]);
        assert_eq!([0, 1, 2].map(|elapsed| part_of_window(elapsed, 3)), [0, 10, 21]);
        assert_eq!(part_of_window(5, 0), 0);
    }

    #[test]
    fn a_part_supports_two_probes() {
        assert!(supports(0, 0) && supports(0b1, 2) && supports(0b101, 4));
        assert!(!supports(0, 1) && !supports(0b1, 3) && !supports(0b101, 5));
    }
}
