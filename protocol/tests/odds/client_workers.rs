//! A client that owns a worker beside a stranger's, and testers. The stranger serves all the time.
//!
//! Its own worker stays away, or leaves at once, or serves all or nothing in each window. What it is paid stays
//! in the coalition; what is slashed and not compensated, and the fees of others, do not.

use crate::client::stop;
use crate::combinatorics::{lists, seat_odds};
use crate::market::{
    SeatReport, Shape, Tally, WindowResult, absence, judge_window, percent, possible_answers,
};
use crate::prefixes::{Counts, Play, expect_best, lowest_price};
use crate::{assert_printed_in_rules, table};

/// The results of a window with `own` seats that the coalition can choose for its own worker, of which it
/// serves all or nothing.
fn window_plays(testers: u8, own: u8) -> Vec<WindowResult> {
    let choices = [0, 7, 12].map(|share| SeatReport::whole(true, share));
    let plays = [0, 12].into_iter().flat_map(|served| {
        possible_answers(own, &choices).into_iter().filter_map(move |mut answer| {
            answer.extend((own..testers).map(|_| SeatReport::whole(false, served)));
            judge_window(&answer)
        })
    });
    plays.collect()
}

/// What the coalition spends on its own worker: fees of others, and what is slashed and not compensated.
fn spent(tally: &Tally, shape: Shape, windows: u8) -> f64 {
    let outcome = tally.settle(shape, windows, false);
    outcome.other_fees + outcome.slash - outcome.compensation
}

/// The least that the coalition spends on its own worker in an agreement that ends after `windows` windows.
fn own_worker(shape: Shape, counts: &Counts, windows: u8) -> f64 {
    let mut stays = Tally::default();
    for (count, own) in counts.iter().zip(0..=shape.testers).filter(|(count, _)| **count > 0) {
        let plays = window_plays(shape.testers, own).into_iter();
        let best = plays.min_by_key(|play| (play.other_fees, 12 - play.best, 12 - play.share));
        let best = best.unwrap();
        assert_eq!(best.best, 12, "the cheapest play is free of slashes");
        stays.add(*count, shape, best);
    }
    // Leaving at once costs as much as staying away.
    spent(&stays, shape, windows).min(absence(shape))
}

/// What the coalition pays for the stranger's service, in percent of its price.
fn price(shape: Shape, pool: u32, owned: u32) -> f64 {
    let (stops, odds) = (shape.stops(), seat_odds(pool, owned, shape.testers));
    let never = Play { score: f64::NEG_INFINITY, amounts: [0.0; 2] };
    let [cost, service] = lowest_price(|price| {
        expect_best(&odds, shape.windows, never, |counts, windows, _| {
            let [cost, service, ..] =
                stops.contains(&windows).then(|| stop(shape, counts, windows))?;
            let cost = cost + own_worker(shape, counts, windows);
            Some(Play { score: price * service - cost, amounts: [cost, service] })
        })
    });
    100.0 * cost / service
}

#[test]
fn the_rules_print_what_a_client_with_workers_pays() {
    let rows = lists().into_iter().map(|(pool, owned, names)| {
        let shape = Shape::long(4, 3);
        let alone = crate::client::best_response(shape, pool, owned)[0];
        let cells = [alone, price(shape, pool, owned)].map(percent);
        names.into_iter().chain(cells).collect()
    });
    let head = ["list", "in one hand", "client and its testers pay", "with a worker of its own"];
    assert_printed_in_rules(&table(&head, 0, rows));
}

/// For every draw of two windows of three seats, every play of both windows, and both workers: what leaves the
/// coalition is never negative, so a worker of its own brings it nothing.
#[test]
fn a_worker_of_its_own_brings_a_client_nothing() {
    let shape = Shape { windows: 2, ..Shape::long(2, 3) };
    for (first, second) in (0..=3).flat_map(|first| (0..=3).map(move |second| (first, second))) {
        for a in window_plays(3, first) {
            for b in window_plays(3, second) {
                let mut tally = Tally::default();
                tally.add(1, shape, a);
                tally.add(1, shape, b);
                let cost = spent(&tally, shape, 2);
                assert!(cost >= 0.0, "{first} {second}: {a:?} {b:?}");
            }
        }
    }
}
