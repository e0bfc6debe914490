//! Random values of offers and orders.

use alloy::primitives::FixedBytes;
use muster_client::protocol::{PRICE_LIMIT, TESTER_APPLICATION};

use crate::rng::SeededRng;

/// A price: often the same as others', rarely an invalid one.
pub(crate) fn random_price(rng: &mut SeededRng) -> u128 {
    let usual = [5, 5, 7, 10, 10, 1, 1_000_000_007, 12_345_678_901_234];
    match rng.below(40) {
        0 => rng.pick(&[0, PRICE_LIMIT, u128::MAX]),
        1 | 2 => PRICE_LIMIT - 1,
        3..10 => rng.between(1, 30).into(),
        _ => rng.pick(&usual),
    }
}

/// A promised uptime.
pub(crate) fn random_promise(rng: &mut SeededRng) -> u16 {
    let edge = rng.pick(&[10_001, 8_999, 4_999, 1, 0]);
    if rng.one_in(8) { edge } else { rng.pick(&[9_000, 9_000, 9_500, 10_000, 7_500, 6_667]) }
}

/// An application, mostly the first.
pub(crate) fn random_application(rng: &mut SeededRng) -> FixedBytes<8> {
    let one = if rng.one_in(5) { *b"factor\0\0" } else { [0; 8] };
    if rng.one_in(40) { TESTER_APPLICATION.into() } else { one.into() }
}

/// A capacity.
pub(crate) fn random_capacity(rng: &mut SeededRng) -> u16 {
    if rng.one_in(30) { 0 } else { rng.pick(&[1, 2, 2, 3, 5, 65_535]) }
}
