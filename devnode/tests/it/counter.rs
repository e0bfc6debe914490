//! alloy with the counter of all clients (`../../clients`), here a Stylus program: deployment,
//! calls, transactions, events and reverts.

use alloy::{
    eips::BlockId,
    network::TransactionBuilder,
    primitives::{Address, U256},
    providers::{Provider, ProviderBuilder, WsConnect},
    rpc::types::{Filter, TransactionReceipt, TransactionRequest},
    sol,
    sol_types::{SolCall, SolError, SolEvent},
};
use stylus_devnode::DEV_ADDRESS;

use crate::support::{Chain, revert_data};

sol! {
    #[derive(Debug, PartialEq)]
    event Added(address indexed by, uint256 amount, uint256 total);
    #[derive(Debug, PartialEq)]
    error TooMuch(uint256 amount, uint256 limit);
    function number() returns (uint256);
    function add(uint256 amount) returns (uint256 total);
}

/// Deploys and activates a counter with value zero.
async fn counter(chain: &Chain) -> Address {
    chain.program(include_str!("../../clients/contracts/stylus-counter.wat")).await
}

/// A request to add to the counter.
fn adding(counter: Address, amount: u64) -> TransactionRequest {
    let add = addCall { amount: U256::from(amount) };
    TransactionRequest::default().with_to(counter).with_input(add.abi_encode())
}

/// Value of the counter after a block.
async fn number(chain: &Chain, counter: Address, block: impl Into<BlockId>) -> u64 {
    let call =
        TransactionRequest::default().with_to(counter).with_input(numberCall {}.abi_encode());
    let response = chain.provider.call(call).block(block.into()).await.unwrap();
    numberCall::abi_decode_returns(&response).unwrap().to()
}

/// The event of an addition by the dev account.
fn added(amount: u64, total: u64) -> Added {
    Added { by: DEV_ADDRESS, amount: U256::from(amount), total: U256::from(total) }
}

/// The only event of a receipt.
fn event(receipt: &TransactionReceipt) -> Added {
    assert_eq!(receipt.logs().len(), 1);
    Added::decode_log(&receipt.logs()[0].inner).unwrap().data
}

#[tokio::test]
async fn a_transaction_does_and_costs_what_was_estimated() {
    let chain = Chain::start().await;
    let counter = counter(&chain).await;
    assert_eq!(number(&chain, counter, BlockId::latest()).await, 0);
    let response = chain.provider.call(adding(counter, 2)).await.unwrap();
    assert_eq!(addCall::abi_decode_returns(&response).unwrap(), U256::from(2));
    let estimate = chain.provider.estimate_gas(adding(counter, 2)).await.unwrap();

    let before = chain.provider.get_balance(DEV_ADDRESS).await.unwrap();
    let receipt = chain.send(adding(counter, 2)).await;
    assert!(receipt.status() && receipt.gas_used <= estimate);
    let fee = U256::from(receipt.gas_used) * U256::from(receipt.effective_gas_price);
    assert_eq!(chain.provider.get_balance(DEV_ADDRESS).await.unwrap(), before - fee);
    let height = receipt.block_number.unwrap();
    assert_eq!(number(&chain, counter, height).await, 2);
    assert_eq!(number(&chain, counter, height - 1).await, 0, "the past stays");
}

#[tokio::test]
async fn events_are_in_the_receipt_in_logs_and_in_subscriptions() {
    let chain = Chain::start().await;
    let counter = counter(&chain).await;
    let filter = Filter::new().address(counter).event_signature(Added::SIGNATURE_HASH);
    let socket = WsConnect::new(chain.node.ws_url());
    let socket = ProviderBuilder::new().connect_ws(socket).await.unwrap();
    let mut news = socket.subscribe_logs(&filter).await.unwrap();

    assert_eq!(event(&chain.send(adding(counter, 2)).await), added(2, 2));
    assert_eq!(event(&chain.send(adding(counter, 3)).await), added(3, 5));
    let search = filter.from_block(0).topic1(DEV_ADDRESS.into_word());
    let found = chain.provider.get_logs(&search).await.unwrap();
    let found: Vec<_> = found.iter().map(|log| Added::decode_log(&log.inner).unwrap()).collect();
    assert_eq!(found.iter().map(|log| &log.data).collect::<Vec<_>>(), [&added(2, 2), &added(3, 5)]);
    for expected in found {
        assert_eq!(Added::decode_log(&news.recv().await.unwrap().inner).unwrap(), expected);
    }
}

#[tokio::test]
async fn a_revert_is_a_typed_error_or_a_failed_transaction() {
    let chain = Chain::start().await;
    let counter = counter(&chain).await;
    let refusal = TooMuch { amount: U256::from(101), limit: U256::from(100) };
    for error in [
        chain.provider.call(adding(counter, 101)).await.unwrap_err(),
        chain.provider.estimate_gas(adding(counter, 101)).await.unwrap_err(),
    ] {
        assert_eq!(TooMuch::abi_decode(&revert_data(&error)).unwrap(), refusal);
    }
    let receipt = chain.send(adding(counter, 101).with_gas_limit(100_000)).await;
    assert!(!receipt.status() && receipt.logs().is_empty());
    assert_eq!(number(&chain, counter, BlockId::latest()).await, 0);
}
