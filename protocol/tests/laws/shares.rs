//! Shares, medians and means, compared with sorted lists and exact fractions.

use muster_protocol::shares::{
    Measurement, Median, Uptime, WHOLE, due_probes, needed_probes, twelfths, vouched,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{bps, ticks};

/// The shares of the seats of one window, often close to each other.
fn shares() -> impl Strategy<Value = Vec<u8>> {
    let share = prop_oneof![0..=12_u8, 0..=3_u8, 9..=12_u8];
    vec(share, 0..=15)
}

/// The two middle shares: half of the others are not above the lower one, half not below the higher one.
fn middles(shares: &[u8]) -> Option<(u8, u8)> {
    let mut sorted = shares.to_vec();
    sorted.sort_unstable();
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some((sorted[odd / 2], sorted[odd / 2])),
        even => Some((sorted[even / 2 - 1], sorted[even / 2])),
    }
}

/// All windows in one mean: the ticks and the share of each.
fn mean(windows: &[(u32, u8)]) -> Uptime {
    let mut uptime = Uptime::default();
    for (ticks, share) in windows {
        uptime.add(*ticks, *share);
    }
    uptime
}

/// The windows of an agreement; all ticks together have 32 bits.
fn windows() -> impl Strategy<Value = Vec<(u32, u8)>> {
    vec((ticks().prop_map(|ticks| ticks / 21), 0..=12_u8), 0..=21)
}

/// For all numbers of probes: x twelfths are nearest if x − ½ ≤ 12 · served / of < x + ½.
#[test]
fn a_share_is_the_nearest_twelfth_and_of_two_the_higher() {
    for of in 1..=255_u8 {
        for served in 0..=of {
            let share = i32::from(twelfths(served, of));
            let (doubled, of) = (24 * i32::from(served), i32::from(of));
            assert!((2 * share - 1) * of <= doubled && doubled < (2 * share + 1) * of);
            assert!((0..=12).contains(&share));
        }
    }
}

proptest! {
    #[test]
    fn a_whole_share_is_all_probes_and_more_is_not_more(served: u8, of: u8) {
        let expected = if of == 0 { 0 } else { WHOLE };
        prop_assert_eq!(twelfths(of, of), expected);
        prop_assert_eq!(twelfths(served.max(of), of), expected);
    }

    /// Tries every number of probes.
    #[test]
    fn a_seat_speaks_with_two_thirds_of_the_probes_of_a_whole_window(
        probes in 1..=60_u8, window in ticks(), beyond in ticks(),
    ) {
        let fewest = (0..=probes).find(|made| 3 * u32::from(*made) >= 2 * u32::from(probes));
        let needed = needed_probes(probes, window.saturating_add(beyond), window);
        prop_assert_eq!(Some(needed), fewest);
    }

    /// Part i of n is over after i / n of the window.
    #[test]
    fn a_seat_speaks_with_half_of_the_parts_of_a_window_that_was_cut_short(
        probes in 1..=60_u8, window in 1..=u32::MAX, at: u32,
    ) {
        let judged = at % window;
        let is_over = |part: &u8| {
            u64::from(*part) * u64::from(window) <= u64::from(judged) * u64::from(probes)
        };
        let over = (1..=probes).filter(is_over).count();
        let fewest = (1..=probes).find(|made| 2 * usize::from(*made) >= over);
        prop_assert_eq!(Some(needed_probes(probes, judged, window)), fewest);
    }

    /// Part i of n is over after i / n of the window; a seat may have made more probes than that.
    #[test]
    fn a_bond_follows_what_was_served_of_the_due_probes(
        probes in 1..=60_u8, window in 1..=u32::MAX, at: u32, made in 0..=60_u8, served in 0..=60_u8,
    ) {
        let judged = at % window;
        let over = (1..=probes).filter(|part| {
            u64::from(*part) * u64::from(window) <= u64::from(judged) * u64::from(probes)
        });
        let due = u8::try_from(over.count()).unwrap().max(1);
        prop_assert_eq!(due_probes(probes, judged, window), due);
        prop_assert_eq!(due_probes(probes, window, window), probes);
        let share = vouched(served, made, due);
        prop_assert!(share <= twelfths(served, made) || made == 0);
        prop_assert_eq!(share, twelfths(served, if made < due { due } else { made }));
    }

    #[test]
    fn a_cut_window_never_needs_more_than_a_whole_one(probes in 1..=60_u8, window in 1..=u32::MAX, at: u32) {
        let needed = |ticks| needed_probes(probes, ticks, window);
        prop_assert!(needed(at % window) <= needed(window));
        prop_assert!((1..=probes).contains(&needed(at % window)));
    }

    #[test]
    fn the_median_is_the_middle_of_the_sorted_shares_and_of_two_the_higher(shares in shares()) {
        let median = Median::of(shares.iter().copied());
        prop_assert_eq!(median.map(Median::share), middles(&shares).map(|(_, high)| high));
    }

    #[test]
    fn a_seat_is_paid_within_five_twelfths_of_the_nearer_middle(shares in shares()) {
        let Some((low, high)) = middles(&shares) else { return Ok(()) };
        let median = Median::of(shares.iter().copied()).unwrap();
        for share in 0..=12_u8 {
            let distance = share.abs_diff(low).min(share.abs_diff(high));
            prop_assert_eq!(median.pays(share), distance <= 5, "{} of {:?}", share, &shares);
        }
        prop_assert!(shares.iter().any(|share| median.pays(*share)));
    }

    /// So a minority that says anything moves nobody's pay beyond what honest seats say.
    #[test]
    fn the_median_is_between_the_shares_of_any_majority(
        honest in vec(4..=9_u8, 1..=8), liars in vec(0..=12_u8, 0..=7),
    ) {
        prop_assume!(liars.len() < honest.len());
        let all = honest.iter().chain(&liars).copied();
        let share = Median::of(all).unwrap().share();
        prop_assert!(honest.iter().min() <= Some(&share) && Some(&share) <= honest.iter().max());
    }

    #[test]
    fn a_higher_share_never_lowers_the_median(shares in shares(), seat: prop::sample::Index, by in 0..=12_u8) {
        prop_assume!(!shares.is_empty());
        let mut higher = shares.clone();
        let share = seat.get(&shares);
        higher[seat.index(shares.len())] = share.saturating_add(by).min(12);
        let median = |shares: Vec<u8>| Median::of(shares.into_iter()).map(Median::share);
        prop_assert!(median(shares) <= median(higher));
    }

    #[test]
    fn a_mean_is_weighted_by_the_ticks_of_its_windows(windows in windows(), promise in bps()) {
        let uptime = mean(&windows);
        let ticks: u128 = windows.iter().map(|(ticks, _)| u128::from(*ticks)).sum();
        let served: u128 =
            windows.iter().map(|(ticks, share)| u128::from(*ticks) * u128::from(*share)).sum();
        prop_assert_eq!(uptime.parts(), (u64::try_from(served).unwrap(), u64::try_from(12 * ticks).unwrap()));
        let points = (10_000 * served).checked_div(12 * ticks).unwrap_or(0);
        prop_assert_eq!(u128::from(uptime.basis_points()), points);
        let promised = 12 * ticks * u128::from(promise);
        let missed = promised.saturating_sub(10_000 * served);
        let (ours, of) = uptime.missed(promise);
        prop_assert_eq!((u128::from(ours), u128::from(of)), (missed, promised));
    }

    #[test]
    fn a_promise_is_kept_where_the_mean_reaches_it(windows in windows(), promise in bps()) {
        let uptime = mean(&windows);
        let (served, whole) = uptime.parts();
        let kept = u128::from(served) * 10_000 >= u128::from(whole) * u128::from(promise);
        prop_assert_eq!(uptime.missed(promise).0 == 0, kept);
    }

    /// Compares the sums with four lists of windows.
    #[test]
    fn pay_follows_the_medians_of_finished_windows_and_the_bond_the_best_shares_of_all(
        windows in vec((ticks().prop_map(|ticks| ticks / 21), any::<bool>(), shares(), 0..=12_u8), 0..=21),
    ) {
        let mut all = Measurement::default();
        let (mut paid, mut measured, mut best) = (Vec::new(), Vec::new(), Vec::new());
        for (ticks, finished, shares, highest) in &windows {
            let median = all.add(*ticks, *finished, shares.iter().copied(), *highest);
            prop_assert_eq!(median, Median::of(shares.iter().copied()));
            let Some((_, share)) = middles(shares) else { continue };
            measured.push((*ticks, share));
            best.push((*ticks, if shares.len() == 1 { 12 } else { *highest }));
            if *finished {
                paid.push((*ticks, share));
            }
        }
        let finished: u32 =
            windows.iter().filter(|(_, finished, ..)| *finished).map(|(ticks, ..)| ticks).sum();
        prop_assert_eq!(all.finished, finished);
        prop_assert_eq!(usize::from(all.known), measured.len());
        prop_assert_eq!((all.paid, all.measured, all.best), (mean(&paid), mean(&measured), mean(&best)));
    }
}
