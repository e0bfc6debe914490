//! Buyers and receivers that are contracts, and want no good.

use std::collections::HashMap;

use alloy::primitives::{Address, B256, U256};
use alloy::sol_types::{SolCall, SolInterface};
use muster_client::protocol::abi::IWorkAgreement::{
    IWorkAgreementErrors, SettlementFailed, settleCall,
};
use muster_client::protocol::abi::IWorkerDispatcher::{
    ContractBought, Credited, IWorkerDispatcherErrors, NothingToWithdraw, PurchaseRefused,
    Reentered, TransferFailed, Withdrawn, buyContract_0Call as BuyUsual,
    buyContract_1Call as BuyOrder, checkInCall, creditCall, hireCall, listCall, registerTesterCall,
    registerWorkerCall, setAvailableCall, setKeyCall, setPriceCall, stakeCall, unstakeCall,
    updateWorkerCall, withdrawCall,
};
use muster_client::protocol::abi::{Reason, State};
use muster_client::{Market, Receipt, Want};

use crate::harness::evm::{self, Habit};
use crate::harness::words::{market, said};
use crate::harness::{ETHER, World, agreement, offer};
use crate::quote::order;
use crate::workers::registration;

/// One worker for eight ticks, untested, at a wei a tick.
fn purchase() -> BuyUsual {
    BuyUsual { redundancy: U256::ONE, length: U256::from(8) }
}

/// A market with a worker of one wei a tick, and a buyer.
async fn stage() -> (World, Market, Market) {
    let world = World::new().await;
    let worker = world.worker(offer(1)).await;
    let cleo = world.person().await;
    (world, worker, cleo)
}

/// Gives a puppet `wei` of credit: it registers with them as stake, and takes them out again.
async fn earn(world: &World, cleo: &Market, puppet: Address, wei: u128) {
    world.act(cleo, puppet, &registration(cleo), wei).await.unwrap();
    world.act(cleo, puppet, &unstakeCall { amount: wei }, 0).await.unwrap();
    assert_eq!(cleo.credit(puppet).await.unwrap(), wei);
}

/// What a puppet's habit logged: whether its call succeeded, and the answer.
fn logged(receipt: &Receipt, puppet: Address) -> Vec<(bool, Vec<u8>)> {
    let logs = receipt.logs.iter().filter(|log| log.address == puppet);
    logs.map(|log| (log.data.topics()[0] != B256::ZERO, log.data.data.to_vec())).collect()
}

/// Credits of everybody but one.
async fn others(world: &World, who: Address) -> HashMap<Address, u128> {
    let mut credits = world.credits().await;
    credits.remove(&who);
    credits
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_that_takes_no_ether_is_credited_and_nobody_else_notices() {
    let (world, worker, cleo) = stage().await;
    world.tx(worker.unstake(5)).await.unwrap();
    let mebibyte = 1 << 20;
    for habit in
        [Habit::Refuses, Habit::Burns, Habit::Answers(mebibyte), Habit::RevertsWith(mebibyte)]
    {
        let puppet = world.puppet(&habit).await;
        let before = others(&world, puppet).await;
        // Too much: the excess is credited. The worker has room for two.
        let receipt = world.act(&cleo, puppet, &purchase(), 8 + 7).await.unwrap();
        let bought = receipt.event::<ContractBought>(world.dispatcher).unwrap();
        assert_eq!((bought.client, bought.escrow), (puppet, 8));
        let credited = said(Credited { account: puppet, amount: 7 });
        assert_eq!(world.events(&receipt).last(), Some(&credited), "{habit:?}");
        assert!(receipt.gas_used < 400_000, "{habit:?} took {}", receipt.gas_used);
        assert_eq!(cleo.credit(puppet).await.unwrap(), 7);
        // Too little: the whole value is.
        let receipt = world.act(&cleo, puppet, &purchase(), 6).await.unwrap();
        let (reason, required, sent) = (Reason::ValueTooLow, 8, 6);
        let events = [
            said(PurchaseRefused { client: puppet, reason, required, sent }),
            said(Credited { account: puppet, amount: 6 }),
        ];
        assert_eq!(world.events(&receipt), events, "{habit:?}");
        assert_eq!(cleo.credit(puppet).await.unwrap(), 13);
        assert_eq!(others(&world, puppet).await, before);

        let to = Address::repeat_byte(0xaa);
        let held = world.wire.balance(to).await;
        let receipt = world.act(&cleo, puppet, &withdrawCall { to }, 0).await.unwrap();
        let event = said(Withdrawn { account: puppet, to, amount: 13 });
        assert_eq!(world.events(&receipt), [event]);
        assert_eq!(world.wire.balance(to).await, held + 13);
        world.pass(world.settings.acceptWindow + 1).await;
        let call = settleCall { hints: vec![0] };
        world.send(&cleo, bought.agreement, &call, 0).await.unwrap();
        assert_eq!(cleo.credit(puppet).await.unwrap(), 8);
        // Who did not accept says that it is there again.
        world.tx(worker.set_available(true)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_to_a_refund_is_not_read() {
    let (world, _, cleo) = stage().await;
    // As many bytes as 50 000 gas allow for.
    let puppet = world.puppet(&Habit::Answers(130_000)).await;
    let receipt = world.act(&cleo, puppet, &purchase(), 8 + 7).await.unwrap();
    assert!(receipt.event::<Credited>(world.dispatcher).is_none());
    assert_eq!(world.wire.balance(puppet).await, 7);
    assert!(receipt.gas_used < 400_000, "it took {}", receipt.gas_used);
}

/// Checks that a buyer that is given its wei back cannot make this call meanwhile.
async fn cannot_reenter(world: &World, cleo: &Market, data: Vec<u8>) {
    let selector = data[..4].to_vec();
    let puppet = world.puppet(&Habit::Calls(world.dispatcher, data)).await;
    // Refused for its value, so that every refund is of the whole.
    let receipt = world.act(cleo, puppet, &purchase(), 7).await.unwrap();
    let answers = logged(&receipt, puppet);
    let [(false, data)] = &*answers else { panic!("{selector:x?}: {answers:x?}") };
    let error = IWorkerDispatcherErrors::abi_decode_validate(data).unwrap();
    assert_eq!(error, IWorkerDispatcherErrors::Reentered(Reentered {}), "{selector:x?}");
    assert_eq!(world.wire.balance(puppet).await, 7);
    assert_eq!(cleo.credit(puppet).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_constructor_cannot_be_called_while_a_refund_is_under_way() {
    let (world, _, cleo) = stage().await;
    let constructor = [&[0x55, 0x85, 0x25, 0x8d][..], &[0; 448]].concat();
    cannot_reenter(&world, &cleo, constructor).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_can_be_done_while_a_refund_is_under_way() {
    let (world, worker, cleo) = stage().await;
    let to = cleo.account().unwrap();
    let account = worker.account().unwrap();
    let key = B256::with_last_byte(1);
    let calls = [
        purchase().abi_encode(),
        BuyOrder { order: order(1, 8) }.abi_encode(),
        hireCall { order: order(1, 8), workers: vec![1] }.abi_encode(),
        withdrawCall { to }.abi_encode(),
        registration(&cleo).abi_encode(),
        registerTesterCall { key }.abi_encode(),
        updateWorkerCall { price: 1, maxLength: 8, promised: 9_000, capacity: 1, hint: 0 }
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
        cannot_reenter(&world, &cleo, data).await;
    }
    // Looking is allowed.
    let data = creditCall { account: to }.abi_encode();
    let puppet = world.puppet(&Habit::Calls(world.dispatcher, data)).await;
    let receipt = world.act(&cleo, puppet, &purchase(), 7).await.unwrap();
    assert_eq!(logged(&receipt, puppet), [(true, vec![0; 32])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_purchases_fit_into_one_transaction() {
    let (world, worker, cleo) = stage().await;
    let buy = || (world.dispatcher, 8 + 3, purchase().abi_encode());
    let receipt = world.create(evm::script(&[buy(), buy()]), 100).await;
    let bought: Vec<_> = receipt.events::<ContractBought>(world.dispatcher).collect();
    let [first, second] = &*bought else { panic!("{bought:?}") };
    assert_ne!(first.agreement, second.agreement);
    assert_eq!(world.wire.balance(receipt.created.unwrap()).await, 100 - 16);
    let numbers = [first, second]
        .map(async |event| cleo.agreement(event.agreement).await.unwrap().terms().header.number);
    let [one, two] = numbers;
    assert_eq!((one.await, two.await), (1, 2));
    let engaged = worker.worker(worker.account().unwrap()).await.unwrap();
    assert_eq!((engaged.active, engaged.listed), (2, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_is_paid_once_however_the_receiver_calls_back() {
    let (world, _, cleo) = stage().await;
    let again = withdrawCall { to: cleo.account().unwrap() }.abi_encode();
    let puppet = world.puppet(&Habit::Calls(world.dispatcher, again)).await;
    earn(&world, &cleo, puppet, 9).await;
    let call = withdrawCall { to: puppet };
    let receipt = world.act(&cleo, puppet, &call, 0).await.unwrap();
    let answers = logged(&receipt, puppet);
    let [(false, data)] = &*answers else { panic!("{answers:x?}") };
    let error = IWorkerDispatcherErrors::abi_decode_validate(data).unwrap();
    assert_eq!(error, IWorkerDispatcherErrors::Reentered(Reentered {}));
    assert_eq!(world.wire.balance(puppet).await, 9);
    assert_eq!(cleo.credit(puppet).await.unwrap(), 0);
    let refusal = market(NothingToWithdraw { account: puppet });
    assert_eq!(world.act(&cleo, puppet, &call, 0).await, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_settles_while_money_is_handed_out() {
    let (world, worker, cleo) = stage().await;
    let bought = world.buy(&cleo, Want::Usual { redundancy: 1, length: 8 }).await;
    world.accept(&worker, &bought).await;
    world.pass(8 + world.settings.reportWindow).await;
    let settle = settleCall { hints: vec![] }.abi_encode();
    let puppet = world.puppet(&Habit::Calls(bought.agreement, settle)).await;
    earn(&world, &cleo, puppet, 9).await;
    let call = withdrawCall { to: puppet };
    let receipt = world.act(&cleo, puppet, &call, 0).await.unwrap();
    let answers = logged(&receipt, puppet);
    let [(false, data)] = &*answers else { panic!("{answers:x?}") };
    let error = IWorkAgreementErrors::abi_decode_validate(data).unwrap();
    assert_eq!(error, IWorkAgreementErrors::SettlementFailed(SettlementFailed {}));
    assert_eq!(agreement(&cleo, &bought).await.state().await.unwrap(), State::Due);
    assert_eq!(world.settle(&cleo, &bought).await.workers[0].pay, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_takes_no_ether_leaves_the_credit_as_it_is() {
    let (world, worker, cleo) = stage().await;
    let account = worker.account().unwrap();
    world.tx(worker.unstake(100)).await.unwrap();
    let mebibyte = 1 << 20;
    for habit in [Habit::Refuses, Habit::Burns, Habit::RevertsWith(mebibyte)] {
        let to = world.puppet(&habit).await;
        let refusal = market(TransferFailed { to, amount: 100 });
        let call = withdrawCall { to };
        assert_eq!(world.tell(&worker, &call).await, refusal, "{habit:?}");
        assert_eq!(worker.credit(account).await.unwrap(), 100);
        assert_eq!(world.wire.balance(to).await, 0);
    }
    let to = world.puppet(&Habit::Answers(mebibyte)).await;
    let receipt = world.tell(&worker, &withdrawCall { to }).await.unwrap();
    assert_eq!(world.events(&receipt), [said(Withdrawn { account, to, amount: 100 })]);
    assert_eq!(world.wire.balance(to).await, 100);

    let refusal = market(NothingToWithdraw { account });
    assert_eq!(world.tell(&worker, &withdrawCall { to: account }).await, refusal);

    // Who is paid already sees the books as they will be.
    world.tx(worker.unstake(50)).await.unwrap();
    let look = creditCall { account }.abi_encode();
    let to = world.puppet(&Habit::Calls(world.dispatcher, look)).await;
    let receipt = world.tell(&worker, &withdrawCall { to }).await.unwrap();
    assert_eq!(logged(&receipt, to), [(true, vec![0; 32])]);
    let account = cleo.account().unwrap();
    let refusal = market(NothingToWithdraw { account });
    assert_eq!(world.tell(&cleo, &withdrawCall { to: account }).await, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_may_work_too() {
    let (world, _, cleo) = stage().await;
    let puppet = world.puppet(&Habit::Refuses).await;
    let call = registerWorkerCall { price: 2, ..registration(&cleo) };
    world.act(&cleo, puppet, &call, ETHER).await.unwrap();
    let bought = world.buy(&cleo, Want::Usual { redundancy: 2, length: 8 }).await;
    assert_eq!(bought.workers[1], puppet);
    world.pass(world.settings.acceptWindow + 1).await;
    let settlement = world.settle(&cleo, &bought).await;
    assert_eq!((settlement.refund, settlement.workers[1].account), (24, puppet));
}
