//! The bytes of reports and batches, compared with fields concatenated by hand.

use alloy_primitives::B256;
use muster_protocol::report::{Entries, Entry, MAX_ENTRY, SignedReport};
use proptest::collection::vec;
use proptest::prelude::*;

/// Entries with every field anywhere; those without a served probe have no receipt.
fn entry() -> impl Strategy<Value = Entry> {
    let numbers = any::<[u8; 4]>();
    (numbers, any::<bool>(), any::<u32>(), any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(
        |([index, window, made, served], failed, parts, r, vs)| {
            let served = if failed { 0 } else { served };
            let signature = |word| if served == 0 { B256::ZERO } else { B256::new(word) };
            let (r, vs) = (signature(r), signature(vs));
            Entry { index, window, made, served, parts, r, vs }
        },
    )
}

/// The bytes of an entry as docs/rules.md lists them.
fn encode_by_hand(entry: &Entry) -> Vec<u8> {
    let mut bytes = vec![entry.index, entry.window, entry.made, entry.served];
    bytes.extend_from_slice(&entry.parts.to_be_bytes());
    if entry.served > 0 {
        bytes.extend_from_slice(&[entry.r.0, entry.vs.0].concat());
    }
    bytes
}

/// The bytes of entries.
fn encoded(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let mut buffer = [0xee; MAX_ENTRY];
        let len = entry.encode(&mut buffer);
        bytes.extend_from_slice(&buffer[..len]);
    }
    bytes
}

/// A signed report: place, salt, r, vs, entries.
type Signed = (u32, [u8; 32], [u8; 32], [u8; 32], Vec<u8>);

/// Signed reports with any bytes as entries.
fn signed() -> impl Strategy<Value = Signed> {
    let words = (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<[u8; 32]>());
    (any::<u32>(), words, vec(any::<u8>(), 0..200))
        .prop_map(|(place, (salt, r, vs), entries)| (place, salt, r, vs, entries))
}

/// The signed report of these parts.
fn report((place, salt, r, vs, entries): &Signed) -> SignedReport<'_> {
    let [salt, r, vs] = [salt, r, vs].map(|word| B256::new(*word));
    SignedReport { place: *place, salt, r, vs, entries }
}

proptest! {
    #[test]
    fn entries_are_their_fields_in_order_and_come_back_whole(entries in vec(entry(), 0..8)) {
        let bytes = encoded(&entries);
        prop_assert_eq!(&bytes, &entries.iter().flat_map(encode_by_hand).collect::<Vec<_>>());
        let decoded: Option<Vec<_>> = Entries(&bytes).collect();
        prop_assert_eq!(decoded, Some(entries));
    }

    #[test]
    fn an_entry_that_is_cut_is_no_entry_and_the_last(before in vec(entry(), 0..4), last in entry(), cut: prop::sample::Index) {
        let (mut bytes, tail) = (encoded(&before), encode_by_hand(&last));
        bytes.extend_from_slice(&tail[..=cut.index(tail.len() - 1)]);
        let decoded: Vec<_> = Entries(&bytes).collect();
        let expected: Vec<_> = before.into_iter().map(Some).chain([None]).collect();
        prop_assert_eq!(decoded, expected);
    }

    /// No two encodings have the same meaning, so a signature is for one report only.
    #[test]
    fn whatever_decodes_was_encoded(bytes in vec(any::<u8>(), 0..400)) {
        let decoded: Option<Vec<_>> = Entries(&bytes).collect();
        if let Some(entries) = decoded {
            prop_assert_eq!(encoded(&entries), bytes);
        }
    }

    #[test]
    fn a_finding_is_the_numbers_of_an_entry(entry in entry()) {
        prop_assert_eq!(&entry.finding()[..], &encode_by_hand(&entry)[..4]);
    }

    #[test]
    fn a_batch_is_reports_one_after_the_other(all in vec(signed(), 0..5)) {
        let mut batch = Vec::new();
        for signed in &all {
            let (place, salt, r, vs, entries) = signed;
            let head = report(signed).head();
            let len = u16::try_from(entries.len()).unwrap().to_be_bytes();
            prop_assert_eq!(&head[..], [&len[..], &place.to_be_bytes(), salt, r, vs].concat());
            batch.extend_from_slice(&head);
            batch.extend_from_slice(entries);
        }
        let mut rest = &batch[..];
        for signed in &all {
            let (decoded, tail) = SignedReport::decode(rest).unwrap();
            prop_assert_eq!(decoded, report(signed));
            rest = tail;
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn a_report_that_is_cut_is_no_report(signed in signed(), cut: prop::sample::Index) {
        let mut bytes = report(&signed).head().to_vec();
        bytes.extend_from_slice(&signed.4);
        bytes.truncate(cut.index(bytes.len()));
        prop_assert_eq!(SignedReport::decode(&bytes), None);
    }
}
