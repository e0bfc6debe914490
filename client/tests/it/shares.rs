//! Shares: medians, pay by their mean, and who is paid for reporting them.

use muster_client::OrderRequest;
use muster_client::protocol::abi::{Clock, Order, Settings, WorkerResult};
use muster_client::protocol::report::Entry;
use muster_client::protocol::settings;

use crate::harness::receipts::{probed, unsigned_entry};
use crate::harness::settlement::{paid_worker, run_to_settlement, tester_fee, tester_fees};
use crate::harness::{TestEnv, offer};
use crate::quote::order;
use crate::report::stored_shares;

/// A market with twelve probes to a window, so that a probe is a twelfth.
async fn twelve_probes() -> TestEnv {
    let dev = settings::dev(Clock::Second);
    TestEnv::with(Settings { probes: 12, minWindow: 12, minLength: 24, ..dev }).await
}

/// An order of four windows with this length.
fn four_windows(length: u64) -> OrderRequest {
    OrderRequest::Custom(Order { windows: 4, testers: 3, ..order(1, length) })
}

/// A report of twelve probes in each window, of which so many were served.
fn of_twelve(served: &[u8]) -> Vec<Entry> {
    (0..).zip(served).map(|(window, served)| unsigned_entry(0, window, 12, *served)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_is_paid_within_five_twelfths_of_the_median() {
    let env = twelve_probes().await;
    let (ada, cleo) = (env.worker(offer(1_000)).await, env.new_account().await);
    let testers = env.testers(3).await;
    let purchase = env.buy(&cleo, four_windows(48)).await;
    env.accept(&ada, &purchase).await;
    // The median is 6 in three windows, and all, two and one of the seats are near it; in the last one,
    // both seats are in the middle.
    let reports = [of_twelve(&[6, 6, 6, 0]), of_twelve(&[1, 1, 0, 12]), of_twelve(&[11, 12, 12])];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let mut expected = [
        tester_fee(&env, &testers[0], 4),
        tester_fee(&env, &testers[1], 3),
        tester_fee(&env, &testers[2], 1),
    ];
    expected.sort_unstable();
    assert_eq!(tester_fees(&settlement), expected);
    // Thirty of forty-eight twelfths were served, by the medians; a seat vouches for forty-seven.
    assert_eq!(settlement.workers, [paid_worker(&env, &ada, 30_000, 48, (4, 6_250, 8))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pay_is_whole_from_the_promise_on_and_the_mean_below_it() {
    let env = twelve_probes().await;
    let (ada, cleo) = (env.worker(offer(1_000)).await, env.new_account().await);
    let testers = env.testers(3).await;
    // Nine tenths are promised: 44 of 48 twelfths reach that, 43 do not.
    for (shares, pay, uptime) in [
        ([11, 11, 11, 11], 48_000, 9_166),
        ([12, 12, 12, 8], 48_000, 9_166),
        ([11, 11, 11, 10], 43_000, 8_958),
        ([6, 6, 6, 6], 24_000, 5_000),
        ([12, 0, 1, 0], 13_000, 2_708),
    ] {
        let purchase = env.buy(&cleo, four_windows(48)).await;
        env.accept(&ada, &purchase).await;
        let report = of_twelve(&shares);
        let reports = [report.clone(), report.clone(), report];
        let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
        // All seats agree, so the bond follows the same shares.
        let served = u128::from(shares.iter().sum::<u8>());
        let missed = (48 * 9_000_u128).saturating_sub(served * 10_000);
        let slash = env.settings.minBond * missed / (48 * 9_000);
        let part = paid_worker(&env, &ada, pay, 48, (4, uptime, 12));
        assert_eq!(settlement.workers, [WorkerResult { slash, ..part }], "{shares:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mean_is_weighted_by_the_ticks_of_the_windows() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1_000)).await, env.new_account().await);
    let testers = env.testers(3).await;
    // Windows of six ticks, and a last one of nine.
    for (windows, served, uptime) in [("3330", 18, 6_666), ("0333", 21, 7_777), ("-330", 12, 5_714)]
    {
        let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 27 }).await;
        env.accept(&ada, &purchase).await;
        let report = probed(0, windows);
        let (known, seats) = (u8::try_from(report.len()).unwrap(), report.len() * 3);
        let reports = [report.clone(), report.clone(), report];
        let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
        // An unknown window is paid like the mean of the others.
        let known_ticks: u128 = if known == 4 { 27 } else { 21 };
        let pay = 27_000 * served / known_ticks;
        let missed = known_ticks * 9 - served * 10;
        let slash = env.settings.minBond * missed / (known_ticks * 9);
        let seats = u128::try_from(seats).unwrap();
        let part = paid_worker(&env, &ada, pay, 27, (known, uptime, seats));
        assert_eq!(settlement.workers, [WorkerResult { slash, ..part }], "{windows}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_is_of_the_probes_made_and_the_best_one_of_all_probes() {
    let env = twelve_probes().await;
    let (ada, cleo) = (env.worker(offer(1_000)).await, env.new_account().await);
    let testers = env.testers(3).await;
    let purchase = env.buy(&cleo, four_windows(48)).await;
    env.accept(&ada, &purchase).await;
    env.advance(48).await;
    // Rounded to the nearest twelfth, halves up.
    let counts = [(8, 5, 8, 5), (11, 6, 7, 6), (9, 1, 1, 1), (12, 12, 12, 12)];
    let entries: Vec<_> = (0..)
        .zip(counts)
        .map(|(window, (made, served, ..))| unsigned_entry(0, window, made, served))
        .collect();
    env.report(&testers[0], &purchase, &entries).await;
    for (window, (made, served, share, best)) in (0..).zip(counts) {
        let (stored_best, mut seats) = stored_shares(&env, &purchase, 0, window).await;
        seats.sort_unstable();
        assert_eq!((stored_best, seats), (best + 1, vec![0, 0, share + 1]), "{served} of {made}");
    }
    // A second seat raises the best share, and never lowers it.
    env.report(&testers[1], &purchase, &of_twelve(&[7, 5, 0, 11])).await;
    for (window, best) in [(0, 7), (1, 6), (2, 1), (3, 12)] {
        assert_eq!(stored_shares(&env, &purchase, 0, window).await.0, best + 1);
    }
}
