//! The highest fee that a transaction may offer, and how a higher one is told.

use std::fmt;

use alloy::primitives::{U256, U512};

/// Wei in one ether, which is also the highest fee that is believed to be meant.
const ETHER: U512 = U512::from_limbs([1_000_000_000_000_000_000, 0, 0, 0, 0, 0, 0, 0]);

/// What a transaction pays at most for its gas, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MaxFee(U512);

impl MaxFee {
    /// For so much gas at `price` wei.
    pub(super) fn new(price: U256, gas: u64) -> Self {
        // 256 and 64 bits cannot leave 512.
        Self(U512::from(price).wrapping_mul(U512::from(gas)))
    }

    /// In wei; the most that there is if it is more.
    pub(super) fn wei(self) -> U256 {
        self.0.saturating_to()
    }

    /// Whether nobody can mean it.
    pub(super) fn exceeds_cap(self) -> bool {
        self.0 > ETHER
    }
}

impl fmt::Display for MaxFee {
    /// In ether, with two places; as exact as a number of 64 bits, as a node tells it.
    #[expect(clippy::float_arithmetic, reason = "a node rounds in the same way")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = self.0.div_rem(ETHER);
        write!(f, "{:.2} ether", f64::from(whole) + f64::from(rest) / f64::from(ETHER))
    }
}
