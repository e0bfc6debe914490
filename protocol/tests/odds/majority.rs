//! The exact odds that one owner of many testers captures a window: that it holds the majority of the seats,
//! or all of them. A test compares the draw with these odds.

use alloy_primitives::{U256, U512, keccak256};
use muster_protocol::draw::draw_seats;

use crate::combinatorics::{POOLS, odds, ownership_cases, percent};
use crate::{assert_printed_in_rules, table};

/// Seats of a window.
const TESTERS: [u32; 5] = [3, 5, 7, 9, 15];

/// The odds that one owner holds at least `least(testers)` seats of a window.
fn captured(least: fn(u32) -> u32, head: [&str; 5]) -> String {
    let rows = ownership_cases(&POOLS).into_iter().map(|(pool, owned, names)| {
        let cells = TESTERS.map(|testers| {
            let (part, whole) = odds(pool, owned, testers, least(testers));
            percent(U512::from(part), U512::from(whole))
        });
        [names.to_vec(), cells.to_vec()].concat()
    });
    let head = [["list", "in one hand"].to_vec(), head.to_vec()].concat();
    table(&head, 0, rows)
}

/// The odds that at least one of several draws of a window of three seats captures it.
fn tries() -> String {
    let rows = ownership_cases(&POOLS[..2]).into_iter().map(|(pool, owned, names)| {
        let (captured, all) = odds(pool, owned, 3, 2);
        let cells = [1, 2, 4, 8, 16].map(|draws| {
            let power = |base: U256| U512::from(base).pow(U512::from(draws));
            percent(power(all) - power(all - captured), power(all))
        });
        [names.to_vec(), cells.to_vec()].concat()
    });
    table(&["list", "in one hand", "1 draw", "2", "4", "8", "16"], 0, rows)
}

#[test]
fn the_rules_print_the_odds_of_a_majority() {
    assert_printed_in_rules(&captured(|testers| testers / 2 + 1, ["3 seats", "5", "7", "9", "15"]));
}

#[test]
fn the_rules_print_the_odds_of_all_seats() {
    let head = ["all of 3 seats", "of 5", "of 7", "of 9", "of 15"];
    assert_printed_in_rules(&captured(|testers| testers, head));
}

#[test]
fn the_rules_print_the_odds_of_several_draws() {
    assert_printed_in_rules(&tries());
}

/// Counts every set of seats.
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

/// 20 000 windows of three seats; one owner holds a third of 21 places. 4 947 captures are expected, with a
/// deviation of 61. Six deviations are allowed; the seed is fixed.
#[test]
fn the_draw_has_these_odds() {
    let (pool, owned, testers, windows) = (21, 7, 3_u8, 20_000_u32);
    let captures = (0..windows).filter(|window| {
        let seats =
            draw_seats(&[1; 16], *window, testers, pool, |bytes| keccak256(bytes).0).unwrap();
        seats.places().filter(|place| *place < owned).count() >= 2
    });
    let captures = i64::try_from(captures.count()).unwrap();
    let (part, whole) = odds(pool, owned, testers.into(), 2);
    let expected = (part * U256::from(windows) / whole).to::<i64>();
    assert_eq!(expected, 4_947);
    assert!((captures - expected).abs() < 366, "{captures} of {expected}");
}
