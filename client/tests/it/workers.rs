//! Workers: registering, changing the offer, staking.

use alloy::primitives::{B256, FixedBytes};
use muster_client::protocol::abi::IWorkerDispatcher::{
    AvailabilityChanged, KeyChanged, Listed, StakeChanged, Unlisted, WorkerRegistered,
    WorkerUpdated, bookReturn, registerWorkerCall, setAvailableCall, setKeyCall, setPriceCall,
    stakeCall, unstakeCall, updateWorkerCall, workersCall,
};
use muster_client::protocol::abi::Worker;
use muster_client::{Market, OrderRequest};

use crate::harness::expected::dispatcher_event;
use crate::harness::{ETHER, TestEnv, agreement, message_key_of, offer};

/// All fields of these tests' worker.
pub(crate) fn registration(who: &Market) -> registerWorkerCall {
    registerWorkerCall {
        price: 1_000,
        maxLength: 1_000,
        application: FixedBytes::ZERO,
        promised: 9_000,
        key: message_key_of(who),
        capacity: 2,
        hint: 0,
    }
}

/// The view of `who` after it has sent [`registration`] with an ether as number 1.
fn expected_worker(who: &Market) -> Worker {
    Worker {
        account: who.account().unwrap(),
        number: 1,
        application: FixedBytes::ZERO,
        price: 1_000,
        maxLength: 1_000,
        promised: 9_000,
        capacity: 2,
        active: 0,
        available: true,
        listed: true,
        next: 0,
        stake: ETHER,
        locked: 0,
        lastEpoch: 0,
        misses: 0,
        score: 0,
        key: message_key_of(who),
    }
}

/// The market's view of `who`.
async fn worker_of(who: &Market) -> Worker {
    who.worker(who.account().unwrap()).await.unwrap()
}

/// A market with one worker.
async fn single_worker() -> (TestEnv, Market) {
    let env = TestEnv::new().await;
    let ada = env.new_account().await;
    env.send(&ada, env.dispatcher, &registration(&ada), ETHER).await.unwrap();
    (env, ada)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_is_stored_as_sent() {
    let env = TestEnv::new().await;
    let ada = env.new_account().await;
    let worker = ada.account().unwrap();
    let call = registration(&ada);
    assert_eq!(env.call(worker, env.dispatcher, &call, ETHER).await, Ok(1));
    let receipt = env.send(&ada, env.dispatcher, &call, ETHER).await.unwrap();
    let events = [
        dispatcher_event(WorkerRegistered {
            worker,
            number: 1,
            application: call.application,
            key: call.key,
            stake: ETHER,
        }),
        dispatcher_event(Listed { worker }),
        dispatcher_event(WorkerUpdated {
            worker,
            price: 1_000,
            maxLength: 1_000,
            promised: 9_000,
            capacity: 2,
        }),
    ];
    assert_eq!(env.events(&receipt), events);
    assert_eq!(worker_of(&ada).await, expected_worker(&ada));
    assert_eq!(ada.key_of(worker).await.unwrap(), Some(message_key_of(&ada)));
    let book = ada.book(call.application).await.unwrap();
    assert_eq!(book, bookReturn { head: 1, listed: 1, registered: 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_stake_is_registered_but_not_listed() {
    let env = TestEnv::new().await;
    let ada = env.new_account().await;
    let worker = ada.account().unwrap();
    let receipt = env.send_to_dispatcher(&ada, &registration(&ada)).await.unwrap();
    let (application, key) = (FixedBytes::ZERO, message_key_of(&ada));
    let events = [
        dispatcher_event(WorkerRegistered { worker, number: 1, application, key, stake: 0 }),
        dispatcher_event(WorkerUpdated {
            worker,
            price: 1_000,
            maxLength: 1_000,
            promised: 9_000,
            capacity: 2,
        }),
    ];
    assert_eq!(env.events(&receipt), events);
    assert_eq!(worker_of(&ada).await, Worker { listed: false, stake: 0, ..expected_worker(&ada) });
    let book = ada.book(application).await.unwrap();
    assert_eq!(book, bookReturn { head: 0, listed: 0, registered: 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bond_to_the_wei_is_what_a_place_in_the_book_takes() {
    let env = TestEnv::new().await;
    let (ada, ben) = (env.new_account().await, env.new_account().await);
    // A tenth of 10^14 wei per tick for 1 000 ticks, rounded up: far above the minimum.
    let price = 100_000_000_000_001;
    let bond = 10_000_000_000_000_100;
    let offered = |who: &Market| registerWorkerCall { price, ..registration(who) };
    env.send(&ada, env.dispatcher, &offered(&ada), bond - 1).await.unwrap();
    env.send(&ben, env.dispatcher, &offered(&ben), bond).await.unwrap();
    assert!(!worker_of(&ada).await.listed);
    assert!(worker_of(&ben).await.listed);
    env.send(&ada, env.dispatcher, &stakeCall { hint: 0 }, 1).await.unwrap();
    assert!(worker_of(&ada).await.listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_ascend_and_pages_hold_sixteen() {
    let env = TestEnv::new().await;
    let mut accounts = Vec::new();
    for number in 1..=18_u32 {
        let who = env.new_account().await;
        let application = FixedBytes::from(u64::from(number % 3));
        let call = registerWorkerCall { application, ..registration(&who) };
        let answer = env.call(who.account().unwrap(), env.dispatcher, &call, 0).await;
        assert_eq!(answer, Ok(number));
        env.send_to_dispatcher(&who, &call).await.unwrap();
        accounts.push(who.account().unwrap());
    }
    let anybody = env.new_account().await;
    assert_eq!(anybody.worker_count().await.unwrap(), 18);
    let all = anybody.workers().await.unwrap();
    assert_eq!(all.iter().map(|worker| worker.account).collect::<Vec<_>>(), accounts);
    assert_eq!(
        all.iter().map(|worker| worker.number).collect::<Vec<_>>(),
        (1..=18).collect::<Vec<_>>()
    );
    for (number, account) in [(0, None), (1, accounts.first()), (18, accounts.last()), (19, None)] {
        let found = anybody.worker_by_number(number).await.unwrap();
        assert_eq!(found.map(|worker| worker.account), account.copied(), "{number}");
    }
    for (from, count, numbers) in
        [(0, 2, 1..=2), (1, 99, 1..=16), (17, 16, 17..=18), (18, 1, 18..=18), (3, u32::MAX, 3..=18)]
    {
        let call = workersCall { from, count };
        let page = env.call(accounts[0], env.dispatcher, &call, 0).await.unwrap();
        let page: Vec<_> = page.iter().map(|worker| worker.number).collect();
        assert_eq!(page, numbers.collect::<Vec<_>>(), "{count} from {from}");
    }
    for (from, count) in [(19, 1), (u32::MAX, 16), (1, 0)] {
        let call = workersCall { from, count };
        assert_eq!(env.call(accounts[0], env.dispatcher, &call, 0).await, Ok(vec![]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_changes_its_own_fields_only() {
    let (env, ada) = single_worker().await;
    let worker = ada.account().unwrap();
    let mut expected = expected_worker(&ada);

    let call = updateWorkerCall { price: 7, maxLength: 12, promised: 10_000, capacity: 1, hint: 0 };
    let receipt = env.send_to_dispatcher(&ada, &call).await.unwrap();
    let updated = WorkerUpdated { worker, price: 7, maxLength: 12, promised: 10_000, capacity: 1 };
    assert_eq!(
        env.events(&receipt),
        [dispatcher_event(Listed { worker }), dispatcher_event(updated)]
    );
    expected = Worker { price: 7, maxLength: 12, promised: 10_000, capacity: 1, ..expected };
    assert_eq!(worker_of(&ada).await, expected);

    let receipt = env.send_to_dispatcher(&ada, &setPriceCall { price: 9, hint: 0 }).await.unwrap();
    let updated = WorkerUpdated { worker, price: 9, maxLength: 12, promised: 10_000, capacity: 1 };
    assert_eq!(
        env.events(&receipt),
        [dispatcher_event(Listed { worker }), dispatcher_event(updated)]
    );
    expected = Worker { price: 9, ..expected };
    assert_eq!(worker_of(&ada).await, expected);

    let key = B256::with_last_byte(1);
    let receipt = env.send_to_dispatcher(&ada, &setKeyCall { key }).await.unwrap();
    assert_eq!(env.events(&receipt), [dispatcher_event(KeyChanged { worker, key })]);
    expected = Worker { key, ..expected };
    assert_eq!(worker_of(&ada).await, expected);
    assert_eq!(ada.key_of(worker).await.unwrap(), Some(key));

    let call = setAvailableCall { available: false, hint: 0 };
    let receipt = env.send_to_dispatcher(&ada, &call).await.unwrap();
    let changed = AvailabilityChanged { worker, available: false };
    assert_eq!(
        env.events(&receipt),
        [dispatcher_event(changed), dispatcher_event(Unlisted { worker })]
    );
    expected = Worker { available: false, listed: false, ..expected };
    assert_eq!(worker_of(&ada).await, expected);

    let receipt = env.send(&ada, env.dispatcher, &stakeCall { hint: 0 }, 5).await.unwrap();
    assert_eq!(env.events(&receipt), [dispatcher_event(StakeChanged { worker, stake: ETHER + 5 })]);
    expected = Worker { stake: ETHER + 5, ..expected };
    assert_eq!(worker_of(&ada).await, expected);

    let call = setAvailableCall { available: true, hint: 0 };
    let receipt = env.send_to_dispatcher(&ada, &call).await.unwrap();
    let changed = AvailabilityChanged { worker, available: true };
    assert_eq!(
        env.events(&receipt),
        [dispatcher_event(changed), dispatcher_event(Listed { worker })]
    );
    expected = Worker { available: true, listed: true, ..expected };
    assert_eq!(worker_of(&ada).await, expected);

    let receipt = env.send_to_dispatcher(&ada, &unstakeCall { amount: 5 }).await.unwrap();
    assert_eq!(env.events(&receipt), [dispatcher_event(StakeChanged { worker, stake: ETHER })]);
    expected = Worker { stake: ETHER, ..expected };
    assert_eq!(worker_of(&ada).await, expected);
    assert_eq!(ada.credit(worker).await.unwrap(), 5);

    let receipt = env.send_to_dispatcher(&ada, &unstakeCall { amount: ETHER }).await.unwrap();
    let events = [
        dispatcher_event(StakeChanged { worker, stake: 0 }),
        dispatcher_event(Unlisted { worker }),
    ];
    assert_eq!(env.events(&receipt), events);
    expected = Worker { stake: 0, listed: false, ..expected };
    assert_eq!(worker_of(&ada).await, expected);
    assert_eq!(ada.credit(worker).await.unwrap(), ETHER + 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_touches_an_agreement_that_runs() {
    let (env, ada) = single_worker().await;
    let cleo = env.new_account().await;
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 12 }).await;
    let before = *agreement(&cleo, &purchase).await.terms();
    let bond = before.worker(0).unwrap().bond;
    assert_eq!(bond, env.settings.minBond);
    let engaged = Worker { active: 1, locked: bond, ..expected_worker(&ada) };
    assert_eq!(worker_of(&ada).await, engaged);

    let call = updateWorkerCall { price: 7, maxLength: 12, promised: 5_000, capacity: 9, hint: 0 };
    env.send_to_dispatcher(&ada, &call).await.unwrap();
    env.send_to_dispatcher(&ada, &setKeyCall { key: B256::with_last_byte(1) }).await.unwrap();
    env.send_to_dispatcher(&ada, &setAvailableCall { available: false, hint: 0 }).await.unwrap();
    env.send_to_dispatcher(&ada, &unstakeCall { amount: ETHER - bond }).await.unwrap();

    let changed = worker_of(&ada).await;
    assert_eq!((changed.active, changed.locked, changed.stake), (1, bond, bond));
    assert_eq!(*agreement(&cleo, &purchase).await.terms(), before);
    env.accept(&ada, &purchase).await;
    env.advance(12 + env.settings.reportWindow).await;
    assert_eq!(env.settle(&cleo, &purchase).await.workers[0].pay, 12_000);
    let free = worker_of(&ada).await;
    assert_eq!((free.active, free.locked, free.stake), (0, 0, bond));
    env.send_to_dispatcher(&ada, &unstakeCall { amount: bond }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stake_of_two_accounts_is_kept_apart() {
    let env = TestEnv::new().await;
    let (ada, ben) = (env.worker(offer(5)).await, env.worker(offer(6)).await);
    env.send(&ben, env.dispatcher, &stakeCall { hint: 0 }, 3).await.unwrap();
    assert_eq!((worker_of(&ada).await.stake, worker_of(&ben).await.stake), (ETHER, ETHER + 3));
}
