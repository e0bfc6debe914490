//! Wei, compared with the same formulas in 512 bits.

use alloy_primitives::{U256, U512};
use muster_protocol::verdict::{Verdict, WindowTally, judge};
use muster_protocol::{BPS, PRICE_LIMIT, money};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{amount, bps, price, ticks};

/// `a` × `b` in 512 bits.
fn times(a: u128, b: u128) -> U512 {
    U512::from(a) * U512::from(b)
}

/// Converts to 128 bits; panics if it does not fit.
fn wei(value: U512) -> u128 {
    u128::try_from(value).expect("fits into 128 bits")
}

/// ⌊`value` / `by`⌋.
fn floor(value: U512, by: u128) -> u128 {
    wei(value / U512::from(by))
}

/// ⌈`value` / `by`⌉.
fn ceiling(value: U512, by: u128) -> u128 {
    wei(value.div_ceil(U512::from(by)))
}

proptest! {
    #[test]
    fn a_share_is_the_exact_product_rounded_down(amount in amount(), a in ticks(), b in ticks()) {
        let (part, whole) = (a.min(b), a.max(b).max(1));
        prop_assert_eq!(
            money::share(amount, part, whole),
            floor(times(amount, part.into()), whole.into())
        );
    }

    #[test]
    fn a_share_is_never_more_than_the_whole(amount in amount(), part in ticks(), whole in ticks()) {
        let expected = if whole == 0 { 0 } else { amount };
        prop_assert!(money::share(amount, part, whole) <= expected);
        prop_assert_eq!(money::share(amount, part.max(whole), whole), expected);
    }

    #[test]
    fn a_cost_is_exact(price in price(), ticks in ticks()) {
        let exact = U256::from(price) * U256::from(ticks);
        prop_assert_eq!(U256::from(money::cost(price, ticks)), exact);
    }

    #[test]
    fn a_fee_is_its_share_of_a_window_rounded_down_or_the_minimum(
        price in price(), window_length in ticks(), bps in bps(), minimum in price(),
    ) {
        let share = floor(times(price, window_length.into()) * U512::from(bps), 10_000);
        prop_assert_eq!(money::fee(price, window_length, bps, minimum), share.max(minimum));
    }

    #[test]
    fn a_bond_is_its_share_of_the_whole_price_rounded_up_or_the_minimum(
        price in price(), length in ticks(), bps in bps(), minimum in price(),
    ) {
        let share = ceiling(times(price, length.into()) * U512::from(bps), 10_000);
        prop_assert_eq!(money::bond(price, length, bps, minimum), share.max(minimum));
    }

    #[test]
    fn an_escrow_is_the_price_and_every_seat_or_refused(
        price in price(), length in ticks(), fee in amount(), windows: u8, testers: u8,
    ) {
        let exact = times(price, length.into())
            + U512::from(fee) * U512::from(windows) * U512::from(testers);
        let fits = exact < U512::from(PRICE_LIMIT);
        let expected = fits.then(|| wei(exact));
        prop_assert_eq!(money::escrow(price, length, fee, windows, testers), expected);
    }

    /// The encoding of terms has twelve bytes for an amount.
    #[test]
    fn what_an_escrow_admits_fits_into_terms(
        price in price(), length in ticks(), fee_bps in bps(), bond_bps in bps(),
        minimum in price(), windows in 1..=21_u8, testers in 0..=15_u8,
    ) {
        let fee = money::fee(price, length / u32::from(windows), fee_bps, minimum);
        if money::escrow(price, length, fee, windows, testers).is_some() {
            prop_assert!(fee < PRICE_LIMIT);
            prop_assert!(money::bond(price, length, bond_bps, minimum) < PRICE_LIMIT);
        }
    }

    #[test]
    fn pay_is_whole_at_the_promise_and_the_measured_share_below_it(
        price in price(), length in ticks(), promise in bps(), served in 0..=21_u8, failed in 0..=21_u8,
    ) {
        let (s, known) = (u128::from(served), u128::from(served) + u128::from(failed));
        let base = times(price, length.into());
        let kept = known == 0 || 10_000 * s >= u128::from(promise) * known;
        let expected = if kept { wei(base) } else { floor(base * U512::from(s), known) };
        prop_assert_eq!(money::pay(price, length, promise, WindowTally { served, failed }), expected);
    }

    #[test]
    fn one_more_window_served_never_earns_less(
        price in price(), length in ticks(), promise in 1..=BPS, served in 0..21_u8, failed in 1..=21_u8,
    ) {
        let pay = |served, failed| money::pay(price, length, promise, WindowTally { served, failed });
        let before = pay(served, failed);
        prop_assert!(before <= pay(served + 1, failed));
        prop_assert!(before <= pay(served + 1, failed - 1));
    }

    /// For any votes of the seats; every remainder is left for the client.
    #[test]
    fn pay_and_fees_never_exceed_the_escrow(
        price in price(), length in 21..u32::MAX, promise in bps(), bps in bps(), minimum in 0..1_u128 << 40,
        windows in 1..=21_u8, testers in 0..=15_u8, said in vec(vec(any::<Option<bool>>(), 15), 21),
    ) {
        let fee = money::fee(price, length / u32::from(windows), bps, minimum);
        let escrow = money::escrow(price, length, fee, windows, testers);
        prop_assume!(escrow.is_some());
        let mut record = WindowTally::default();
        let mut owed = U512::ZERO;
        for seats in said.iter().take(windows.into()) {
            let seats = &seats[..testers.into()];
            let count = |word| u8::try_from(seats.iter().filter(|said| **said == Some(word)).count());
            let (served, failed) = (count(true).unwrap(), count(false).unwrap());
            let verdict = judge(served, failed);
            record.add(verdict);
            owed += U512::from(fee) * U512::from(match verdict {
                Verdict::Unknown => 0,
                Verdict::Served => served,
                Verdict::Failed => failed,
            });
        }
        owed += U512::from(money::pay(price, length, promise, record));
        prop_assert!(owed <= U512::from(escrow.unwrap()));
    }
}
