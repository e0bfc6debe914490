//! Weights, their decay, and the score: exact where the rule is exact, and compared with the real formula
//! where the rule is an approximation.
#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "curves are compared with floating-point numbers"
)]

use alloy_primitives::U512;
use muster_protocol::reputation::{
    HALF_LIFE, ONE_OBSERVATION, ReputationWeights, weight, weight_fraction,
};
use proptest::prelude::*;

use crate::{amount, price, ticks};

/// Weights of every bit length.
fn weight_value() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..=64_u32).prop_map(|(bits, zeros)| bits.checked_shr(zeros).unwrap_or(0))
}

/// Pairs of weights of every bit length, also fractions of an observation.
fn reputation_weights() -> impl Strategy<Value = ReputationWeights> {
    (weight_value(), weight_value()).prop_map(|(good, bad)| ReputationWeights { good, bad })
}

/// Times from seconds to years, with those near a multiple of the half-life frequent.
fn seconds() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..10 * HALF_LIFE,
        (0..70_u64, 0..3_u64).prop_map(|(lives, off)| (lives * HALF_LIFE + off).saturating_sub(1)),
    ]
}

/// Whether the real lower bound is at least `score` basis points. For the share p̂ = good / n the bound is
/// the smaller root of (p̂ − x)² = z² · x · (1 − x) / n, so x is at most the bound if
/// x ≤ p̂ and (p̂ − x)² ≥ z² · x · (1 − x) / n. Multiplied out to integers; z = 1.645.
fn bound_is_at_least(weights: ReputationWeights, score: u64) -> bool {
    let number = |value: u64| U512::from(value);
    let n = number(weights.good) + number(weights.bad);
    let (share, bound) = (number(weights.good) * number(10_000), n * number(score));
    if share < bound || score == 10_000 {
        return false; // no bound exceeds the share or reaches 100 %
    }
    let distance = share - bound;
    let spread = number(score) * number(10_000 - score) * n * number(ONE_OBSERVATION);
    distance * distance * number(1_000_000) >= spread * number(1_645 * 1_645)
}

/// Whether a weight is between two real numbers, allowing for two roundings down.
fn between(low: f64, value: u64, high: f64) -> bool {
    let value = to_real(value);
    low - 2.0 <= value * (1.0 + 1e-12) && value <= high * (1.0 + 1e-12)
}

/// A weight as a floating-point number.
const fn to_real(weight: u64) -> f64 {
    weight as f64
}

/// The number of half-lives in `seconds`.
fn lives(seconds: u64) -> f64 {
    to_real(seconds) / to_real(HALF_LIFE)
}

proptest! {
    #[test]
    fn a_score_is_within_one_point_of_the_real_bound(weights in reputation_weights()) {
        let score = u64::from(weights.score());
        prop_assert!(score < 10_000);
        if weights.good | weights.bad == 0 {
            prop_assert_eq!(score, 0);
        } else {
            prop_assert!(bound_is_at_least(weights, score.saturating_sub(1)), "{} is too high", score);
            prop_assert!(!bound_is_at_least(weights, score + 1), "{} is too low", score);
        }
    }

    #[test]
    fn an_agreement_weighs_one_observation_for_each_doubling_up_to_four(
        fees in price(), unit in amount(),
    ) {
        prop_assume!(fees >= unit);
        let units = fees.checked_div(unit).unwrap_or(0);
        let doublings = (1..=4_u32).filter(|power| units + 1 >= 1 << power).count();
        prop_assert_eq!(weight(fees, unit), ONE_OBSERVATION * u64::try_from(doublings).unwrap());
    }

    #[test]
    fn fees_below_the_unit_weigh_their_part_of_one_observation(fees in price(), unit in amount()) {
        prop_assume!(fees < unit);
        let exact = U512::from(fees) * U512::from(ONE_OBSERVATION) / U512::from(unit);
        prop_assert_eq!(U512::from(weight(fees, unit)), exact);
        prop_assert!(weight(fees, unit) < ONE_OBSERVATION);
    }

    #[test]
    fn one_wei_more_never_weighs_less(fees in price(), unit in amount()) {
        prop_assert!(weight(fees, unit) <= weight(fees + 1, unit));
    }

    #[test]
    fn a_part_of_a_weight_is_exact_and_parts_are_no_more_than_the_whole(
        fees in price(), unit in amount(), a in ticks(), b in ticks(),
    ) {
        let (whole, sum) = (weight(fees, unit), a.saturating_add(b));
        let b = sum - a;
        if sum == 0 {
            prop_assert_eq!(weight_fraction(whole, a, sum), 0);
        } else {
            let exact = U512::from(whole) * U512::from(a) / U512::from(sum);
            prop_assert_eq!(U512::from(weight_fraction(whole, a, sum)), exact);
        }
        prop_assert!(weight_fraction(whole, a, sum) + weight_fraction(whole, b, sum) <= whole);
    }

    #[test]
    fn weights_only_decay(weights in reputation_weights(), a in seconds(), b in seconds()) {
        let (sooner, later) = (weights.decayed(a.min(b)), weights.decayed(a.max(b)));
        prop_assert!(sooner.good >= later.good && sooner.bad >= later.bad);
        prop_assert_eq!(weights.decayed(0), weights);
    }

    #[test]
    fn every_half_life_halves(weights in reputation_weights(), lives in 0..70_u32) {
        let halved = |weight: u64| (0..lives).fold(weight, |weight, _| weight / 2);
        let expected = ReputationWeights { good: halved(weights.good), bad: halved(weights.bad) };
        prop_assert_eq!(weights.decayed(HALF_LIFE * u64::from(lives)), expected);
    }

    /// The chord is above the curve 2^−x by at most a sixteenth of it.
    #[test]
    fn between_half_lives_a_weight_is_at_most_a_sixteenth_above_the_curve(
        weight in weight_value(), seconds in seconds(),
    ) {
        let real = to_real(weight) * (-lives(seconds)).exp2();
        let decayed = ReputationWeights { good: weight, bad: 0 }.decayed(seconds).good;
        prop_assert!(between(real, decayed, real * 1.0625), "{} of {}", decayed, real);
    }

    /// So a reputation that is written often has a half-life from 30 to 2 · ln 2 · 30 days.
    #[test]
    fn being_written_in_between_never_fades_faster_and_only_so_much_slower(
        weight in weight_value(), first in seconds(), second in seconds(),
    ) {
        let start = ReputationWeights { good: weight, bad: 0 };
        let (once, twice) = (start.decayed(first + second), start.decayed(first).decayed(second));
        prop_assert!(twice.good.saturating_add(2) >= once.good);
        let slowest = to_real(weight) * (-lives(first + second) / 2.0).exp();
        prop_assert!(between(0.0, twice.good, slowest));
    }

    #[test]
    fn weight_that_is_added_is_there_and_never_overflows(weights in reputation_weights(), good: u64, bad: u64) {
        let sum = weights.with_added(good, bad);
        let capped = |a: u64, b: u64| u64::try_from(u128::from(a) + u128::from(b)).unwrap_or(u64::MAX);
        prop_assert_eq!(sum.good, capped(weights.good, good));
        prop_assert_eq!(sum.bad, capped(weights.bad, bad));
    }
}
