//! Early ends: a worker resigns, and the agreement ends when all have left.

use muster_client::protocol::abi::IWorkAgreement::{
    AlreadyResigned, NotAWorker, NotAccepted, Resigned, TooFewProbes, WindowOutOfRange, WrongState,
    cancelCall, resignCall,
};
use muster_client::protocol::abi::{Clock, State, WorkerResult};
use muster_client::protocol::settings;
use muster_client::{Market, OrderRequest, Progress, ResignPreview};

use crate::early_exit::{seven_windows, started_agreement, workers_with_capacity};
use crate::harness::expected::{agreement_error, agreement_event};
use crate::harness::receipts::{probed, unsigned_entry};
use crate::harness::settlement::{paid_worker, run_to_settlement};
use crate::harness::{ETHER, TestEnv, agreement};
use crate::quote::order;

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_resigns_is_judged_until_then() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let env = TestEnv::with(settings::dev(clock)).await;
        let (workers, cleo) = (workers_with_capacity(&env, 2).await, env.new_account().await);
        env.testers(3).await;
        let worker = workers[1].account().unwrap();
        for tick in [2, 5, 6, 11, 12, 36, 44] {
            let (purchase, start) =
                started_agreement(&env, &cleo, &workers, seven_windows(2)).await;
            let view = agreement(&workers[1], &purchase).await;
            env.advance_to(start + tick).await;
            let done = env.tx(view.resign()).await.unwrap();
            assert_eq!(done.tick, start + tick);
            let event = Resigned { worker, index: 1, tick: start + tick };
            assert_eq!(env.events(&done.receipt), [agreement_event(purchase.agreement, event)]);
            let progress = view.progress().await.unwrap();
            let judged = u32::try_from(tick).unwrap();
            assert_eq!((progress.course.resigned, progress.course.planned), (0b10, 45));
            assert_eq!(progress.course.left, [0, judged, 0, 0, 0, 0, 0, 0]);
            assert_eq!(progress.course.judged_length(view.terms(), 1), judged);
            // The other one works on, and the end stays where it was.
            assert_eq!(progress.course.judged_length(view.terms(), 0), 45);
            assert_eq!(view.times(&progress).end(), start + 45);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_eight_workers_is_judged_until_it_resigned() {
    let env = TestEnv::new().await;
    let (workers, cleo) = (workers_with_capacity(&env, 8).await, env.new_account().await);
    let request = OrderRequest::Custom(order(8, 900));
    let (purchase, start) = started_agreement(&env, &cleo, &workers, request).await;
    let view = agreement(&cleo, &purchase).await;
    // The last ones first.
    let ticks = [807, 706, 605, 504, 403, 302, 201, 100];
    for (worker, tick) in workers.iter().zip(ticks).rev() {
        env.advance_to(start + u64::from(tick)).await;
        env.tx(agreement(worker, &purchase).await.resign()).await.unwrap();
    }
    let progress = view.progress().await.unwrap();
    assert_eq!((progress.course.resigned, progress.course.left), (0xff, ticks));
    assert_eq!(view.times(&progress).end(), start + 807);
    let settlement = run_to_settlement(&env, &[], &purchase, &[]).await;
    let judged: Vec<_> = settlement.workers.iter().map(|worker| worker.ticks).collect();
    assert_eq!(judged, ticks);
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
    // The third resigns at once, the second in the fourth window, the first stays.
    env.tx(agreement(eve, &purchase).await.resign()).await.unwrap();
    env.advance_to(start + 20).await;
    let view = agreement(ben, &purchase).await;
    let preview =
        |progress: &Progress, index| ResignPreview::new(view.terms(), progress, index, start + 20);
    let before = view.progress().await.unwrap();
    let cost = ResignPreview { penalty: bond / 10, bond, most: 36_000, most_if_it_stays: 90_000 };
    assert_eq!(preview(&before, 1), Some(cost));
    assert_eq!(preview(&before, 2), None);
    env.tx(view.resign()).await.unwrap();
    assert_eq!(preview(&view.progress().await.unwrap(), 1), None);
    let report = [probed(0, "3333333"), probed(1, "3000")].concat();
    let reports = [report.clone(), report.clone(), report];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let stayed = paid_worker(&env, ada, 45_000, 45, (7, 10_000, 21));
    // Six of twenty ticks were served, and nine tenths were promised: two thirds are missing.
    let slash = bond * 20 / 45 * 2 / 3 + bond / 10;
    // It is paid for the three windows that it finished, of which one was served.
    let part = paid_worker(&env, ben, 12_000, 20, (4, 3_000, 12));
    let left = WorkerResult { slash, resigned: true, ..part };
    let part = paid_worker(&env, eve, 0, 0, (0, 0, 0));
    let fled = WorkerResult { slash: bond / 10, resigned: true, ..part };
    assert_eq!(settlement.workers, [stayed, left, fled]);
    let spent = 45_000 + 12_000 + 33 * fee;
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
async fn a_window_that_a_resignation_cut_short_counts_for_the_bond_and_not_for_the_pay() {
    let env = TestEnv::new().await;
    let (workers, cleo) = (workers_with_capacity(&env, 2).await, env.new_account().await);
    let (testers, [ada, ben]) = (env.testers(3).await, [&workers[0], &workers[1]]);
    let bond = env.settings.minBond;
    // One probe was due by then, so one that was served is all.
    for (made, served, missed, uptime) in [(3, 0, 7, 6_666), (3, 3, 0, 10_000), (1, 1, 0, 10_000)] {
        let (purchase, start) = started_agreement(&env, &cleo, &workers, seven_windows(2)).await;
        env.advance_to(start + 9).await;
        env.tx(agreement(ben, &purchase).await.resign()).await.unwrap();
        env.advance_to(start + 45).await;
        let to = purchase.agreement;
        let entry = |window, made, served| [unsigned_entry(1, window, made, served)];
        // One is enough; it is judged in no later window.
        let call = env.report_call(&testers[0], to, 0, &entry(1, 0, 0)).await;
        let refusal = agreement_error(TooFewProbes { entry: 0, made: 0, needed: 1 });
        assert_eq!(env.send(&testers[0], to, &call, 0).await, refusal);
        let call = env.report_call(&testers[0], to, 0, &entry(2, 3, 3)).await;
        let refusal = agreement_error(WindowOutOfRange { entry: 0, window: 2 });
        assert_eq!(env.send(&testers[0], to, &call, 0).await, refusal);

        let of = |made, served| {
            [probed(0, "3333333"), probed(1, "3"), entry(1, made, served).to_vec()].concat()
        };
        let reports = [of(made, served), of(made, served), of(1, served.min(1))];
        let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
        // Paid for the first window, whatever the second one was.
        let part = paid_worker(&env, ben, 12_000, 9, (2, uptime, 6));
        // Nine tenths of nine ticks were promised, and six were served: 21 of 81 are missing.
        let slash = bond * 9 / 45 * missed / 27 + bond / 10;
        assert_eq!(settlement.workers[1], WorkerResult { slash, resigned: true, ..part });
        assert_eq!(settlement.workers[0], paid_worker(&env, ada, 45_000, 45, (7, 10_000, 21)));
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
    // Three windows are judged; the second worker resigns in the last one, which ends the agreement.
    env.advance_to(start + 17).await;
    env.tx(agreement(ben, &purchase).await.resign()).await.unwrap();
    let view = agreement(&cleo, &purchase).await;
    assert_eq!(view.times(&view.progress().await.unwrap()).end(), start + 17);
    assert_eq!(view.state().await.unwrap(), State::Reporting);
    let report = [probed(0, "3"), probed(1, "333")].concat();
    let reports = [report.clone(), report.clone(), report];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let part = |who, pay, ticks, known| WorkerResult {
        slash: bond / 10,
        resigned: true,
        ..paid_worker(&env, who, pay, ticks, (known, 10_000, u128::from(known) * 3))
    };
    assert_eq!(settlement.workers, [part(ada, 6_000, 6, 1), part(ben, 24_000, 17, 3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_ends_when_all_have_left_and_nobody_can_come() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let env = TestEnv::with(settings::dev(clock)).await;
        let (workers, cleo) = (workers_with_capacity(&env, 2).await, env.new_account().await);
        let [ada, ben] = [&workers[0], &workers[1]];
        let wanted = OrderRequest::Custom(order(2, 900));
        // Both leave after the time to accept.
        let (purchase, start) = started_agreement(&env, &cleo, &workers, wanted).await;
        let view = agreement(&cleo, &purchase).await;
        let end = async || view.times(&view.progress().await.unwrap()).end();
        env.advance_to(start + 20).await;
        env.tx(agreement(ada, &purchase).await.resign()).await.unwrap();
        assert_eq!((end().await, view.state().await.unwrap()), (start + 900, State::Running));
        env.advance_to(start + 30).await;
        env.tx(agreement(ben, &purchase).await.resign()).await.unwrap();
        assert_eq!((end().await, view.state().await.unwrap()), (start + 30, State::Reporting));
        let refusal = agreement_error(WrongState { state: State::Reporting });
        assert_eq!(env.send(&cleo, purchase.agreement, &cancelCall {}, 0).await, refusal);
        // No window is finished, so nobody is paid, and each loses a tenth.
        let settlement = run_to_settlement(&env, &[], &purchase, &[]).await;
        let left = |who, ticks| WorkerResult {
            slash: env.settings.minBond / 10,
            resigned: true,
            ..paid_worker(&env, who, 0, ticks, (0, 0, 0))
        };
        assert_eq!(settlement.workers, [left(ada, 20), left(ben, 30)]);
        assert_eq!(settlement.refund, purchase.escrow);

        // One accepts and leaves at once: the other may still come, and then it runs on.
        for comes in [false, true] {
            let purchase = env.buy(&cleo, wanted).await;
            let view = agreement(&cleo, &purchase).await;
            env.accept(ada, &purchase).await;
            env.tx(agreement(ada, &purchase).await.resign()).await.unwrap();
            let open = view.terms().header.purchased + u64::from(env.settings.acceptWindow) + 1;
            env.advance_to(open - 1).await;
            assert_eq!(view.state().await.unwrap(), State::Running);
            if comes {
                env.accept(ben, &purchase).await;
            }
            env.advance_to(open).await;
            let state = if comes { State::Running } else { State::Reporting };
            assert_eq!(view.state().await.unwrap(), state);
            if !comes {
                env.tx(view.release()).await.unwrap();
                env.tx(ben.set_available(true)).await.unwrap();
            }
        }
    }
}
