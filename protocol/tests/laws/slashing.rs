//! Slashes and compensation, compared with the rules of docs/rules.md in 512 bits.

use alloy_primitives::U512;
use muster_protocol::money::{Judgement, compensation, slash, tenth};
use muster_protocol::verdict::WindowTally;
use muster_protocol::{BPS, PRICE_LIMIT};
use proptest::prelude::*;

use crate::{amount, bps, price, ticks};

/// Possible judgements of a worker: at most as many certain failures as failed windows, and at most as many
/// ticks as the agreement has.
fn judgement(length: u32) -> impl Strategy<Value = Judgement> {
    (0..=21_u8, 0..=21_u8, any::<u8>(), ticks(), any::<bool>()).prop_map(
        move |(served, failed, certain, ticks, resigned)| Judgement {
            tally: WindowTally { served, failed },
            certain_failures: certain % (failed + 1),
            ticks: ticks.min(length),
            resigned,
        },
    )
}

/// A length, and a judgement in an agreement of that length.
fn judged() -> impl Strategy<Value = (u32, Judgement)> {
    ticks()
        .prop_map(|length| length.max(1))
        .prop_flat_map(|length| (Just(length), judgement(length)))
}

/// The slash by the text of the rule.
fn slash_by_hand(bond: u128, length: u32, promise: u16, judgement: Judgement) -> U512 {
    let number = |value: u32| U512::from(value);
    let Judgement { tally, certain_failures, ticks, resigned } = judgement;
    let decided = number(tally.decided());
    let promised = number(promise.into()) * decided;
    let kept = number(10_000) * (decided - number(certain_failures.into()));
    let mut sum = U512::ZERO;
    if promised > kept {
        let at_risk = U512::from(bond) * number(ticks) / number(length);
        sum += at_risk * (promised - kept) / promised;
    }
    if resigned {
        sum += U512::from(bond) / number(10);
    }
    sum.min(U512::from(bond))
}

proptest! {
    #[test]
    fn a_slash_is_the_sure_part_of_what_the_promise_was_missed_by(
        bond in price(), promise in bps(), (length, judgement) in judged(),
    ) {
        let expected = slash_by_hand(bond, length, promise, judgement);
        prop_assert_eq!(U512::from(slash(bond, length, promise, &judgement)), expected);
    }

    #[test]
    fn no_input_slashes_more_than_the_bond(
        bond in amount(), length in ticks(), promise: u16,
        served: u8, failed: u8, certain_failures: u8, ticks in ticks(), resigned: bool,
    ) {
        let tally = WindowTally { served, failed };
        let judgement = Judgement { tally, certain_failures, ticks, resigned };
        prop_assert!(slash(bond, length, promise, &judgement) <= bond);
    }

    #[test]
    fn a_worker_that_stays_loses_no_more_than_the_part_of_its_bond_that_is_judged(
        bond in price(), promise in bps(), (length, judgement) in judged(),
    ) {
        let stayed = Judgement { resigned: false, ..judgement };
        let lost = U512::from(slash(bond, length, promise, &stayed));
        prop_assert!(lost * U512::from(length) <= U512::from(bond) * U512::from(judgement.ticks));
    }

    /// Also if a majority failed many windows.
    #[test]
    fn windows_that_are_not_sure_cost_no_bond(
        bond in price(), promise in bps(), (length, judgement) in judged(),
    ) {
        let unsure = Judgement { certain_failures: 0, resigned: false, ..judgement };
        prop_assert_eq!(slash(bond, length, promise, &unsure), 0);

        let WindowTally { served, failed } = judgement.tally;
        let certain = judgement.certain_failures;
        let tally = WindowTally { served: served + failed - certain, failed: certain };
        let kinder = Judgement { tally, ..judgement };
        prop_assert_eq!(slash(bond, length, promise, &kinder), slash(bond, length, promise, &judgement));
    }

    #[test]
    fn one_more_sure_window_never_costs_less(
        bond in price(), promise in bps(), (length, judgement) in judged(),
    ) {
        prop_assume!(judgement.certain_failures < judgement.tally.failed);
        let worse = Judgement { certain_failures: judgement.certain_failures + 1, ..judgement };
        prop_assert!(slash(bond, length, promise, &judgement) <= slash(bond, length, promise, &worse));
    }

    #[test]
    fn a_kept_promise_costs_nothing_and_a_day_without_service_everything(
        bond in price(), length in 1..=u32::MAX, promise in 1..=BPS, failed in 1..=21_u8,
    ) {
        let judgement = |served, failed, certain_failures| Judgement {
            tally: WindowTally { served, failed }, certain_failures, ticks: length, resigned: false,
        };
        prop_assert_eq!(slash(bond, length, promise, &judgement(failed, 0, 0)), 0);
        prop_assert_eq!(slash(bond, length, promise, &judgement(0, failed, failed)), bond);
    }

    #[test]
    fn who_leaves_loses_a_tenth_more(bond in price(), promise in bps(), (length, judgement) in judged()) {
        let lost = |resigned| slash(bond, length, promise, &Judgement { resigned, ..judgement });
        prop_assert_eq!(lost(true), bond.min(lost(false) + tenth(bond)));
        prop_assert_eq!(tenth(bond), bond / 10);
    }

    /// For any pay and slashes, and any workers and fees that belong to the client: together they receive at
    /// most the escrow plus their own slashes, and the compensation is as high as it may be.
    #[test]
    fn no_coalition_ends_ahead_and_what_it_cannot_get_is_burned(
        workers in proptest::collection::vec((0..PRICE_LIMIT, price(), any::<bool>()), 1..=8),
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
