//! Measured shares: what one seat was served, the median of a window, and the mean of an agreement.
//!
//! A share is a number of twelfths, from 0 to [`WHOLE`]. Source: docs/rules.md, "Shares".

use crate::BPS;

/// The share of a seat that was served every time, in twelfths.
pub const WHOLE: u8 = 12;

/// The furthest in twelfths that a seat may be from the median to be paid.
const TOLERANCE: u8 = 5;

/// Number of different shares.
const SHARES: usize = 13;

/// `served` of `of` probes in twelfths, rounded to the nearest, halves up; 0 if `of` is zero, at most
/// [`WHOLE`].
#[must_use]
pub fn twelfths(served: u8, of: u8) -> u8 {
    let of = u32::from(of);
    // 24 · 255 + 255 fits into 32 bits.
    let doubled = u32::from(served).wrapping_mul(24).wrapping_add(of);
    let share = doubled.checked_div(of.wrapping_mul(2)).unwrap_or(0);
    u8::try_from(share).unwrap_or(WHOLE).min(WHOLE)
}

/// The probes that are due in `ticks` of `window_ticks`, of `probes` in a whole window: all of them in a whole
/// window. In one that was cut short, their part, rounded down, and one at least.
#[must_use]
pub fn due_probes(probes: u8, ticks: u32, window_ticks: u32) -> u8 {
    if ticks >= window_ticks {
        return probes;
    }
    let due = u64::from(probes).wrapping_mul(ticks.into()).checked_div(window_ticks.into());
    u8::try_from(due.unwrap_or(0)).unwrap_or(u8::MAX).max(1)
}

/// The fewest probes with which a seat counts, of `probes` in a whole window: two thirds in a whole window,
/// half of the [due](due_probes) ones in a window that was cut short; rounded up.
#[must_use]
pub fn needed_probes(probes: u8, ticks: u32, window_ticks: u32) -> u8 {
    if ticks >= window_ticks {
        let needed = u32::from(probes).wrapping_mul(2).div_ceil(3);
        return u8::try_from(needed).unwrap_or(u8::MAX);
    }
    due_probes(probes, ticks, window_ticks).div_ceil(2)
}

/// The share of a seat that a worker's bond follows, in twelfths: what was served of all probes that were
/// `due`, or of those made, if they were more.
#[must_use]
pub fn vouched(served: u8, made: u8, due: u8) -> u8 {
    twelfths(served, made.max(due))
}

/// The two middle shares of a window's seats; the same one twice for an odd number of seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Median {
    /// The lower one.
    low: u8,
    /// The higher one.
    high: u8,
}

impl Median {
    /// The median of `shares`; `None` if there are none.
    #[must_use]
    pub fn of(shares: impl Iterator<Item = u8>) -> Option<Self> {
        let (mut counts, mut seats) = ([0_u32; SHARES], 0_u32);
        for share in shares {
            let count = counts.get_mut(usize::from(share))?;
            *count = count.saturating_add(1);
            seats = seats.saturating_add(1);
        }
        let at = |mut rank: u32| {
            (0..).zip(counts).find_map(|(share, count)| match rank.checked_sub(count) {
                Some(left) => {
                    rank = left;
                    None
                }
                None => Some(share),
            })
        };
        Some(Self { low: at(seats.checked_sub(1)? >> 1)?, high: at(seats >> 1)? })
    }

    /// The share of the window: the higher middle.
    #[must_use]
    pub const fn share(self) -> u8 {
        self.high
    }

    /// Whether a seat with this share is paid: it is within the tolerance of either middle.
    #[must_use]
    pub const fn pays(self, share: u8) -> bool {
        share.abs_diff(self.low) <= TOLERANCE || share.abs_diff(self.high) <= TOLERANCE
    }
}

/// The mean of shares, each weighted by the ticks of its window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uptime {
    /// Sum of the windows' ticks, below 2^32.
    ticks: u64,
    /// Sum of ticks × share.
    served: u64,
}

impl Uptime {
    /// Adds a window.
    pub fn add(&mut self, ticks: u32, share: u8) {
        // Sums of at most 2^32 ticks times 12 fit into 36 bits.
        self.ticks = self.ticks.wrapping_add(ticks.into());
        self.served =
            self.served.wrapping_add(u64::from(ticks).wrapping_mul(share.min(WHOLE).into()));
    }

    /// Ticks × share served, and the same if every share were whole.
    #[must_use]
    pub fn parts(self) -> (u64, u64) {
        (self.served, self.ticks.wrapping_mul(WHOLE.into()))
    }

    /// The mean in basis points, rounded down; 0 without windows.
    #[must_use]
    pub fn basis_points(self) -> u16 {
        let (served, whole) = self.parts();
        let mean = served.wrapping_mul(BPS.into()).checked_div(whole).unwrap_or(0);
        u16::try_from(mean).unwrap_or(BPS)
    }

    /// What the mean is below `promise` basis points, as a fraction of the promise: (missed, promised). The
    /// first is 0 if the promise is kept or there are no windows.
    #[must_use]
    pub fn missed(self, promise: u16) -> (u64, u64) {
        let (served, whole) = self.parts();
        let promised = whole.wrapping_mul(promise.into()); // 36 + 14 bits
        (promised.saturating_sub(served.wrapping_mul(BPS.into())), promised)
    }
}

/// What the reports say about a worker that accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measurement {
    /// Ticks of the windows that it finished: those it can be paid for.
    pub finished: u32,
    /// The medians of the finished windows, which its pay follows.
    pub paid: Uptime,
    /// The medians of all known windows, also of one that a resignation cut short.
    pub measured: Uptime,
    /// The best shares of all known windows, which its bond follows: whole where fewer than two seats speak,
    /// because a worker loses its bond only for what no seat can vouch for.
    pub best: Uptime,
    /// Number of known windows.
    pub known: u8,
}

impl Measurement {
    /// Adds a window with `ticks` judged ticks, all of it if `finished`: the `shares` that its seats reported,
    /// and the best share of the due probes. Returns the median; `None` if no seat reported.
    pub fn add(
        &mut self,
        ticks: u32,
        finished: bool,
        shares: impl Iterator<Item = u8> + Clone,
        best: u8,
    ) -> Option<Median> {
        if finished {
            self.finished = self.finished.saturating_add(ticks);
        }
        let median = Median::of(shares.clone())?;
        self.known = self.known.saturating_add(1);
        self.measured.add(ticks, median.share());
        self.best.add(ticks, if shares.count() >= 2 { best } else { WHOLE });
        if finished {
            self.paid.add(ticks, median.share());
        }
        Some(median)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_round_to_the_nearest_twelfth() {
        let table = [
            (0, 12, 0),
            (7, 12, 7),
            (12, 12, 12),
            (1, 3, 4),
            (2, 3, 8),
            (1, 8, 2), // 1.5
            (5, 11, 5),
            (6, 11, 7), // 6.55
            (1, 60, 0),
            (3, 0, 0),
            (3, 2, 12),
        ];
        for (served, made, share) in table {
            assert_eq!(twelfths(served, made), share, "{served} of {made}");
        }
    }

    #[test]
    fn two_thirds_of_the_probes_count_and_half_in_a_window_that_was_cut_short() {
        assert_eq!(needed_probes(12, 900, 900), 8);
        assert_eq!(needed_probes(3, 6, 6), 2);
        assert_eq!(needed_probes(7, 6, 6), 5);
        assert_eq!(needed_probes(12, 899, 900), 6);
        assert_eq!(needed_probes(12, 450, 900), 3);
        assert_eq!(needed_probes(12, 374, 900), 2); // four are due
        assert_eq!(needed_probes(12, 1, 900), 1);
        assert_eq!(needed_probes(12, 0, 0), 8);
    }

    #[test]
    fn a_bond_follows_what_was_served_of_the_due_probes() {
        let due = [(900, 12), (899, 11), (450, 6), (374, 4), (75, 1), (1, 1)];
        for (ticks, probes) in due {
            assert_eq!(due_probes(12, ticks, 900), probes, "{ticks} ticks");
        }
        assert_eq!((due_probes(12, 0, 0), due_probes(255, 7, 9)), (12, 198));
        assert_eq!(
            [(8, 8, 12), (6, 6, 6), (3, 3, 6), (8, 9, 6)].map(|(s, m, d)| vouched(s, m, d)),
            [8, 12, 6, 11]
        );
    }

    /// The median of these shares as (low, high).
    fn median(shares: &[u8]) -> Option<(u8, u8)> {
        Median::of(shares.iter().copied()).map(|median| (median.low, median.high))
    }

    #[test]
    fn a_median_is_the_middle_or_the_higher_of_two() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[4]), Some((4, 4)));
        assert_eq!(median(&[9, 2]), Some((2, 9)));
        assert_eq!(median(&[12, 0, 5]), Some((5, 5)));
        assert_eq!(median(&[12, 0, 5, 5]), Some((5, 5)));
        assert_eq!(median(&[1, 12, 3, 11]), Some((3, 11)));
        assert_eq!(median(&[13]), None);
        assert_eq!(Median::of([2, 9].into_iter()).map(Median::share), Some(9));
    }

    #[test]
    fn a_seat_is_paid_within_five_twelfths_of_the_nearer_middle() {
        let paid = |shares: &[u8], share| Median::of(shares.iter().copied()).unwrap().pays(share);
        assert!(paid(&[6], 1) && paid(&[6], 11));
        assert!(!paid(&[6], 0) && !paid(&[6], 12));
        assert!(paid(&[0, 12], 5) && paid(&[0, 12], 7) && !paid(&[0, 12], 6));
    }

    #[test]
    fn pay_follows_finished_windows_and_the_bond_what_nobody_vouches_for() {
        let mut all = Measurement::default();
        assert_eq!(all.add(10, true, [].into_iter(), 0), None); // unknown
        let median = all.add(10, true, [3, 6, 9].into_iter(), 8);
        assert_eq!(median.map(Median::share), Some(6));
        all.add(10, true, [0].into_iter(), 0);
        all.add(4, false, [12, 12].into_iter(), 12);
        assert_eq!((all.finished, all.known), (30, 3));
        assert_eq!(all.paid.parts(), (60, 240));
        assert_eq!(all.measured.parts(), (108, 288));
        assert_eq!(all.best.parts(), (80 + 120 + 48, 288));
    }

    #[test]
    fn a_mean_is_weighted_by_ticks() {
        let mut uptime = Uptime::default();
        assert_eq!((uptime.basis_points(), uptime.missed(9_000)), (0, (0, 0)));
        uptime.add(100, 12);
        uptime.add(300, 6);
        assert_eq!(uptime.parts(), (3_000, 4_800));
        assert_eq!(uptime.basis_points(), 6_250);
        assert_eq!(uptime.missed(6_250), (0, 30_000_000));
        assert_eq!(uptime.missed(6_251), (4_800, 30_004_800));
    }
}
