//! A worker among honest testers, exactly: what it is paid and loses at some uptime, which uptime pays best, and
//! what it costs to leave.

use muster_protocol::shares::twelfths;

use crate::market::{SETTINGS, SeatReport, Shape, Tally, WindowResult, absence, judge_window, percent};
use crate::seats::{binomial, median_odds, share_odds};
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
        let share = twelfths.saturating_sub(12 * usize::from(window)).min(12);
        tally.add(1, shape, &all_say(shape.testers, u8::try_from(share).unwrap()));
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
    let share = share_odds(SETTINGS.probes, uptime);
    let all = |odds: [f64; 13]| (0..shape.windows).fold(vec![1.0], |sums, _| sum_of(&sums, &odds));
    let medians = all(median_odds(&share, shape.testers));
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

/// Uptimes of the search, in steps of a 24th.
const STEPS: u8 = 24;

/// The uptimes of four windows that gain most if serving all the time costs `cost` of the price: the gain, and
/// the uptimes, lowest first.
fn best_uptimes(promise: u16, cost: f64) -> (f64, [u8; 4]) {
    let shape = Shape { promise, ..Shape::long(4, 3) };
    let (pay, slash): (Vec<_>, Vec<_>) = (0..=48).map(|sum| amounts(shape, sum)).unzip();
    // For each pair of uptimes the odds of the sums of their medians and of their best shares.
    let odds = |step: u8| {
        let uptime = f64::from(step) / f64::from(STEPS);
        (median_odds(&share_odds(SETTINGS.probes, uptime), 3), best_odds(uptime, 3))
    };
    let odds: Vec<_> = (0..=STEPS).map(odds).collect();
    let pairs = (0..=STEPS).flat_map(|a| (a..=STEPS).map(move |b| [a, b]));
    let pairs = pairs.map(|[a, b]| {
        let (a_odds, b_odds) = (&odds[usize::from(a)], &odds[usize::from(b)]);
        ([a, b], sum_of(&a_odds.0, &b_odds.0), sum_of(&a_odds.1, &b_odds.1))
    });
    let pairs: Vec<_> = pairs.collect();
    let (mut most, mut uptimes) = (f64::NEG_INFINITY, [0; 4]);
    for ([a, b], medians, bests) in &pairs {
        for ([c, d], more_medians, more_bests) in pairs.iter().filter(|([c, _], ..)| c >= b) {
            let served = f64::from(a + b + c + d) / f64::from(4 * STEPS);
            let gain = expect(&sum_of(medians, more_medians), |sum| pay[sum])
                - expect(&sum_of(bests, more_bests), |sum| slash[sum])
                - 100.0 * cost * served;
            if gain > most {
                (most, uptimes) = (gain, [*a, *b, *c, *d]);
            }
        }
    }
    (most, uptimes)
}

/// The uptimes that pay best, by the promise and the cost of serving.
fn best_uptime_table() -> String {
    let cases = [5_000, 9_000, 9_500, 9_900].into_iter();
    let rows = cases.flat_map(|promise| [0.1, 0.5, 0.9].map(|cost| (promise, cost)));
    let rows = rows.map(|(promise, cost)| {
        let (gain, steps) = best_uptimes(promise, cost);
        let uptimes = steps.map(|step| format!("{step}/{STEPS}"));
        vec![
            promise.to_string(),
            format!("{:.0} %", 100.0 * cost),
            uptimes.join(", "),
            percent(gain),
            percent(gain - 100.0 * (1.0 - cost)),
        ]
    });
    let head = ["promise", "service costs", "best uptimes", "gains", "more than serving all"];
    table(&head, 0, rows)
}

/// Pay and slash of a worker that leaves after `windows` windows and a part of the next one. It served all
/// before or nothing.
fn leave(windows: u8, part: (u32, u32), share: u8) -> [f64; 2] {
    let shape = Shape::long(4, 3);
    let mut tally = Tally::default();
    tally.add(windows, shape, &all_say(3, share));
    let finished = tally.settle(shape, windows, true);
    // The window that was cut short counts for the bond alone.
    let cut = shape.ticks * part.0 / part.1;
    tally.best.add(cut, share);
    let slash = tally.slash_after(shape, shape.ticks * u32::from(windows) + cut, true);
    [finished.pay, slash]
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
fn shape_ticks() -> u32 {
    Shape::long(4, 3).ticks
}

#[test]
fn the_rules_print_what_a_worker_is_paid_at_some_uptime() {
    assert_printed_in_rules(&uptime_table());
}

#[test]
fn the_rules_print_which_uptime_pays_best() {
    assert_printed_in_rules(&best_uptime_table());
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
