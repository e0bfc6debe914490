//! Scenarios with amounts computed by hand.

mod early_exit;
mod settlement;

use std::vec;
use std::vec::Vec;

use alloy_primitives::{Address, B256, FixedBytes, U256};
use alloy_sol_types::SolInterface;

use super::*;
use crate::abi::IWorkAgreement::{
    AlreadyReported, Cancelled, NotTheTester, ReportSkipped, Reported, WrongState, acceptCall,
    cancelCall, releaseCall, reportBatchCall, reportCall, resignCall, settleCall,
};
use crate::abi::IWorkerDispatcher::{
    AbsentReleased, AgreementSettled, PurchaseRefused, buyContract_1Call, checkInCall, listCall,
    registerTesterCall, registerWorkerCall, setPriceCall, withdrawCall,
};
use crate::abi::{Order, Reason, State, WorkerResult};
use crate::report::{Entry, MAX_ENTRY, SignedReport};

/// The client of every scenario.
const CLIENT: Address = Address::with_last_byte(200);

/// The salt of every session.
const SALT: B256 = B256::with_last_byte(9);

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
    acceptCall cancelCall releaseCall reportBatchCall reportCall resignCall settleCall;
    buyContract_1Call checkInCall listCall registerTesterCall registerWorkerCall setPriceCall withdrawCall
}

/// A market with two workers at prices 20 and 10, and three testers, at second 10 000.
fn test_market() -> Model {
    let settings = Settings {
        clock: Clock::Second,
        acceptWindow: 3,
        reportWindow: 5,
        minLength: 12,
        maxAgreement: 200,
        minWindow: 6,
        epochLength: 1_000,
        lockEpochs: 2,
        minPool: 3,
        probes: 3,
        minPromise: 5_000,
        bondBps: 1_000,
        testerFeeBps: 100,
        minBond: 100,
        minTesterFee: 10,
        testerBond: 50,
        reputationUnit: 120,
    };
    let mut model = Model::new(settings, account(250), account(251), 1);
    model.begin_block(1, 10_000);
    let key = B256::with_last_byte(1);
    for number in (1..=5).map(account).chain([CLIENT]) {
        model.fund(number, 1_000_000);
    }
    for (number, price) in [(1, 20), (2, 10)] {
        let call = registerWorkerCall {
            price,
            maxLength: 160,
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

/// A worker accepts.
fn accept(model: &mut Model, to: Address, worker: u8) {
    call_ok(model, account(worker), 0, (to, acceptCall {}));
}

/// The entries of the tester at a place on the first worker, with receipts that the worker signed: probes served
/// in each window, of three.
fn entries(model: &mut Model, to: Address, place: u8, served: &[u8]) -> Vec<u8> {
    let worker = model.terms(to).unwrap().worker(0).unwrap().account;
    let (tester, r) = (account(3 + place), B256::with_last_byte(place + 1));
    let mut entries = Vec::new();
    for (window, served) in (0..).zip(served) {
        let (parts, vs) = (0b11, B256::with_last_byte(window + 1));
        model.sign(to, worker, (tester, SALT), (window, parts), (r, vs));
        let entry = Entry { index: 0, window, made: 3, served: *served, parts, r, vs };
        let mut bytes = [0; MAX_ENTRY];
        let len = entry.encode(&mut bytes);
        entries.extend_from_slice(&bytes[..len]);
    }
    entries
}

/// Reports of the three testers on the first worker: probes served in each window, of three.
fn report(model: &mut Model, to: Address, served: [&[u8]; 3]) {
    for (place, served) in (0..).zip(served) {
        let entries = entries(model, to, place, served).into();
        let call = reportCall { place: place.into(), salt: SALT, entries };
        call_ok(model, account(3 + place), 0, (to, call));
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
        (to, reportCall { place: 0, salt: SALT, entries: [].into() }).into(),
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

#[test]
fn testers_of_a_new_chain_can_check_in_before_its_first_epoch_is_over() {
    let settings = Settings { clock: Clock::ArbBlock, ..*test_market().settings() };
    let mut model = Model::new(settings, account(250), account(251), 1);
    model.begin_block(7, 10_000);
    assert_eq!(model.epoch(), 0);
    for tester in (3..=5).map(account) {
        model.fund(tester, 50);
        call_ok(&mut model, tester, 50, registerTesterCall { key: B256::with_last_byte(1) });
        assert_eq!(call_ok(&mut model, tester, 0, checkInCall {}).len(), 2);
    }
    assert_eq!([0, 1].map(|epoch| model.tester_count(epoch)), [3, 3]);
}
