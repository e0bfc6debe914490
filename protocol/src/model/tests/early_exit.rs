//! Agreements that end early.

use super::*;

#[test]
fn the_absent_are_released_once_and_the_slots_of_all_after_the_end() {
    let mut model = test_market();
    let to = buy(&mut model, 2);
    let release: ModelCall = (to, releaseCall { hints: vec![] }).into();
    assert!(model.call(CLIENT, 0, &release).is_err());
    accept(&mut model, to, 2);
    model.begin_block(3, 10_003);
    assert!(model.call(CLIENT, 0, &release).is_err());
    model.begin_block(4, 10_004);
    let events = model.call(CLIENT, 0, &release).unwrap().events;
    let Some(ModelEvent::Dispatcher(IWorkerDispatcherEvents::AbsentReleased(absent))) =
        events.into_iter().last()
    else {
        panic!("nobody was released")
    };
    let absentee = WorkerResult { slash: 10, ..WorkerResult::absent(account(1)) };
    let (agreement, client) = (to, CLIENT);
    let expected = AbsentReleased { agreement, client, refund: 600, workers: vec![absentee] };
    assert_eq!((absent, model.balance(to), model.burned()), (expected, 360, 10));
    let row = |model: &Model, number| model.worker_view(account(number)).unwrap();
    assert_eq!((row(&model, 1).active, row(&model, 1).locked), (0, 0));
    assert!(model.call(CLIENT, 0, &release).is_err());

    model.begin_block(5, 10_025);
    assert_eq!((row(&model, 2).active, row(&model, 2).locked), (1, 100));
    assert_eq!(call_ok(&mut model, CLIENT, 0, (to, releaseCall { hints: vec![] })).len(), 1);
    assert_eq!((row(&model, 2).active, row(&model, 2).locked), (0, 100));
    assert!(model.call(CLIENT, 0, &release).is_err());
    let end = settle_at(&mut model, to, 10_030);
    assert_eq!((end.refund, end.workers.len(), end.workers[0].pay), (120, 1, 240));
    assert_eq!((row(&model, 2).active, row(&model, 2).locked), (0, 0));
}

#[test]
fn a_client_that_cancels_pays_for_this_window_and_the_next() {
    let mut model = test_market();
    let to = buy(&mut model, 1);
    accept(&mut model, to, 2);
    model.begin_block(3, 10_001 + 5);
    let cancelled = Cancelled { windows: 2, end: 10_013 };
    let cancelled = ModelEvent::Agreement(to, IWorkAgreementEvents::Cancelled(cancelled));
    assert_eq!(call_ok(&mut model, CLIENT, 0, (to, cancelCall {})), [cancelled]);
    assert_eq!(model.transition_ticks(to)[2..], [10_007, 10_013, 10_018]);
    let end = settle_at(&mut model, to, 10_018);
    assert_eq!((end.workers[0].pay, end.workers[0].ticks, end.refund), (120, 12, 240));
}

#[test]
fn an_order_without_testers_is_cancelled_with_notice() {
    let mut model = test_market();
    let order = Order { length: U256::from(160), windows: 1, testers: 0, ..order(1) };
    call_ok(&mut model, CLIENT, 1_600, buyContract_1Call { order });
    let to = model.agreements().next().unwrap();
    model.record_block_hash(1, B256::with_last_byte(7));
    model.begin_block(2, 10_000);
    accept(&mut model, to, 2);
    model.begin_block(3, 10_100);
    // An eighth of 160 is more than the shortest length.
    let cancelled = Cancelled { windows: 1, end: 10_120 };
    let cancelled = ModelEvent::Agreement(to, IWorkAgreementEvents::Cancelled(cancelled));
    assert_eq!(call_ok(&mut model, CLIENT, 0, (to, cancelCall {})), [cancelled]);
    let end = settle_at(&mut model, to, 10_125);
    assert_eq!((end.workers[0].pay, end.refund), (1_200, 400));
}

#[test]
fn a_worker_that_resigns_is_paid_for_finished_windows_and_loses_a_tenth() {
    let mut model = test_market();
    let to = buy(&mut model, 1);
    accept(&mut model, to, 2);
    model.begin_block(3, 10_001 + 13);
    call_ok(&mut model, account(2), 0, (to, resignCall {}));
    // Nobody is left, so this is the end.
    assert_eq!(model.state(to), Some(State::Reporting));
    let end = settle_at(&mut model, to, 10_019);
    let worker = &end.workers[0];
    assert_eq!((worker.pay, worker.slash, worker.ticks), (120, 10, 13));
    assert_eq!((end.refund, end.compensation, model.burned()), (240, 10, 0));
    let reputation = model.reputation_view(account(2)).unwrap();
    assert_eq!((reputation.good, reputation.bad), (0, (1 << 32) * 11 / 24));
}

#[test]
fn the_agreement_stays_open_for_those_who_may_accept() {
    let mut model = test_market();
    let to = buy(&mut model, 2);
    accept(&mut model, to, 2);
    call_ok(&mut model, account(2), 0, (to, resignCall {}));
    assert_eq!(model.transition_ticks(to)[..2], [10_003, 10_004]);
    model.begin_block(3, 10_003);
    assert_eq!(model.state(to), Some(State::Running));
    model.begin_block(4, 10_004);
    assert_eq!(model.state(to), Some(State::Reporting));
    model.begin_block(5, 10_003);
    accept(&mut model, to, 1);
    model.begin_block(6, 10_024);
    assert_eq!(model.state(to), Some(State::Running));
}
