//! The cap on a transaction's fee, and its error text.

use std::fmt;

use alloy::primitives::{U256, U512};

/// One ether in wei; also the cap.
const ETHER: U512 = U512::from_limbs([1_000_000_000_000_000_000, 0, 0, 0, 0, 0, 0, 0]);

/// The maximum fee of a transaction in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MaxFee(U512);

impl MaxFee {
    /// The fee of `gas` at `price` wei.
    pub(super) fn new(price: U256, gas: u64) -> Self {
        // 256 and 64 bits cannot leave 512.
        Self(U512::from(price).wrapping_mul(U512::from(gas)))
    }

    /// In wei, saturated.
    pub(super) fn wei(self) -> U256 {
        self.0.saturating_to()
    }

    /// Whether the fee exceeds the cap.
    pub(super) fn exceeds_cap(self) -> bool {
        self.0 > ETHER
    }
}

impl fmt::Display for MaxFee {
    /// In ether with two decimals, rounded like geth through 64-bit floats.
    #[expect(clippy::float_arithmetic, reason = "geth rounds in the same way")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = self.0.div_rem(ETHER);
        write!(f, "{:.2} ether", f64::from(whole) + f64::from(rest) / f64::from(ETHER))
    }
}
