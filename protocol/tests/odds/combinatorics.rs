//! Counting the draws of seats.

use alloy_primitives::{U256, U512};

/// Lengths of tester lists: the shortest of a production deployment, and two longer ones.
pub(crate) const POOLS: [u32; 3] = [21, 100, 1_000];

/// Percent of a list that one owner holds; places are rounded down.
const SHARES: [u32; 4] = [10, 20, 33, 45];

/// Each list with each number of owned places, and the first two cells of its row.
pub(crate) fn ownership_cases(pools: &[u32]) -> Vec<(u32, u32, [String; 2])> {
    let rows = pools.iter().flat_map(|pool| SHARES.map(|share| (*pool, share)));
    rows.map(|(pool, share)| {
        let owned = pool * share / 100;
        (pool, owned, [pool.to_string(), format!("{owned} ({share} %)")])
    })
    .collect()
}

/// The lists of the tables of coalitions: those of [`ownership_cases`] below a thousand places, and none and
/// all places of the shortest.
pub(crate) fn lists() -> Vec<(u32, u32, [String; 2])> {
    let end = |owned: u32, name: &str| (21, owned, ["21".to_owned(), name.to_owned()]);
    [vec![end(0, "0")], ownership_cases(&POOLS[..2]), vec![end(21, "21 (100 %)")]].concat()
}

/// The odds of 0, 1, 2, … owned seats in a window.
pub(crate) fn seat_odds(pool: u32, owned: u32, testers: u8) -> Vec<f64> {
    let all = f64::from(choose(pool, testers.into()));
    (0..=testers)
        .map(|own| f64::from(ways(pool, owned, testers.into(), own.into())) / all)
        .collect()
}

/// The binomial coefficient: the number of ways to choose `k` of `n`.
pub(crate) fn choose(n: u32, k: u32) -> U256 {
    if k > n {
        return U256::ZERO;
    }
    // Each step is an integer: the number of ways to choose `i` + 1 of `n`.
    (0..k).fold(U256::ONE, |ways, i| ways * U256::from(n - i) / U256::from(i + 1))
}

/// The number of draws of `testers` seats among `pool` places in which exactly `seats` are owned.
pub(crate) fn ways(pool: u32, owned: u32, testers: u32, seats: u32) -> U256 {
    choose(owned, seats) * choose(pool - owned, testers - seats)
}

/// The number of draws in which at least `least` seats are owned, and the number of all draws.
pub(crate) fn odds(pool: u32, owned: u32, testers: u32, least: u32) -> (U256, U256) {
    let hit = (least..=testers).map(|seats| ways(pool, owned, testers, seats));
    (hit.fold(U256::ZERO, |sum, ways| sum + ways), choose(pool, testers))
}

/// A percentage with two decimals, rounded up, so that the odds of an attack are never understated.
pub(crate) fn percent(part: U512, whole: U512) -> String {
    let hundredths = (part * U512::from(10_000)).div_ceil(whole).to::<u32>();
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}
