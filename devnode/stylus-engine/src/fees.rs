//! The data fee of an activation in wei: a price that rises with demand and decays over time.

use alloy_primitives::U256;

/// Unix second at which the price of a new chain starts.
const INITIAL_TIMESTAMP: u64 = 1_421_388_000;

/// Bytes of demand that decay per second.
const BYTES_PER_SECOND: u32 = 34_865;

/// Wei per byte while there is no demand.
const MIN_PRICE: u32 = 82_928_201;

/// Bytes of demand that raise the price by a factor of e.
const INERTIA: u32 = 21_360_419;

/// One, in basis points.
const ONE_IN_BIPS: u64 = 10_000;

/// Terms of the series that approximates the exponential function.
const EXP_SERIES_TERMS: u64 = 12;

/// The state of the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataPricer {
    /// Bytes of recent demand, not yet decayed.
    pub demand: u32,
    /// Bytes of demand that decay per second.
    pub bytes_per_second: u32,
    /// Unix second of the last activation.
    pub last_update: u64,
    /// Wei per byte while there is no demand.
    pub min_price: u32,
    /// Bytes of demand that raise the price by a factor of e.
    pub inertia: u32,
}

impl Default for DataPricer {
    fn default() -> Self {
        Self {
            demand: 0,
            bytes_per_second: BYTES_PER_SECOND,
            last_update: INITIAL_TIMESTAMP,
            min_price: MIN_PRICE,
            inertia: INERTIA,
        }
    }
}

impl DataPricer {
    /// Adds `bytes` of demand at unix second `now` and returns the fee for them in wei.
    pub fn charge(&mut self, bytes: u32, now: u64) -> U256 {
        let elapsed = now.saturating_sub(self.last_update).try_into().unwrap_or(u32::MAX);
        let decayed = self.bytes_per_second.saturating_mul(elapsed);
        self.demand = self.demand.saturating_sub(decayed).saturating_add(bytes);
        self.last_update = now;

        let exponent = u64::from(self.demand).saturating_mul(ONE_IN_BIPS);
        let exponent = exponent.checked_div(self.inertia.into()).unwrap_or_default();
        let price = u64::from(self.min_price).saturating_mul(exp_bips(exponent));
        let price = price.checked_div(ONE_IN_BIPS).unwrap_or_default();
        U256::from(price).saturating_mul(U256::from(bytes))
    }
}

/// e to the power of `x`, both in basis points, as a truncated series; every division rounds down.
fn exp_bips(x: u64) -> u64 {
    let step = |sum: u64, term: u64| {
        let scaled = sum.saturating_mul(x).checked_div(term.saturating_mul(ONE_IN_BIPS));
        ONE_IN_BIPS.saturating_add(scaled.unwrap_or_default())
    };
    (1..=EXP_SERIES_TERMS).rev().fold(ONE_IN_BIPS, step)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;

    use super::{DataPricer, INITIAL_TIMESTAMP};

    /// The fee of a first activation of this size, long after [`INITIAL_TIMESTAMP`].
    fn first(bytes: u32) -> U256 {
        DataPricer::default().charge(bytes, INITIAL_TIMESTAMP + 300_000_000)
    }

    #[test]
    fn first_fees_are_those_of_nitro() {
        assert_eq!(first(512_000), U256::from(43_482_506_240_000_u64));
        assert_eq!(first(600_000), U256::from(51_165_041_400_000_u64));
        assert_eq!(first(800_000), U256::from(68_870_212_000_000_u64));
        assert_eq!(first(1_000_000), U256::from(86_900_461_000_000_u64));
    }

    #[test]
    fn demand_adds_up_and_decays() {
        let mut pricer = DataPricer::default();
        let now = INITIAL_TIMESTAMP + 1;
        pricer.charge(512_000, now);
        pricer.charge(512_000, now + 1);
        assert_eq!(pricer.demand, 2 * 512_000 - 34_865);
        assert_eq!(pricer.charge(512_000, now + 1000), first(512_000));
        assert_eq!((pricer.demand, pricer.last_update), (512_000, now + 1000));
    }

    #[test]
    fn maximum_demand_is_expensive_but_does_not_overflow() {
        let mut pricer = DataPricer { demand: u32::MAX, ..DataPricer::default() };
        let fee = pricer.charge(u32::MAX, INITIAL_TIMESTAMP);
        assert_eq!(pricer.demand, u32::MAX);
        assert!(fee > first(u32::MAX - 1));
    }
}
