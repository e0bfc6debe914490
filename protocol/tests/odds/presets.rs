//! What the smallest agreements cost beside the worker's price, and who pays it: production preset, one worker,
//! four windows of three testers.
//!
//! Gas and bytes are inputs, in one place: the gas of `gas.snap`, and the bytes of each transaction.

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

/// A transaction: its gas, and the bytes of its calldata.
#[derive(Clone, Copy)]
struct Transaction {
    /// On the chain itself.
    gas: u128,
    /// Of calldata.
    bytes: u128,
}

impl Transaction {
    /// Its cost in wei.
    const fn cost(self) -> u128 {
        self.gas * GAS_PRICE + (self.bytes + ENVELOPE) * BYTE_PRICE
    }
}

/// The purchase of one worker.
const BUY: Transaction = Transaction { gas: 145_000, bytes: 68 };
/// The first worker accepts.
const ACCEPT: Transaction = Transaction { gas: 65_000, bytes: 4 };
/// A report of four windows.
const REPORT_OF_FOUR: Transaction = Transaction { gas: 85_000, bytes: 132 + 4 * 72 };
/// A report of one window.
const REPORT_OF_ONE: Transaction = Transaction { gas: 70_000, bytes: 132 + 72 };
/// Three reports of four windows each.
const BATCH_OF_THREE: Transaction = Transaction { gas: 150_000, bytes: 68 + 3 * (102 + 4 * 72) };
/// Twelve reports of one window each.
const BATCH_OF_TWELVE: Transaction = Transaction { gas: 260_000, bytes: 68 + 12 * (102 + 72) };
/// The settlement.
const SETTLE: Transaction = Transaction { gas: 125_000, bytes: 100 };

/// The fee of a seat.
const FEE: u128 = SETTINGS.minTesterFee;

/// Wei in dollars, to a hundredth of a cent.
fn dollars(wei: u128) -> String {
    let parts = (wei * ETHER_PRICE * 10_000).div_ceil(1_000_000_000_000_000_000);
    format!("{}.{:04} $", parts / 10_000, parts % 10_000)
}

/// All that an agreement costs beside the worker's price, with these reports.
fn total(reports: u128) -> u128 {
    BUY.cost() + ACCEPT.cost() + reports + 12 * FEE + SETTLE.cost()
}

/// Who pays what, alone and batched, with three testers of four seats each and twelve of one seat.
fn cost_table() -> String {
    let reports = [
        3 * REPORT_OF_FOUR.cost(),
        BATCH_OF_THREE.cost(),
        12 * REPORT_OF_ONE.cost(),
        BATCH_OF_TWELVE.cost(),
    ];
    let row = |what: &str, who: &str, wei: [u128; 4]| {
        [vec![what.to_owned(), who.to_owned()], wei.map(dollars).to_vec()].concat()
    };
    let rows = [
        row("purchase", "client", [BUY.cost(); 4]),
        row("fees of twelve seats", "client, to testers", [12 * FEE; 4]),
        row("accept", "worker", [ACCEPT.cost(); 4]),
        row("reports", "testers; of a batch, who posts it", reports),
        row("settlement", "anybody; the client's daemon if nobody else", [SETTLE.cost(); 4]),
        row("all", "", reports.map(total)),
    ];
    let head =
        ["what", "who pays", "3 testers, alone", "batched", "12 testers, alone", "batched"];
    table(&head, 2, rows)
}

/// What a tester is paid and pays for its report of one agreement.
fn tester_table() -> String {
    let row = |seats: u128, how: &str, cost: u128| {
        let fees = seats * FEE;
        let left = if fees < cost {
            format!("−{}", dollars(cost - fees))
        } else {
            dollars(fees - cost)
        };
        vec![how.to_owned(), seats.to_string(), dollars(fees), dollars(cost), left]
    };
    let rows = [
        row(4, "alone", REPORT_OF_FOUR.cost()),
        row(4, "in a batch of 3, posting every third", BATCH_OF_THREE.cost() / 3),
        row(1, "alone", REPORT_OF_ONE.cost()),
        row(1, "in a batch of 12, posting every twelfth", BATCH_OF_TWELVE.cost() / 12),
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
    let cents = total(BATCH_OF_THREE.cost()) * ETHER_PRICE * 100;
    assert!(cents <= 10 * 1_000_000_000_000_000_000, "{cents}");
}
