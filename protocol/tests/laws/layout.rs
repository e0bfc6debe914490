//! The encoding of terms, compared with fields concatenated by hand.

use alloy_primitives::{Address, FixedBytes};
use muster_protocol::layout::{MAX_TERMS, Terms, TermsHeader, WorkerTerms};
use muster_protocol::money;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{bps, price, ticks, window_of};

/// Headers with every field anywhere in its range; [`Terms::new`] sets `redundancy`.
fn terms_header() -> impl Strategy<Value = TermsHeader> {
    let identity = (any::<[u8; 20]>(), any::<[u8; 20]>(), any::<u32>(), any::<[u8; 8]>());
    let time = (any::<bool>(), 0..1_u64 << 40, 0..1_u64 << 40, ticks(), ticks(), ticks());
    let testers = prop_oneof![Just(0), any::<u8>()];
    let seats = (any::<u8>(), testers, (ticks(), any::<u8>()), any::<u32>(), ticks());
    let amounts = (bps(), price(), bps(), any::<u64>());
    (identity, time, seats, amounts).prop_map(|(identity, time, seats, amounts)| TermsHeader {
        dispatcher: Address::new(identity.0),
        client: Address::new(identity.1),
        number: identity.2,
        application: FixedBytes(identity.3),
        seconds: time.0,
        purchased: time.1,
        block: time.2,
        length: time.3,
        accept_window: time.4,
        report_window: time.5,
        windows: seats.0,
        testers: seats.1,
        bond_bps: amounts.0,
        min_bond: amounts.1,
        tester_fee_bps: amounts.2,
        min_tester_fee: amounts.3.into(),
        min_length: seats.2.0,
        probes: seats.2.1,
        epoch: seats.3,
        pool: seats.4,
        redundancy: 0,
    })
}

/// Workers with every field anywhere in its range.
fn worker() -> impl Strategy<Value = WorkerTerms> {
    (any::<[u8; 20]>(), price(), any::<u16>(), any::<u16>()).prop_map(
        |(account, price, promise, misses)| WorkerTerms {
            account: Address::new(account),
            price,
            promise,
            misses,
            ..WorkerTerms::default()
        },
    )
}

/// The lowest `N` bytes of a number, little-endian.
fn low<const N: usize>(value: impl Into<u128>) -> [u8; N] {
    *value.into().to_le_bytes().first_chunk().expect("at most 16 bytes")
}

/// The layout as docs/rules.md lists it.
fn encode_by_hand(header: &TermsHeader, workers: &[WorkerTerms]) -> Vec<u8> {
    let mut bytes = [
        header.dispatcher.as_slice(),
        header.client.as_slice(),
        &low::<4>(header.number),
        header.application.as_slice(),
        &[u8::from(header.seconds)],
        &low::<5>(header.purchased),
        &low::<5>(header.block),
        &low::<4>(header.length),
        &low::<4>(header.accept_window),
        &low::<4>(header.report_window),
        &[header.windows, header.testers],
        &low::<2>(header.bond_bps),
        &low::<12>(header.min_bond),
        &low::<2>(header.tester_fee_bps),
        &low::<8>(header.min_tester_fee),
        &low::<4>(header.min_length),
        &[header.probes],
        &low::<4>(header.epoch),
        &low::<4>(header.pool),
        &[u8::try_from(workers.len()).expect("at most eight")],
    ]
    .concat();
    for worker in workers {
        bytes.extend_from_slice(worker.account.as_slice());
        bytes.extend_from_slice(&low::<12>(worker.price));
        bytes.extend_from_slice(&low::<2>(worker.promise));
        bytes.extend_from_slice(&low::<2>(worker.misses));
    }
    bytes
}

/// The encoded terms.
fn encoded(terms: &Terms) -> Vec<u8> {
    let mut bytes = [0xee; MAX_TERMS];
    let len = terms.encode(&mut bytes);
    bytes[..len].to_vec()
}

proptest! {
    #[test]
    fn terms_are_their_fields_in_order_and_come_back_whole(
        header in terms_header(), workers in vec(worker(), 0..=8),
    ) {
        let bytes = encoded(&Terms::new(header, workers.iter().copied()));
        prop_assert_eq!(&bytes, &encode_by_hand(&header, &workers));
        let window_length = header.length.checked_div(header.windows.into()).unwrap_or(0);
        let whole = workers.into_iter().map(|worker| WorkerTerms {
            fee: match header.testers {
                0 => 0,
                _ => money::fee(worker.price, window_length, header.tester_fee_bps, header.min_tester_fee),
            },
            bond: money::bond(worker.price, header.length, header.bond_bps, header.min_bond),
            ..worker
        });
        prop_assert_eq!(Terms::decode(&bytes), Some(Terms::new(header, whole)));
    }

    #[test]
    fn terms_of_any_other_length_are_refused(header in terms_header(), workers in vec(worker(), 0..=8)) {
        let mut bytes = encoded(&Terms::new(header, workers));
        let right = bytes.len();
        bytes.resize(MAX_TERMS + 2 * WorkerTerms::BYTES, 0);
        for len in (0..bytes.len()).filter(|len| *len != right) {
            prop_assert_eq!(Terms::decode(&bytes[..len]), None, "{} of {}", len, right);
        }
    }

    #[test]
    fn eight_workers_take_all_the_bytes_that_terms_may_have(
        header in terms_header(), workers in vec(worker(), 8),
    ) {
        prop_assert_eq!(encoded(&Terms::new(header, workers)).len(), MAX_TERMS);
    }

    #[test]
    fn more_than_eight_workers_are_refused(header in terms_header(), count in 9..=u8::MAX) {
        let mut bytes = encoded(&Terms::new(header, []));
        bytes[TermsHeader::BYTES - 1] = count;
        bytes.resize(TermsHeader::BYTES + usize::from(count) * WorkerTerms::BYTES, 0);
        prop_assert_eq!(Terms::decode(&bytes), None);
    }

    #[test]
    fn no_bytes_make_terms_of_another_length(bytes in vec(any::<u8>(), 0..=MAX_TERMS)) {
        if let Some(terms) = Terms::decode(&bytes) {
            prop_assert_eq!(encoded(&terms).len(), bytes.len());
        }
    }

    /// Goes through all ticks.
    #[test]
    fn the_ticks_of_windows_are_those_that_lie_in_them(
        length in 1..400_u32, windows in 1..=21_u8, early in 0..400_u32,
    ) {
        prop_assume!(length >= u32::from(windows));
        let terms = Terms::new(TermsHeader { length, windows, ..TermsHeader::default() }, []);
        let until = length.saturating_sub(early);
        let of: Vec<u8> = (0..until).map(|tick| window_of(tick, length, windows)).collect();
        for window in 0..=windows {
            let inside = (0..until).zip(&of).filter(|(_, of)| **of == window).map(|(tick, _)| tick);
            prop_assert!(terms.window_ticks(window, until).eq(inside));
        }
        prop_assert_eq!(terms.windows_in(until), of.last().map_or(0, |last| last + 1));
    }

    /// Also for headers that no order has.
    #[test]
    fn the_windows_of_any_header_follow_each_other_up_to_the_end(
        length in ticks(), windows: u8, until in ticks(),
    ) {
        let terms = Terms::new(TermsHeader { length, windows, ..TermsHeader::default() }, []);
        let until = until.min(length);
        let mut end = 0;
        for window in 0..windows {
            let ticks = terms.window_ticks(window, until);
            prop_assert_eq!(ticks.start, end);
            prop_assert!(ticks.start <= ticks.end);
            end = ticks.end;
        }
        prop_assert_eq!(end, if windows == 0 { 0 } else { until });
    }
}
