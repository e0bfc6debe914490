//! Every reason to refuse a registration, or a change of one.

use alloy::primitives::{B256, FixedBytes};
use muster_client::protocol::abi::IWorkerDispatcher::{
    AlreadyRegistered, CapacityZero, KeyZero, MaxLengthTooShort, NotRegistered, PriceOutOfRange,
    PromiseOutOfRange, StakeTooHigh, StakeTooLow, WrongApplication, checkInCall, listCall,
    registerTesterCall, registerWorkerCall, setAvailableCall, setKeyCall, setPriceCall, stakeCall,
    unstakeCall, updateWorkerCall, workerCall,
};
use muster_client::protocol::{PRICE_LIMIT, TESTER_APPLICATION};
use muster_client::{Application, OrderRequest};

use crate::harness::expected::dispatcher_error;
use crate::harness::{ETHER, TestEnv, message_key_of, offer};
use crate::workers::registration;

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_out_of_range_is_refused_when_it_is_made_and_when_it_is_changed() {
    let env = TestEnv::new().await;
    let (ada, ben) = (env.worker(offer(5)).await, env.new_account().await);
    let before = ada.worker(ada.account().unwrap()).await.unwrap();
    let price = |price| dispatcher_error(PriceOutOfRange { price, limit: PRICE_LIMIT });
    let length = |short| dispatcher_error(MaxLengthTooShort { maxLength: short, minimum: 12 });
    let promise =
        |promise| dispatcher_error(PromiseOutOfRange { promised: promise, minimum: 5_000 });
    let good = registration(&ben);
    let cases = [
        (registerWorkerCall { price: 0, ..good }, price(0)),
        (registerWorkerCall { price: PRICE_LIMIT, ..good }, price(PRICE_LIMIT)),
        (registerWorkerCall { price: u128::MAX, ..good }, price(u128::MAX)),
        (registerWorkerCall { maxLength: 11, ..good }, length(11)),
        (registerWorkerCall { promised: 4_999, ..good }, promise(4_999)),
        (registerWorkerCall { promised: 10_001, ..good }, promise(10_001)),
        (registerWorkerCall { capacity: 0, ..good }, dispatcher_error(CapacityZero {})),
    ];
    for (call, refusal) in cases {
        let registerWorkerCall { price, maxLength, promised: promise, capacity, hint, .. } = call;
        assert_eq!(env.send(&ben, env.dispatcher, &call, ETHER).await, refusal);
        let update = updateWorkerCall { price, maxLength, promised: promise, capacity, hint };
        assert_eq!(env.send_to_dispatcher(&ada, &update).await, refusal);
        if price != good.price {
            assert_eq!(env.send_to_dispatcher(&ada, &setPriceCall { price, hint }).await, refusal);
        }
    }
    let limits = [
        registerWorkerCall { price: 1, maxLength: 12, promised: 5_000, capacity: 1, ..good },
        registerWorkerCall {
            price: PRICE_LIMIT - 1,
            maxLength: u32::MAX,
            promised: 10_000,
            capacity: u16::MAX,
            ..good
        },
    ];
    for limit in limits {
        assert_eq!(env.call(ben.account().unwrap(), env.dispatcher, &limit, 0).await, Ok(2));
    }
    assert_eq!(ada.worker(before.account).await.unwrap(), before);
    assert_eq!(ada.worker_count().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_never_zero() {
    let env = TestEnv::new().await;
    let (ada, ben) = (env.worker(offer(5)).await, env.new_account().await);
    let zero = registerWorkerCall { key: B256::ZERO, ..registration(&ben) };
    assert_eq!(env.send(&ben, env.dispatcher, &zero, ETHER).await, dispatcher_error(KeyZero {}));
    let bond = env.settings.testerBond;
    let zero = registerTesterCall { key: B256::ZERO };
    assert_eq!(env.send(&ben, env.dispatcher, &zero, bond).await, dispatcher_error(KeyZero {}));
    assert_eq!(
        env.send_to_dispatcher(&ada, &setKeyCall { key: B256::ZERO }).await,
        dispatcher_error(KeyZero {})
    );
    assert_eq!(ada.key_of(ada.account().unwrap()).await.unwrap(), Some(message_key_of(&ada)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_registers_once() {
    let env = TestEnv::new().await;
    let (ada, tess) = (env.worker(offer(5)).await, env.testers(1).await.remove(0));
    let bond = env.settings.testerBond;
    for who in [&ada, &tess] {
        let refusal = dispatcher_error(AlreadyRegistered { account: who.account().unwrap() });
        assert_eq!(env.send(who, env.dispatcher, &registration(who), ETHER).await, refusal);
        let tester = registerTesterCall { key: message_key_of(who) };
        assert_eq!(env.send(who, env.dispatcher, &tester, bond).await, refusal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn testers_do_not_work_and_workers_do_not_test() {
    let env = TestEnv::new().await;
    let (ada, tess) = (env.worker(offer(5)).await, env.testers(1).await.remove(0));
    let ben = env.new_account().await;
    let tester = dispatcher_error(WrongApplication { application: FixedBytes(TESTER_APPLICATION) });
    let disguised =
        registerWorkerCall { application: FixedBytes(TESTER_APPLICATION), ..registration(&ben) };
    assert_eq!(env.send(&ben, env.dispatcher, &disguised, ETHER).await, tester);
    let call = updateWorkerCall { price: 1, maxLength: 12, promised: 9_000, capacity: 1, hint: 0 };
    assert_eq!(env.send_to_dispatcher(&tess, &call).await, tester);
    assert_eq!(env.send_to_dispatcher(&tess, &setPriceCall { price: 1, hint: 0 }).await, tester);
    let call = setAvailableCall { available: true, hint: 0 };
    assert_eq!(env.send_to_dispatcher(&tess, &call).await, tester);

    let worker = dispatcher_error(WrongApplication { application: FixedBytes::ZERO });
    assert_eq!(env.send_to_dispatcher(&ada, &checkInCall {}).await, worker);
    let other = env.new_account().await;
    let name: Application = "factor".parse().unwrap();
    env.tx(other.register(name, &offer(5), message_key_of(&other), ETHER)).await.unwrap();
    let worker = dispatcher_error(WrongApplication { application: name.0 });
    assert_eq!(env.send_to_dispatcher(&other, &checkInCall {}).await, worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_has_nothing_to_change() {
    let env = TestEnv::new().await;
    let sam = env.new_account().await;
    let account = sam.account().unwrap();
    let refusal = dispatcher_error(NotRegistered { account });
    let call = updateWorkerCall { price: 1, maxLength: 12, promised: 9_000, capacity: 1, hint: 0 };
    assert_eq!(env.send_to_dispatcher(&sam, &call).await, refusal);
    assert_eq!(env.send_to_dispatcher(&sam, &setPriceCall { price: 1, hint: 0 }).await, refusal);
    assert_eq!(
        env.send_to_dispatcher(&sam, &setKeyCall { key: message_key_of(&sam) }).await,
        refusal
    );
    let call = setAvailableCall { available: true, hint: 0 };
    assert_eq!(env.send_to_dispatcher(&sam, &call).await, refusal);
    assert_eq!(env.send(&sam, env.dispatcher, &stakeCall { hint: 0 }, 1).await, refusal);
    assert_eq!(env.send_to_dispatcher(&sam, &unstakeCall { amount: 0 }).await, refusal);
    assert_eq!(env.send_to_dispatcher(&sam, &checkInCall {}).await, refusal);
    assert_eq!(env.send_to_dispatcher(&sam, &listCall { worker: account, hint: 0 }).await, refusal);
    let unknown = env.call(account, env.dispatcher, &workerCall { account }, 0).await;
    assert_eq!(unknown, dispatcher_error(NotRegistered { account }));
    assert_eq!(env.tx(sam.worker(account)).await, dispatcher_error(NotRegistered { account }));
    assert_eq!(sam.key_of(account).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_locked_cannot_be_unstaked() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(5)).await, env.new_account().await);
    let more = unstakeCall { amount: ETHER + 1 };
    let refusal = dispatcher_error(StakeTooLow { have: ETHER, need: ETHER + 1 });
    assert_eq!(env.send_to_dispatcher(&ada, &more).await, refusal);

    env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 12 }).await;
    let free = ETHER - env.settings.minBond;
    let refusal = dispatcher_error(StakeTooLow { have: free, need: free + 1 });
    assert_eq!(env.send_to_dispatcher(&ada, &unstakeCall { amount: free + 1 }).await, refusal);
    let refusal = dispatcher_error(StakeTooLow { have: free, need: u128::MAX });
    assert_eq!(env.send_to_dispatcher(&ada, &unstakeCall { amount: u128::MAX }).await, refusal);
    env.send_to_dispatcher(&ada, &unstakeCall { amount: free }).await.unwrap();
    let refusal = dispatcher_error(StakeTooLow { have: 0, need: 1 });
    assert_eq!(env.send_to_dispatcher(&ada, &unstakeCall { amount: 1 }).await, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stake_stays_below_its_limit() {
    let env = TestEnv::new().await;
    let (ada, tess) = (env.new_account().await, env.new_account().await);
    for who in [&ada, &tess] {
        env.set_balance(who, 2 * PRICE_LIMIT).await;
    }
    let refusal = dispatcher_error(StakeTooHigh { stake: PRICE_LIMIT, limit: PRICE_LIMIT });
    let (to, register) = (env.dispatcher, registration(&ada));
    assert_eq!(env.send(&ada, to, &register, PRICE_LIMIT).await, refusal);
    let join = registerTesterCall { key: message_key_of(&tess) };
    assert_eq!(env.send(&tess, to, &join, PRICE_LIMIT).await, refusal);
    env.send(&ada, to, &register, PRICE_LIMIT - 2).await.unwrap();
    assert_eq!(env.send(&ada, to, &stakeCall { hint: 0 }, 2).await, refusal);
    env.send(&ada, to, &stakeCall { hint: 0 }, 1).await.unwrap();
}
