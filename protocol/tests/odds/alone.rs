//! A worker among honest testers, exactly: what it is paid and loses at some uptime, which uptime pays best, and
//! what it costs to leave.

use muster_protocol::shares::{due_probes, needed_probes, twelfths, vouched};

use crate::market::{
    SETTINGS, SeatReport, Shape, Tally, WindowResult, absence, judge_window, percent,
};
use crate::seats::{binomial, median_odds, share_odds, whole_or_nothing};
use crate::{assert_printed_in_rules, table};

/// The odds of each sum of twelfths.
type Sums = Vec<f64>;

/// The odds of each best share of a window of honest seats, in twelfths.
fn best_odds(uptime: f64, seats: u8) -> [f64; 13] {
    let served = binomial(SETTINGS.probes, uptime);
    let power = |share: usize| {
        let below = served.iter().enumerate().filter(|(served, _)| {
            usize::from(twelfths(u8::try_from(*served).unwrap(), SETTINGS.probes)) < share
        });
        below.map(|(_, odds)| odds).sum::<f64>().powi(seats.into())
    };
    core::array::from_fn(|share| power(share + 1) - power(share))
}

/// The odds of the sum of two independent ones.
fn sum_of(a: &[f64], b: &[f64]) -> Sums {
    let mut sums = vec![0.0; a.len() + b.len() - 1];
    for (i, a) in a.iter().enumerate() {
        for (j, b) in b.iter().enumerate() {
            sums[i + j] += a * b;
        }
    }
    sums
}

/// Pay and slash if the medians, or the best shares, of all windows add up to so many twelfths.
fn amounts(shape: Shape, twelfths: usize) -> (f64, f64) {
    let mut tally = Tally::default();
    for window in 0..shape.windows {
        let of_window = twelfths.saturating_sub(12 * usize::from(window)).min(12);
        tally.add(1, shape, all_say(shape.testers, u8::try_from(of_window).unwrap()));
    }
    let outcome = tally.settle(shape, shape.windows, false);
    (outcome.pay, outcome.slash)
}

/// A window of which all seats report this share.
fn all_say(testers: u8, share: u8) -> WindowResult {
    let seats: Vec<_> = (0..testers).map(|_| SeatReport::whole(false, share)).collect();
    judge_window(&seats).unwrap()
}

/// The expectation of an amount that depends on a sum of twelfths.
fn expect(sums: &[f64], amount: impl Fn(usize) -> f64) -> f64 {
    sums.iter().enumerate().map(|(sum, odds)| odds * amount(sum)).sum()
}

/// Expected pay and slash of a worker with the same uptime in all windows.
fn expected(shape: Shape, uptime: f64) -> [f64; 2] {
    let of_seat = share_odds(SETTINGS.probes, uptime);
    let all = |odds: [f64; 13]| (0..shape.windows).fold(vec![1.0], |sums, _| sum_of(&sums, &odds));
    let medians = all(median_odds(&of_seat, shape.testers));
    let bests = all(best_odds(uptime, shape.testers));
    [expect(&medians, |sum| amounts(shape, sum).0), expect(&bests, |sum| amounts(shape, sum).1)]
}

/// What a worker with some uptime is paid and loses.
fn uptime_table() -> String {
    let rows = [1.0, 0.999, 0.99, 0.95, 0.9, 0.75, 0.5, 0.1, 0.0].map(|uptime| {
        let cells = [(4, 9_500), (21, 9_500), (21, 9_000)].map(|(windows, promise)| {
            expected(Shape { promise, ..Shape::long(windows, 3) }, uptime).map(percent)
        });
        let cells = cells.into_iter().flatten();
        [format!("{:.1} %", 100.0 * uptime)].into_iter().chain(cells).collect()
    });
    let head = [
        "uptime",
        "4 windows, promise 9 500: paid",
        "loses",
        "21 windows, promise 9 500: paid",
        "loses",
        "21 windows, promise 9 000: paid",
        "loses",
    ];
    table(&head, 0, rows)
}

/// Steps of the uptimes that are tried.
const STEPS: u8 = 24;

/// A promise, what serving all the time costs of the price, and the uptimes of four windows that gain most, lowest
/// first, with the gain.
struct Case {
    /// In basis points.
    promise: u16,
    /// In parts of one.
    cost: f64,
    /// Pay by the sum of medians, and slash by the sum of best shares.
    amounts: Vec<(f64, f64)>,
    /// In steps.
    uptimes: [u8; 4],
    /// In percent of the price.
    gain: f64,
}

impl Case {
    /// Nothing was tried yet.
    fn new(promise: u16, cost: f64) -> Self {
        let shape = Shape { promise, ..Shape::long(4, 3) };
        let amounts = (0..=48).map(|sum| amounts(shape, sum)).collect();
        Self { promise, cost, amounts, uptimes: [0; 4], gain: f64::NEG_INFINITY }
    }

    /// Keeps these uptimes if they gain more.
    fn try_uptimes(&mut self, uptimes: [u8; 4], medians: &[f64], bests: &[f64]) {
        let served = f64::from(uptimes.iter().sum::<u8>()) / f64::from(4 * STEPS);
        let gain = expect(medians, |sum| self.amounts[sum].0)
            - expect(bests, |sum| self.amounts[sum].1)
            - 100.0 * self.cost * served;
        if gain > self.gain {
            (self.gain, self.uptimes) = (gain, uptimes);
        }
    }
}

/// Tries all uptimes of four windows. `odds` returns the odds of a window's median and of its best share.
fn search_uptimes(cases: &mut [Case], odds: impl Fn(f64) -> ([f64; 13], [f64; 13])) {
    // For each pair of uptimes the odds of the sums of their medians and of their best shares.
    let odds = (0..=STEPS).map(|step| odds(f64::from(step) / f64::from(STEPS)));
    let odds: Vec<_> = odds.collect();
    let pairs = (0..=STEPS).flat_map(|a| (a..=STEPS).map(move |b| [a, b]));
    let pairs = pairs.map(|[a, b]| {
        let (a_odds, b_odds) = (&odds[usize::from(a)], &odds[usize::from(b)]);
        ([a, b], sum_of(&a_odds.0, &b_odds.0), sum_of(&a_odds.1, &b_odds.1))
    });
    let pairs: Vec<_> = pairs.collect();
    for ([a, b], medians, bests) in &pairs {
        for ([c, d], more_medians, more_bests) in pairs.iter().filter(|([c, _], ..)| c >= b) {
            let (medians, bests) = (sum_of(medians, more_medians), sum_of(bests, more_bests));
            for case in &mut *cases {
                case.try_uptimes([*a, *b, *c, *d], &medians, &bests);
            }
        }
    }
}

/// What pays best, by the promise and the cost of serving. `what` is what a worker chooses for each window.
fn best_uptime_table(what: &str, odds: impl Fn(f64) -> ([f64; 13], [f64; 13])) -> String {
    let promises = [5_000, 9_000, 9_500, 9_900].into_iter();
    let cases = promises.flat_map(|promise| [0.1, 0.5, 0.9].map(|cost| Case::new(promise, cost)));
    let mut cases: Vec<_> = cases.collect();
    search_uptimes(&mut cases, odds);
    let rows = cases.into_iter().map(|Case { promise, cost, uptimes, gain, .. }| {
        vec![
            promise.to_string(),
            format!("{:.0} %", 100.0 * cost),
            uptimes.map(|step| format!("{step}/{STEPS}")).join(", "),
            percent(gain),
            percent(gain - 100.0 * (1.0 - cost)),
        ]
    });
    table(&["promise", "service costs", what, "gains", "more than serving all"], 0, rows)
}

/// Pay and slash of a worker that leaves after `windows` windows and a part of the next one. It served all
/// before or nothing.
fn leave(windows: u8, part: (u32, u32), served: u8) -> [f64; 2] {
    let shape = Shape::long(4, 3);
    let mut tally = Tally::default();
    tally.add(windows, shape, all_say(3, served));
    let pay = tally.settle(shape, windows, true).pay;
    // The window that was cut short counts for the bond alone, by the probes that were made until then.
    let cut = shape.ticks * part.0 / part.1;
    let made = u8::try_from(u32::from(SETTINGS.probes) * cut / shape.ticks).unwrap();
    if made >= needed_probes(SETTINGS.probes, cut, shape.ticks) {
        let due = due_probes(SETTINGS.probes, cut, shape.ticks);
        let best = vouched(if served == 0 { 0 } else { made }, made, due);
        tally.best.add(cut, best);
    }
    let ticks = shape.ticks * u32::from(windows) + cut;
    [pay, tally.slash_after(shape, ticks, true)]
}

/// What a worker loses that serves all, if no seat makes all of its probes.
fn fewer_probes_table() -> String {
    let rows = (needed_probes(SETTINGS.probes, 1, 1)..=SETTINGS.probes).rev().map(|made| {
        let best = twelfths(made, SETTINGS.probes);
        let cells = [9_900, 9_500, 9_000, 8_000].map(|promise| {
            let shape = Shape { promise, ..Shape::long(4, 3) };
            let mut tally = Tally::default();
            tally.add(4, shape, WindowResult { best, ..all_say(3, 12) });
            percent(tally.settle(shape, 4, false).slash)
        });
        [vec![made.to_string(), format!("{best}/12")], cells.to_vec()].concat()
    });
    let head =
        ["probes made by the best seat", "best share", "promise 9 900", "9 500", "9 000", "8 000"];
    table(&head, 0, rows)
}

/// What a worker is paid and loses that resigns.
fn leaving_table() -> String {
    let rows = [
        ("in the first second", 0, (1, shape_ticks())),
        ("in the middle of window 0", 0, (1, 2)),
        ("after window 0", 1, (0, 1)),
        ("after window 1", 2, (0, 1)),
        ("in the middle of window 3", 3, (1, 2)),
        ("in the last second", 3, (shape_ticks() - 1, shape_ticks())),
    ];
    let rows = rows.map(|(name, windows, part)| {
        let cells = [12, 0].map(|share| leave(windows, part, share).map(percent));
        [vec![name.to_owned()], cells.into_iter().flatten().collect()].concat()
    });
    let head = ["resigns", "served all: paid", "loses", "served nothing: paid", "loses"];
    table(&head, 1, rows)
}

/// Ticks of a window of the table.
const fn shape_ticks() -> u32 {
    Shape::long(4, 3).ticks
}

#[test]
fn the_rules_print_what_a_worker_is_paid_at_some_uptime() {
    assert_printed_in_rules(&uptime_table());
}

#[test]
fn the_rules_print_which_uptime_pays_best() {
    let odds =
        |uptime| (median_odds(&share_odds(SETTINGS.probes, uptime), 3), best_odds(uptime, 3));
    assert_printed_in_rules(&best_uptime_table("best uptimes", odds));
}

#[test]
fn the_rules_print_how_many_keys_a_worker_should_serve() {
    let odds = |served: f64| {
        let share = whole_or_nothing(served);
        let mut best = [0.0; 13];
        (best[0], best[12]) = ((1.0 - served).powi(3), 1.0 - (1.0 - served).powi(3));
        (median_odds(&share, 3), best)
    };
    assert_printed_in_rules(&best_uptime_table("best parts of the keys", odds));
}

#[test]
fn the_rules_print_what_probes_that_do_not_count_cost() {
    assert_printed_in_rules(&fewer_probes_table());
}

#[test]
fn the_rules_print_what_it_costs_to_leave() {
    assert_printed_in_rules(&leaving_table());
}

/// A worker that failed until a moment loses as much by leaving then as if the agreement had ended there, and a
/// tenth of its bond more, up to the whole bond.
#[test]
fn leaving_is_never_cheaper_than_having_stayed_and_failed_until_then() {
    let shape = Shape::long(4, 3);
    for (ticks, share) in (0..=40).flat_map(|part| (0..=12).map(move |share| (part, share))) {
        let ticks = shape.length() / 40 * ticks;
        let mut tally = Tally::default();
        tally.best.add(ticks, share);
        let left = tally.slash_after(shape, ticks, true);
        let stayed = tally.slash_after(shape, ticks, false);
        let most = 10.0 * absence(shape);
        assert!((left - (stayed + most / 10.0).min(most)).abs() < 1e-9, "{ticks} {share}");
    }
}

#[test]
fn a_worker_that_is_up_ninety_nine_percent_is_paid_and_keeps_its_bond() {
    for windows in [1, 4, 21] {
        let [pay, slash] = expected(Shape::long(windows, 3), 0.99);
        assert!(pay > 99.5 && slash < 0.01, "{windows} windows: {pay} {slash}");
    }
}
