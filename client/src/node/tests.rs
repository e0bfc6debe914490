//! The two doors: what is refused, what is sent, and what is said about it.

use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256, address};
use alloy::sol_types::{SolCall, SolError};
use muster_protocol::abi::IWorkAgreement::{
    IWorkAgreementErrors as AgreementErrors, SeedNotReady, acceptCall, stateCall,
};
use muster_protocol::abi::IWorkerDispatcher::{
    IWorkerDispatcherErrors as DispatcherErrors, NothingToWithdraw, withdrawCall,
};

use crate::error::{Contract, Fault, MarketError, NodeError};
use crate::fake::{Fake, ME};
use crate::transport::{At, Head, Receipt};

/// The dispatcher of these tests.
const MARKET: Contract = Contract::Dispatcher(Address::repeat_byte(0xaa));

/// The call that they send.
const CALL: withdrawCall = withdrawCall { to: ME };

/// What it answers.
fn paid() -> Bytes {
    withdrawCall::abi_encode_returns(&5).into()
}

/// A node's refusal of a request.
fn refused_by_node() -> Fault {
    Fault::Node(NodeError::Answered { code: -32_000, message: "no".into() })
}

#[tokio::test]
async fn a_refusal_is_typed_and_nothing_is_sent() {
    let refusal = NothingToWithdraw { account: ME };
    let data = Bytes::from(refusal.abi_encode());
    let (node, chain) = Fake::new(move |_, _| Err(Fault::Reverted(data.clone()))).node();
    let error = node.write(MARKET, &CALL, 0).await.unwrap_err();
    assert_eq!(error.dispatcher(), Some(&DispatcherErrors::NothingToWithdraw(refusal)));
    assert!(chain.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn each_contract_refuses_in_its_own_words() {
    let refusal = SeedNotReady { purchaseBlock: 9 };
    let data = Bytes::from(refusal.abi_encode());
    let (node, _) = Fake::new(move |_, _| Err(Fault::Reverted(data.clone()))).node();
    let agreement = Contract::Agreement(Address::repeat_byte(0xbb));
    let error = node.write(agreement, &acceptCall {}, 0).await.unwrap_err();
    assert_eq!(error.agreement(), Some(&AgreementErrors::SeedNotReady(refusal)));
    assert!(error.is_temporary());
    let error = node.write(MARKET, &CALL, 0).await.unwrap_err();
    assert!(matches!(error, MarketError::Reverted { .. }), "{error}");
}

#[tokio::test]
async fn what_is_sent_carries_a_reserve_of_gas() {
    let (node, chain) = Fake::new(|_, _| Ok(paid())).node();
    node.write(MARKET, &CALL, 3).await.unwrap();
    let sent = chain.sent.lock().unwrap().clone();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].value(), sent[0].draft.gas), (3, 115_000));
}

#[tokio::test]
async fn it_is_tried_out_on_the_next_block_with_the_hash_of_this_one() {
    let (node, _) = Fake::new(|_, world| {
        let [history] = world.assume.as_slice() else { panic!("{world:?}") };
        assert_eq!(world.at, At::Pending);
        assert!(world.time.unwrap() > 1_700_000_000, "the wall clock, not the old block's");
        assert_eq!(history.account, address!("0x0000F90827F1C53a10cb7A02335B175320002935"));
        assert_eq!(history.slot, Some((U256::from(7).into(), B256::repeat_byte(7))));
        Ok(paid())
    })
    .node();
    node.write(MARKET, &CALL, 0).await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_fails_says_why() {
    let refusal = NothingToWithdraw { account: ME };
    let data = Bytes::from(refusal.abi_encode());
    let mut fake = Fake::new(move |_, world| match world.at {
        At::Number(8) => Err(Fault::Reverted(data.clone())),
        _ => Ok(paid()),
    });
    fake.receipt = Some(Receipt { block: 8, ..Receipt::default() });
    let error = fake.node().0.write(MARKET, &CALL, 0).await.unwrap_err();
    assert_eq!(error.dispatcher(), Some(&DispatcherErrors::NothingToWithdraw(refusal)));
}

#[tokio::test]
async fn an_account_that_cannot_pay_is_told_what_it_needs() {
    let mut fake = Fake::new(|_, _| Err(refused_by_node()));
    fake.balance = U256::from(4);
    match fake.node().0.write(MARKET, &CALL, 5).await.unwrap_err() {
        MarketError::Funds { account, have, need } => {
            assert_eq!((account, have, need), (ME, U256::from(4), U256::from(5)));
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_node_that_refuses_keeps_its_words() {
    let (node, _) = Fake::new(|_, _| Err(refused_by_node())).node();
    match node.write(MARKET, &CALL, 5).await.unwrap_err() {
        MarketError::Node(NodeError::Answered { code, message }) => {
            assert_eq!((code, &*message), (-32_000, "no"));
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_empty_account_and_a_strange_contract_are_told_apart() {
    let mut fake = Fake::new(|_, _| Ok(Bytes::new()));
    fake.code = Bytes::new();
    let error = fake.node().0.read(MARKET, &stateCall {}).await.unwrap_err();
    assert!(matches!(error, MarketError::NoContract(at) if at == MARKET.address()), "{error}");
    let (node, _) = Fake::new(|_, _| Ok(Bytes::new())).node();
    let error = node.read(MARKET, &stateCall {}).await.unwrap_err();
    assert!(matches!(error, MarketError::NotTheInterface { call: "state()", .. }), "{error}");
}

#[tokio::test]
async fn a_transaction_that_no_block_takes_is_unconfirmed() {
    let mut fake = Fake::new(|_, _| Ok(paid()));
    fake.receipt = None;
    let node = fake.node().0.with_patience(Duration::ZERO);
    let error = node.write(MARKET, &CALL, 0).await.unwrap_err();
    assert!(matches!(error, MarketError::Unconfirmed(_)), "{error}");
}

#[tokio::test]
async fn a_chain_that_moved_back_is_told_from_one_that_went_on() {
    let (node, _) = Fake::new(|_, _| Ok(paid())).node();
    let head = node.head().await.unwrap();
    assert_eq!(node.head_after(&head).await.unwrap(), head);
    assert_eq!(node.head_after(&Head { number: 3, ..head }).await.unwrap(), head);
    for seen in [
        Head { hash: B256::ZERO, ..head },
        Head { number: 3, hash: B256::ZERO, ..head },
        Head { number: 9, ..head },
    ] {
        match node.head_after(&seen).await.unwrap_err() {
            MarketError::MovedBack { seen: gone, head: 7 } => assert_eq!(gone, seen.number),
            other => panic!("{other}"),
        }
    }
}
