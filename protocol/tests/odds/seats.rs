//! What a seat measures at some uptime, what it is paid, and what it could gain by lying.
//!
//! A probe is served with the odds of the worker's uptime, whatever the worker does, because its moment is
//! random. So the served probes of a seat have the binomial distribution.

use muster_protocol::receipt::supports;
use muster_protocol::shares::{Median, WHOLE, twelfths};

use crate::market::{SETTINGS, percent};
use crate::{assert_printed_in_rules, table};

/// The odds of 0, 1, 2, … of `tries` probes being served.
pub(crate) fn binomial(tries: u8, uptime: f64) -> Vec<f64> {
    let mut odds = vec![1.0];
    for _ in 0..tries {
        let mut next = vec![0.0; odds.len() + 1];
        for (served, odds) in odds.iter().enumerate() {
            next[served] += odds * (1.0 - uptime);
            next[served + 1] += odds * uptime;
        }
        odds = next;
    }
    odds
}

/// The odds of each share of a seat, in twelfths, if it makes `made` probes.
pub(crate) fn share_odds(made: u8, uptime: f64) -> [f64; 13] {
    let mut odds = [0.0; 13];
    for (served, weight) in (0..).zip(binomial(made, uptime)) {
        odds[usize::from(twelfths(served, made))] += weight;
    }
    odds
}

/// The odds that at least `least` of `seats` seats have something that each has with odds `each`.
fn at_least(least: u8, seats: u8, each: f64) -> f64 {
    binomial(seats, each)[usize::from(least)..].iter().sum()
}

/// The odds of each median of an odd number of seats.
pub(crate) fn median_odds(odds: &[f64; 13], seats: u8) -> [f64; 13] {
    let below = |share: usize| at_least(seats / 2 + 1, seats, odds[..share].iter().sum());
    core::array::from_fn(|share| below(share + 1) - below(share))
}

/// The odds that an honest seat among an odd number of honest seats is paid.
fn paid_odds(odds: &[f64; 13], seats: u8) -> f64 {
    let (others, half) = (seats - 1, seats / 2);
    let paid = odds.iter().enumerate().map(|(own, weight)| {
        // The odds that the median is below `share`.
        let below = |share: usize| {
            let needed = half + 1 - u8::from(own < share);
            at_least(needed, others, odds[..share.min(13)].iter().sum())
        };
        let first = own.saturating_sub(5);
        weight * (below(own + 6) - below(first))
    });
    paid.sum()
}

/// Uptimes from none to all, in steps of a half percent.
fn uptimes() -> impl Iterator<Item = f64> {
    (0..=200_u8).map(|step| f64::from(step) / 200.0)
}

/// The lowest odds of an honest seat to be paid, and the uptime with them.
fn lowest_paid(made: u8, seats: u8) -> (f64, f64) {
    let all = uptimes().map(|uptime| (paid_odds(&share_odds(made, uptime), seats), uptime));
    all.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
}

/// For each number of probes the lowest odds of an honest seat to be paid.
fn paid_table() -> String {
    let rows = [12, 8, 3].map(|made| {
        let cells = [3, 5, 7, 9, 15].map(|seats| percent(100.0 * lowest_paid(made, seats).0));
        [vec![made.to_string()], cells.to_vec()].concat()
    });
    table(&["probes", "3 seats", "5", "7", "9", "15"], 0, rows)
}

/// How far the mean of the medians of honest seats is from the uptime, at most, and the uptime with that.
fn bias_table() -> String {
    let rows = [3, 5, 7, 9, 15].map(|seats| {
        let all = uptimes().map(|uptime| {
            let median = median_odds(&share_odds(SETTINGS.probes, uptime), seats);
            let mean = (0_u8..).zip(median).map(|(share, odds)| f64::from(share) / 12.0 * odds);
            (100.0 * (mean.sum::<f64>() - uptime), 100.0 * uptime)
        });
        let (off, uptime) = all.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        vec![seats.to_string(), percent(off), percent(uptime)]
    });
    table(&["seats", "the median is too high by at most", "at an uptime of"], 0, rows)
}

/// The odds of each share of a seat if some of the keys are served whole, and the others not at all.
pub(crate) fn whole_or_nothing(served: f64) -> [f64; 13] {
    let mut odds = [0.0; 13];
    (odds[0], odds[12]) = (1.0 - served, served);
    odds
}

/// What a worker is measured at, and how often an honest seat is paid, if it serves some of the keys and refuses
/// the others.
fn refused_keys_table() -> String {
    let rows = [0.5, 0.6, 0.7, 0.8, 0.865, 0.9, 0.95].map(|served| {
        let odds = whole_or_nothing(served);
        let cells = [3, 5, 15].map(|seats| {
            [100.0 * median_odds(&odds, seats)[12], 100.0 * paid_odds(&odds, seats)].map(percent)
        });
        let cells = cells.into_iter().flatten();
        [format!("{:.1} %", 100.0 * served)].into_iter().chain(cells).collect()
    });
    let paid = "a seat is paid";
    table(
        &[
            "keys served",
            "3 seats: median",
            paid,
            "5 seats: median",
            paid,
            "15 seats: median",
            paid,
        ],
        0,
        rows,
    )
}

/// The expected share of a window in percent: honest, and the lowest and highest that `own` of `seats` seats
/// can make of it if they report last and are still paid.
fn tolerated(own: usize, seats: usize, uptime: f64) -> [f64; 3] {
    let odds = share_odds(SETTINGS.probes, uptime);
    // The shares of all honest seats, in every combination, with their odds.
    let mut honest = vec![(Vec::new(), 1.0)];
    for _ in own..seats {
        let longer = honest.iter().flat_map(|(shares, weight)| {
            (0..=WHOLE)
                .zip(odds)
                .map(move |(share, odds)| ([shares.clone(), vec![share]].concat(), weight * odds))
        });
        honest = longer.filter(|(_, weight)| *weight > 1e-12).collect();
    }
    let (mut low, mut high) = (0.0, 0.0);
    for (shares, weight) in honest {
        let medians = (0..=WHOLE).filter_map(|say| {
            let all = shares.iter().copied().chain(core::iter::repeat_n(say, own));
            Median::of(all).filter(|median| median.pays(say)).map(Median::share)
        });
        let medians: Vec<_> = medians.collect();
        low += weight * f64::from(*medians.iter().min().unwrap());
        high += weight * f64::from(*medians.iter().max().unwrap());
    }
    let median = median_odds(&odds, u8::try_from(seats).unwrap());
    let honest = (0_u8..).zip(median).map(|(share, odds)| f64::from(share) * odds).sum::<f64>();
    [honest, low, high].map(|share| share * 100.0 / 12.0)
}

/// What a minority of the seats makes of a window's share.
fn tolerance_table() -> String {
    let rows = [0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0].map(|uptime| {
        let cells = [(1, 3), (1, 5), (2, 5)].map(|(own, seats)| tolerated(own, seats, uptime));
        let cells = cells.as_flattened().iter().map(|share| percent(*share));
        [percent(100.0 * uptime)].into_iter().chain(cells).collect()
    });
    let head = [
        "uptime",
        "3 seats",
        "1 of 3 lowers",
        "raises",
        "5 seats",
        "1 of 5 lowers",
        "raises",
        "all 5 honest",
        "2 of 5 lower",
        "raise",
    ];
    table(&head, 0, rows)
}

/// What a seat can claim that was served some of its probes in as many parts of the window.
fn claims_table() -> String {
    let (probes, least) = (SETTINGS.probes, SETTINGS.probes * 2 / 3);
    let rows = (0..=probes).map(|served| {
        let parts = (1_u32 << served) - 1;
        let most = (0..=probes).filter(|claim| supports(parts, *claim)).max().unwrap();
        let in_twelfths = |share: u8| format!("{share}/12");
        let fewer = twelfths(served.min(least), least);
        vec![
            served.to_string(),
            in_twelfths(twelfths(served, probes)),
            in_twelfths(fewer),
            in_twelfths(twelfths(served.min(least), probes)),
            in_twelfths(twelfths(most, probes)),
            in_twelfths(twelfths(most.min(least), least)),
        ]
    });
    let head =
        ["served of 12", "share", "of 8 made", "then for the bond", "two for each part", "both"];
    table(&head, 0, rows)
}

#[test]
fn the_rules_print_how_often_an_honest_seat_is_paid() {
    assert_printed_in_rules(&paid_table());
}

#[test]
fn an_honest_seat_is_paid_ninety_nine_times_of_a_hundred_at_every_uptime() {
    for seats in [3, 5, 7, 9, 11, 13, 15] {
        let (lowest, uptime) = lowest_paid(SETTINGS.probes, seats);
        assert!(lowest >= 0.99, "{seats} seats, uptime {uptime}: {lowest}");
    }
}

/// By counting the reports of three seats with the rule of the crate.
#[test]
fn the_odds_to_be_paid_are_those_of_counting_every_report() {
    for uptime in [0.3, 0.5, 0.97] {
        let odds = share_odds(SETTINGS.probes, uptime);
        let (mut paid, mut median_sum) = (0.0, 0.0);
        for (a, b, c) in
            (0..13_u8).flat_map(|a| (0..13).flat_map(move |b| (0..13).map(move |c| (a, b, c))))
        {
            let weight = [a, b, c].map(|share| odds[usize::from(share)]).iter().product::<f64>();
            let median = Median::of([a, b, c].into_iter()).unwrap();
            paid += if median.pays(a) { weight } else { 0.0 };
            median_sum += weight * f64::from(median.share());
        }
        assert!((paid - paid_odds(&odds, 3)).abs() < 1e-12, "{uptime}");
        let mean = (0_u8..).zip(median_odds(&odds, 3)).map(|(share, odds)| f64::from(share) * odds);
        assert!((median_sum - mean.sum::<f64>()).abs() < 1e-12, "{uptime}");
    }
}

#[test]
fn the_rules_print_how_far_a_median_is_off() {
    assert_printed_in_rules(&bias_table());
}

#[test]
fn the_rules_print_what_a_worker_that_refuses_some_keys_is_measured_at() {
    assert_printed_in_rules(&refused_keys_table());
}

#[test]
fn the_rules_print_what_a_minority_gains_inside_the_tolerance() {
    assert_printed_in_rules(&tolerance_table());
}

#[test]
fn the_rules_print_what_a_seat_can_claim() {
    assert_printed_in_rules(&claims_table());
}
