//! From values to places in a drawing.

/// Maps values between two bounds onto a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// The lowest value.
    from: u128,
    /// The highest value.
    to: u128,
    /// Where the lowest value is.
    begin: u32,
    /// Where the highest value is.
    end: u32,
}

impl Scale {
    /// The line from `begin` to `end` for values between `from` and `to`. It may run backwards.
    pub(super) const fn new((from, to): (u128, u128), (begin, end): (u32, u32)) -> Self {
        Self { from, to, begin, end }
    }

    /// Where a value is. What is beyond a bound is at the bound; without a range everything is in the middle.
    pub(super) fn at(&self, value: u128) -> u32 {
        let (mut part, mut range) = (
            value.clamp(self.from, self.to.max(self.from)).saturating_sub(self.from),
            self.to.saturating_sub(self.from),
        );
        // Places have 32 bits, so 64 bits of a value are more than enough.
        let excess = range.checked_ilog2().unwrap_or(0).saturating_sub(63);
        part = part.checked_shr(excess).unwrap_or(0);
        range = range.checked_shr(excess).unwrap_or(0);
        let length = u128::from(self.begin.abs_diff(self.end));
        let distance = match range {
            0 => length.checked_div(2).unwrap_or(0),
            range => part.saturating_mul(length).checked_div(range).unwrap_or(0),
        };
        let distance = u32::try_from(distance).unwrap_or(u32::MAX);
        if self.begin <= self.end {
            self.begin.saturating_add(distance).min(self.end)
        } else {
            self.begin.saturating_sub(distance).max(self.end)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::Scale;

    #[test]
    fn values_are_between_the_ends_in_both_directions() {
        let forwards = Scale::new((10, 20), (100, 200));
        assert_eq!([0, 10, 15, 20, 99].map(|v| forwards.at(v)), [100, 100, 150, 200, 200]);
        let backwards = Scale::new((10, 20), (200, 100));
        assert_eq!([10, 15, 20].map(|v| backwards.at(v)), [200, 150, 100]);
        assert_eq!(Scale::new((7, 7), (0, 100)).at(7), 50);
        assert_eq!(Scale::new((0, u128::MAX), (0, 1_000)).at(u128::MAX >> 1), 499);
    }

    proptest! {
        #[test]
        fn a_scale_is_monotone_and_stays_within(from: u128, to: u128, one: u128, other: u128) {
            let scale = Scale::new((from, to), (5, 3_600));
            let (low, high) = (one.min(other), one.max(other));
            prop_assert!(scale.at(low) <= scale.at(high));
            prop_assert!((5..=3_600).contains(&scale.at(one)));
        }
    }
}
