//! The longest report, and settlements of random shares, up to the largest size, compared with an independent count.

use std::collections::BTreeMap;

use alloy::primitives::{Address, keccak256};
use muster_client::protocol::abi::IWorkAgreement::Reported;
use muster_client::protocol::abi::{Clock, Order, Settings, WorkerResult};
use muster_client::protocol::report::Entry;
use muster_client::protocol::settings;
use muster_client::{Agreement, Market, Offer, OrderRequest};

use crate::harness::expected::agreement_event;
use crate::harness::receipts::unsigned_entry;
use crate::harness::{TestEnv, agreement, offer};
use crate::quote::order;

/// The probes that one tester made of one worker in one window, and how many were served, of three; a
/// quarter of all reports are missing.
fn measured(place: usize, worker: u8, window: u8) -> Option<(u8, u8)> {
    let draw = keccak256([u8::try_from(place).unwrap(), worker, window]);
    let made = 2 + draw[1] % 2;
    // Every second worker serves more than it fails.
    let served = if draw[2] % 4 > worker % 2 { made - draw[3] % 2 } else { draw[3] % 2 };
    (!draw[0].is_multiple_of(4)).then_some((made, served))
}

/// The report of a place on this many workers, in these windows.
fn report(place: usize, workers: u8, windows: &[u8]) -> Vec<Entry> {
    let entry = |index, window| {
        let (made, served) = measured(place, index, window)?;
        Some(unsigned_entry(index, window, made, served))
    };
    let of_worker = |index| windows.iter().filter_map(move |window| entry(index, *window));
    (0..workers).flat_map(of_worker).collect()
}

/// Twelfths, rounded to the nearest, halves up.
const fn twelfths(served: u8, of: u8) -> u8 {
    (2 * 12 * served + of) / (2 * of)
}

/// The expected result: the workers in order, the testers by account, the client's rest.
type ExpectedSettlement = (Vec<WorkerResult>, BTreeMap<Address, (u128, u16)>, u128);

/// Computes the result when every tester reported and the workers in `accepted` accepted.
async fn expected_settlement(
    view: &Agreement,
    testers: &[Market],
    accepted: u8,
    escrow: u128,
) -> ExpectedSettlement {
    let terms = view.terms();
    let place_of: BTreeMap<_, _> =
        testers.iter().map(|who| who.account().unwrap()).zip(0..).collect();
    let mut workers = Vec::new();
    let mut fees: BTreeMap<Address, (u128, u16)> = BTreeMap::new();
    let mut rest = escrow;
    for (index, worker) in (0..).zip(terms.workers()) {
        let mut result = WorkerResult {
            account: worker.account,
            pay: 0,
            slash: 0,
            fees: 0,
            accepted: accepted >> index & 1 == 1,
            resigned: false,
            ticks: 0,
            known: 0,
            uptime: 0,
        };
        let (mut known, mut served, mut vouched) = (0, 0, 0);
        for window in (0..terms.header.windows).filter(|_| result.accepted) {
            let ticks = terms.window_ticks(window, terms.header.length);
            let ticks = ticks.end - ticks.start;
            result.ticks += ticks;
            let ticks = u128::from(ticks);
            let seats = view.testers(window).await.unwrap();
            let reports: Vec<_> = seats
                .iter()
                .filter_map(|seat| {
                    let account = seat.account;
                    let (made, served) = measured(place_of[&account], index, window)?;
                    Some((account, twelfths(served, made), twelfths(served, 3)))
                })
                .collect();
            let mut shares: Vec<_> = reports.iter().map(|(_, share, _)| *share).collect();
            shares.sort_unstable();
            let Some(last) = shares.len().checked_sub(1) else { continue };
            let (low, high) = (shares[last / 2], shares[shares.len() / 2]);
            let best = reports.iter().map(|(_, _, best)| *best).max().unwrap();
            result.known += 1;
            known += 12 * ticks;
            served += ticks * u128::from(high);
            vouched += ticks * u128::from(if shares.len() > 1 { best } else { 12 });
            let near = |share: u8| share.abs_diff(low).min(share.abs_diff(high)) <= 5;
            for (account, ..) in reports.iter().filter(|(_, share, _)| near(*share)) {
                let fee = fees.entry(*account).or_default();
                *fee = (fee.0 + worker.fee, fee.1 + 1);
                result.fees += worker.fee;
                rest -= worker.fee;
            }
        }
        if result.accepted {
            let base = worker.price * u128::from(terms.header.length);
            let promised = u128::from(worker.promise) * known;
            result.uptime =
                u16::try_from((10_000 * served).checked_div(known).unwrap_or(0)).unwrap();
            result.pay = if 10_000 * served >= promised { base } else { base * served / known };
            rest -= result.pay;
            let missed = promised.saturating_sub(10_000 * vouched);
            result.slash = if missed == 0 { 0 } else { worker.bond * missed / promised };
        } else {
            result.slash = worker.bond / 10;
        }
        workers.push(result);
    }
    (workers, fees, rest)
}

/// Buys, runs and settles an agreement of this size, on which every listed tester reports, and
/// compares every amount.
async fn check_settlement(env: &TestEnv, redundancy: u8, wanted: Order, accepted: u8) -> u64 {
    let mut workers = Vec::new();
    for number in 0..redundancy {
        let promise = 5_000 + 400 * u16::from(number);
        let price = 1_000_000_000_000_003 + u128::from(number);
        workers.push(env.worker(Offer { promise, ..offer(price) }).await);
    }
    let listed = usize::try_from(env.settings.minPool).unwrap();
    let (testers, cleo) = (env.testers(listed).await, env.new_account().await);
    let purchase = env.buy(&cleo, OrderRequest::Custom(wanted)).await;
    for (_, worker) in (0..).zip(&workers).filter(|(index, _)| accepted >> index & 1 == 1) {
        env.accept(worker, &purchase).await;
    }
    let view = agreement(&cleo, &purchase).await;
    env.advance(view.terms().header.length).await;
    for (place, tester) in testers.iter().enumerate() {
        let seats = view.seats(tester.account().unwrap()).await.unwrap();
        let windows: Vec<_> = (0..wanted.windows).filter(|at| seats >> at & 1 == 1).collect();
        let mut entries = report(place, redundancy, &windows);
        entries.retain(|entry| accepted >> entry.index & 1 == 1);
        if !entries.is_empty() {
            env.report(tester, &purchase, &entries).await;
        }
    }
    env.advance(env.settings.reportWindow).await;
    let (pays, fees, refund) =
        expected_settlement(&view, &testers, accepted, purchase.escrow).await;
    let settlement = env.settle(&cleo, &purchase).await;
    assert_eq!(settlement.workers, pays);
    let parts = settlement.testers.iter().map(|part| (part.account, (part.fee, part.seats)));
    assert_eq!(parts.clone().collect::<BTreeMap<_, _>>(), fees);
    assert_eq!(parts.count(), fees.len(), "an account is paid in two parts");
    let slashed: u128 = pays.iter().map(|worker| worker.slash).sum();
    let compensation: u128 = pays.iter().map(|worker| worker.slash.min(worker.pay)).sum();
    let rest = (refund, compensation, slashed - compensation);
    assert_eq!((settlement.refund, settlement.compensation, settlement.burned), rest);
    let credits = env.credits().await;
    assert_eq!(credits[&cleo.account().unwrap()], refund + compensation);
    for (account, (fee, _)) in fees {
        assert_eq!(credits[&account], fee);
    }
    settlement.receipt.gas_used
}

#[tokio::test(flavor = "multi_thread")]
async fn only_seats_count_however_many_report() {
    let env = TestEnv::with(Settings { minPool: 9, ..settings::dev(Clock::Second) }).await;
    let wanted = Order { windows: 6, testers: 5, ..order(3, 47) };
    check_settlement(&env, 3, wanted, 0b101).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_workers_and_sixty_three_seats_are_settled_at_once() {
    let env = TestEnv::with(Settings { minPool: 63, ..settings::dev(Clock::Second) }).await;
    let wanted = Order { windows: 21, testers: 3, ..order(8, 130) };
    let gas = check_settlement(&env, 8, wanted, 0xff).await;
    assert!(gas <= 3_000_000, "it took {gas}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_report_is_told_in_full() {
    let env = TestEnv::new().await;
    let mut workers = Vec::new();
    for number in 1..=8 {
        workers.push(env.worker(offer(number)).await);
    }
    let (testers, cleo) = (env.testers(3).await, env.new_account().await);
    // Three testers for three seats: each has a seat in every window.
    let wanted = Order { windows: 16, testers: 3, ..order(8, 96) };
    let purchase = env.buy(&cleo, OrderRequest::Custom(wanted)).await;
    for worker in &workers {
        env.accept(worker, &purchase).await;
    }
    env.advance(96).await;
    let all = (0..8).flat_map(|index| (0..16).map(move |window| (index, window)));
    let entries: Vec<_> =
        all.map(|(index, window)| unsigned_entry(index, window, 3, window % 4)).collect();
    let call = env.report_call(&testers[0], purchase.agreement, 0, &entries).await;
    let receipt = env.send(&testers[0], purchase.agreement, &call, 0).await.unwrap();
    let findings: Vec<u8> = entries
        .iter()
        .flat_map(|entry| [entry.index, entry.window, entry.made, entry.served])
        .collect();
    assert_eq!(findings.len(), 512);
    let tester = testers[0].account().unwrap();
    let event = Reported { tester, place: 0, findings: findings.into() };
    assert_eq!(env.events(&receipt), [agreement_event(purchase.agreement, event)]);
}
