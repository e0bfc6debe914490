//! A worker registers, changes what it offers, and stakes.

use alloy::primitives::{B256, FixedBytes};
use muster_client::protocol::abi::IWorkerDispatcher::{
    AvailabilityChanged, KeyChanged, Listed, StakeChanged, Unlisted, WorkerRegistered,
    WorkerUpdated, bookReturn, registerWorkerCall, setAvailableCall, setKeyCall, setPriceCall,
    stakeCall, unstakeCall, updateWorkerCall, workersCall,
};
use muster_client::protocol::abi::Worker;
use muster_client::{Market, Want};

use crate::harness::words::said;
use crate::harness::{ETHER, World, agreement, key, offer};

/// Everything the usual worker offers.
pub(crate) fn registration(who: &Market) -> registerWorkerCall {
    registerWorkerCall {
        price: 1_000,
        maxLength: 1_000,
        application: FixedBytes::ZERO,
        promised: 9_000,
        key: key(who),
        capacity: 2,
        hint: 0,
    }
}

/// What is known of `who`, once it has sent [`registration`] with an ether as number 1.
fn registered(who: &Market) -> Worker {
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
        key: key(who),
    }
}

/// What the market knows of `who`.
async fn known(who: &Market) -> Worker {
    who.worker(who.account().unwrap()).await.unwrap()
}

/// A market with one worker.
async fn alone() -> (World, Market) {
    let world = World::new().await;
    let ada = world.person().await;
    world.send(&ada, world.dispatcher, &registration(&ada), ETHER).await.unwrap();
    (world, ada)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_is_what_it_registered_as() {
    let world = World::new().await;
    let ada = world.person().await;
    let worker = ada.account().unwrap();
    let call = registration(&ada);
    assert_eq!(world.ask(worker, world.dispatcher, &call, ETHER).await, Ok(1));
    let receipt = world.send(&ada, world.dispatcher, &call, ETHER).await.unwrap();
    let events = [
        said(WorkerRegistered {
            worker,
            number: 1,
            application: call.application,
            key: call.key,
            stake: ETHER,
        }),
        said(Listed { worker }),
        said(WorkerUpdated {
            worker,
            price: 1_000,
            maxLength: 1_000,
            promised: 9_000,
            capacity: 2,
        }),
    ];
    assert_eq!(world.events(&receipt), events);
    assert_eq!(known(&ada).await, registered(&ada));
    assert_eq!(ada.key_of(worker).await.unwrap(), Some(key(&ada)));
    let book = ada.book(call.application).await.unwrap();
    assert_eq!(book, bookReturn { head: 1, listed: 1, registered: 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_stake_is_registered_but_not_listed() {
    let world = World::new().await;
    let ada = world.person().await;
    let worker = ada.account().unwrap();
    let receipt = world.tell(&ada, &registration(&ada)).await.unwrap();
    let (application, key) = (FixedBytes::ZERO, key(&ada));
    let events = [
        said(WorkerRegistered { worker, number: 1, application, key, stake: 0 }),
        said(WorkerUpdated {
            worker,
            price: 1_000,
            maxLength: 1_000,
            promised: 9_000,
            capacity: 2,
        }),
    ];
    assert_eq!(world.events(&receipt), events);
    assert_eq!(known(&ada).await, Worker { listed: false, stake: 0, ..registered(&ada) });
    let book = ada.book(application).await.unwrap();
    assert_eq!(book, bookReturn { head: 0, listed: 0, registered: 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bond_to_the_wei_is_what_a_place_in_the_book_takes() {
    let world = World::new().await;
    let (ada, ben) = (world.person().await, world.person().await);
    // A tenth of 10^14 wei a tick for 1 000 ticks, rounded up: far above the minimum.
    let price = 100_000_000_000_001;
    let bond = 10_000_000_000_000_100;
    let offered = |who: &Market| registerWorkerCall { price, ..registration(who) };
    world.send(&ada, world.dispatcher, &offered(&ada), bond - 1).await.unwrap();
    world.send(&ben, world.dispatcher, &offered(&ben), bond).await.unwrap();
    assert!(!known(&ada).await.listed);
    assert!(known(&ben).await.listed);
    world.send(&ada, world.dispatcher, &stakeCall { hint: 0 }, 1).await.unwrap();
    assert!(known(&ada).await.listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_ascend_and_pages_hold_sixteen() {
    let world = World::new().await;
    let mut accounts = Vec::new();
    for number in 1..=18_u32 {
        let who = world.person().await;
        let application = FixedBytes::from(u64::from(number % 3));
        let call = registerWorkerCall { application, ..registration(&who) };
        let answer = world.ask(who.account().unwrap(), world.dispatcher, &call, 0).await;
        assert_eq!(answer, Ok(number));
        world.tell(&who, &call).await.unwrap();
        accounts.push(who.account().unwrap());
    }
    let somebody = world.person().await;
    assert_eq!(somebody.worker_count().await.unwrap(), 18);
    let all = somebody.workers().await.unwrap();
    assert_eq!(all.iter().map(|worker| worker.account).collect::<Vec<_>>(), accounts);
    assert_eq!(
        all.iter().map(|worker| worker.number).collect::<Vec<_>>(),
        (1..=18).collect::<Vec<_>>()
    );
    for (from, count, numbers) in
        [(0, 2, 1..=2), (1, 99, 1..=16), (17, 16, 17..=18), (18, 1, 18..=18), (3, u32::MAX, 3..=18)]
    {
        let call = workersCall { from, count };
        let page = world.ask(accounts[0], world.dispatcher, &call, 0).await.unwrap();
        let page: Vec<_> = page.iter().map(|worker| worker.number).collect();
        assert_eq!(page, numbers.collect::<Vec<_>>(), "{count} from {from}");
    }
    for (from, count) in [(19, 1), (u32::MAX, 16), (1, 0)] {
        let call = workersCall { from, count };
        assert_eq!(world.ask(accounts[0], world.dispatcher, &call, 0).await, Ok(vec![]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_changes_what_it_says_and_nothing_else() {
    let (world, ada) = alone().await;
    let worker = ada.account().unwrap();
    let mut expected = registered(&ada);

    let call = updateWorkerCall { price: 7, maxLength: 8, promised: 10_000, capacity: 1, hint: 0 };
    let receipt = world.tell(&ada, &call).await.unwrap();
    let updated = WorkerUpdated { worker, price: 7, maxLength: 8, promised: 10_000, capacity: 1 };
    assert_eq!(world.events(&receipt), [said(Listed { worker }), said(updated)]);
    expected = Worker { price: 7, maxLength: 8, promised: 10_000, capacity: 1, ..expected };
    assert_eq!(known(&ada).await, expected);

    let receipt = world.tell(&ada, &setPriceCall { price: 9, hint: 0 }).await.unwrap();
    let updated = WorkerUpdated { worker, price: 9, maxLength: 8, promised: 10_000, capacity: 1 };
    assert_eq!(world.events(&receipt), [said(Listed { worker }), said(updated)]);
    expected = Worker { price: 9, ..expected };
    assert_eq!(known(&ada).await, expected);

    let key = B256::with_last_byte(1);
    let receipt = world.tell(&ada, &setKeyCall { key }).await.unwrap();
    assert_eq!(world.events(&receipt), [said(KeyChanged { worker, key })]);
    expected = Worker { key, ..expected };
    assert_eq!(known(&ada).await, expected);
    assert_eq!(ada.key_of(worker).await.unwrap(), Some(key));

    let call = setAvailableCall { available: false, hint: 0 };
    let receipt = world.tell(&ada, &call).await.unwrap();
    let changed = AvailabilityChanged { worker, available: false };
    assert_eq!(world.events(&receipt), [said(changed), said(Unlisted { worker })]);
    expected = Worker { available: false, listed: false, ..expected };
    assert_eq!(known(&ada).await, expected);

    let receipt = world.send(&ada, world.dispatcher, &stakeCall { hint: 0 }, 5).await.unwrap();
    assert_eq!(world.events(&receipt), [said(StakeChanged { worker, stake: ETHER + 5 })]);
    expected = Worker { stake: ETHER + 5, ..expected };
    assert_eq!(known(&ada).await, expected);

    let call = setAvailableCall { available: true, hint: 0 };
    let receipt = world.tell(&ada, &call).await.unwrap();
    let changed = AvailabilityChanged { worker, available: true };
    assert_eq!(world.events(&receipt), [said(changed), said(Listed { worker })]);
    expected = Worker { available: true, listed: true, ..expected };
    assert_eq!(known(&ada).await, expected);

    let receipt = world.tell(&ada, &unstakeCall { amount: 5 }).await.unwrap();
    assert_eq!(world.events(&receipt), [said(StakeChanged { worker, stake: ETHER })]);
    expected = Worker { stake: ETHER, ..expected };
    assert_eq!(known(&ada).await, expected);
    assert_eq!(ada.credit(worker).await.unwrap(), 5);

    let receipt = world.tell(&ada, &unstakeCall { amount: ETHER }).await.unwrap();
    let events = [said(StakeChanged { worker, stake: 0 }), said(Unlisted { worker })];
    assert_eq!(world.events(&receipt), events);
    expected = Worker { stake: 0, listed: false, ..expected };
    assert_eq!(known(&ada).await, expected);
    assert_eq!(ada.credit(worker).await.unwrap(), ETHER + 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_touches_an_agreement_that_runs() {
    let (world, ada) = alone().await;
    let cleo = world.person().await;
    let purchase = world.buy(&cleo, Want::Usual { redundancy: 1, length: 8 }).await;
    let before = *agreement(&cleo, &purchase).await.terms();
    let bond = before.worker(0).unwrap().bond;
    assert_eq!(bond, world.settings.minBond);
    let engaged = Worker { active: 1, locked: bond, ..registered(&ada) };
    assert_eq!(known(&ada).await, engaged);

    let call = updateWorkerCall { price: 7, maxLength: 8, promised: 5_000, capacity: 9, hint: 0 };
    world.tell(&ada, &call).await.unwrap();
    world.tell(&ada, &setKeyCall { key: B256::with_last_byte(1) }).await.unwrap();
    world.tell(&ada, &setAvailableCall { available: false, hint: 0 }).await.unwrap();
    world.tell(&ada, &unstakeCall { amount: ETHER - bond }).await.unwrap();

    let changed = known(&ada).await;
    assert_eq!((changed.active, changed.locked, changed.stake), (1, bond, bond));
    assert_eq!(*agreement(&cleo, &purchase).await.terms(), before);
    world.accept(&ada, &purchase).await;
    world.pass(8 + world.settings.reportWindow).await;
    assert_eq!(world.settle(&cleo, &purchase).await.workers[0].pay, 8_000);
    let free = known(&ada).await;
    assert_eq!((free.active, free.locked, free.stake), (0, 0, bond));
    world.tell(&ada, &unstakeCall { amount: bond }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stake_of_two_accounts_is_kept_apart() {
    let world = World::new().await;
    let (ada, ben) = (world.worker(offer(5)).await, world.worker(offer(6)).await);
    world.send(&ben, world.dispatcher, &stakeCall { hint: 0 }, 3).await.unwrap();
    assert_eq!((known(&ada).await.stake, known(&ben).await.stake), (ETHER, ETHER + 3));
}
