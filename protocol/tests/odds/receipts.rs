//! The odds that an honest seat cannot prove all that it was served: a receipt supports two probes for each of
//! the window's parts in which the worker answered.

use muster_protocol::receipt::{part_of_window, supports};

use crate::market::SETTINGS;
use crate::{assert_printed_in_rules, table};

/// The odds that as many random moments in ticks `first` to `ticks` of a window fall into 0, 1, 2, … different
/// parts.
fn parts_odds(moments: u8, first: u32, ticks: u32) -> Vec<f64> {
    let mut sizes = [0.0; 32];
    for tick in first..ticks {
        sizes[usize::from(part_of_window(tick.into(), ticks.into()))] +=
            1.0 / f64::from(ticks - first);
    }
    let moments = usize::from(moments);
    // The odds by moments placed and parts hit, times the moments in every order.
    let mut placed = vec![vec![0.0; 33]; moments + 1];
    placed[0][0] = 1.0;
    for size in sizes {
        let mut next = placed.clone();
        for (done, hit) in (0..moments).flat_map(|done| (0..32).map(move |hit| (done, hit))) {
            let mut ways = placed[done][hit];
            for more in 1..=moments - done {
                ways *= size / f64::from(u32::try_from(more).unwrap());
                next[done + more][hit + 1] += ways;
            }
        }
        placed = next;
    }
    let orders = (1..=moments).map(|moment| f64::from(u32::try_from(moment).unwrap()));
    let orders: f64 = orders.product();
    placed[moments].iter().map(|ways| ways * orders).collect()
}

/// The odds that the parts do not support all probes.
fn unsupported(first: u32, ticks: u32) -> f64 {
    let odds = parts_odds(SETTINGS.probes, first, ticks);
    let bad = odds.iter().enumerate().filter(|(hit, _)| {
        let parts = u32::try_from((1_u64 << hit) - 1).unwrap();
        !supports(parts, SETTINGS.probes)
    });
    bad.map(|(_, odds)| odds).sum()
}

/// The odds for a whole window, and for window 0 of a worker that accepts in the first or last tick.
fn support_table() -> String {
    let (window, wait) = (SETTINGS.minWindow, SETTINGS.acceptWindow);
    let rows = [
        ("all of a window", 0),
        ("of the shortest window 0, worker accepts in the first tick", wait),
        ("of the shortest window 0, worker accepts in the last tick", 2 * wait),
    ];
    let rows = rows.map(|(name, first)| {
        vec![
            name.to_owned(),
            format!("{} of {window} s", window - first),
            format!("{:.6} %", 100.0 * unsupported(first, window)),
        ]
    });
    table(&["probes in", "moments from", "fewer than 6 parts"], 1, rows)
}

#[test]
fn the_rules_print_how_often_parts_are_too_few() {
    assert_printed_in_rules(&support_table());
}

#[test]
fn twelve_moments_hit_fewer_than_six_parts_three_times_in_a_hundred_thousand() {
    let odds = unsupported(0, 3_200);
    assert!((odds - 3e-5).abs() < 0.5e-5, "{odds}");
    let sum: f64 = parts_odds(12, 0, 3_200).iter().sum();
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
}
