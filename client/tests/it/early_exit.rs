//! Early ends: the client cancels.

use muster_client::protocol::abi::IWorkAgreement::{
    Cancelled, CannotShorten, NotTheClient, WindowOutOfRange, WrongState, cancelCall,
};
use muster_client::protocol::abi::{Clock, Order, Settings, State, WorkerResult};
use muster_client::protocol::course::Course;
use muster_client::protocol::settings;
use muster_client::{CancelPreview, Market, Offer, OrderRequest, Progress, Purchase};

use crate::harness::expected::{agreement_error, agreement_event};
use crate::harness::receipts::probed;
use crate::harness::settlement::{paid_worker, run_to_settlement};
use crate::harness::{ETHER, TestEnv, agreement, offer};
use crate::quote::order;

/// An order of seven windows of six ticks; the last one has nine.
pub(crate) fn seven_windows(redundancy: u64) -> OrderRequest {
    OrderRequest::Custom(Order { windows: 7, testers: 3, ..order(redundancy, 45) })
}

/// Workers with a large capacity, at prices of 1000 and more.
pub(crate) async fn workers_with_capacity(env: &TestEnv, count: u128) -> Vec<Market> {
    let mut workers = Vec::new();
    for number in 1..=count {
        workers.push(env.worker(Offer { capacity: 99, ..offer(1_000 * number) }).await);
    }
    workers
}

/// Buys, has every worker accept, and returns the first tick.
pub(crate) async fn started_agreement(
    env: &TestEnv,
    client: &Market,
    workers: &[Market],
    request: OrderRequest,
) -> (Purchase, u64) {
    let purchase = env.buy(client, request).await;
    for worker in workers {
        env.accept(worker, &purchase).await;
    }
    let start = agreement(client, &purchase).await.progress().await.unwrap().start();
    (purchase, start)
}

/// The client cancels this many ticks after the start; returns the windows and the ticks to the end.
async fn cancel_at(
    env: &TestEnv,
    cleo: &Market,
    (purchase, start): &(Purchase, u64),
    tick: u64,
) -> (u8, u64) {
    env.advance_to(start + tick).await;
    let done = env.tx(agreement(cleo, purchase).await.cancel()).await.unwrap();
    (done.windows, done.end - start)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_cancels_pays_for_this_window_and_the_next() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let env = TestEnv::with(settings::dev(clock)).await;
        let (workers, cleo) = (workers_with_capacity(&env, 1).await, env.new_account().await);
        env.testers(3).await;
        // Both ends of windows, and how many windows are paid.
        for (tick, windows) in [(1, 3), (11, 3), (12, 4), (17, 4), (24, 6), (29, 6)] {
            let (purchase, start) =
                started_agreement(&env, &cleo, &workers, seven_windows(1)).await;
            let view = agreement(&cleo, &purchase).await;
            env.advance_to(start + tick).await;
            let before = view.progress().await.unwrap();
            let preview = CancelPreview::new(view.terms(), &before, start + tick).unwrap();
            let done = env.tx(view.cancel()).await.unwrap();
            let end = start + 6 * u64::from(windows);
            let paid = u128::from(windows) * (6 * 1_000 + 3 * env.settings.minTesterFee);
            assert_eq!(
                preview,
                CancelPreview { windows, end, planned_end: start + 45, most: paid }
            );
            assert_eq!((done.windows, done.end), (windows, end), "in tick {tick}");
            let event = agreement_event(purchase.agreement, Cancelled { windows, end });
            assert_eq!(env.events(&done.receipt), [event]);
            let progress = view.progress().await.unwrap();
            let planned = 6 * u32::from(windows);
            let course = Course { start, accepted: 1, planned, ..Course::default() };
            assert_eq!(progress, Progress { course, ..progress });
            // Only once, in this window and in later ones.
            let refusal = agreement_error(CannotShorten { end });
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
            let view = agreement(&cleo, &purchase).await;
            let before = view.progress().await.unwrap();
            assert_eq!(CancelPreview::new(view.terms(), &before, start + tick), None);
            let refusal = agreement_error(CannotShorten { end: start + 45 });
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
        let started = started_agreement(&env, &cleo, &workers, seven_windows(1)).await;
        let done = cancel_at(&env, &cleo, &started, tick).await;
        assert_eq!(done, (windows, 6 * u64::from(windows)), "in tick {tick}");
    }
    // An agreement of the shortest length cannot be cancelled at all.
    let short = Order { windows: 3, testers: 3, ..order(1, 20) };
    let (purchase, start) =
        started_agreement(&env, &cleo, &workers, OrderRequest::Custom(short)).await;
    let refusal = agreement_error(CannotShorten { end: start + 20 });
    assert_eq!(env.send(&cleo, purchase.agreement, &cancelCall {}, 0).await, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_pays_for_more_than_a_quarter_of_the_windows() {
    let env = TestEnv::new().await;
    let (workers, cleo) = (workers_with_capacity(&env, 1).await, env.new_account().await);
    env.testers(3).await;
    // Of 21 windows, seven; of twenty, six. The shortest length is two windows.
    for (windows, tick, paid) in
        [(21, 0, 7), (21, 29, 7), (21, 35, 7), (21, 36, 8), (20, 0, 6), (20, 29, 6), (20, 30, 7)]
    {
        let wanted = Order { windows, testers: 3, ..order(1, 6 * u64::from(windows)) };
        let request = OrderRequest::Custom(wanted);
        let started = started_agreement(&env, &cleo, &workers, request).await;
        let done = cancel_at(&env, &cleo, &started, tick).await;
        assert_eq!(done, (paid, 6 * u64::from(paid)), "{windows} windows, in tick {tick}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_testers_gives_notice() {
    let env = TestEnv::new().await;
    let (workers, cleo) = (workers_with_capacity(&env, 1).await, env.new_account().await);
    // An eighth of the length, and the shortest length at least.
    for (length, tick, end) in
        [(800, 0, 100), (800, 99, 199), (800, 699, 799), (803, 0, 101), (40, 0, 12), (40, 27, 39)]
    {
        let request = OrderRequest::Custom(order(1, length));
        let started = started_agreement(&env, &cleo, &workers, request).await;
        let done = cancel_at(&env, &cleo, &started, tick).await;
        assert_eq!(done, (1, end), "{length} ticks, in tick {tick}");
        // Later notice is no shorter.
        let refusal = agreement_error(CannotShorten { end: started.1 + end });
        for tick in [tick, end - 1] {
            env.advance_to(started.1 + tick).await;
            let again = env.send(&cleo, started.0.agreement, &cancelCall {}, 0).await;
            assert_eq!(again, refusal);
        }
        let settlement = run_to_settlement(&env, &[], &started.0, &[]).await;
        let (pay, ticks) = (1_000 * u128::from(end), u32::try_from(end).unwrap());
        assert_eq!(settlement.workers, [paid_worker(&env, &workers[0], pay, ticks, (0, 0, 0))]);
        assert_eq!(settlement.refund, 1_000 * u128::from(length) - pay);
    }
    for (length, tick) in [(800, 700), (40, 28), (12, 0)] {
        let request = OrderRequest::Custom(order(1, length));
        let (purchase, start) = started_agreement(&env, &cleo, &workers, request).await;
        env.advance_to(start + tick).await;
        let refusal = agreement_error(CannotShorten { end: start + length });
        assert_eq!(env.send(&cleo, purchase.agreement, &cancelCall {}, 0).await, refusal);
    }
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
    let (purchase, start) = started_agreement(&env, &cleo, &workers, seven_windows(2)).await;
    assert_eq!(purchase.escrow, 3_000 * 45 + 2 * fee * 21);
    env.tx(agreement(&cleo, &purchase).await.cancel()).await.unwrap();
    // Three windows are judged: in all, the first worker served and the second failed. Nobody reports
    // on the others.
    env.advance_to(start + 18).await;
    let to = purchase.agreement;
    let call = env.report_call(&testers[0], to, 0, &probed(1, "0003---")).await;
    let refusal = agreement_error(WindowOutOfRange { entry: 3, window: 3 });
    assert_eq!(env.send(&testers[0], to, &call, 0).await, refusal);
    let report = [probed(0, "333"), probed(1, "000")].concat();
    let reports = [report.clone(), report.clone(), report];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let served = paid_worker(&env, ada, 18_000, 18, (3, 10_000, 9));
    // The bond is at risk for eighteen of forty-five ticks.
    let slash = bond * 18 / 45;
    let failed = WorkerResult { slash, ..paid_worker(&env, ben, 0, 18, (3, 0, 9)) };
    assert_eq!(settlement.workers, [served, failed]);
    assert_eq!(settlement.refund, purchase.escrow - 18_000 - 18 * fee);
    // The first worker's pay is no loss, and the second was paid nothing.
    assert_eq!((settlement.compensation, settlement.burned), (0, slash));
    let bens = ben.worker(ben.account().unwrap()).await.unwrap();
    assert_eq!((bens.stake, bens.locked, bens.active), (ETHER - slash, 0, 0));
}
