//! Calls and transactions: what is simulated, what is sent, and which error comes back.

use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256, address};
use alloy::sol_types::{SolCall, SolError};
use muster_protocol::abi::IWorkAgreement::{
    IWorkAgreementErrors as AgreementErrors, SeedNotReady, acceptCall, stateCall,
};
use muster_protocol::abi::IWorkerDispatcher::{
    IWorkerDispatcherErrors as DispatcherErrors, NothingToWithdraw, withdrawCall,
};

use crate::backend::mock::{MOCK_ACCOUNT, MockBackend};
use crate::backend::{BlockTag, Head, Receipt};
use crate::error::{BackendError, Contract, MarketError, NodeError};
use crate::node::Node;

/// The dispatcher of these tests.
const MARKET: Contract = Contract::Dispatcher(Address::repeat_byte(0xaa));

/// The call that they send.
const CALL: withdrawCall = withdrawCall { to: MOCK_ACCOUNT };

impl MockBackend {
    /// A connection over this backend, and the backend.
    pub(crate) fn node(self) -> (Node, Arc<Self>) {
        let backend = Arc::new(self);
        (Node::from_backend(backend.clone()), backend)
    }
}

/// Its output.
fn withdraw_return() -> Bytes {
    withdrawCall::abi_encode_returns(&5).into()
}

/// The error of a node that refuses a request.
fn rpc_error() -> BackendError {
    BackendError::Node(NodeError::Rpc { code: -32_000, message: "no".into() })
}

#[tokio::test]
async fn a_revert_is_decoded_and_nothing_is_sent() {
    let refusal = NothingToWithdraw { account: MOCK_ACCOUNT };
    let data = Bytes::from(refusal.abi_encode());
    let (node, chain) =
        MockBackend::new(move |_, _| Err(BackendError::Reverted(data.clone()))).node();
    let error = node.write(MARKET, &CALL, 0).await.unwrap_err();
    assert_eq!(error.dispatcher(), Some(&DispatcherErrors::NothingToWithdraw(refusal)));
    assert!(chain.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn reverts_decode_with_the_errors_of_the_called_contract() {
    let refusal = SeedNotReady { purchaseBlock: 9 };
    let data = Bytes::from(refusal.abi_encode());
    let (node, _) = MockBackend::new(move |_, _| Err(BackendError::Reverted(data.clone()))).node();
    let agreement = Contract::Agreement(Address::repeat_byte(0xbb));
    let error = node.write(agreement, &acceptCall {}, 0).await.unwrap_err();
    assert_eq!(error.agreement(), Some(&AgreementErrors::SeedNotReady(refusal)));
    assert!(error.is_temporary());
    let error = node.write(MARKET, &CALL, 0).await.unwrap_err();
    assert!(matches!(error, MarketError::Reverted { .. }), "{error}");
}

#[tokio::test]
async fn gas_limit_has_a_margin() {
    let (node, chain) = MockBackend::new(|_, _| Ok(withdraw_return())).node();
    node.write(MARKET, &CALL, 3).await.unwrap();
    let sent = chain.sent.lock().unwrap().clone();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].value(), sent[0].draft.gas_limit), (3, 169_200));
}

#[tokio::test]
async fn calls_are_simulated_on_the_pending_block_with_the_latest_hash() {
    let (node, _) = MockBackend::new(|_, env| {
        let [history] = env.overrides.as_slice() else { panic!("{env:?}") };
        assert_eq!(env.block, BlockTag::Pending);
        assert!(env.timestamp.unwrap() > 1_700_000_000, "the time now, not that of the old block");
        assert_eq!(history.account, address!("0x0000F90827F1C53a10cb7A02335B175320002935"));
        assert_eq!(history.storage, Some((U256::from(7).into(), B256::repeat_byte(7))));
        Ok(withdraw_return())
    })
    .node();
    node.write(MARKET, &CALL, 0).await.unwrap();
}

#[tokio::test]
async fn a_failed_transaction_returns_its_revert_reason() {
    let refusal = NothingToWithdraw { account: MOCK_ACCOUNT };
    let data = Bytes::from(refusal.abi_encode());
    let mut mock = MockBackend::new(move |_, env| match env.block {
        BlockTag::Number(8) => Err(BackendError::Reverted(data.clone())),
        _ => Ok(withdraw_return()),
    });
    mock.receipt = Some(Receipt { block: 8, ..Receipt::default() });
    let error = mock.node().0.write(MARKET, &CALL, 0).await.unwrap_err();
    assert_eq!(error.dispatcher(), Some(&DispatcherErrors::NothingToWithdraw(refusal)));
}

#[tokio::test]
async fn insufficient_funds_name_the_amount_needed() {
    let mut mock = MockBackend::new(|_, _| Err(rpc_error()));
    mock.balance = U256::from(4);
    match mock.node().0.write(MARKET, &CALL, 5).await.unwrap_err() {
        MarketError::InsufficientFunds { account, have, need } => {
            assert_eq!((account, have, need), (MOCK_ACCOUNT, U256::from(4), U256::from(5)));
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn rpc_errors_keep_the_nodes_message() {
    let (node, _) = MockBackend::new(|_, _| Err(rpc_error())).node();
    match node.write(MARKET, &CALL, 5).await.unwrap_err() {
        MarketError::Node(NodeError::Rpc { code, message }) => {
            assert_eq!((code, &*message), (-32_000, "no"));
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_missing_contract_and_a_foreign_contract_are_distinct() {
    let mut mock = MockBackend::new(|_, _| Ok(Bytes::new()));
    mock.code = Bytes::new();
    let error = mock.node().0.read(MARKET, &stateCall {}).await.unwrap_err();
    assert!(matches!(error, MarketError::NoContract(at) if at == MARKET.address()), "{error}");
    let (node, _) = MockBackend::new(|_, _| Ok(Bytes::new())).node();
    let error = node.read(MARKET, &stateCall {}).await.unwrap_err();
    assert!(matches!(error, MarketError::InterfaceMismatch { call: "state()", .. }), "{error}");
}

#[tokio::test]
async fn an_unmined_transaction_is_unconfirmed_after_the_timeout() {
    let mut mock = MockBackend::new(|_, _| Ok(withdraw_return()));
    mock.receipt = None;
    let node = mock.node().0.with_timeout(Duration::ZERO);
    let error = node.write(MARKET, &CALL, 0).await.unwrap_err();
    assert!(matches!(error, MarketError::Unconfirmed(_)), "{error}");
}

#[tokio::test]
async fn head_after_detects_a_reorg() {
    let (node, _) = MockBackend::new(|_, _| Ok(withdraw_return())).node();
    let head = node.head().await.unwrap();
    assert_eq!(node.head_after(&head).await.unwrap(), head);
    assert_eq!(node.head_after(&Head { number: 3, ..head }).await.unwrap(), head);
    for seen in [
        Head { hash: B256::ZERO, ..head },
        Head { number: 3, hash: B256::ZERO, ..head },
        Head { number: 9, ..head },
    ] {
        match node.head_after(&seen).await.unwrap_err() {
            MarketError::Reorg { seen: gone, head: 7 } => assert_eq!(gone, seen.number),
            other => panic!("{other}"),
        }
    }
}
