//! What the smallest agreements cost beside the worker's price, and who pays it: production preset, one worker,
//! four windows of three testers.
//!
//! Gas is that of `gas.snap`.

use crate::market::SETTINGS;
use crate::{assert_printed_in_rules, table};

/// Wei for a unit of gas: 0.02 gwei.
const GAS_PRICE: u128 = 20_000_000;

/// Wei for a byte on the parent chain: 16 gas at 0.1 gwei. Bytes are not compressed here, so this is too much.
const BYTE_PRICE: u128 = 1_600_000_000;

/// Dollars for an ether.
const ETHER_PRICE: u128 = 3_000;

/// Bytes of a transaction without its calldata.
const ENVELOPE: u128 = 110;

/// Bytes of an entry with a receipt.
const ENTRY: u128 = 72;

/// The measured gas.
const SNAPSHOT: &str = include_str!("../../../gas.snap");

/// The gas of a step in `gas.snap`, with programs in the cache.
fn gas(step: &str) -> u128 {
    let line = SNAPSHOT.lines().find_map(|line| line.strip_prefix(step)?.strip_prefix("  "));
    line.unwrap().split_whitespace().next().unwrap().parse().unwrap()
}

/// An agreement's steps in `gas.snap`.
#[derive(Clone, Copy)]
struct Steps {
    /// The names of its steps begin so.
    name: &'static str,
    /// Testers that report.
    testers: u128,
    /// Seats of each.
    seats: u128,
}

/// Three testers with a seat in each of four windows.
const THREE: Steps = Steps { name: "1 × 3", testers: 3, seats: 4 };
/// Twelve testers with one seat.
const TWELVE: Steps = Steps { name: "1 × 3, 12 testers", testers: 12, seats: 1 };

impl Steps {
    /// The cost of a step in wei, with these bytes of calldata.
    fn cost(self, step: &str, bytes: u128) -> u128 {
        gas(&format!("{}: {step}", self.name)) * GAS_PRICE + (bytes + ENVELOPE) * BYTE_PRICE
    }

    /// Purchase of one worker.
    fn buy(self) -> u128 {
        self.cost("buyContract", 68)
    }

    /// The first accept.
    fn accept(self) -> u128 {
        self.cost("accept, first", 4)
    }

    /// The report of one tester.
    fn report(self) -> u128 {
        self.cost("report", 132 + self.seats * ENTRY)
    }

    /// The reports of all testers in one batch.
    fn batch(self) -> u128 {
        self.cost("reportBatch", 68 + self.testers * (102 + self.seats * ENTRY))
    }

    /// The settlement.
    fn settle(self) -> u128 {
        self.cost("settle, credits in use", 100)
    }

    /// All that an agreement costs beside the worker's price, with these reports.
    fn total(self, reports: u128) -> u128 {
        self.buy() + self.accept() + reports + 12 * FEE + self.settle()
    }
}

/// The fee of a seat.
const FEE: u128 = SETTINGS.minTesterFee;

/// Wei in dollars, to a hundredth of a cent.
fn dollars(wei: u128) -> String {
    let parts = (wei * ETHER_PRICE * 10_000).div_ceil(1_000_000_000_000_000_000);
    format!("{}.{:04} $", parts / 10_000, parts % 10_000)
}

/// Who pays what, alone and batched, with three testers of four seats each and twelve of one seat.
fn cost_table() -> String {
    let cases = [
        (THREE, THREE.testers * THREE.report()),
        (THREE, THREE.batch()),
        (TWELVE, TWELVE.testers * TWELVE.report()),
        (TWELVE, TWELVE.batch()),
    ];
    let row = |what: &str, who: &str, wei: &dyn Fn(Steps, u128) -> u128| {
        let cells = cases.map(|(steps, reports)| dollars(wei(steps, reports)));
        [vec![what.to_owned(), who.to_owned()], cells.to_vec()].concat()
    };
    let rows = [
        row("purchase", "client", &|steps, _| steps.buy()),
        row("fees of twelve seats", "client, to testers", &|_, _| 12 * FEE),
        row("accept", "worker", &|steps, _| steps.accept()),
        row("reports", "testers; of a batch, who posts it", &|_, reports| reports),
        row("settlement", "who calls it", &|steps, _| steps.settle()),
        row("all", "", &Steps::total),
    ];
    let head = ["what", "who pays", "3 testers, alone", "batched", "12 testers, alone", "batched"];
    table(&head, 2, rows)
}

/// What a tester is paid and pays for its report of one agreement.
fn tester_table() -> String {
    let row = |seats: u128, how: &str, cost: u128| {
        let fees = seats * FEE;
        let left =
            if fees < cost { format!("−{}", dollars(cost - fees)) } else { dollars(fees - cost) };
        vec![how.to_owned(), seats.to_string(), dollars(fees), dollars(cost), left]
    };
    let rows = [
        row(THREE.seats, "alone", THREE.report()),
        row(THREE.seats, "in batches of 3, posts every third", THREE.batch() / THREE.testers),
        row(TWELVE.seats, "alone", TWELVE.report()),
        row(TWELVE.seats, "in batches of 12, posts every twelfth", TWELVE.batch() / TWELVE.testers),
    ];
    table(&["a tester reports", "seats", "fees", "pays", "keeps"], 1, rows)
}

#[test]
fn the_rules_print_what_the_smallest_agreement_costs() {
    assert_printed_in_rules(&cost_table());
}

#[test]
fn the_rules_print_what_a_tester_of_the_smallest_agreement_keeps() {
    assert_printed_in_rules(&tester_table());
}

#[test]
fn the_smallest_agreement_costs_at_most_ten_cents_beside_the_price() {
    let cents = THREE.total(THREE.batch()) * ETHER_PRICE * 100;
    assert!(cents <= 10 * 1_000_000_000_000_000_000, "{cents}");
}
