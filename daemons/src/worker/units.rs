//! Amounts as metrics show them.

use alloy::primitives::U256;
use alloy::primitives::utils::format_ether;

/// Wei in ether, to about sixteen digits.
pub(super) fn wei_to_ether(wei: U256) -> f64 {
    format_ether(wei).parse().unwrap_or(f64::NAN)
}

/// Wei in gwei, rounded down.
pub(super) fn wei_to_gwei(wei: u128) -> u64 {
    let gwei = wei.checked_div(1_000_000_000).unwrap_or_default();
    u64::try_from(gwei).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "the nearest number is the expected one")]
    fn wei_are_converted() {
        assert_eq!(wei_to_ether(U256::from(1_500_000_000_000_000_000_u128)), 1.5);
        assert_eq!(wei_to_ether(U256::ZERO), 0.0);
        assert_eq!(wei_to_gwei(1_999_999_999), 1);
    }
}
