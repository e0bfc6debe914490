//! The cost of a bought reputation and of nuisances, with the constants of the production preset.

use alloy_primitives::utils::format_ether;
use muster_protocol::reputation::{HALF_LIFE, ONE_OBSERVATION, ReputationWeights, weight};
use muster_protocol::{BPS, SCAN_LIMIT, money};

use crate::market::SETTINGS;
use crate::{assert_printed_in_rules, table};

/// Wei as the document prints them.
pub(crate) fn ether(wei: u128) -> String {
    let text = format_ether(wei);
    format!("{} ETH", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The fewest agreements of weight `each` that bring a new worker to a score of 0.9.
fn agreements(each: u64) -> u64 {
    let enough = |count: &u64| ReputationWeights { good: count * each, bad: 0 }.score() >= 9_000;
    (1..=1_000).find(enough).unwrap()
}

/// The fees of a worker's testers in the smallest tested agreement of four windows.
const SMALLEST_FEES: u128 = SETTINGS.minTesterFee * 12;

/// Fees for a score of 0.9 by the weight of each agreement, and the score after one to three half-lives.
fn bought_score_table() -> String {
    let unit = SETTINGS.reputationUnit;
    let doublings = (1..=4_u64).map(|observations| {
        (1..=100)
            .map(|units| units * unit)
            .find(|fees| weight(*fees, unit) == observations * ONE_OBSERVATION)
            .unwrap()
    });
    let rows = [SMALLEST_FEES, unit / 2].into_iter().chain(doublings).map(|fees| {
        let each = weight(fees, unit);
        let count = agreements(each);
        let weights = ReputationWeights { good: count * each, bad: 0 };
        let later = [1, 2, 3].map(|lives| weights.decayed(lives * HALF_LIFE).score().to_string());
        let thousandths = u128::from(each) * 1_000 / u128::from(ONE_OBSERVATION);
        let cells = [
            format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000),
            count.to_string(),
            ether(fees),
            ether(fees * u128::from(count)),
        ];
        [cells.to_vec(), later.to_vec()].concat()
    });
    let head = [
        "observations each",
        "agreements",
        "fees of each",
        "fees of all",
        "score after 30 days",
        "60",
        "90",
    ];
    table(&head, 0, rows)
}

/// For each nuisance the wei that are locked, for how long, and the wei that are lost.
fn nuisance_table() -> String {
    let s = SETTINGS;
    let listed = money::bond(1, s.minLength, s.bondBps, s.minBond);
    let held = u64::from(s.acceptWindow) + u64::from(s.minLength);
    let paid = u64::from(s.minLength) * u64::from(BPS) / held;
    let hours = |ticks: u32| format!("{} h", ticks / 3_600);
    let days = |ticks: u32| format!("{} days", ticks / 86_400);
    let row = |what: &str, locked: String, time: String, lost: String| {
        vec![what.to_owned(), locked, time, lost]
    };
    let none = || "0".to_owned();
    let locked_epochs = s.epochLength * (u32::from(s.lockEpochs) + 1);
    let rows = [
        row(
            "the plain purchase finds nobody: 64 cheap workers that fit no order",
            ether(listed * u128::from(SCAN_LIMIT)),
            "while listed".to_owned(),
            none(),
        ),
        row(
            "the first workers of a book do not accept: for each that was chosen, once",
            ether(listed),
            format!("{} s", s.acceptWindow),
            ether(money::tenth(listed)),
        ),
        row(
            "a worker leaves in the first window",
            ether(listed),
            hours(s.minLength + s.reportWindow),
            ether(money::tenth(listed)),
        ),
        row(
            "a client hires a worker that is away, beside one of its own",
            "the escrow of both, and both bonds".to_owned(),
            format!("{} s", s.acceptWindow),
            "the fees of its own worker".to_owned(),
        ),
        row(
            "a client keeps a slot from others: of the time it is held it pays",
            none(),
            hours(s.minLength),
            format!("{}.{:02} %", paid / 100, paid % 100),
        ),
        row(
            "the first list of a market is in one hand",
            ether(s.testerBond * u128::from(s.minPool)),
            days(locked_epochs),
            none(),
        ),
        row(
            "one more place of a list, from the epoch's beginning on",
            ether(s.testerBond),
            days(locked_epochs),
            none(),
        ),
    ];
    table(&["what", "locked", "for", "lost"], 1, rows)
}

#[test]
fn the_rules_print_the_price_of_a_bought_score() {
    assert_printed_in_rules(&bought_score_table());
}

#[test]
fn the_rules_print_the_price_of_each_nuisance() {
    assert_printed_in_rules(&nuisance_table());
}

/// 0.9 = n / (n + 1.645²) gives n = 24.4.
#[test]
fn a_score_of_nine_tenths_takes_twenty_five_observations() {
    assert_eq!(agreements(ONE_OBSERVATION), 25);
}
