//! Early ends: the client cancels, a worker resigns.

use muster_client::protocol::abi::IWorkAgreement::{
    AlreadyResigned, Cancelled, CannotShorten, NotAWorker, NotAccepted, NotTheClient, Resigned,
    WrongState, cancelCall, resignCall,
};
use muster_client::protocol::abi::{Clock, Order, Settings, State, WorkerResult};
use muster_client::protocol::settings;
use muster_client::{Market, Offer, OrderRequest, Progress, Purchase};

use crate::harness::expected::{agreement_error, agreement_event};
use crate::harness::receipts::unsigned_entry;
use crate::harness::settlement::{paid_worker, run_to_settlement};
use crate::harness::{ETHER, TestEnv, agreement, offer};
use crate::quote::order;

/// An order of seven windows of six ticks; the last one has nine.
fn seven_windows(redundancy: u64) -> OrderRequest {
    OrderRequest::Custom(Order { windows: 7, testers: 3, ..order(redundancy, 45) })
}

/// Workers with a large capacity, at prices of 1000 and more.
async fn workers_with_capacity(env: &TestEnv, count: u128) -> Vec<Market> {
    let mut workers = Vec::new();
    for number in 1..=count {
        workers.push(env.worker(Offer { capacity: 99, ..offer(1_000 * number) }).await);
    }
    workers
}

/// Buys, has every worker accept, and returns the first tick.
async fn started_agreement(
    env: &TestEnv,
    client: &Market,
    workers: &[Market],
    request: OrderRequest,
) -> (Purchase, u64) {
    let purchase = env.buy(client, request).await;
    for worker in workers {
        env.accept(worker, &purchase).await;
    }
    let start = agreement(client, &purchase).await.progress().await.unwrap().start;
    (purchase, start)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_cancels_pays_for_this_window_and_the_next() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let env = TestEnv::with(settings::dev(clock)).await;
        let (workers, cleo) = (workers_with_capacity(&env, 1).await, env.new_account().await);
        env.testers(3).await;
        // Both ends of windows, and how many windows are paid.
        for (tick, windows) in [(1, 2), (5, 2), (6, 3), (11, 3), (12, 4), (24, 6), (29, 6)] {
            let (purchase, start) =
                started_agreement(&env, &cleo, &workers, seven_windows(1)).await;
            let view = agreement(&cleo, &purchase).await;
            env.advance_to(start + tick).await;
            let done = env.tx(view.cancel()).await.unwrap();
            let end = start + 6 * u64::from(windows);
            assert_eq!((done.windows, done.end), (windows, end), "in tick {tick}");
            let event = agreement_event(purchase.agreement, Cancelled { windows, end });
            assert_eq!(env.events(&done.receipt), [event]);
            let progress = view.progress().await.unwrap();
            let expected = Progress { windows, ..progress };
            assert_eq!((progress, progress.accepted), (expected, 1));
            // Only once, in this window and in later ones.
            let refusal = agreement_error(CannotShorten { windows });
            let again = env.send(&cleo, purchase.agreement, &cancelCall {}, 0).await;
            assert_eq!(again, refusal);
            env.advance_to(end - 1).await;
            assert_eq!(view.state().await.unwrap(), State::Running);
            let again = env.send(&cleo, purchase.agreement, &cancelCall {}, 0).await;
            assert_eq!(again, refusal);
            env.advance_to(end).await;
            assert_eq!(view.state().await.unwrap(), State::Reporting);
            let again = env.send(&cleo, purchase.agreement, &cancelCall {}, 0).await;
            assert_eq!(again, agreement_error(WrongState { state: State::Reporting }));
        }
        // The last two windows are paid in any case.
        for tick in [30, 36, 44] {
            let (purchase, start) =
                started_agreement(&env, &cleo, &workers, seven_windows(1)).await;
            env.advance_to(start + tick).await;
            let refusal = agreement_error(CannotShorten { windows: 7 });
            let answer = env.send(&cleo, purchase.agreement, &cancelCall {}, 0).await;
            assert_eq!(answer, refusal, "in tick {tick}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_pays_for_the_shortest_agreement_at_least() {
    let env = TestEnv::with(Settings { minLength: 20, ..settings::dev(Clock::Second) }).await;
    let (workers, cleo) = (workers_with_capacity(&env, 1).await, env.new_account().await);
    env.testers(3).await;
    // Twenty ticks are in four windows of six.
    for (tick, windows) in [(0, 4), (6, 4), (17, 4), (18, 5), (24, 6)] {
        let (purchase, start) = started_agreement(&env, &cleo, &workers, seven_windows(1)).await;
        env.advance_to(start + tick).await;
        let done = env.tx(agreement(&cleo, &purchase).await.cancel()).await.unwrap();
        assert_eq!(done.windows, windows, "in tick {tick}");
    }
    // An agreement of the shortest length cannot be cancelled at all.
    let short = Order { windows: 3, testers: 3, ..order(1, 20) };
    let (purchase, _) = started_agreement(&env, &cleo, &workers, OrderRequest::Custom(short)).await;
    let refusal = agreement_error(CannotShorten { windows: 3 });
    assert_eq!(env.send(&cleo, purchase.agreement, &cancelCall {}, 0).await, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_client_cancels_and_only_a_running_agreement() {
    let env = TestEnv::new().await;
    let (workers, cleo) = (workers_with_capacity(&env, 1).await, env.new_account().await);
    let (testers, outsider) = (env.testers(3).await, env.new_account().await);
    let purchase = env.buy(&cleo, seven_windows(1)).await;
    let to = purchase.agreement;
    let wrong = |state| agreement_error(WrongState { state });
    let others = [&workers[0], &testers[0], &outsider];
    let all_others_fail = async || {
        for who in others {
            let refusal = agreement_error(NotTheClient { caller: who.account().unwrap() });
            assert_eq!(env.send(who, to, &cancelCall {}, 0).await, refusal);
        }
    };
    all_others_fail().await;
    assert_eq!(env.send(&cleo, to, &cancelCall {}, 0).await, wrong(State::Offered));
    env.accept(&workers[0], &purchase).await;
    all_others_fail().await;
    env.advance(45).await;
    assert_eq!(env.send(&cleo, to, &cancelCall {}, 0).await, wrong(State::Reporting));
    env.advance(env.settings.reportWindow).await;
    assert_eq!(env.send(&cleo, to, &cancelCall {}, 0).await, wrong(State::Due));
    env.settle(&outsider, &purchase).await;
    all_others_fail().await;
    assert_eq!(env.send(&cleo, to, &cancelCall {}, 0).await, wrong(State::Settled));
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_that_were_cancelled_cost_nobody_anything() {
    let env = TestEnv::new().await;
    let (workers, cleo) = (workers_with_capacity(&env, 2).await, env.new_account().await);
    let (testers, [ada, ben]) = (env.testers(3).await, [&workers[0], &workers[1]]);
    let (bond, fee) = (env.settings.minBond, env.settings.minTesterFee);
    let (purchase, _) = started_agreement(&env, &cleo, &workers, seven_windows(2)).await;
    assert_eq!(purchase.escrow, 3_000 * 45 + 2 * fee * 21);
    env.tx(agreement(&cleo, &purchase).await.cancel()).await.unwrap();
    // The reports are about all seven windows, but two count: in both, the first worker served and
    // the second failed.
    let report =
        vec![unsigned_entry(0, 0b111_1111, 0b000_0011), unsigned_entry(1, 0b111_1111, 0b111_1100)];
    let reports = [report.clone(), report.clone(), report];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let served = paid_worker(&env, ada, 12_000, 2, (2, 0, 6));
    // The bond is at risk for twelve of forty-five ticks.
    let slash = bond * 12 / 45;
    let failed = WorkerResult { slash, ..paid_worker(&env, ben, 0, 2, (0, 2, 6)) };
    assert_eq!(settlement.workers, [served, failed]);
    assert_eq!(settlement.refund, purchase.escrow - 12_000 - 12 * fee);
    // The first worker's pay is no loss, and the second was paid nothing.
    assert_eq!((settlement.compensation, settlement.burned), (0, slash));
    let bens = ben.worker(ben.account().unwrap()).await.unwrap();
    assert_eq!((bens.stake, bens.locked, bens.active), (ETHER - slash, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_resigns_is_judged_for_what_it_finished() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let env = TestEnv::with(settings::dev(clock)).await;
        let (workers, cleo) = (workers_with_capacity(&env, 2).await, env.new_account().await);
        env.testers(3).await;
        let worker = workers[1].account().unwrap();
        for (tick, windows) in [(2, 0), (5, 0), (6, 1), (11, 1), (12, 2), (36, 6), (44, 6)] {
            let (purchase, start) =
                started_agreement(&env, &cleo, &workers, seven_windows(2)).await;
            let view = agreement(&workers[1], &purchase).await;
            env.advance_to(start + tick).await;
            let done = env.tx(view.resign()).await.unwrap();
            assert_eq!(done.windows, windows, "in tick {tick}");
            let event = agreement_event(purchase.agreement, Resigned { worker, index: 1, windows });
            assert_eq!(env.events(&done.receipt), [event]);
            let progress = view.progress().await.unwrap();
            assert_eq!(progress.resigned, u64::from(windows + 1) << 5);
            assert_eq!((progress.resigned(0), progress.resigned(1)), (None, Some(windows)));
            // The end stays where it was.
            assert_eq!(view.times(&progress).end(), start + 45);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_worker_that_accepted_resigns_and_only_once_while_it_runs() {
    let env = TestEnv::new().await;
    let (workers, cleo) = (workers_with_capacity(&env, 3).await, env.new_account().await);
    let [ada, ben, eve] = [&workers[0], &workers[1], &workers[2]];
    env.testers(3).await;
    let purchase = env.buy(&cleo, seven_windows(2)).await;
    let to = purchase.agreement;
    let resign = async |who: &Market| env.send(who, to, &resignCall {}, 0).await;
    let not_accepted =
        |who: &Market| agreement_error(NotAccepted { worker: who.account().unwrap() });
    assert_eq!(resign(ada).await, not_accepted(ada));
    env.accept(ada, &purchase).await;
    assert_eq!(resign(ben).await, not_accepted(ben));
    for who in [eve, &cleo] {
        let refusal = agreement_error(NotAWorker { caller: who.account().unwrap() });
        assert_eq!(resign(who).await, refusal);
    }
    env.accept(ben, &purchase).await;
    resign(ada).await.unwrap();
    let again = agreement_error(AlreadyResigned { worker: ada.account().unwrap() });
    assert_eq!(resign(ada).await, again);
    env.advance(20).await;
    assert_eq!(resign(ada).await, again);
    env.advance(25).await;
    assert_eq!(resign(ada).await, again);
    assert_eq!(resign(ben).await, agreement_error(WrongState { state: State::Reporting }));
    env.advance(env.settings.reportWindow).await;
    assert_eq!(resign(ben).await, agreement_error(WrongState { state: State::Due }));
    env.settle(&cleo, &purchase).await;
    assert_eq!(resign(ben).await, agreement_error(WrongState { state: State::Settled }));
}

#[tokio::test(flavor = "multi_thread")]
async fn resigning_costs_a_tenth_and_later_windows_are_not_judged() {
    let env = TestEnv::new().await;
    let (workers, cleo) = (workers_with_capacity(&env, 3).await, env.new_account().await);
    let (testers, [ada, ben, eve]) =
        (env.testers(3).await, [&workers[0], &workers[1], &workers[2]]);
    let (bond, fee) = (env.settings.minBond, env.settings.minTesterFee);
    let (purchase, start) = started_agreement(&env, &cleo, &workers, seven_windows(3)).await;
    // The third resigns at once, the second after three windows, the first stays.
    env.tx(agreement(eve, &purchase).await.resign()).await.unwrap();
    env.advance_to(start + 20).await;
    env.tx(agreement(ben, &purchase).await.resign()).await.unwrap();
    let report = vec![
        unsigned_entry(0, 0b111_1111, 0b111_1111),
        unsigned_entry(1, 0b111_1111, 0b111_1001),
        unsigned_entry(2, 0b111_1111, 0b111_1111),
    ];
    let reports = [report.clone(), report.clone(), report];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let stayed = paid_worker(&env, ada, 45_000, 7, (7, 0, 21));
    // One of three windows was served, and nine tenths were promised: 17 000 of 27 000 are missing.
    let slash = bond * 18 / 45 * 17 / 27 + bond / 10;
    let left =
        WorkerResult { slash, resigned: true, ..paid_worker(&env, ben, 12_000, 3, (1, 2, 9)) };
    let fled = WorkerResult {
        slash: bond / 10,
        resigned: true,
        ..paid_worker(&env, eve, 0, 0, (0, 0, 0))
    };
    assert_eq!(settlement.workers, [stayed, left, fled]);
    let spent = 45_000 + 12_000 + 30 * fee;
    assert_eq!(settlement.refund, purchase.escrow - spent);
    // The second worker's pay comes back out of its own bond.
    assert_eq!(settlement.compensation, 12_000);
    assert_eq!(settlement.burned, slash + bond / 10 - 12_000);
    for (who, lost) in [(ada, 0), (ben, slash), (eve, bond / 10)] {
        let account = who.worker(who.account().unwrap()).await.unwrap();
        assert_eq!((account.stake, account.locked), (ETHER - lost, 0));
        assert_eq!((account.misses, account.available, account.listed), (0, true, true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn resigning_from_a_cancelled_agreement_counts_the_fewer_windows() {
    let env = TestEnv::new().await;
    let (workers, cleo) = (workers_with_capacity(&env, 2).await, env.new_account().await);
    let (testers, [ada, ben]) = (env.testers(3).await, [&workers[0], &workers[1]]);
    let bond = env.settings.minBond;
    let (purchase, start) = started_agreement(&env, &cleo, &workers, seven_windows(2)).await;
    env.advance_to(start + 6).await;
    env.tx(agreement(ada, &purchase).await.resign()).await.unwrap();
    env.tx(agreement(&cleo, &purchase).await.cancel()).await.unwrap();
    // Three windows are judged; the second worker resigns in the last one.
    env.advance_to(start + 17).await;
    let done = env.tx(agreement(ben, &purchase).await.resign()).await.unwrap();
    assert_eq!(done.windows, 2);
    let report = vec![unsigned_entry(0, 0b111, 0b111), unsigned_entry(1, 0b111, 0b111)];
    let reports = [report.clone(), report.clone(), report];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let part = |who, pay, windows, seats| WorkerResult {
        slash: bond / 10,
        resigned: true,
        ..paid_worker(&env, who, pay, windows, (windows, 0, seats))
    };
    assert_eq!(settlement.workers, [part(ada, 6_000, 1, 3), part(ben, 24_000, 2, 6)]);
}
