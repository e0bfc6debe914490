//! Shares of seats, and their medians.

use std::vec::Vec;

/// The share of a seat that was served every time, in twelfths.
pub(super) const WHOLE: u8 = 12;

/// The twelfths that are nearest to `served` of `of` probes, the higher ones if two are equally near.
pub(super) fn twelfths(served: u8, of: u8) -> u8 {
    let distance = |share: &u8| {
        (u32::from(served) * u32::from(WHOLE)).abs_diff(u32::from(*share) * u32::from(of))
    };
    (0..=WHOLE).rev().min_by_key(distance).unwrap_or(0)
}

/// The parts of a window's `probes` equal ones that are over after `ticks` of its `whole` ticks.
fn parts_over(probes: u8, ticks: u32, whole: u32) -> u8 {
    let product = |a: u8, b: u32| u64::from(a) * u64::from(b);
    (1..=probes).rev().find(|part| product(*part, whole) <= product(probes, ticks)).unwrap_or(0)
}

/// The fewest probes of `probes` with which a seat speaks about a worker that is judged for `ticks` of the
/// window's `whole` ticks: two thirds, or half of the parts that were over by then, and one.
pub(super) fn needed_probes(probes: u8, ticks: u32, whole: u32) -> u8 {
    let parts = usize::from(parts_over(probes, ticks, whole));
    let speaks = |made: &u8| {
        let made = usize::from(*made);
        if ticks == whole { 3 * made >= 2 * usize::from(probes) } else { 2 * made >= parts }
    };
    (1..=probes).find(speaks).unwrap_or(probes)
}

/// The share that a bond follows, for a seat that was served so many of the probes `made`: of a probe for each
/// part that was over, and one at least, if it made fewer.
pub(super) fn vouched_share(served: u8, made: u8, (probes, ticks, whole): (u8, u32, u32)) -> u8 {
    twelfths(served, parts_over(probes, ticks, whole).max(made).max(1))
}

/// The two middle shares, which are the same for an odd number of shares.
pub(super) fn middles(mut shares: Vec<u8>) -> Option<(u8, u8)> {
    shares.sort_unstable();
    let last = shares.len().checked_sub(1)?;
    Some((shares[last / 2], shares[last.div_ceil(2)]))
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    #[test]
    fn the_nearest_twelfth_and_of_two_the_higher() {
        let shares = [(0, 1), (1, 1), (1, 8), (3, 8), (1, 24), (5, 11), (6, 11), (59, 60)];
        let shares = shares.map(|(served, of)| twelfths(served, of));
        assert_eq!(shares, [0, 12, 2, 5, 1, 5, 7, 12]);
    }

    #[test]
    fn two_thirds_of_a_window_or_half_of_what_is_over() {
        assert_eq!([3, 7, 12].map(|probes| needed_probes(probes, 9, 9)), [2, 5, 8]);
        let cut_short = [1, 75, 374, 375, 450, 899].map(|ticks| needed_probes(12, ticks, 900));
        assert_eq!(cut_short, [1, 1, 2, 3, 3, 6]);
    }

    #[test]
    fn who_left_early_is_vouched_for_by_the_probes_until_then() {
        let shares = [(12, 900), (8, 900), (6, 450), (3, 450), (1, 1)];
        let shares = shares.map(|(made, ticks)| vouched_share(made, made, (12, ticks, 900)));
        assert_eq!(shares, [12, 8, 12, 6, 12]);
    }

    #[test]
    fn the_middle_of_an_even_number_is_two() {
        assert_eq!(middles(vec![]), None);
        assert_eq!(middles(vec![7, 1, 12]), Some((7, 7)));
        assert_eq!(middles(vec![7, 1, 12, 2]), Some((2, 7)));
    }
}
