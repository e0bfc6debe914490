//! Reputations: decaying good and bad weights, and the Wilson lower bound as the score.

use alloy_primitives::U512;

use super::math::{isqrt, mul_div_floor};
use super::{Address, Model};
use crate::abi::IWorkerDispatcher::ReputationChanged;

/// Half-life in seconds: 30 days.
const HALF_LIFE: u64 = 30 * 24 * 60 * 60;

/// Fractional bits of a weight.
const FRACTION_BITS: u32 = 32;

/// The weight of one observation.
pub(super) const ONE_OBSERVATION: u64 = 1 << FRACTION_BITS;

/// The highest weight of one agreement, in observations.
const MAX_WEIGHT: u32 = 4;

/// A worker's reputation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reputation {
    /// Good weight, with 32 fractional bits.
    pub(super) good: u64,
    /// Bad weight, with 32 fractional bits.
    pub(super) bad: u64,
    /// Unix second at which both were written.
    pub(super) updated: u64,
}

/// min(4, ⌊log2(1 + ⌊`fees` / `unit`⌋)⌋), or `fees` / `unit` if that is less than one; with 32 fractional bits.
pub(super) fn weight(fees: u128, unit: u128) -> u64 {
    let units = fees / unit;
    if units == 0 {
        return ((U512::from(fees) << FRACTION_BITS) / U512::from(unit)).to();
    }
    let log = (0..=MAX_WEIGHT).rev().find(|log| 1_u128 << log <= units + 1).unwrap_or(0);
    u64::from(log) << FRACTION_BITS
}

/// ⌊`weight` × `part` / `whole`⌋.
pub(super) fn weight_fraction(weight: u64, part: u32, whole: u32) -> u64 {
    u64::try_from(mul_div_floor(weight.into(), part.into(), whole.into())).expect("a part")
}

/// A weight after `age` seconds: halved for each full half-life, then linear towards the next half; both
/// steps round down.
fn decayed(weight: u64, age: u64) -> u64 {
    let half_lives = u32::try_from(age / HALF_LIFE).unwrap_or(u32::MAX);
    let halved = weight.checked_shr(half_lives).unwrap_or(0);
    let left = mul_div_floor(halved.into(), 2 * HALF_LIFE - age % HALF_LIFE, 2 * HALF_LIFE);
    u64::try_from(left).unwrap_or(u64::MAX)
}

/// 10 000 × (g + z²/2 − √(z² × (g·b/n + z²/4))) / (n + z²) with n = g + b and z = 1.645: basis points
/// with 32 fractional bits, rounded down; 0 without observations.
pub(super) fn wilson_lower_bound(good: u64, bad: u64) -> u64 {
    if good == 0 && bad == 0 {
        return 0;
    }
    // Everything in millionths of the weights' unit, because z² = 2.706025.
    let millionths = |weight: u64| U512::from(weight) * U512::from(1_000_000);
    let (g, b) = (millionths(good), millionths(bad));
    let n = g + b;
    let z2 = U512::from(2_706_025) << FRACTION_BITS;
    let four: U512 = U512::from(4);
    let square = z2 * (four * g * b + z2 * n);
    let spread = isqrt((square << 128) / (four * n)); // 64 fractional bits
    let middle: U512 = (g << 64) + (z2 << 63);
    let low = middle.saturating_sub(spread);
    let score: U512 = (low * U512::from(10_000)) << FRACTION_BITS;
    let whole: U512 = (n + z2) << 64;
    (score / whole).to()
}

impl Model {
    /// Good and bad weight of a worker, decayed to now.
    fn current_weights(&self, number: u32) -> (u64, u64) {
        let Reputation { good, bad, updated } = self.member(number).reputation;
        let age = self.timestamp - updated;
        (decayed(good, age), decayed(bad, age))
    }

    /// The current score of a worker in basis points, with 32 fractional bits.
    #[must_use]
    pub fn precise_score(&self, number: u32) -> u64 {
        let (good, bad) = self.current_weights(number);
        wilson_lower_bound(good, bad)
    }

    /// The current score of a worker in basis points.
    pub(super) fn score(&self, number: u32) -> u16 {
        u16::try_from(self.precise_score(number) >> FRACTION_BITS).unwrap_or(u16::MAX)
    }

    /// Adds weight to the reputation of a worker.
    pub(super) fn add_weight(&mut self, worker: Address, good: u64, bad: u64) {
        if good == 0 && bad == 0 {
            return;
        }
        let number = self.number(worker);
        let before = self.current_weights(number);
        let (good, bad) = (before.0 + good, before.1 + bad);
        self.member_mut(number).reputation = Reputation { good, bad, updated: self.timestamp };
        self.emit(ReputationChanged { worker, good, bad });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_tables() {
        let score = |good: u64, bad: u64| wilson_lower_bound(good << 32, bad << 32) >> 32;
        assert_eq!([score(0, 0), score(0, 5)], [0, 0]);
        // 1 / 3.706025, and 10 / 12.706025.
        assert_eq!([score(1, 0), score(10, 0)], [2_698, 7_870]);
        assert_eq!(score(1 << 31, 1 << 31), 4_999);
    }

    #[test]
    fn weights_are_whole_logarithms_and_below_one_unit_a_part_of_it() {
        let weights = [0, 100, 299, 300, 700, 1_500, u128::MAX].map(|fees| weight(fees, 100));
        assert_eq!(weights.map(|weight| weight >> 32), [0, 1, 1, 2, 3, 4, 4]);
        assert_eq!([25, 99].map(|fees| weight(fees, 100)), [1 << 30, 4_252_017_623]);
    }

    #[test]
    fn weights_decay_to_a_half_on_a_straight_line() {
        assert_eq!(decayed(64, 0), 64);
        assert_eq!(decayed(64, HALF_LIFE / 2), 48);
        assert_eq!(decayed(64, HALF_LIFE), 32);
        assert_eq!(decayed(64, u64::MAX), 0);
    }
}
