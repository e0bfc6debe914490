//! The best moment to stop, for a player that knows all seats from the start.
//!
//! What a play is worth depends on how many windows have how many own seats. So the search walks over these
//! counts, window by window, and keeps the odds of each best play so far. That is exact: it is the expectation
//! over all draws of the best play for each draw.

use std::collections::BTreeMap;

/// How many windows have 0, 1, 2, … own seats.
pub(crate) type Counts = [u8; 16];

/// What a play is worth to the player, and the amounts to report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Play<const N: usize> {
    /// The player takes the play with the highest score.
    pub(crate) score: f64,
    /// Amounts whose expectation is wanted.
    pub(crate) amounts: [f64; N],
}

impl<const N: usize> Play<N> {
    /// The play with the higher score; this one if they are equal.
    pub(crate) fn or(self, other: Self) -> Self {
        if other.score > self.score { other } else { self }
    }
}

/// The expected amounts of the best play. `odds` are those of 0, 1, 2, … own seats in a window. `play` returns
/// the best play that stops after the windows that it is given: their counts, their number, and the own seats
/// of the last one.
pub(crate) fn expect_best<const N: usize>(
    odds: &[f64],
    windows: u8,
    first: Play<N>,
    play: impl Fn(&Counts, u8, usize) -> Option<Play<N>>,
) -> [f64; N] {
    // For each counts the odds of each best play so far, by its position in `plays`.
    let mut plays = vec![first];
    let mut reached = BTreeMap::from([(Counts::default(), BTreeMap::from([(0, 1.0)]))]);
    for window in 1..=windows {
        // For each counts also the plays that stop there.
        let mut next = BTreeMap::<Counts, (Vec<usize>, BTreeMap<usize, f64>)>::new();
        for (before, best) in &reached {
            for (own, odds) in odds.iter().enumerate().filter(|(_, odds)| **odds > 0.0) {
                let mut counts = *before;
                counts[own] += 1;
                let (stops, entry) = next.entry(counts).or_default();
                let new = play(&counts, window, own).map(|new| {
                    let known =
                        stops.iter().find(|stop| plays[**stop].score.total_cmp(&new.score).is_eq());
                    known.copied().unwrap_or_else(|| {
                        plays.push(new);
                        stops.push(plays.len() - 1);
                        plays.len() - 1
                    })
                });
                for (old, weight) in best {
                    let better = new.filter(|new| plays[*new].score > plays[*old].score);
                    *entry.entry(better.unwrap_or(*old)).or_default() += weight * odds;
                }
            }
        }
        reached = next.into_iter().map(|(counts, (_, best))| (counts, best)).collect();
    }
    let mut sum = [0.0; N];
    for (position, weight) in reached.values().flatten() {
        for (sum, amount) in sum.iter_mut().zip(plays[*position].amounts) {
            *sum += weight * amount;
        }
    }
    sum
}

/// The lowest expected cost per expected service, by Dinkelbach's method. `expect` returns the expected
/// amounts, cost and service first, of the play that makes cost − price × service smallest.
pub(crate) fn lowest_price<const N: usize>(expect: impl Fn(f64) -> [f64; N]) -> [f64; N] {
    let mut price: f64 = 1.0;
    loop {
        let amounts = expect(price);
        let ratio = amounts[0] / amounts[1];
        if (price - ratio).abs() < 1e-9 {
            return amounts;
        }
        price = ratio;
    }
}
