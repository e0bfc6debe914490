//! Scenarios with amounts computed by hand.

use std::vec;
use std::vec::Vec;

use alloy_primitives::{Address, B256, FixedBytes, U256};
use alloy_sol_types::SolInterface;

use super::*;
use crate::abi::IWorkAgreement::{
    Cancelled, WrongState, acceptCall, cancelCall, reportCall, resignCall, settleCall,
};
use crate::abi::IWorkerDispatcher::{
    AgreementSettled, PurchaseRefused, buyContract_1Call, checkInCall, listCall,
    registerTesterCall, registerWorkerCall, setPriceCall, withdrawCall,
};
use crate::abi::{Entry, Order, Reason, State, WorkerResult};

/// The client of every scenario.
const CLIENT: Address = Address::with_last_byte(200);

/// The bits of all windows of the order.
const ALL: u32 = 0b1111;

/// Accounts of workers and testers, by number.
fn account(number: u8) -> Address {
    Address::with_last_byte(number)
}

/// Executes a call that must succeed.
fn call_ok(
    model: &mut Model,
    from: Address,
    value: u128,
    call: impl Into<ModelCall>,
) -> Vec<ModelEvent> {
    model.call(from, value, &call.into()).unwrap().events
}

/// Implements `From` for calls of both interfaces.
macro_rules! calls {
    ($($name:ident)* ; $($market:ident)*) => {
        $(impl From<(Address, $name)> for ModelCall {
            fn from((to, call): (Address, $name)) -> Self {
                let call = alloy_sol_types::SolCall::abi_encode(&call);
                Self::Agreement(to, IWorkAgreementCalls::abi_decode(&call).unwrap())
            }
        })*
        $(impl From<$market> for ModelCall {
            fn from(call: $market) -> Self {
                let call = alloy_sol_types::SolCall::abi_encode(&call);
                Self::Dispatcher(IWorkerDispatcherCalls::abi_decode(&call).unwrap())
            }
        })*
    };
}

calls! {
    acceptCall cancelCall reportCall resignCall settleCall;
    buyContract_1Call checkInCall listCall registerTesterCall registerWorkerCall setPriceCall withdrawCall
}

/// A market with two workers at prices 20 and 10, and three testers, at second 10 000.
fn test_market() -> Model {
    let settings = Settings {
        clock: Clock::Second,
        acceptWindow: 3,
        reportWindow: 5,
        minLength: 8,
        minWindow: 6,
        epochLength: 1_000,
        minPool: 3,
        minPromise: 5_000,
        bondBps: 1_000,
        testerFeeBps: 100,
        minBond: 100,
        minTesterFee: 10,
        testerBond: 50,
        reputationUnit: 120,
    };
    let mut model = Model::new(settings, account(250), account(251));
    model.begin_block(1, 10_000);
    let key = B256::with_last_byte(1);
    for number in (1..=5).map(account).chain([CLIENT]) {
        model.fund(number, 1_000_000);
    }
    for (number, price) in [(1, 20), (2, 10)] {
        let call = registerWorkerCall {
            price,
            maxLength: 100,
            application: FixedBytes::ZERO,
            promised: 9_000,
            key,
            capacity: 2,
            hint: 0,
        };
        call_ok(&mut model, account(number), 1_000, call);
    }
    for tester in (3..=5).map(account) {
        call_ok(&mut model, tester, 50, registerTesterCall { key });
        call_ok(&mut model, tester, 0, checkInCall {});
    }
    model
}

/// An order for 24 seconds in four windows of three testers. The second worker costs 240 wei, its testers 120.
fn order(redundancy: u8) -> Order {
    Order {
        application: FixedBytes::ZERO,
        redundancy: U256::from(redundancy),
        length: U256::from(24),
        windows: 4,
        testers: 3,
        minScore: 0,
        minUptime: 0,
        expiry: 0,
        start: 0,
    }
}

/// Buys from `redundancy` workers at the exact price and starts the next block.
fn buy(model: &mut Model, redundancy: u8) -> Address {
    let price = model.quote_for(&order(redundancy), None).price;
    call_ok(model, CLIENT, price, buyContract_1Call { order: order(redundancy) });
    model.record_block_hash(1, B256::with_last_byte(7));
    model.begin_block(2, 10_001);
    model.agreements().next().unwrap()
}

/// Reports of all three testers on the first worker.
fn report(model: &mut Model, to: Address, served: u32) {
    for (place, tester) in (0..).zip((3..=5).map(account)) {
        let (salt, r) = (B256::with_last_byte(9), B256::with_last_byte(place + 1));
        let worker = model.terms(to).unwrap().worker(0).unwrap().account;
        model.sign(to, worker, (tester, salt), served, (r, r));
        let entries = vec![Entry { index: 0, checked: ALL, served, r, vs: r }];
        call_ok(model, tester, 0, (to, reportCall { place: place.into(), salt, entries }));
    }
}

/// Settles at a second and returns the event.
fn settle_at(model: &mut Model, to: Address, second: u64) -> AgreementSettled {
    model.begin_block(3, second);
    let events = call_ok(model, CLIENT, 0, (to, settleCall { hints: vec![] }));
    let Some(ModelEvent::Dispatcher(IWorkerDispatcherEvents::AgreementSettled(settled))) =
        events.into_iter().last()
    else {
        panic!("no settlement")
    };
    assert_eq!(model.balance(account(250)), model.liabilities());
    settled
}

#[test]
fn half_a_service_is_half_a_price_and_part_of_a_bond() {
    let mut model = test_market();
    let to = buy(&mut model, 1);
    assert_eq!(model.balance(to), 360);
    call_ok(&mut model, account(2), 0, (to, acceptCall {}));
    model.begin_block(3, 10_001 + 24);
    report(&mut model, to, 0b0011);
    let end = settle_at(&mut model, to, 10_001 + 24 + 5);
    // The slash is (9 000 × 4 − 10 000 × 2) / (9 000 × 4) of a bond of 100.
    let result = WorkerResult {
        account: account(2),
        pay: 120,
        slash: 44,
        fees: 120,
        accepted: true,
        resigned: false,
        windows: 4,
        served: 2,
        failed: 2,
    };
    assert_eq!((end.refund, end.compensation, end.workers), (120, 44, vec![result]));
    assert_eq!(model.credit(CLIENT), 164);
    assert_eq!(model.worker_view(account(2)).unwrap().stake, 956);
    let seats: u16 = end.testers.iter().map(|tester| tester.seats).sum();
    assert_eq!(seats, 12);
}

#[test]
fn an_absence_costs_a_tenth_once_and_is_burned() {
    let mut model = test_market();
    let to = buy(&mut model, 2);
    let end = settle_at(&mut model, to, 10_004);
    assert_eq!((end.refund, end.compensation), (960, 0));
    assert_eq!(end.workers.iter().map(|worker| worker.slash).collect::<Vec<_>>(), [10, 10]);
    assert_eq!(model.burned(), 20);
    let worker = model.worker_view(account(2)).unwrap();
    assert_eq!((worker.misses, worker.available, worker.listed), (1, false, false));
}

#[test]
fn a_client_that_cancels_pays_for_this_window_and_the_next() {
    let mut model = test_market();
    let to = buy(&mut model, 1);
    call_ok(&mut model, account(2), 0, (to, acceptCall {}));
    model.begin_block(3, 10_001 + 5);
    let cancelled = Cancelled { windows: 2, end: 10_013 };
    let cancelled = ModelEvent::Agreement(to, IWorkAgreementEvents::Cancelled(cancelled));
    assert_eq!(call_ok(&mut model, CLIENT, 0, (to, cancelCall {})), [cancelled]);
    assert_eq!(model.transition_ticks(to)[2..], [10_007, 10_013, 10_018]);
    let end = settle_at(&mut model, to, 10_018);
    assert_eq!((end.workers[0].pay, end.workers[0].windows, end.refund), (120, 2, 240));
}

#[test]
fn a_worker_that_resigns_is_paid_for_finished_windows_and_loses_a_tenth() {
    let mut model = test_market();
    let to = buy(&mut model, 1);
    call_ok(&mut model, account(2), 0, (to, acceptCall {}));
    model.begin_block(3, 10_001 + 13);
    call_ok(&mut model, account(2), 0, (to, resignCall {}));
    let end = settle_at(&mut model, to, 10_030);
    let worker = &end.workers[0];
    assert_eq!((worker.pay, worker.slash, worker.windows), (120, 10, 2));
    assert_eq!((end.refund, end.compensation, model.burned()), (240, 10, 0));
}

#[test]
fn a_rejected_purchase_refunds_the_value_or_credits_it() {
    let mut model = test_market();
    let call: ModelCall = buyContract_1Call { order: order(1) }.into();
    let rejected =
        PurchaseRefused { client: CLIENT, reason: Reason::ValueTooLow, required: 360, sent: 359 };
    let rejected = ModelEvent::Dispatcher(IWorkerDispatcherEvents::PurchaseRefused(rejected));
    assert_eq!(model.call(CLIENT, 359, &call).unwrap().events, [rejected]);
    assert_eq!((model.balance(CLIENT), model.credit(CLIENT)), (1_000_000, 0));
    model.set_non_payable(CLIENT);
    call_ok(&mut model, CLIENT, 359, buyContract_1Call { order: order(1) });
    assert_eq!((model.balance(CLIENT), model.credit(CLIENT)), (1_000_000 - 359, 359));
    assert_eq!(model.balance(account(250)), model.liabilities());
}

#[test]
fn a_revert_changes_nothing() {
    let mut model = test_market();
    let to = buy(&mut model, 1);
    call_ok(&mut model, account(2), 0, (to, acceptCall {}));
    let mut before = model.clone();
    before.events.clear();
    let calls: [ModelCall; 7] = [
        (to, settleCall { hints: vec![] }).into(),
        (to, resignCall {}).into(),
        (to, reportCall { place: 0, salt: B256::ZERO, entries: vec![] }).into(),
        checkInCall {}.into(),
        setPriceCall { price: 0, hint: 0 }.into(),
        withdrawCall { to: CLIENT }.into(),
        listCall { worker: account(2), hint: 0 }.into(),
    ];
    for call in calls {
        assert!(model.call(account(3), 0, &call).is_err(), "{call:?}");
        model.events.clear();
        assert_eq!(model, before, "{call:?}");
    }
    let revert = model.call(CLIENT, 0, &(to, settleCall { hints: vec![] }).into()).unwrap_err();
    let expected = IWorkAgreementErrors::WrongState(WrongState { state: State::Running });
    assert_eq!(revert, ModelRevert::Agreement(expected));
}

#[test]
fn a_hint_that_costs_more_is_ignored_and_equal_prices_keep_their_order() {
    let mut model = test_market();
    assert_eq!(model.book(FixedBytes::ZERO), [2, 1]);
    call_ok(&mut model, account(2), 0, setPriceCall { price: 20, hint: 1 });
    assert_eq!(model.book(FixedBytes::ZERO), [1, 2]);
    call_ok(&mut model, account(2), 0, setPriceCall { price: 19, hint: 1 });
    assert_eq!(model.book(FixedBytes::ZERO), [2, 1]);
}
