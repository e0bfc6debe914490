//! Plays against the measurement, the length of agreements and the freedom to leave, on the constants of
//! live chains where they matter. `docs/security.md` has the list.

use muster_client::protocol::abi::IWorkAgreement::{BadReceipt, reportCall};
use muster_client::protocol::abi::IWorkerDispatcher::{StillListed, unstakeCall};
use muster_client::protocol::abi::{Clock, Order, Reason, Settings, State, WorkerResult};
use muster_client::protocol::settings;
use muster_client::{
    Market, Offer, OrderRequest, Purchase, ServiceReceipt, Session, encode_entries,
};

use crate::harness::expected::{agreement_error, dispatcher_error};
use crate::harness::receipts::{probed, unsigned_entry};
use crate::harness::settlement::{
    absent_worker, paid_worker, run_to_settlement, tester_fee, tester_fees,
};
use crate::harness::{ETHER, TestEnv, agreement, message_key_of, offer};
use crate::quote::{order, quote};

/// A market with the constants of live chains, but the testers' bond and pool.
async fn live_market() -> TestEnv {
    let production = settings::production(Clock::Second);
    TestEnv::with(Settings { minPool: 3, ..production }).await
}

/// A worker that takes the longest agreements, with this stake.
async fn long_worker(env: &TestEnv, price: u128, stake: u128) -> Market {
    let who = env.new_account().await;
    let max_length = env.settings.maxAgreement;
    let offer = Offer { price, max_length, promise: 9_000, capacity: 20 };
    let application = muster_client::Application::default();
    env.tx(who.register(application, &offer, message_key_of(&who), stake)).await.unwrap();
    who
}

#[tokio::test(flavor = "multi_thread")]
async fn play_1_receipts_of_a_sixteenth_of_a_window_support_four_of_twelve_probes() {
    let env = live_market().await;
    let (ada, cleo) = (long_worker(&env, 1_000, ETHER).await, env.new_account().await);
    let testers = env.testers(3).await;
    let tested = Order { testers: 3, windows: 4, ..order(1, 14_400) };
    let purchase = env.buy(&cleo, OrderRequest::Custom(tested)).await;
    env.accept(&ada, &purchase).await;
    env.advance(14_400).await;
    // The worker was up in two of the thirty-two parts; the tester claims what it can.
    let (view, session) = (agreement(&testers[0], &purchase).await, Session::random());
    let value = session.id(testers[0].account().unwrap(), 0);
    let signer = env.signer(ada.account().unwrap());
    let receipt =
        ServiceReceipt::sign(&signer, view.receipt_domain(), value, 0, 0b11 << 28).unwrap();
    for (served, refused) in [(12, true), (5, true), (4, false)] {
        let entries = encode_entries(&[receipt.entry(0, 12, served)]);
        let call = reportCall { place: 0, salt: session.salt, entries };
        let answer = env.send(&testers[0], purchase.agreement, &call, 0).await.map(drop);
        let refusal = agreement_error(BadReceipt { entry: 0 });
        assert_eq!(answer, if refused { refusal } else { Ok(()) }, "{served} of 12");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn play_4_an_agreement_that_all_have_left_ends_and_is_settled() {
    let env = live_market().await;
    let (ada, cleo) = (long_worker(&env, 1_000, ETHER).await, env.new_account().await);
    let length = env.settings.maxAgreement;
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(1, length.into()))).await;
    let start = env.next_tick().await;
    env.accept(&ada, &purchase).await;
    let view = agreement(&cleo, &purchase).await;
    env.tx(agreement(&ada, &purchase).await.resign()).await.unwrap();
    // It ends with the time to accept, not after thirteen days.
    let end = start + u64::from(env.settings.acceptWindow) + 1;
    assert_eq!(view.times(&view.progress().await.unwrap()).end(), end);
    env.advance_to(end - 1).await;
    assert_eq!(view.state().await.unwrap(), State::Running);
    env.advance_to(end).await;
    assert_eq!(view.state().await.unwrap(), State::Reporting);
    env.advance_to(end + u64::from(env.settings.reportWindow)).await;
    let settlement = env.settle(&cleo, &purchase).await;
    // The client's money is back; the worker lost what leaving costs.
    let left = WorkerResult { accepted: true, resigned: true, ..absent_worker(&ada, 0) };
    let slash = env.settings.minBond / 10;
    assert_eq!(settlement.workers, [WorkerResult { slash, ..left }]);
    assert_eq!(settlement.refund, purchase.escrow);
    let held = env.settings.acceptWindow + 1 + env.settings.reportWindow;
    println!("play 4: the money was held for {held} of {length} seconds");
}

/// The attacker hires its own worker and one that is away, ten times for the longest time.
#[tokio::test(flavor = "multi_thread")]
async fn play_5_the_absent_are_free_after_the_time_to_accept() {
    let env = live_market().await;
    // A bond of 0.7776 ETH for thirteen days.
    let (stake, bond) = (8 * ETHER, 777_600_000_000_000_000);
    let price = bond * 10 / u128::from(env.settings.maxAgreement);
    let (own, victim) =
        (long_worker(&env, 1, 10 * ETHER).await, long_worker(&env, price, stake).await);
    let (attacker, away) = (env.new_account().await, victim.account().unwrap());
    let before = env.rpc.balance(attacker.account().unwrap()).await;
    let long = OrderRequest::Custom(order(2, env.settings.maxAgreement.into()));
    let mut purchases: Vec<Purchase> = Vec::new();
    for _ in 0..10 {
        let purchase = env.buy(&attacker, long).await;
        env.accept(&own, &purchase).await;
        purchases.push(purchase);
    }
    let held = victim.worker(away).await.unwrap();
    assert_eq!(held.active, 10);
    assert!(held.locked > 7_775 * ETHER / 1_000, "{}", held.locked);
    let escrows: u128 = purchases.iter().map(|purchase| purchase.escrow).sum();

    env.advance(env.settings.acceptWindow + 1).await;
    let mut gas = 0;
    for purchase in &purchases {
        // The victim itself, or anybody else.
        let done = env.tx(agreement(&victim, purchase).await.release()).await.unwrap();
        assert_eq!(done.absent.count_ones(), 1);
        gas += done.receipt.gas_used;
    }
    let free = victim.worker(away).await.unwrap();
    let tenth = agreement(&victim, &purchases[0]).await.terms().worker(1).unwrap().bond / 10;
    assert_eq!((free.active, free.locked, free.stake), (0, 0, stake - tenth));
    assert_eq!((free.misses, free.listed), (1, false));
    env.tx(victim.set_available(true)).await.unwrap();
    assert!(victim.worker(away).await.unwrap().listed);
    let credit = attacker.credit(attacker.account().unwrap()).await.unwrap();
    let still = before - env.rpc.balance(attacker.account().unwrap()).await - credit;
    println!(
        "play 5: {} wei and 10 slots were held for {} seconds; {gas} gas released them; \
         the victim lost {tenth} wei for one absence; {credit} of {escrows} wei are back, {still} \
         wei remain with the attacker's own worker and for gas",
        held.locked, env.settings.acceptWindow,
    );
    assert!(credit <= escrows);
}

#[tokio::test(flavor = "multi_thread")]
async fn play_6_a_client_that_stops_in_the_best_moment_pays_for_more_than_a_quarter() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1_000)).await, env.new_account().await);
    let testers = env.testers(3).await;
    // All seats are public from the start. The client holds one of three testers, which denies service.
    for (windows, paid) in [(4_u8, 2_u8), (21, 7)] {
        let wanted = Order { windows, testers: 3, ..order(1, 6 * u64::from(windows)) };
        let purchase = env.buy(&cleo, OrderRequest::Custom(wanted)).await;
        env.accept(&ada, &purchase).await;
        let done = env.tx(agreement(&cleo, &purchase).await.cancel()).await.unwrap();
        assert_eq!(done.windows, paid);
        let report = |served: &str| probed(0, &served.repeat(paid.into()));
        let reports = [report("0"), report("3"), report("3")];
        let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
        let ticks = 6 * u32::from(paid);
        let seats = 2 * u128::from(paid);
        let part = paid_worker(&env, &ada, 1_000 * u128::from(ticks), ticks, (paid, 10_000, seats));
        assert_eq!(settlement.workers, [part]);
    }
    // An order that could stop after one of fewer windows is not sold.
    for windows in 1..4 {
        let few = Order { windows, testers: 3, ..order(1, 24) };
        assert_eq!(quote(&env, &cleo, few).await.reason, Reason::Windows);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn play_7_who_never_served_and_resigns_in_the_last_tick_loses_its_bond() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1_000)).await, env.new_account().await);
    let testers = env.testers(3).await;
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 24 }).await;
    let start = env.next_tick().await;
    env.accept(&ada, &purchase).await;
    env.advance_to(start + 23).await;
    env.tx(agreement(&ada, &purchase).await.resign()).await.unwrap();
    // The last window was cut short by one tick, and counts.
    let report = probed(0, "0000");
    let reports = [report.clone(), report.clone(), report];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let part = paid_worker(&env, &ada, 0, 23, (4, 0, 12));
    let slash = env.settings.minBond;
    assert_eq!(settlement.workers, [WorkerResult { slash, resigned: true, ..part }]);
    let mut fees: Vec<_> = testers.iter().map(|who| tester_fee(&env, who, 4)).collect();
    fees.sort_unstable();
    assert_eq!(tester_fees(&settlement), fees);
}

#[tokio::test(flavor = "multi_thread")]
async fn play_8_testers_stay_for_the_reports_of_the_longest_agreement() {
    // Two epochs of fifty ticks are the longest agreement, and the time before and after it.
    let dev = settings::dev(Clock::Second);
    let env = TestEnv::with(Settings { epochLength: 50, maxAgreement: 92, ..dev }).await;
    let (ada, cleo) = (env.worker(offer(1_000)).await, env.new_account().await);
    let testers = env.testers(3).await;
    let tested = |length| Order { windows: 4, testers: 3, ..order(1, length) };
    assert_eq!(quote(&env, &cleo, tested(93)).await.reason, Reason::Length);
    assert_eq!(quote(&env, &cleo, order(1, 93)).await.reason, Reason::Length);
    // In the last tick of the last epoch in whose list they are, accepted as late as possible.
    let epoch = u32::try_from(env.next_tick().await / 50).unwrap() + 1;
    env.advance_to(50 * u64::from(epoch + 1) - 1).await;
    let purchase = env.buy(&cleo, OrderRequest::Custom(tested(92))).await;
    env.advance(env.settings.acceptWindow).await;
    env.accept(&ada, &purchase).await;
    let view = agreement(&cleo, &purchase).await;
    let end = view.times(&view.progress().await.unwrap()).end();
    let take = unstakeCall { amount: 1 };
    let locked = dispatcher_error(StillListed { free: epoch + 3 });
    // In the last tick to report, none of them could leave with its bond, and all report.
    env.advance_to(end + u64::from(env.settings.reportWindow) - 1).await;
    for tester in &testers {
        assert_eq!(env.send_to_dispatcher(tester, &take).await, locked);
        env.report(tester, &purchase, &probed(0, "3333")).await;
    }
    env.advance(1).await;
    let settlement = env.settle(&cleo, &purchase).await;
    assert_eq!(settlement.workers, [paid_worker(&env, &ada, 92_000, 92, (4, 10_000, 12))]);
    env.advance_to(50 * u64::from(epoch + 3)).await;
    for tester in &testers {
        env.send_to_dispatcher(tester, &take).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn play_9_a_tester_is_paid_for_every_window_that_it_can_prove() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1_000)).await, env.new_account().await);
    let testers = env.testers(3).await;
    let wanted = Order { windows: 7, testers: 3, ..order(1, 42) };
    let purchase = env.buy(&cleo, OrderRequest::Custom(wanted)).await;
    env.accept(&ada, &purchase).await;
    // The worker signs each window alone, and refuses to sign two of them.
    let reports = [probed(0, "33-33-3"), probed(0, "3333333"), probed(0, "3333333")];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let seats = testers.iter().zip([5, 7, 7]);
    let mut expected: Vec<_> = seats.map(|(who, seats)| tester_fee(&env, who, seats)).collect();
    expected.sort_unstable();
    assert_eq!(tester_fees(&settlement), expected);
    // What it refused in one window changes nothing in another, and a refusal may be reported as such.
    let purchase = env.buy(&cleo, OrderRequest::Custom(wanted)).await;
    env.accept(&ada, &purchase).await;
    let refused = [unsigned_entry(0, 2, 3, 0), unsigned_entry(0, 5, 3, 0)];
    let mut report = probed(0, "33-33-3");
    report.extend(refused);
    report.sort_unstable_by_key(|entry| entry.window);
    let reports = [report.clone(), report.clone(), report];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let part = paid_worker(&env, &ada, 30_000, 42, (7, 7_142, 21));
    let slash = env.settings.minBond * (7 * 9 - 5 * 10) / (7 * 9);
    assert_eq!(settlement.workers, [WorkerResult { slash, ..part }]);
}
