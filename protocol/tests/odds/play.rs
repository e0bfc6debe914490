//! The exact expectation, over all draws, of what a client or a worker gains from one agreement if it owns
//! testers.
//!
//! One worker, four windows of three seats, a promise of 9 500, a bond and fees above their minimum. All
//! other testers are honest and report.

use alloy_primitives::U512;
use muster_protocol::abi::Clock;
use muster_protocol::money::{self, Judgement};
use muster_protocol::settings::production;
use muster_protocol::verdict::{Verdict, judge};

use crate::combinatorics::{choose, ownership_cases, ways};
use crate::{assert_printed_in_rules, table};

/// Seats of a window.
const TESTERS: u8 = 3;
/// Windows.
const WINDOWS: u8 = 4;
/// Wei per tick.
const PRICE: u128 = 100_000_000_000_000;
/// Ticks.
const LENGTH: u32 = 7_200;
/// The worker's promise.
const PROMISE: u16 = 9_500;

/// The owner of testers, and its strategy.
#[derive(Clone, Copy)]
enum Owner {
    /// The worker serves all testers; the client's testers report a failure where they have the majority.
    Client,
    /// The worker serves no one, but signs receipts for its own testers.
    Worker,
}

/// Wei of one agreement, or sums of them over draws.
#[derive(Clone, Copy, Default)]
struct Outcome {
    /// Refund and compensation of the client.
    client: U512,
    /// Fees of the owner's testers.
    fees: U512,
    /// Pay of the worker.
    pay: U512,
    /// Slash of the worker.
    slash: U512,
}

/// Fee of a seat, bond, and escrow.
fn amounts() -> (u128, u128, u128) {
    let s = production(Clock::Second);
    let fee = money::fee(PRICE, LENGTH / u32::from(WINDOWS), s.testerFeeBps, s.minTesterFee);
    let bond = money::bond(PRICE, LENGTH, s.bondBps, s.minBond);
    let escrow = money::escrow(PRICE, LENGTH, fee, WINDOWS, TESTERS).unwrap();
    (fee, bond, escrow)
}

/// Settles an agreement with `own` owned seats in each of its windows.
fn settle(owner: Owner, own: [u8; 4]) -> Outcome {
    let (fee, bond, escrow) = amounts();
    let mut judgement = Judgement { ticks: LENGTH, ..Judgement::default() };
    let (mut all, mut fees) = (0, 0);
    for own in own {
        let others = TESTERS - own;
        let (served, failed, own_say) = match owner {
            Owner::Client if own > others => (others, own, Verdict::Failed),
            Owner::Client => (TESTERS, 0, Verdict::Served),
            Owner::Worker => (own, others, Verdict::Served),
        };
        let verdict = judge(served, failed);
        judgement.tally.add(verdict);
        judgement.certain_failures += u8::from(served == 0 && failed >= 2);
        all += fee * u128::from(if verdict == Verdict::Served { served } else { failed });
        fees += if verdict == own_say { fee * u128::from(own) } else { 0 };
    }
    let pay = money::pay(PRICE, LENGTH, PROMISE, judgement.tally);
    let slash = money::slash(bond, LENGTH, PROMISE, &judgement);
    let refund = escrow - pay - all;
    let client = refund + money::compensation(slash, pay);
    Outcome {
        client: U512::from(client),
        fees: U512::from(fees),
        pay: U512::from(pay),
        slash: U512::from(slash),
    }
}

/// The sum of outcomes over all draws of all windows with `places` owned places, and the number of draws.
fn expect(owner: Owner, pool: u32, places: u32) -> (Outcome, U512) {
    let way = |own: u8| U512::from(ways(pool, places, TESTERS.into(), own.into()));
    let mut sum = Outcome::default();
    for draw in 0..256_u16 {
        let own = [0, 2, 4, 6].map(|shift| u8::try_from(draw >> shift & 3).unwrap());
        let weight = own.map(way).into_iter().product::<U512>();
        let Outcome { client, fees, pay, slash } = settle(owner, own);
        sum.client += client * weight;
        sum.fees += fees * weight;
        sum.pay += pay * weight;
        sum.slash += slash * weight;
    }
    (sum, U512::from(choose(pool, TESTERS.into())).pow(U512::from(WINDOWS)))
}

/// `plus` − `minus` as a percentage of `whole`, to the nearest hundredth.
fn percent(plus: U512, minus: U512, whole: U512) -> String {
    let sign = if plus < minus { "−" } else { "" };
    let part = plus.max(minus) - plus.min(minus);
    let hundredths = (part * U512::from(20_000) + whole) / (whole * U512::from(2));
    let hundredths = hundredths.to::<u32>();
    format!("{sign}{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// The lists of the table; the first row has no owned place, the last has all.
fn lists() -> Vec<(u32, u32, [String; 2])> {
    let end = |owned: u32, name: &str| (21, owned, ["21".to_owned(), name.to_owned()]);
    [vec![end(0, "0")], ownership_cases(&[21, 100]), vec![end(21, "21 (100 %)")]].concat()
}

/// The table, in percent of the price of the whole agreement; the bond is a tenth of the price.
fn expectations(owner: Owner) -> String {
    let (_, _, escrow) = amounts();
    let rows = lists().into_iter().map(|(pool, owned, names)| {
        let (sum, draws) = expect(owner, pool, owned);
        let price = draws * U512::from(money::cost(PRICE, LENGTH));
        let paid = draws * U512::from(escrow) - sum.client;
        let zero = U512::ZERO;
        let cells = match owner {
            Owner::Client => [
                percent(paid, sum.fees, price),
                percent(sum.pay, zero, price),
                percent(sum.slash, zero, price),
            ],
            Owner::Worker => [
                percent(paid, zero, price),
                percent(sum.pay + sum.fees, zero, price),
                percent(sum.slash, zero, price),
            ],
        };
        [names.to_vec(), cells.to_vec()].concat()
    });
    let [client, worker] = match owner {
        Owner::Client => ["client and its testers pay", "worker is paid"],
        Owner::Worker => ["client pays", "worker and its testers are paid"],
    };
    table(&["list", "in one hand", client, worker, "worker loses"], 0, rows)
}

#[test]
fn the_rules_print_what_a_client_makes_of_its_testers() {
    assert_printed_in_rules(&expectations(Owner::Client));
}

#[test]
fn the_rules_print_what_a_worker_makes_of_its_testers() {
    assert_printed_in_rules(&expectations(Owner::Worker));
}

/// For every draw, a client that owns testers receives at most the escrow it paid.
#[test]
fn a_client_and_its_testers_never_end_ahead() {
    let (_, bond, escrow) = amounts();
    for draw in 0..256_u16 {
        let own = [0, 2, 4, 6].map(|shift| u8::try_from(draw >> shift & 3).unwrap());
        let Outcome { client, fees, slash, .. } = settle(Owner::Client, own);
        assert!(client + fees <= U512::from(escrow) && slash <= U512::from(bond), "{own:?}");
    }
}
