//! Orders, compared with a list of all reasons to reject one.

use alloy_primitives::{FixedBytes, U256};
use muster_protocol::TESTER_APPLICATION;
use muster_protocol::abi::{Order, Reason, Settings};
use muster_protocol::order::{check, default_order};
use proptest::prelude::*;

use crate::{preset, ticks};

/// Settings with any times, also invalid ones: the check of an order must not panic.
fn settings() -> impl Strategy<Value = Settings> {
    let shortest = || prop_oneof![3 => 0..50_u32, 1 => ticks()];
    let longest = prop_oneof![0..1_100_u32, ticks()];
    (preset(), shortest(), longest, shortest(), ticks()).prop_map(
        |(preset, length, longest, window, pool)| Settings {
            minLength: length,
            maxAgreement: longest,
            minWindow: window,
            minPool: pool,
            ..preset
        },
    )
}

/// Numbers near small bounds, near 2^32, and any others.
fn number() -> impl Strategy<Value = U256> {
    prop_oneof![
        6 => (0..1_100_u64).prop_map(U256::from),
        2 => ((1_u64 << 32) - 3..(1 << 32) + 3).prop_map(U256::from),
        1 => any::<[u64; 4]>().prop_map(U256::from_limbs),
    ]
}

/// Orders with valid numbers and numbers just out of range, and the tick of the purchase.
fn order() -> impl Strategy<Value = (Order, u64)> {
    let application = prop_oneof![4 => any::<[u8; 8]>(), 1 => Just(TESTER_APPLICATION)];
    let redundancy = prop_oneof![4 => (0..10_u64).prop_map(U256::from), 1 => number()];
    let shape = (redundancy, number(), 0..24_u8, 0..18_u8);
    let expiry = prop_oneof![Just(0_i64), -2..=2_i64];
    (application, shape, expiry, 2..u64::from(u32::MAX)).prop_map(
        |(application, shape, past, now)| {
            let (redundancy, length, windows, testers) = shape;
            let expiry = if past == 0 { 0 } else { now.saturating_add_signed(past) };
            let order = Order {
                application: FixedBytes(application),
                redundancy,
                length,
                windows,
                testers,
                minScore: 0,
                minUptime: 0,
                expiry,
                start: 0,
            };
            (order, now)
        },
    )
}

/// Every reason and whether it applies to the order, in the order of [`Reason`].
fn reasons(order: &Order, settings: &Settings, now: u64) -> [(bool, Reason); 6] {
    let length = order.length;
    let windows = U256::from(order.windows);
    let seats = u32::from(order.windows) * u32::from(order.testers);
    [
        (order.redundancy.is_zero() || order.redundancy > U256::from(8), Reason::Redundancy),
        (
            length < U256::from(settings.minLength) || length > U256::from(settings.maxAgreement),
            Reason::Length,
        ),
        // The negation of ⌊length / windows⌋ ≥ minWindow, without a division; and a client that can stop early
        // can leave out the windows after the second at most.
        (
            order.windows == 0
                || order.windows > 21
                || length < windows * U256::from(settings.minWindow)
                || order.testers > 0
                    && order.windows < 4
                    && length >= U256::from(2) * U256::from(settings.minLength),
            Reason::Windows,
        ),
        (
            match order.testers {
                0 => order.windows != 1,
                3 | 5 | 7 | 9 | 11 | 13 | 15 => seats > 63,
                _ => true,
            },
            Reason::Testers,
        ),
        (order.application == *b"tester\0\0", Reason::NotForSale),
        (order.expiry != 0 && order.expiry < now, Reason::Expired),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_order_is_refused_for_the_first_reason_that_stands_against_it(
        (order, now) in order(), settings in settings(),
    ) {
        let first = reasons(&order, &settings, now).into_iter().find(|(applies, _)| *applies);
        let checked = check(&order, &settings, now);
        prop_assert_eq!(checked.err(), first.map(|(_, reason)| reason));
        if let Ok(valid) = checked {
            prop_assert_eq!(U256::from(valid.redundancy), order.redundancy);
            prop_assert_eq!(U256::from(valid.length), order.length);
            prop_assert_eq!((valid.windows, valid.testers), (order.windows, order.testers));
            prop_assert_eq!(valid.window_length, valid.length / u32::from(order.windows));
        }
    }

    #[test]
    fn the_usual_order_can_be_bought_in_every_length_of_the_market(
        settings in preset(), redundancy in 1..=8_u64, length in ticks(), listed in ticks(),
    ) {
        let order = default_order(U256::from(redundancy), U256::from(length), &settings, listed);
        let fits = (settings.minLength..=settings.maxAgreement).contains(&length);
        prop_assert_eq!(check(&order, &settings, 1).is_ok(), fits);
    }

    #[test]
    fn the_usual_order_has_three_testers_and_up_to_four_windows_or_neither(
        settings in preset(), redundancy in number(), length in ticks(), near in 0..3_u32,
    ) {
        let listed = settings.minPool + near - 1;
        let order = default_order(redundancy, U256::from(length), &settings, listed);
        let windows = (length / settings.minWindow).clamp(1, 4);
        let (windows, testers) = if near == 0 { (1, 0) } else { (windows, 3) };
        prop_assert_eq!((u32::from(order.windows), order.testers), (windows, testers));
        let rest = (order.minScore, order.minUptime, order.expiry, order.start);
        prop_assert_eq!(rest, (0, 9_000, 0, 0));
        prop_assert_eq!((order.application, order.redundancy), (FixedBytes::ZERO, redundancy));
        prop_assert_eq!(order.length, U256::from(length));
    }
}
