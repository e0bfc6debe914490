//! The odds that a window is captured: that its seats' majority belongs to one owner of many testers.
//!
//! Exact, from the number of ways to draw the seats, and printed in docs/rules.md word for word. The
//! draw itself is held against them.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    reason = "counting, in numbers that hold every count"
)]

use alloy_primitives::{U256, U512, keccak256};
use terms::draw::seats;

/// Where the tables are printed.
const RULES: &str = include_str!("../../docs/rules.md");

/// Lengths of tester lists: the shortest of a production deployment, and two longer ones.
const POOLS: [u32; 3] = [21, 100, 1_000];

/// Percent of the list in one hand; the places are rounded down.
const SHARES: [u32; 4] = [10, 20, 33, 45];

/// Seats of a window.
const TESTERS: [u32; 5] = [3, 5, 7, 9, 15];

/// In how many ways `k` of `n` can be chosen.
fn choose(n: u32, k: u32) -> U256 {
    if k > n {
        return U256::ZERO;
    }
    // Each step is a whole number: it counts the ways to choose `i` + 1 of `n`.
    (0..k).fold(U256::ONE, |ways, i| ways * U256::from(n - i) / U256::from(i + 1))
}

/// In how many draws of `testers` seats among `pool` places at least `least` are among the `owned`
/// ones, and in how many ways the seats can be drawn at all.
fn odds(pool: u32, owned: u32, testers: u32, least: u32) -> (U256, U256) {
    let captured = (least..=testers)
        .map(|seats| choose(owned, seats) * choose(pool - owned, testers - seats))
        .fold(U256::ZERO, |sum, ways| sum + ways);
    (captured, choose(pool, testers))
}

/// As a percentage with two digits, rounded up: odds are never made to look better than they are.
fn percent((part, whole): (U256, U256)) -> String {
    round(U512::from(part), U512::from(whole))
}

/// As [`percent`], for counts of any size.
fn round(part: U512, whole: U512) -> String {
    let hundredths = (part * U512::from(10_000)).div_ceil(whole).to::<u32>();
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// Owned places of a list.
const fn owned(pool: u32, share: u32) -> u32 {
    pool * share / 100
}

/// The odds that a majority of a window's seats is in one hand.
fn table() -> String {
    let head = "| list | in one hand | 3 seats | 5 | 7 | 9 | 15 |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    let rows = POOLS.into_iter().flat_map(|pool| SHARES.map(|share| (pool, share)));
    rows.fold(head.to_owned(), |table, (pool, share)| {
        let owned = owned(pool, share);
        let cells = TESTERS.map(|testers| percent(odds(pool, owned, testers, testers / 2 + 1)));
        format!("{table}| {pool} | {owned} ({share} %) | {} |\n", cells.join(" | "))
    })
}

/// The odds that at least one of so many draws of a window of three seats captures it.
fn tries() -> String {
    let head = "| list | in one hand | 1 draw | 2 | 4 | 8 | 16 |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    let rows = POOLS.into_iter().take(2).flat_map(|pool| SHARES.map(|share| (pool, share)));
    rows.fold(head.to_owned(), |table, (pool, share)| {
        let owned = owned(pool, share);
        let (captured, all) = odds(pool, owned, 3, 2);
        let cells = [1, 2, 4, 8, 16].map(|draws| {
            let power = |base: U256| U512::from(base).pow(U512::from(draws));
            round(power(all) - power(all - captured), power(all))
        });
        format!("{table}| {pool} | {owned} ({share} %) | {} |\n", cells.join(" | "))
    })
}

#[test]
fn the_rules_print_these_odds() {
    for table in [table(), tries()] {
        assert!(RULES.contains(&table), "docs/rules.md should say:\n\n{table}");
    }
}

/// Every set of seats, counted one by one.
#[test]
fn the_odds_are_those_of_counting_every_draw() {
    let (pool, testers) = (12_u32, 5_u32);
    for owned in 0..=pool {
        for least in 0..=testers {
            let mut counted = (0_u32, 0_u32);
            for draw in (0..1_u32 << pool).filter(|draw| draw.count_ones() == testers) {
                let hits = (draw & ((1 << owned) - 1)).count_ones();
                counted = (counted.0 + u32::from(hits >= least), counted.1 + 1);
            }
            let expected = (U256::from(counted.0), U256::from(counted.1));
            assert_eq!(odds(pool, owned, testers, least), expected, "{owned} own, {least} needed");
        }
    }
}

/// 20 000 windows of three seats; a third of 21 places in one hand. 4 947 captures are expected, with
/// a deviation of 61. Six of them are allowed; the seed is fixed.
#[test]
fn the_draw_has_these_odds() {
    let (pool, owned, testers, windows) = (21, 7, 3_u8, 20_000_u32);
    let captures = (0..windows).filter(|window| {
        let seats = seats(&[1; 16], *window, testers, pool, |bytes| keccak256(bytes).0).unwrap();
        seats.places().filter(|place| *place < owned).count() >= 2
    });
    let captures = i64::try_from(captures.count()).unwrap();
    let (part, whole) = odds(pool, owned, testers.into(), 2);
    let expected = (part * U256::from(windows) / whole).to::<i64>();
    assert_eq!(expected, 4_947);
    assert!((captures - expected).abs() < 366, "{captures} of {expected}");
}
