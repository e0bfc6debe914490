//! Settlements of random votes, up to the largest size, compared with an independent count.

use std::collections::BTreeMap;

use alloy::primitives::{Address, keccak256};
use muster_client::protocol::abi::{Clock, Entry, Order, Settings, WorkerResult};
use muster_client::protocol::settings;
use muster_client::{Agreement, Market, Offer, OrderRequest};

use crate::harness::receipts::unsigned_entry;
use crate::harness::{TestEnv, agreement, offer};
use crate::quote::order;

/// The vote of one tester on one worker in one window; a quarter of all votes are missing.
fn vote(place: usize, worker: u8, window: u8) -> Option<bool> {
    let bytes = [u8::try_from(place).unwrap(), worker, window];
    match keccak256(bytes)[0] % 4 {
        0 => None,
        // Every second worker serves more than it fails.
        draw => Some(draw > 1 + worker % 2),
    }
}

/// The report of a place on this many workers and windows.
fn report(place: usize, workers: u8, windows: u8) -> Vec<Entry> {
    let entry = |index| {
        let bits = |wanted: fn(bool) -> bool| {
            let windows = (0..windows).filter(|k| vote(place, index, *k).is_some_and(wanted));
            windows.fold(0, |bits, window| bits | 1 << window)
        };
        unsigned_entry(index, bits(|_| true), bits(|served| served))
    };
    (0..workers).map(entry).filter(|entry| entry.checked != 0).collect()
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
            windows: 0,
            served: 0,
            failed: 0,
        };
        let mut sure = 0;
        for window in (0..terms.header.windows).filter(|_| result.accepted) {
            result.windows += 1;
            let seats = view.testers(window).await.unwrap();
            let votes: Vec<_> = seats
                .iter()
                .filter_map(|seat| {
                    Some((seat.account, vote(place_of[&seat.account], index, window)?))
                })
                .collect();
            let served = votes.iter().filter(|(_, served)| *served).count();
            if votes.is_empty() {
                continue;
            }
            let verdict = 2 * served >= votes.len();
            result.served += u8::from(verdict);
            result.failed += u8::from(!verdict);
            sure += u128::from(served == 0 && votes.len() > 1);
            for (account, _) in votes.iter().filter(|(_, served)| *served == verdict) {
                let fee = fees.entry(*account).or_default();
                *fee = (fee.0 + worker.fee, fee.1 + 1);
                result.fees += worker.fee;
                rest -= worker.fee;
            }
        }
        if result.accepted {
            let base = worker.price * u128::from(terms.header.length);
            let served = u128::from(result.served);
            let known = served + u128::from(result.failed);
            let promised = u128::from(worker.promise) * known;
            result.pay = if 10_000 * served >= promised { base } else { base * served / known };
            rest -= result.pay;
            let missed = promised.saturating_sub(10_000 * (known - sure));
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
        let entries = report(place, redundancy, wanted.windows);
        env.report(tester, &purchase, &entries).await;
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
    assert!(gas <= 2_500_000, "it took {gas}");
}
