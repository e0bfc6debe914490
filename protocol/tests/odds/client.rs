//! A client that owns testers. The worker serves all the time; other testers are honest and report.
//!
//! The client sees all seats when the agreement starts. It ends the agreement after the best number of windows
//! that the rules allow, and buys again. What counts is what it pays for the service that it gets.

use alloy_primitives::U256;
use muster_protocol::abi::Order;
use muster_protocol::order;
use muster_protocol::{MAX_SEATS, MAX_WINDOWS};

use crate::combinatorics::{lists, seat_odds};
use crate::market::{
    SETTINGS, SeatReport, Shape, Tally, WindowResult, judge_window, percent, possible_answers,
    possible_reports,
};
use crate::prefixes::{Counts, Play, expect_best, lowest_price};
use crate::{assert_printed_in_rules, table};

/// The client's play in a window with `own` seats: they say that nothing was served where they are the
/// majority, else what the others say, for the fee.
fn window(testers: u8, own: u8) -> WindowResult {
    let say = if own > testers / 2 { 0 } else { 12 };
    let others = testers - own;
    let own = (0..own).map(|_| SeatReport::whole(true, say));
    let others = (0..others).map(|_| SeatReport::whole(false, 12));
    judge_window(&own.chain(others).collect::<Vec<_>>()).unwrap()
}

/// Ends the agreement after `windows` windows with these counts: what the client pays, the service it gets,
/// what the worker is paid and loses, all in percent of the price.
pub(crate) fn stop(shape: Shape, counts: &Counts, windows: u8) -> [f64; 4] {
    let mut tally = Tally::default();
    for (count, own) in counts.iter().zip(0..=shape.testers).filter(|(count, _)| **count > 0) {
        tally.add(*count, shape, window(shape.testers, own));
    }
    let outcome = tally.settle(shape, windows, false);
    let cost = outcome.pay + outcome.other_fees - outcome.compensation;
    let service = 100.0 * f64::from(windows) / f64::from(shape.windows);
    [cost, service, outcome.pay, outcome.slash]
}

/// No play that the rules allow.
const NEVER: Play<4> = Play { score: f64::NEG_INFINITY, amounts: [0.0; 4] };

/// The play of [`stop`], for a client to which service is worth `price`.
fn stop_play(shape: Shape, counts: &Counts, windows: u8, price: f64) -> Play<4> {
    let amounts = stop(shape, counts, windows);
    Play { score: price * amounts[1] - amounts[0], amounts }
}

/// In percent of the price of the service that the client gets: what it pays, and what the worker is paid and
/// loses.
pub(crate) fn best_response(shape: Shape, pool: u32, owned: u32) -> [f64; 3] {
    let (stops, odds) = (shape.stops(), seat_odds(pool, owned, shape.testers));
    let [cost, service, pay, slash] = lowest_price(|price| {
        expect_best(&odds, shape.windows, NEVER, |counts, windows, _| {
            let can_stop = stops.contains(&windows);
            can_stop.then(|| stop_play(shape, counts, windows, price))
        })
    });
    [cost, pay, slash].map(|amount| amount * 100.0 / service)
}

/// The table for agreements of these windows and testers.
fn price_table(shapes: &[(u8, u8)]) -> String {
    let rows = lists().into_iter().map(|(pool, owned, names)| {
        let cells = shapes.iter().map(|(windows, testers)| {
            percent(best_response(longest_windows(*windows, *testers), pool, owned)[0])
        });
        names.into_iter().chain(cells).collect()
    });
    let shapes = shapes.iter().map(|(windows, testers)| format!("{windows} × {testers}"));
    let head: Vec<_> =
        ["list", "in one hand"].map(str::to_owned).into_iter().chain(shapes).collect();
    table(&head.iter().map(String::as_str).collect::<Vec<_>>(), 0, rows)
}

/// The longest windows with which an agreement may have so few of them.
fn longest_windows(windows: u8, testers: u8) -> Shape {
    let long = Shape::long(windows, testers);
    if is_sold(long) {
        return long;
    }
    Shape { ticks: (2 * SETTINGS.minLength - 1) / u32::from(windows), ..long }
}

/// Whether an order of this shape is accepted.
fn is_sold(shape: Shape) -> bool {
    let length = U256::from(shape.length());
    let default = order::default_order(U256::ONE, length, &SETTINGS, SETTINGS.minPool);
    let order = Order { windows: shape.windows, testers: shape.testers, ..default };
    order::check(&order, &SETTINGS, 0).is_ok()
}

/// All shapes that a client can choose, with windows of several lengths.
fn shapes() -> Vec<Shape> {
    let counts =
        (1..=MAX_WINDOWS).flat_map(|windows| [3, 5, 7, 9, 11, 13, 15].map(|m| (windows, m)));
    let counts = counts.filter(|(w, m)| usize::from(*w) * usize::from(*m) <= MAX_SEATS);
    let all = counts.flat_map(|(windows, testers)| {
        let longest = longest_windows(windows, testers);
        let ticks = [SETTINGS.minLength / 2, SETTINGS.minLength / 4, SETTINGS.minWindow];
        [longest].into_iter().chain(ticks.map(|ticks| Shape { ticks, ..longest }))
    });
    let mut shapes: Vec<Shape> = all.filter(|shape| is_sold(*shape)).collect();
    shapes.dedup_by_key(|shape| (shape.testers, shape.windows, shape.stops()));
    shapes
}

/// What the client pays with the best windows, testers and length, and which these are.
fn best_shapes() -> String {
    let all = shapes();
    let rows =
        lists().into_iter().filter(|(_, owned, _)| *owned > 0).map(|(pool, owned, names)| {
            let priced = all.iter().map(|shape| (best_response(*shape, pool, owned), shape));
            let (amounts, shape) = priced.min_by(|a, b| a.0[0].total_cmp(&b.0[0])).unwrap();
            let name = format!("{} × {}, {} s", shape.windows, shape.testers, shape.ticks);
            names.into_iter().chain([name]).chain(amounts.map(percent)).collect()
        });
    let head = ["list", "in one hand", "windows", "client pays", "worker is paid", "worker loses"];
    table(&head, 0, rows)
}

#[test]
fn the_rules_print_what_a_client_with_testers_pays_for_few_windows() {
    assert_printed_in_rules(&price_table(&[(1, 3), (2, 3), (3, 3), (4, 3), (2, 5), (4, 5)]));
}

#[test]
#[ignore = "scripts/odds: takes minutes"]
fn the_rules_print_what_a_client_with_testers_pays_for_many_windows() {
    assert_printed_in_rules(&price_table(&[(6, 3), (8, 3), (12, 3), (21, 3), (8, 5), (12, 5)]));
}

#[test]
#[ignore = "scripts/odds: takes minutes"]
fn the_rules_print_the_best_order_of_a_client_with_testers() {
    assert_printed_in_rules(&best_shapes());
}

/// Every answer of the own seats, silence and every number of probes made included.
#[test]
fn no_answer_in_a_window_is_better_for_the_client() {
    for (testers, least_made) in [(3, 8), (5, 12)] {
        let choices = possible_reports(least_made);
        for own in 0..=testers {
            let play = window(testers, own);
            for mut answer in possible_answers(own, &choices) {
                answer.extend((own..testers).map(|_| SeatReport::whole(false, 12)));
                // If all seats are silent, the window is unknown, and paid.
                let Some(other) = judge_window(&answer) else { continue };
                let no_better = play.share <= other.share
                    && play.best <= other.best
                    && play.other_fees <= other.other_fees
                    && play.own_fees >= other.own_fees;
                assert!(no_better, "{own} of {testers}: {answer:?}");
            }
        }
    }
}

/// The numbers that the rules were chosen by.
#[test]
fn nine_of_twenty_one_places_pay_a_half() {
    let [cost, ..] = best_response(Shape::long(4, 3), 21, 9);
    assert!((cost - 48.7).abs() < 0.05, "{cost}");
}

/// Draws all four windows in every way, and takes the best stop of each.
#[test]
fn the_search_is_that_of_every_draw() {
    let (shape, price, odds) = (Shape::long(4, 3), 0.5, seat_odds(21, 9, 3));
    let mut expected = [0.0; 4];
    for draw in 0..256_u16 {
        let seats = [0, 2, 4, 6].map(|shift| usize::from(draw >> shift & 3));
        let (mut counts, mut best) = (Counts::default(), NEVER);
        for (window, own) in (1..).zip(seats) {
            counts[own] += 1;
            if shape.stops().contains(&window) {
                best = best.or(stop_play(shape, &counts, window, price));
            }
        }
        let weight: f64 = seats.map(|own| odds[own]).iter().product();
        for (sum, amount) in expected.iter_mut().zip(best.amounts) {
            *sum += weight * amount;
        }
    }
    let searched = expect_best(&odds, 4, NEVER, |counts, windows, _| {
        shape.stops().contains(&windows).then(|| stop_play(shape, counts, windows, price))
    });
    for (searched, expected) in searched.into_iter().zip(expected) {
        assert!((searched - expected).abs() < 1e-9, "{searched} {expected}");
    }
}

/// For every draw of four windows and every stop, the client and its testers get back no more than the escrow.
#[test]
fn a_client_and_its_testers_never_end_ahead() {
    let shape = Shape::long(4, 3);
    for draw in 0..256_u16 {
        let mut counts = Counts::default();
        for (window, shift) in (1..).zip([0, 2, 4, 6]) {
            counts[usize::from(draw >> shift & 3)] += 1;
            let [cost, ..] = stop(shape, &counts, window);
            assert!(cost >= 0.0, "{counts:?}");
        }
    }
}
