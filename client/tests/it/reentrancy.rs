//! Clients and receivers that are contracts, and hostile.

use std::collections::HashMap;

use alloy::primitives::{Address, B256, U256};
use alloy::sol_types::{SolCall, SolInterface};
use muster_client::protocol::abi::IWorkAgreement::{
    IWorkAgreementErrors, SettlementFailed, settleCall,
};
use muster_client::protocol::abi::IWorkerDispatcher::{
    ContractBought, Credited, IWorkerDispatcherErrors, NothingToWithdraw, PurchaseRefused,
    Reentered, TransferFailed, Withdrawn, buyContract_0Call as BuyDefault,
    buyContract_1Call as BuyOrder, checkInCall, creditCall, hireCall, listCall, registerTesterCall,
    registerWorkerCall, setAvailableCall, setKeyCall, setPriceCall, stakeCall, unstakeCall,
    updateWorkerCall, withdrawCall,
};
use muster_client::protocol::abi::{Reason, State};
use muster_client::{Market, OrderRequest, Receipt};

use crate::harness::evm::{self, Behavior};
use crate::harness::expected::{dispatcher_error, dispatcher_event};
use crate::harness::{ETHER, TestEnv, agreement, offer};
use crate::quote::order;
use crate::workers::registration;

/// An untested order of one worker for twelve ticks, at a wei per tick.
fn purchase() -> BuyDefault {
    BuyDefault { redundancy: U256::ONE, length: U256::from(12) }
}

/// A market with a worker at one wei per tick, and a client.
async fn setup() -> (TestEnv, Market, Market) {
    let env = TestEnv::new().await;
    let worker = env.worker(offer(1)).await;
    let cleo = env.new_account().await;
    (env, worker, cleo)
}

/// Gives a forwarder `wei` of credit: it registers with them as stake, and unstakes them.
async fn give_credit(env: &TestEnv, cleo: &Market, forwarder: Address, wei: u128) {
    env.forward_to_dispatcher(cleo, forwarder, &registration(cleo), wei).await.unwrap();
    env.forward_to_dispatcher(cleo, forwarder, &unstakeCall { amount: wei }, 0).await.unwrap();
    assert_eq!(cleo.credit(forwarder).await.unwrap(), wei);
}

/// The log of a forwarder's call: whether it succeeded, and its return data.
fn forwarded_results(receipt: &Receipt, forwarder: Address) -> Vec<(bool, Vec<u8>)> {
    let logs = receipt.logs.iter().filter(|log| log.address == forwarder);
    logs.map(|log| (log.data.topics()[0] != B256::ZERO, log.data.data.to_vec())).collect()
}

/// The credits of all accounts but one.
async fn other_credits(env: &TestEnv, who: Address) -> HashMap<Address, u128> {
    let mut credits = env.credits().await;
    credits.remove(&who);
    credits
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_no_ether_is_credited_and_nobody_else_notices() {
    let (env, worker, cleo) = setup().await;
    env.tx(worker.unstake(5)).await.unwrap();
    let mebibyte = 1 << 20;
    for behavior in [
        Behavior::Reverts,
        Behavior::BurnsGas,
        Behavior::Returns(mebibyte),
        Behavior::RevertsWith(mebibyte),
    ] {
        let forwarder = env.deploy_forwarder(&behavior).await;
        let before = other_credits(&env, forwarder).await;
        // Too much value: the excess is credited. The worker has a capacity of two.
        let receipt =
            env.forward_to_dispatcher(&cleo, forwarder, &purchase(), 12 + 7).await.unwrap();
        let bought = receipt.event::<ContractBought>(env.dispatcher).unwrap();
        assert_eq!((bought.client, bought.escrow), (forwarder, 12));
        let credited = dispatcher_event(Credited { account: forwarder, amount: 7 });
        assert_eq!(env.events(&receipt).last(), Some(&credited), "{behavior:?}");
        assert!(receipt.gas_used < 400_000, "{behavior:?} took {}", receipt.gas_used);
        assert_eq!(cleo.credit(forwarder).await.unwrap(), 7);
        // Too little value: all of it is credited.
        let receipt = env.forward_to_dispatcher(&cleo, forwarder, &purchase(), 6).await.unwrap();
        let (reason, required, sent) = (Reason::ValueTooLow, 12, 6);
        let events = [
            dispatcher_event(PurchaseRefused { client: forwarder, reason, required, sent }),
            dispatcher_event(Credited { account: forwarder, amount: 6 }),
        ];
        assert_eq!(env.events(&receipt), events, "{behavior:?}");
        assert_eq!(cleo.credit(forwarder).await.unwrap(), 13);
        assert_eq!(other_credits(&env, forwarder).await, before);

        let to = Address::repeat_byte(0xaa);
        let held = env.rpc.balance(to).await;
        let receipt =
            env.forward_to_dispatcher(&cleo, forwarder, &withdrawCall { to }, 0).await.unwrap();
        let event = dispatcher_event(Withdrawn { account: forwarder, to, amount: 13 });
        assert_eq!(env.events(&receipt), [event]);
        assert_eq!(env.rpc.balance(to).await, held + 13);
        env.advance(env.settings.acceptWindow + 1).await;
        let call = settleCall { hints: vec![0] };
        env.send(&cleo, bought.agreement, &call, 0).await.unwrap();
        assert_eq!(cleo.credit(forwarder).await.unwrap(), 12);
        // A worker that did not accept sets itself available again.
        env.tx(worker.set_available(true)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_to_a_refund_is_not_read() {
    let (env, _, cleo) = setup().await;
    // As many bytes as 50 000 gas pay for.
    let forwarder = env.deploy_forwarder(&Behavior::Returns(130_000)).await;
    let receipt = env.forward_to_dispatcher(&cleo, forwarder, &purchase(), 12 + 7).await.unwrap();
    assert!(receipt.event::<Credited>(env.dispatcher).is_none());
    assert_eq!(env.rpc.balance(forwarder).await, 7);
    assert!(receipt.gas_used < 400_000, "it took {}", receipt.gas_used);
}

/// Checks that a client that is being refunded cannot make this call meanwhile.
async fn check_reentered(env: &TestEnv, cleo: &Market, data: Vec<u8>) {
    let selector = data[..4].to_vec();
    let forwarder = env.deploy_forwarder(&Behavior::Calls(env.dispatcher, data)).await;
    // Refused for its value, so the whole of it is refunded.
    let receipt = env.forward_to_dispatcher(cleo, forwarder, &purchase(), 7).await.unwrap();
    let answers = forwarded_results(&receipt, forwarder);
    let [(false, data)] = &*answers else { panic!("{selector:x?}: {answers:x?}") };
    let error = IWorkerDispatcherErrors::abi_decode_validate(data).unwrap();
    assert_eq!(error, IWorkerDispatcherErrors::Reentered(Reentered {}), "{selector:x?}");
    assert_eq!(env.rpc.balance(forwarder).await, 7);
    assert_eq!(cleo.credit(forwarder).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_constructor_cannot_be_called_while_a_refund_is_under_way() {
    let (env, _, cleo) = setup().await;
    let constructor = [&[0x55, 0x85, 0x25, 0x8d][..], &[0; 576]].concat();
    check_reentered(&env, &cleo, constructor).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_can_be_done_while_a_refund_is_under_way() {
    let (env, worker, cleo) = setup().await;
    let to = cleo.account().unwrap();
    let account = worker.account().unwrap();
    let key = B256::with_last_byte(1);
    let calls = [
        purchase().abi_encode(),
        BuyOrder { order: order(1, 12) }.abi_encode(),
        hireCall { order: order(1, 12), workers: vec![1] }.abi_encode(),
        withdrawCall { to }.abi_encode(),
        registration(&cleo).abi_encode(),
        registerTesterCall { key }.abi_encode(),
        updateWorkerCall { price: 1, maxLength: 12, promised: 9_000, capacity: 1, hint: 0 }
            .abi_encode(),
        setPriceCall { price: 1, hint: 0 }.abi_encode(),
        setKeyCall { key }.abi_encode(),
        setAvailableCall { available: true, hint: 0 }.abi_encode(),
        stakeCall { hint: 0 }.abi_encode(),
        unstakeCall { amount: 1 }.abi_encode(),
        listCall { worker: account, hint: 0 }.abi_encode(),
        checkInCall {}.abi_encode(),
    ];
    for data in calls {
        check_reentered(&env, &cleo, data).await;
    }
    // Views are allowed.
    let data = creditCall { account: to }.abi_encode();
    let forwarder = env.deploy_forwarder(&Behavior::Calls(env.dispatcher, data)).await;
    let receipt = env.forward_to_dispatcher(&cleo, forwarder, &purchase(), 7).await.unwrap();
    assert_eq!(forwarded_results(&receipt, forwarder), [(true, vec![0; 32])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_purchases_fit_into_one_transaction() {
    let (env, worker, cleo) = setup().await;
    let buy = || (env.dispatcher, 12 + 3, purchase().abi_encode());
    let receipt = env.create(evm::multicall_init_code(&[buy(), buy()]), 100).await;
    let bought: Vec<_> = receipt.events::<ContractBought>(env.dispatcher).collect();
    let [first, second] = &*bought else { panic!("{bought:?}") };
    assert_ne!(first.agreement, second.agreement);
    assert_eq!(env.rpc.balance(receipt.created.unwrap()).await, 100 - 24);
    let numbers = [first, second]
        .map(async |event| cleo.agreement(event.agreement).await.unwrap().terms().header.number);
    let [one, two] = numbers;
    assert_eq!((one.await, two.await), (1, 2));
    let engaged = worker.worker(worker.account().unwrap()).await.unwrap();
    assert_eq!((engaged.active, engaged.listed), (2, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_is_paid_once_however_the_receiver_calls_back() {
    let (env, _, cleo) = setup().await;
    let again = withdrawCall { to: cleo.account().unwrap() }.abi_encode();
    let forwarder = env.deploy_forwarder(&Behavior::Calls(env.dispatcher, again)).await;
    give_credit(&env, &cleo, forwarder, 9).await;
    let call = withdrawCall { to: forwarder };
    let receipt = env.forward_to_dispatcher(&cleo, forwarder, &call, 0).await.unwrap();
    let answers = forwarded_results(&receipt, forwarder);
    let [(false, data)] = &*answers else { panic!("{answers:x?}") };
    let error = IWorkerDispatcherErrors::abi_decode_validate(data).unwrap();
    assert_eq!(error, IWorkerDispatcherErrors::Reentered(Reentered {}));
    assert_eq!(env.rpc.balance(forwarder).await, 9);
    assert_eq!(cleo.credit(forwarder).await.unwrap(), 0);
    let refusal = dispatcher_error(NothingToWithdraw { account: forwarder });
    assert_eq!(env.forward_to_dispatcher(&cleo, forwarder, &call, 0).await, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_settles_while_money_is_handed_out() {
    let (env, worker, cleo) = setup().await;
    let bought = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 12 }).await;
    env.accept(&worker, &bought).await;
    env.advance(12 + env.settings.reportWindow).await;
    let settle = settleCall { hints: vec![] }.abi_encode();
    let forwarder = env.deploy_forwarder(&Behavior::Calls(bought.agreement, settle)).await;
    give_credit(&env, &cleo, forwarder, 9).await;
    let call = withdrawCall { to: forwarder };
    let receipt = env.forward_to_dispatcher(&cleo, forwarder, &call, 0).await.unwrap();
    let answers = forwarded_results(&receipt, forwarder);
    let [(false, data)] = &*answers else { panic!("{answers:x?}") };
    let error = IWorkAgreementErrors::abi_decode_validate(data).unwrap();
    assert_eq!(error, IWorkAgreementErrors::SettlementFailed(SettlementFailed {}));
    assert_eq!(agreement(&cleo, &bought).await.state().await.unwrap(), State::Due);
    assert_eq!(env.settle(&cleo, &bought).await.workers[0].pay, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_takes_no_ether_leaves_the_credit_as_it_is() {
    let (env, worker, cleo) = setup().await;
    let account = worker.account().unwrap();
    env.tx(worker.unstake(100)).await.unwrap();
    let mebibyte = 1 << 20;
    for behavior in [Behavior::Reverts, Behavior::BurnsGas, Behavior::RevertsWith(mebibyte)] {
        let to = env.deploy_forwarder(&behavior).await;
        let refusal = dispatcher_error(TransferFailed { to, amount: 100 });
        let call = withdrawCall { to };
        assert_eq!(env.send_to_dispatcher(&worker, &call).await, refusal, "{behavior:?}");
        assert_eq!(worker.credit(account).await.unwrap(), 100);
        assert_eq!(env.rpc.balance(to).await, 0);
    }
    let to = env.deploy_forwarder(&Behavior::Returns(mebibyte)).await;
    let receipt = env.send_to_dispatcher(&worker, &withdrawCall { to }).await.unwrap();
    assert_eq!(env.events(&receipt), [dispatcher_event(Withdrawn { account, to, amount: 100 })]);
    assert_eq!(env.rpc.balance(to).await, 100);

    let refusal = dispatcher_error(NothingToWithdraw { account });
    assert_eq!(env.send_to_dispatcher(&worker, &withdrawCall { to: account }).await, refusal);

    // The receiver of a payment sees the balances after it.
    env.tx(worker.unstake(50)).await.unwrap();
    let look = creditCall { account }.abi_encode();
    let to = env.deploy_forwarder(&Behavior::Calls(env.dispatcher, look)).await;
    let receipt = env.send_to_dispatcher(&worker, &withdrawCall { to }).await.unwrap();
    assert_eq!(forwarded_results(&receipt, to), [(true, vec![0; 32])]);
    let account = cleo.account().unwrap();
    let refusal = dispatcher_error(NothingToWithdraw { account });
    assert_eq!(env.send_to_dispatcher(&cleo, &withdrawCall { to: account }).await, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_may_work_too() {
    let (env, _, cleo) = setup().await;
    let forwarder = env.deploy_forwarder(&Behavior::Reverts).await;
    let call = registerWorkerCall { price: 2, ..registration(&cleo) };
    env.forward_to_dispatcher(&cleo, forwarder, &call, ETHER).await.unwrap();
    let bought = env.buy(&cleo, OrderRequest::Default { redundancy: 2, length: 12 }).await;
    assert_eq!(bought.workers[1], forwarder);
    env.advance(env.settings.acceptWindow + 1).await;
    let settlement = env.settle(&cleo, &bought).await;
    assert_eq!((settlement.refund, settlement.workers[1].account), (36, forwarder));
}
