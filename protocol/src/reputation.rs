//! Reputation: reports of past agreements on a worker, weighted by the fees paid for them and decayed
//! over time. The score is a lower confidence bound.
//!
//! Weights are fixed-point counts of observations with 32 fractional bits.

use crate::BPS;
use crate::money::share;

/// Half-life of a weight in seconds: 30 days.
pub const HALF_LIFE: u64 = 30 * 86_400;

/// The weight of one observation.
pub const ONE_OBSERVATION: u64 = 1 << 32;

/// The highest weight of one agreement, in observations.
const MAX_WEIGHT: u32 = 4;

/// 1.645, the 95th percentile of the normal distribution, with 32 fractional bits.
const Z: u128 = 7_065_221_202;

/// The square of [`Z`], with 32 fractional bits.
const Z_SQUARED: u128 = 11_622_288_877;

/// A worker's good and bad weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReputationWeights {
    /// Weight of served windows.
    pub good: u64,
    /// Weight of failed windows, absences and resignations.
    pub bad: u64,
}

/// The weight of an agreement whose testers were paid `fees`: min(4, ⌊log2(1 + ⌊fees / unit⌋)⌋)
/// observations; below one unit, the part of it that was paid, rounded down. Fees are below 2^96.
#[must_use]
pub fn weight(fees: u128, unit: u128) -> u64 {
    if fees < unit {
        let part = fees.saturating_mul(ONE_OBSERVATION.into()).checked_div(unit);
        return part.and_then(|part| u64::try_from(part).ok()).unwrap_or(0);
    }
    let units = fees.checked_div(unit).unwrap_or(0);
    let log = units.saturating_add(1).checked_ilog2().unwrap_or(0);
    u64::from(log.min(MAX_WEIGHT)).wrapping_mul(ONE_OBSERVATION) // at most 2^34
}

/// ⌊`weight` × `part` / `whole`⌋ for `part` ≤ `whole`, for weights of one agreement; zero if `whole` is zero.
#[must_use]
pub fn weight_fraction(weight: u64, part: u32, whole: u32) -> u64 {
    u64::try_from(share(weight.into(), part.into(), whole.into())).unwrap_or(u64::MAX)
}

impl ReputationWeights {
    /// The weights after `seconds`: halved for each full half-life, then linear towards the next half;
    /// rounded down.
    #[must_use]
    pub fn decayed(self, seconds: u64) -> Self {
        let times = u32::try_from(seconds.checked_div(HALF_LIFE).unwrap_or(0)).unwrap_or(u32::MAX);
        let rest = seconds.checked_rem(HALF_LIFE).unwrap_or(0);
        let double = HALF_LIFE.saturating_mul(2);
        let decay = |weight: u64| {
            let halved = u128::from(weight.checked_shr(times).unwrap_or(0));
            // 64 + 23 bits fit into 128; the quotient is at most the weight.
            let decayed = halved.wrapping_mul(double.saturating_sub(rest).into());
            let decayed = decayed.checked_div(double.into()).unwrap_or(0);
            u64::try_from(decayed).unwrap_or(u64::MAX)
        };
        Self { good: decay(self.good), bad: decay(self.bad) }
    }

    /// The weights plus `good` and `bad`, saturating.
    #[must_use]
    pub const fn with_added(self, good: u64, bad: u64) -> Self {
        Self { good: self.good.saturating_add(good), bad: self.bad.saturating_add(bad) }
    }

    /// The lower bound of the one-sided 95 % Wilson interval for the good share, in basis points, rounded
    /// down; 0 without observations.
    ///
    /// With n = good + bad: (good + z²/2 − z·√(good·bad/n + z²/4)) / (n + z²).
    #[must_use]
    pub fn score(self) -> u16 {
        let (good, bad) = (u128::from(self.good), u128::from(self.bad));
        let n = good.wrapping_add(bad); // 65 bits
        // 64 + 64 bits fit into 128.
        let Some(spread) = good.wrapping_mul(bad).checked_div(n) else { return 0 };
        // Both are below 2^64, so there is space for 32 more fractional bits.
        let root = isqrt(spread.wrapping_add(Z_SQUARED >> 2).wrapping_shl(32));
        let low = Z.wrapping_mul(root).wrapping_shr(32); // 33 + 48 bits
        let center = good.wrapping_add(Z_SQUARED >> 1);
        let share = center.saturating_sub(low).wrapping_mul(BPS.into()); // 65 + 14 bits
        let score = share.checked_div(n.wrapping_add(Z_SQUARED)).unwrap_or(0);
        u16::try_from(score).unwrap_or(BPS)
    }
}

/// ⌊√n⌋ by Newton's method, which converges from above.
fn isqrt(n: u128) -> u128 {
    let Some(bits) = n.checked_ilog2() else { return 0 };
    let mut root = 1_u128.wrapping_shl((bits >> 1).wrapping_add(1)); // at least the root
    loop {
        let next = n.checked_div(root).unwrap_or(0).wrapping_add(root) >> 1;
        if next >= root {
            return root;
        }
        root = next;
    }
}

#[cfg(test)]
#[expect(clippy::integer_division, reason = "tests compare whole hundredths and observations")]
mod tests {
    use super::*;

    #[test]
    fn scores_that_are_known_from_tables() {
        let score = |good, bad| {
            ReputationWeights { good: good * ONE_OBSERVATION, bad: bad * ONE_OBSERVATION }.score()
        };
        assert_eq!(score(0, 0), 0);
        assert_eq!(score(0, 5), 0);
        assert_eq!(score(1, 0) / 100, 26);
        assert_eq!(score(10, 0) / 100, 78);
        assert_eq!(score(9, 1) / 100, 65);
        assert_eq!(score(990, 10) / 100, 98);
        assert_eq!(ReputationWeights { good: u64::MAX, bad: 0 }.score(), 9_999);
        assert_eq!(ReputationWeights { good: u64::MAX, bad: u64::MAX }.score(), 4_999);
    }

    #[test]
    fn weights_grow_with_the_logarithm_of_fees() {
        let weights = [0, 1, 2, 3, 6, 7, 14, 15, 1 << 80]
            .map(|fees| weight(fees * 100, 100) / ONE_OBSERVATION);
        assert_eq!(weights, [0, 1, 1, 2, 2, 3, 3, 4, 4]);
        assert_eq!(weight(1, 0), 0);
    }

    #[test]
    fn fees_below_a_unit_weigh_a_part_of_an_observation() {
        assert_eq!(weight(50, 100), ONE_OBSERVATION / 2);
        assert_eq!(weight(99, 100), 4_252_017_623);
        assert_eq!(weight((1 << 96) - 2, (1 << 96) - 1), ONE_OBSERVATION - 1);
    }

    #[test]
    fn a_fraction_of_a_weight_rounds_down() {
        assert_eq!(weight_fraction(10, 2, 3), 6);
        assert_eq!(weight_fraction(10, 2, 0), 0);
        assert_eq!(weight_fraction(4 * ONE_OBSERVATION, u32::MAX, u32::MAX), 4 * ONE_OBSERVATION);
    }

    #[test]
    fn weights_halve_every_thirty_days() {
        assert_eq!(HALF_LIFE, 2_592_000);
        let now = ReputationWeights { good: 64 * ONE_OBSERVATION, bad: 3 };
        assert_eq!(now.decayed(0), now);
        assert_eq!(
            now.decayed(HALF_LIFE),
            ReputationWeights { good: 32 * ONE_OBSERVATION, bad: 1 }
        );
        assert_eq!(
            now.decayed(HALF_LIFE / 2),
            ReputationWeights { good: 48 * ONE_OBSERVATION, bad: 2 }
        );
        assert_eq!(now.decayed(3 * HALF_LIFE + HALF_LIFE / 2).good, 6 * ONE_OBSERVATION);
        assert_eq!(now.decayed(u64::MAX), ReputationWeights::default());
    }
}
