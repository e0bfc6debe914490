//! A worker that owns testers, or none. The other testers are honest and report.
//!
//! The worker sees all seats before it accepts. It stays away, or resigns at the best moment, or stays; it
//! serves what it likes in each window, and its own seats report what they like.

use crate::combinatorics::{lists, seat_odds};
use crate::market::{
    Outcome, SeatReport, Shape, Tally, WindowResult, absence, judge_window, percent,
    possible_answers, possible_reports,
};
use crate::prefixes::{Counts, Play, expect_best};
use crate::{assert_printed_in_rules, table};

/// The furthest that a seat may be from the median to be paid, in twelfths.
const TOLERANCE: u8 = 5;

/// What own seats report in a window of which the worker serves a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// What they are paid for, as high as that allows.
    Paid,
    /// One seat says whole, so that the bond is safe; it may be unpaid. The others are paid.
    Safe,
}

/// The worker's play in a window with `own` seats of which it serves `share` twelfths.
fn window(testers: u8, own: u8, share: u8, answer: Answer) -> WindowResult {
    let high = if own > testers / 2 { 12 } else { (share + TOLERANCE).min(12) };
    let say = |seat| if seat == 0 && answer == Answer::Safe { 12 } else { high };
    let others = (own..testers).map(|_| SeatReport::whole(false, share));
    let own = (0..own).map(|seat| SeatReport::whole(true, say(seat)));
    judge_window(&own.chain(others).collect::<Vec<_>>()).unwrap()
}

/// The amounts of the table: what the client pays, what worker and testers get, and what the worker loses.
type Amounts = [f64; 3];

/// Totals of a settlement of which the worker served `service` percent at `cost` for the whole.
fn play(outcome: &Outcome, service: f64, cost: f64) -> Play<3> {
    let Outcome { pay, slash, compensation, own_fees, other_fees } = outcome;
    let paid = pay + own_fees + other_fees - compensation;
    let score = pay + own_fees - slash - cost * service;
    Play { score, amounts: [paid, score, *slash] }
}

/// The best play with these counts of windows: `windows` finished, and the fees of one that has just begun.
/// The worker serves nothing where it has the majority, and where it has not, as many twelfths as pay best.
fn best_play(
    shape: Shape,
    counts: &Counts,
    (windows, begun): (u8, Option<WindowResult>),
    cost: f64,
) -> Play<3> {
    let testers = shape.testers;
    let minority = |own: u8| own <= testers / 2;
    let (mut fixed, mut without, mut with) = (Tally::default(), 0_u8, Vec::new());
    for (count, own) in counts.iter().zip(0..=testers) {
        match own {
            0 => without = *count,
            _ if minority(own) => with.extend((0..*count).map(|_| own)),
            _ => fixed.add(*count, shape, window(testers, own, 0, Answer::Paid)),
        }
    }
    if let Some(begun) = begun {
        fixed.add_fees(1, begun);
    }
    let free = usize::from(without) + with.len();
    let most = if cost < 1.0 { 12 * free } else { 0 };
    let service = 100.0 / 12.0 / f64::from(shape.windows);
    let plays = (0..=most).flat_map(|served| (0..=with.len()).map(move |safe| (served, safe)));
    let plays = plays.map(|(served, safe)| {
        let (mut tally, unsafe_windows) = (fixed, with.len() - safe);
        // What is served counts most for the bond in windows without own seats, then spread over those where
        // an own seat adds its tolerance.
        let shares = spread(served, usize::from(without));
        let left = served - shares.iter().map(|share| usize::from(*share)).sum::<usize>();
        for share in shares {
            tally.add(1, shape, window(testers, 0, share, Answer::Paid));
        }
        let paid = spread(left, unsafe_windows);
        let left = left - paid.iter().map(|share| usize::from(*share)).sum::<usize>();
        let answers = paid.into_iter().map(|share| (share, Answer::Paid));
        let answers =
            answers.chain(spread(left, safe).into_iter().map(|share| (share, Answer::Safe)));
        for (own, (share, answer)) in with.iter().zip(answers) {
            tally.add(1, shape, window(testers, *own, share, answer));
        }
        let outcome = tally.settle(shape, windows, windows < shape.windows);
        play(&outcome, service * f64::from(u32::try_from(served).unwrap()), cost)
    });
    plays.reduce(Play::or).unwrap()
}

/// Spreads twelfths evenly over windows, at most twelve for each.
fn spread(twelfths: usize, windows: usize) -> Vec<u8> {
    let twelfths = twelfths.min(12 * windows);
    let share = |window: usize| (twelfths + window).checked_div(windows).unwrap_or(0);
    (0..windows).map(|window| u8::try_from(share(window)).unwrap()).collect()
}

/// The expected amounts of the best response. Serving all the time costs `cost` of the price; from 1 on, the
/// worker serves nobody.
fn best_response(shape: Shape, pool: u32, owned: u32, cost: f64) -> Amounts {
    let away = absence(shape);
    let first = Play { score: -away, amounts: [0.0, -away, away] };
    let odds = seat_odds(pool, owned, shape.testers);
    expect_best(&odds, shape.windows, first, |counts, windows, own| {
        // Resign when the last of these windows has begun: its seats are paid already.
        let mut before = *counts;
        before[own] -= 1;
        let own = u8::try_from(own).unwrap();
        let begun = window(shape.testers, own, 0, Answer::Paid);
        let leave = best_play(shape, &before, (windows - 1, Some(begun)), cost);
        Some(leave.or(best_play(shape, counts, (windows, None), cost)))
    })
}

/// What the worker gets that serves all the time, with its testers, less the cost of serving.
fn honest(shape: Shape, pool: u32, owned: u32, cost: f64) -> f64 {
    let odds = seat_odds(pool, owned, shape.testers);
    let fees = (0_u8..).zip(odds).map(|(own, odds)| {
        let mut tally = Tally::default();
        tally.add(shape.windows, shape, window(shape.testers, own, 12, Answer::Paid));
        odds * tally.settle(shape, shape.windows, false).own_fees
    });
    100.0 * (1.0 - cost) + fees.sum::<f64>()
}

/// The table of a worker that serves nobody, for agreements of these windows and testers.
fn idle_table(windows: u8, testers: [u8; 2]) -> String {
    let rows = lists().into_iter().map(|(pool, owned, names)| {
        let cells = testers.map(|testers| {
            best_response(Shape::long(windows, testers), pool, owned, 1.0).map(percent)
        });
        names.into_iter().chain(cells.into_iter().flatten()).collect()
    });
    let [few, many] = testers.map(|testers| format!("{windows} × {testers}: client pays"));
    let [got, lost] = ["worker and its testers gain", "of it slashed"];
    table(&["list", "in one hand", &few, got, lost, &many, got, lost], 0, rows)
}

/// What the worker gains if it serves as it likes, and what it gains if it serves all the time.
fn gain_table() -> String {
    let rows = lists().into_iter().map(|(pool, owned, names)| {
        let cells = [0.5, 0.9].into_iter().flat_map(|cost| {
            let shape = Shape::long(4, 3);
            let best = best_response(shape, pool, owned, cost)[1];
            [honest(shape, pool, owned, cost), best]
        });
        names.into_iter().chain(cells.map(percent)).collect()
    });
    let head = [
        "list",
        "in one hand",
        "service costs 50 %: serves all",
        "best play",
        "service costs 90 %: serves all",
        "best play",
    ];
    table(&head, 0, rows)
}

#[test]
fn the_rules_print_what_an_idle_worker_makes_of_its_testers() {
    assert_printed_in_rules(&idle_table(4, [3, 5]));
}

#[test]
#[ignore = "scripts/odds: takes minutes"]
fn the_rules_print_what_an_idle_worker_makes_of_its_testers_in_many_windows() {
    assert_printed_in_rules(&idle_table(12, [3, 5]));
}

#[test]
fn the_rules_print_what_a_worker_gains_that_serves_as_it_likes() {
    assert_printed_in_rules(&gain_table());
}

/// For every part served, every answer of the own seats, silence and every number of probes made included.
#[test]
fn no_answer_in_a_window_is_better_for_the_worker() {
    for (testers, least_made) in [(3, 8), (5, 12)] {
        let choices = possible_reports(least_made);
        for (own, share) in (0..testers).flat_map(|own| [0, 4, 8, 12].map(|share| (own, share))) {
            let plays = [Answer::Paid, Answer::Safe].map(|say| window(testers, own, share, say));
            for mut answer in possible_answers(own, &choices) {
                answer.extend((own..testers).map(|_| SeatReport::whole(false, share)));
                let other = judge_window(&answer).unwrap();
                let no_better = |play: &WindowResult| {
                    play.share >= other.share
                        && play.best >= other.best
                        && play.own_fees >= other.own_fees
                };
                assert!(plays.iter().any(no_better), "{own} of {testers}: {answer:?}");
            }
        }
    }
}
