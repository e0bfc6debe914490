//! Slashes and compensation, compared with the rules of docs/rules.md in 512 bits.

use alloy_primitives::U512;
use muster_protocol::money::{Judgement, compensation, slash, tenth};
use muster_protocol::shares::Uptime;
use muster_protocol::{BPS, PRICE_LIMIT};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{amount, bps, price, ticks};

/// The known windows of a worker: ticks, and the best share in twelfths.
type Windows = Vec<(u32, u8)>;

/// Windows that are at most `length` ticks long together.
fn windows(length: u32) -> impl Strategy<Value = Windows> {
    let share = prop_oneof![0..=12_u8, Just(12), Just(0)];
    vec((ticks().prop_map(move |ticks| ticks.min(length / 21)), share), 0..=21)
}

/// A length, the known windows of a worker in an agreement of that length, the ticks for which it is judged, and
/// whether it resigned.
fn judged() -> impl Strategy<Value = (u32, Windows, u32, bool)> {
    ticks().prop_map(|length| length.max(1)).prop_flat_map(|length| {
        let judged = ticks().prop_map(move |ticks| ticks.min(length));
        (Just(length), windows(length), judged, any::<bool>())
    })
}

/// The judgement of these windows.
fn judgement(windows: &Windows, ticks: u32, resigned: bool) -> Judgement {
    let mut best = Uptime::default();
    for (ticks, share) in windows {
        best.add(*ticks, *share);
    }
    Judgement { best, ticks, resigned }
}

/// The slash by the text of the rule: ⌊⌊bond × ticks / length⌋ × (12·promise·T − 10⁴·B) / (12·promise·T)⌋, and a
/// tenth for leaving, but no more than the bond.
fn slash_by_hand(
    bond: u128,
    promise: u16,
    (length, windows, ticks, resigned): &(u32, Windows, u32, bool),
) -> U512 {
    let number = |value: u32| U512::from(value);
    let all: U512 = windows.iter().map(|(ticks, _)| number(*ticks)).sum();
    let best: U512 = windows.iter().map(|(ticks, share)| number(*ticks) * U512::from(*share)).sum();
    let (promised, kept) = (U512::from(12) * U512::from(promise) * all, U512::from(10_000) * best);
    let mut sum = U512::ZERO;
    if promised > kept {
        let at_risk = U512::from(bond) * number(*ticks) / number(*length);
        sum += at_risk * (promised - kept) / promised;
    }
    if *resigned {
        sum += U512::from(bond) / number(10);
    }
    sum.min(U512::from(bond))
}

proptest! {
    #[test]
    fn a_slash_is_what_nobody_vouches_for_of_what_the_promise_was_missed_by(
        bond in price(), promise in bps(), judged in judged(),
    ) {
        let expected = slash_by_hand(bond, promise, &judged);
        let (length, windows, ticks, resigned) = judged;
        let judgement = judgement(&windows, ticks, resigned);
        prop_assert_eq!(U512::from(slash(bond, length, promise, &judgement)), expected);
    }

    #[test]
    fn no_input_slashes_more_than_the_bond(
        bond in amount(), length in ticks(), promise: u16, windows in windows(u32::MAX), ticks in ticks(), resigned: bool,
    ) {
        prop_assert!(slash(bond, length, promise, &judgement(&windows, ticks, resigned)) <= bond);
    }

    #[test]
    fn a_worker_that_stays_loses_no_more_than_the_part_of_its_bond_that_is_judged(
        bond in price(), promise in bps(), (length, windows, ticks, _) in judged(),
    ) {
        let lost = U512::from(slash(bond, length, promise, &judgement(&windows, ticks, false)));
        prop_assert!(lost * U512::from(length) <= U512::from(bond) * U512::from(ticks));
    }

    #[test]
    fn a_seat_that_vouches_for_more_never_costs_more(
        bond in price(), promise in bps(), (length, windows, ticks, resigned) in judged(), seat: prop::sample::Index, by in 1..=12_u8,
    ) {
        prop_assume!(!windows.is_empty());
        let mut better = windows.clone();
        let (_, share) = &mut better[seat.index(windows.len())];
        *share = share.saturating_add(by).min(12);
        let lost = |windows| slash(bond, length, promise, &judgement(windows, ticks, resigned));
        prop_assert!(lost(&better) <= lost(&windows));
    }

    #[test]
    fn a_kept_promise_costs_nothing_and_a_day_without_service_everything(
        bond in price(), length in 1..=u32::MAX, promise in 1..=BPS, known in 1..=21_usize,
    ) {
        let all = |share| vec![((length / 21).max(1), share); known];
        let lost = |share| slash(bond, length, promise, &judgement(&all(share), length, false));
        prop_assert_eq!(lost(12), 0);
        prop_assert_eq!(lost(0), bond);
    }

    #[test]
    fn who_leaves_loses_a_tenth_more(bond in price(), promise in bps(), (length, windows, ticks, _) in judged()) {
        let lost = |resigned| slash(bond, length, promise, &judgement(&windows, ticks, resigned));
        prop_assert_eq!(lost(true), bond.min(lost(false) + tenth(bond)));
        prop_assert_eq!(tenth(bond), bond / 10);
    }

    /// For any pay and slashes, and any workers and fees that belong to the client: together they receive at
    /// most the escrow plus their own slashes, and the compensation is as high as it may be.
    #[test]
    fn no_coalition_ends_ahead_and_what_it_cannot_get_is_burned(
        workers in vec((0..PRICE_LIMIT, price(), any::<bool>()), 1..=8),
        fees in 0..PRICE_LIMIT, rest in 0..PRICE_LIMIT,
    ) {
        let paid: u128 = workers.iter().map(|(pay, ..)| pay).sum();
        let escrow = paid + fees + rest;
        let backs = workers.iter().map(|(pay, slash, _)| compensation(*slash, *pay));
        let own = workers.iter().filter(|(.., own)| *own);
        let (earned, lost) = own.fold((0, 0), |sum, (pay, slash, _)| (sum.0 + pay, sum.1 + slash));
        let out = rest + fees + backs.clone().sum::<u128>() + earned;
        prop_assert!(out <= escrow + lost);
        for (back, (pay, slash, _)) in backs.zip(&workers) {
            prop_assert!(back <= *slash && back <= *pay && (back == *slash || back == *pay));
        }
    }
}
