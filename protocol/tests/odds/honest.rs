//! The exact expectation of pay and slash of an honest worker that sometimes fails. All testers are honest and
//! report, so every failed window is a certain failure.

use alloy_primitives::U512;
use muster_protocol::money::{self, Judgement};
use muster_protocol::verdict::WindowTally;

use crate::combinatorics::choose;
use crate::{assert_printed_in_rules, table};

/// Price of the whole agreement, in wei; the bond is a tenth.
const PRICE: u128 = 1_000_000_000_000_000_000;

/// Expected pay and slash if one window in `among` fails, and the whole price; all multiplied by `among` to
/// the power of `windows`.
fn expect(windows: u8, promise: u16, among: u64) -> (U512, U512, U512) {
    let (mut pay, mut slash) = (U512::ZERO, U512::ZERO);
    for failed in 0..=windows {
        let served = windows - failed;
        let record = WindowTally { served, failed };
        let judgement =
            Judgement { tally: record, certain_failures: failed, ticks: 1, resigned: false };
        let ways = U512::from(choose(windows.into(), failed.into()))
            * U512::from(among - 1).pow(U512::from(served));
        pay += U512::from(money::pay(PRICE, 1, promise, record)) * ways;
        slash += U512::from(money::slash(PRICE / 10, 1, promise, &judgement)) * ways;
    }
    (pay, slash, U512::from(among).pow(U512::from(windows)) * U512::from(PRICE))
}

/// To the nearest hundredth of a percent.
fn percent(part: U512, whole: U512) -> String {
    let hundredths = ((part * U512::from(20_000) + whole) / (whole * U512::from(2))).to::<u32>();
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

#[test]
fn the_rules_print_what_an_honest_worker_loses() {
    let rows = [1_000, 100, 20].into_iter().flat_map(|among| {
        [(4, 9_500), (21, 9_500), (21, 9_000)].map(|(windows, promise)| {
            let (pay, slash, whole) = expect(windows, promise, among);
            vec![
                format!("one in {among}"),
                windows.to_string(),
                promise.to_string(),
                percent(pay, whole),
                percent(slash, whole),
            ]
        })
    });
    let head = ["windows that fail", "windows", "promise", "is paid", "loses"];
    assert_printed_in_rules(&table(&head, 1, rows));
}

#[test]
fn a_worker_that_serves_ninety_nine_windows_of_a_hundred_loses_less_than_a_hundredth_of_its_pay() {
    for (windows, promise) in [(1, 9_500), (4, 9_500), (21, 9_500), (21, 9_000), (4, 9_900)] {
        let (pay, slash, _) = expect(windows, promise, 100);
        assert!(slash * U512::from(100) < pay, "{windows} windows, promise {promise}");
    }
}
