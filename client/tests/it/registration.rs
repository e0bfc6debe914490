//! Everything that a registration, or a change of one, is refused for.

use alloy::primitives::{B256, FixedBytes};
use muster_client::protocol::abi::IWorkerDispatcher::{
    AlreadyRegistered, CapacityZero, KeyZero, MaxLengthTooShort, NotRegistered, PriceOutOfRange,
    PromiseOutOfRange, StakeTooHigh, StakeTooLow, WrongApplication, checkInCall, listCall,
    registerTesterCall, registerWorkerCall, setAvailableCall, setKeyCall, setPriceCall, stakeCall,
    unstakeCall, updateWorkerCall, workerCall,
};
use muster_client::protocol::{PRICE_LIMIT, TESTER_APPLICATION};
use muster_client::{Application, Want};

use crate::harness::words::market;
use crate::harness::{ETHER, World, key, offer};
use crate::workers::registration;

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_out_of_range_is_refused_when_it_is_made_and_when_it_is_changed() {
    let world = World::new().await;
    let (ada, ben) = (world.worker(offer(5)).await, world.person().await);
    let before = ada.worker(ada.account().unwrap()).await.unwrap();
    let price = |price| market(PriceOutOfRange { price, limit: PRICE_LIMIT });
    let length = |short| market(MaxLengthTooShort { maxLength: short, minimum: 8 });
    let promise = |promise| market(PromiseOutOfRange { promised: promise, minimum: 5_000 });
    let good = registration(&ben);
    let cases = [
        (registerWorkerCall { price: 0, ..good }, price(0)),
        (registerWorkerCall { price: PRICE_LIMIT, ..good }, price(PRICE_LIMIT)),
        (registerWorkerCall { price: u128::MAX, ..good }, price(u128::MAX)),
        (registerWorkerCall { maxLength: 7, ..good }, length(7)),
        (registerWorkerCall { promised: 4_999, ..good }, promise(4_999)),
        (registerWorkerCall { promised: 10_001, ..good }, promise(10_001)),
        (registerWorkerCall { capacity: 0, ..good }, market(CapacityZero {})),
    ];
    for (call, refusal) in cases {
        let registerWorkerCall { price, maxLength, promised: promise, capacity, hint, .. } = call;
        assert_eq!(world.send(&ben, world.dispatcher, &call, ETHER).await, refusal);
        let update = updateWorkerCall { price, maxLength, promised: promise, capacity, hint };
        assert_eq!(world.tell(&ada, &update).await, refusal);
        if price != good.price {
            assert_eq!(world.tell(&ada, &setPriceCall { price, hint }).await, refusal);
        }
    }
    let limits = [
        registerWorkerCall { price: 1, maxLength: 8, promised: 5_000, capacity: 1, ..good },
        registerWorkerCall {
            price: PRICE_LIMIT - 1,
            maxLength: u32::MAX,
            promised: 10_000,
            capacity: u16::MAX,
            ..good
        },
    ];
    for limit in limits {
        assert_eq!(world.ask(ben.account().unwrap(), world.dispatcher, &limit, 0).await, Ok(2));
    }
    assert_eq!(ada.worker(before.account).await.unwrap(), before);
    assert_eq!(ada.worker_count().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_never_zero() {
    let world = World::new().await;
    let (ada, ben) = (world.worker(offer(5)).await, world.person().await);
    let zero = registerWorkerCall { key: B256::ZERO, ..registration(&ben) };
    assert_eq!(world.send(&ben, world.dispatcher, &zero, ETHER).await, market(KeyZero {}));
    let bond = world.settings.testerBond;
    let zero = registerTesterCall { key: B256::ZERO };
    assert_eq!(world.send(&ben, world.dispatcher, &zero, bond).await, market(KeyZero {}));
    assert_eq!(world.tell(&ada, &setKeyCall { key: B256::ZERO }).await, market(KeyZero {}));
    assert_eq!(ada.key_of(ada.account().unwrap()).await.unwrap(), Some(key(&ada)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_registers_once() {
    let world = World::new().await;
    let (ada, tess) = (world.worker(offer(5)).await, world.testers(1).await.remove(0));
    let bond = world.settings.testerBond;
    for who in [&ada, &tess] {
        let refusal = market(AlreadyRegistered { account: who.account().unwrap() });
        assert_eq!(world.send(who, world.dispatcher, &registration(who), ETHER).await, refusal);
        let tester = registerTesterCall { key: key(who) };
        assert_eq!(world.send(who, world.dispatcher, &tester, bond).await, refusal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn testers_do_not_work_and_workers_do_not_test() {
    let world = World::new().await;
    let (ada, tess) = (world.worker(offer(5)).await, world.testers(1).await.remove(0));
    let ben = world.person().await;
    let tester = market(WrongApplication { application: FixedBytes(TESTER_APPLICATION) });
    let disguised =
        registerWorkerCall { application: FixedBytes(TESTER_APPLICATION), ..registration(&ben) };
    assert_eq!(world.send(&ben, world.dispatcher, &disguised, ETHER).await, tester);
    let call = updateWorkerCall { price: 1, maxLength: 8, promised: 9_000, capacity: 1, hint: 0 };
    assert_eq!(world.tell(&tess, &call).await, tester);
    assert_eq!(world.tell(&tess, &setPriceCall { price: 1, hint: 0 }).await, tester);
    let call = setAvailableCall { available: true, hint: 0 };
    assert_eq!(world.tell(&tess, &call).await, tester);

    let worker = market(WrongApplication { application: FixedBytes::ZERO });
    assert_eq!(world.tell(&ada, &checkInCall {}).await, worker);
    let other = world.person().await;
    let name: Application = "factor".parse().unwrap();
    world.tx(other.register(name, &offer(5), key(&other), ETHER)).await.unwrap();
    let worker = market(WrongApplication { application: name.0 });
    assert_eq!(world.tell(&other, &checkInCall {}).await, worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_has_nothing_to_change() {
    let world = World::new().await;
    let sam = world.person().await;
    let account = sam.account().unwrap();
    let refusal = market(NotRegistered { account });
    let call = updateWorkerCall { price: 1, maxLength: 8, promised: 9_000, capacity: 1, hint: 0 };
    assert_eq!(world.tell(&sam, &call).await, refusal);
    assert_eq!(world.tell(&sam, &setPriceCall { price: 1, hint: 0 }).await, refusal);
    assert_eq!(world.tell(&sam, &setKeyCall { key: key(&sam) }).await, refusal);
    let call = setAvailableCall { available: true, hint: 0 };
    assert_eq!(world.tell(&sam, &call).await, refusal);
    assert_eq!(world.send(&sam, world.dispatcher, &stakeCall { hint: 0 }, 1).await, refusal);
    assert_eq!(world.tell(&sam, &unstakeCall { amount: 0 }).await, refusal);
    assert_eq!(world.tell(&sam, &checkInCall {}).await, refusal);
    assert_eq!(world.tell(&sam, &listCall { worker: account, hint: 0 }).await, refusal);
    let unknown = world.ask(account, world.dispatcher, &workerCall { account }, 0).await;
    assert_eq!(unknown, market(NotRegistered { account }));
    assert_eq!(world.tx(sam.worker(account)).await, market(NotRegistered { account }));
    assert_eq!(sam.key_of(account).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_locked_cannot_be_unstaked() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(5)).await, world.person().await);
    let more = unstakeCall { amount: ETHER + 1 };
    let refusal = market(StakeTooLow { have: ETHER, need: ETHER + 1 });
    assert_eq!(world.tell(&ada, &more).await, refusal);

    world.buy(&cleo, Want::Usual { redundancy: 1, length: 8 }).await;
    let free = ETHER - world.settings.minBond;
    let refusal = market(StakeTooLow { have: free, need: free + 1 });
    assert_eq!(world.tell(&ada, &unstakeCall { amount: free + 1 }).await, refusal);
    let refusal = market(StakeTooLow { have: free, need: u128::MAX });
    assert_eq!(world.tell(&ada, &unstakeCall { amount: u128::MAX }).await, refusal);
    world.tell(&ada, &unstakeCall { amount: free }).await.unwrap();
    let refusal = market(StakeTooLow { have: 0, need: 1 });
    assert_eq!(world.tell(&ada, &unstakeCall { amount: 1 }).await, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stake_stays_below_its_limit() {
    let world = World::new().await;
    let (ada, tess) = (world.person().await, world.person().await);
    for who in [&ada, &tess] {
        world.enrich(who, 2 * PRICE_LIMIT).await;
    }
    let refusal = market(StakeTooHigh { stake: PRICE_LIMIT, limit: PRICE_LIMIT });
    let (to, register) = (world.dispatcher, registration(&ada));
    assert_eq!(world.send(&ada, to, &register, PRICE_LIMIT).await, refusal);
    let join = registerTesterCall { key: key(&tess) };
    assert_eq!(world.send(&tess, to, &join, PRICE_LIMIT).await, refusal);
    world.send(&ada, to, &register, PRICE_LIMIT - 2).await.unwrap();
    assert_eq!(world.send(&ada, to, &stakeCall { hint: 0 }, 2).await, refusal);
    world.send(&ada, to, &stakeCall { hint: 0 }, 1).await.unwrap();
}
