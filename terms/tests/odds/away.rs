//! What a client with a worker of its own makes of workers that are away: it hires them together, for
//! untested work, and the tenths of their bonds make up for what it pays to its own worker.

use terms::abi::Clock;
use terms::money;
use terms::settings::production;

use crate::costs::ether;
use crate::{printed, table};

/// Ticks.
const LENGTH: u32 = 10_000;

/// Wei that client and worker have more than before, if so many workers of this price per tick are away.
fn gain(price: u128, away: u128) -> u128 {
    let s = production(Clock::Second);
    let each = money::escrow(price, LENGTH, 0, 1, 0).unwrap();
    let pay = money::cost(price, LENGTH);
    let tenth = money::tenth(money::bond(price, LENGTH, s.bondBps, s.minBond));
    let (escrow, refund) = (each * (away + 1), each * away);
    refund + money::compensation(tenth * away, escrow, refund) + pay - escrow
}

#[test]
fn the_rules_print_what_workers_that_are_away_are_good_for() {
    let rows = [(1, 1), (1, 7), (10, 7)].map(|(whole, away)| {
        let whole = whole * 1_000_000_000_000_000_000;
        let price = whole / u128::from(LENGTH);
        vec![ether(whole), away.to_string(), ether(gain(price, away))]
    });
    printed(&table(&["price of each", "away", "client and its worker gain"], 0, rows));
}
