//! Wei, compared with the same formulas in 512 bits.

use alloy_primitives::{U256, U512};
use muster_protocol::shares::{Measurement, Uptime};
use muster_protocol::{PRICE_LIMIT, money};
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
    fn a_share_is_the_exact_product_rounded_down(amount in amount(), a: u64, b: u64) {
        let (part, whole) = (a.min(b), a.max(b).max(1));
        prop_assert_eq!(
            money::share(amount, part, whole),
            floor(times(amount, part.into()), whole.into())
        );
    }

    #[test]
    fn a_share_is_never_more_than_the_whole(amount in amount(), part: u64, whole: u64) {
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
        price in price(), length in ticks(), promise in bps(), windows in vec((0..1_u32 << 27, 0..=12_u8), 0..=21),
    ) {
        let mut uptime = Uptime::default();
        for (ticks, share) in &windows {
            uptime.add(*ticks, *share);
        }
        let ticks: u128 = windows.iter().map(|(ticks, _)| u128::from(*ticks)).sum();
        let served: u128 =
            windows.iter().map(|(ticks, share)| u128::from(*ticks) * u128::from(*share)).sum();
        let base = times(price, length.into());
        let kept = 10_000 * served >= u128::from(promise) * 12 * ticks;
        let expected = if kept { wei(base) } else { floor(base * U512::from(served), 12 * ticks) };
        prop_assert_eq!(money::pay(price, length, promise, uptime), expected);
    }

    #[test]
    fn a_higher_share_never_earns_less(
        price in price(), length in ticks(), promise in bps(), rest in (0..1_u32 << 30, 0..=12_u8),
        ticks in 0..1_u32 << 30, a in 0..=12_u8, b in 0..=12_u8,
    ) {
        let pay = |share| {
            let mut uptime = Uptime::default();
            uptime.add(rest.0, rest.1);
            uptime.add(ticks, share);
            money::pay(price, length, promise, uptime)
        };
        prop_assert!(pay(a.min(b)) <= pay(a.max(b)));
    }

    /// For any reports of the seats, also if all are paid; every remainder is left for the client.
    #[test]
    fn pay_and_fees_never_exceed_the_escrow(
        price in price(), length in 21..u32::MAX, promise in bps(), bps in bps(), minimum in 0..1_u128 << 40,
        windows in 1..=21_u8, testers in 0..=15_u8, said in vec(vec(prop::option::of(0..=12_u8), 15), 21),
    ) {
        let window = length / u32::from(windows);
        let fee = money::fee(price, window, bps, minimum);
        let escrow = money::escrow(price, length, fee, windows, testers);
        prop_assume!(escrow.is_some());
        let mut measurement = Measurement::default();
        let mut owed = U512::ZERO;
        for (number, seats) in (1..=windows).zip(&said) {
            let shares = seats[..testers.into()].iter().copied().flatten();
            let ticks = if number == windows { length - window * u32::from(windows - 1) } else { window };
            if let Some(median) = measurement.add(ticks, true, shares.clone(), 0) {
                owed += U512::from(fee) * U512::from(shares.filter(|share| median.pays(*share)).count());
            }
        }
        prop_assert_eq!(measurement.finished, length);
        owed += U512::from(money::pay(price, measurement.finished, promise, measurement.paid));
        prop_assert!(owed <= U512::from(escrow.unwrap()));
    }
}
