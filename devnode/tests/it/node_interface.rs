//! `NodeInterface`, which the node answers itself.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol,
    sol_types::SolCall,
};
use serde_json::json;
use stylus_devnode::DEV_ADDRESS;

use crate::support::{Chain, init_code, message};

sol! {
    function nitroGenesisBlock() returns (uint256);
    function blockL1Num(uint64 height) returns (uint64);
    function l2BlockRangeForL1(uint64 height) returns (uint64 first, uint64 last);
    function gasEstimateComponents(address to, bool isCreation, bytes data) returns (uint64 gas, uint64 parentGas, uint256 baseFee, uint256 parentPrice);
    function gasEstimateL1Component(address to, bool isCreation, bytes data) returns (uint64 parentGas, uint256 baseFee, uint256 parentPrice);
    function legacyLookupMessageBatchProof(uint256 batch, uint64 index);
    function findBatchContainingBlock(uint64 height) returns (uint64);
    function getL1Confirmations(bytes32 blockHash) returns (uint64);
    function constructOutboxProof(uint64 size, uint64 leaf);
    function estimateRetryableTicket(address sender, uint256 deposit, address to, uint256 value, address feeRefund, address valueRefund, bytes data);
}

/// Address of `NodeInterface`.
const NODE_INTERFACE: Address = Address::with_last_byte(0xc8);

/// Base fee in wei per gas.
const BASE_FEE: U256 = U256::from_limbs([100_000_000, 0, 0, 0]);

/// Calls a function.
async fn query<C: SolCall>(chain: &Chain, call: C) -> C::Return {
    let response = chain.call(NODE_INTERFACE, call.abi_encode()).await.unwrap();
    C::abi_decode_returns(&response).unwrap()
}

/// The error message of a call.
async fn error_message(chain: &Chain, call: impl Into<Bytes>) -> String {
    message(&chain.call(NODE_INTERFACE, call).await.unwrap_err())
}

/// A `gasEstimateComponents` call.
fn components(to: Address, is_creation: bool, data: impl Into<Bytes>) -> gasEstimateComponentsCall {
    gasEstimateComponentsCall { to, isCreation: is_creation, data: data.into() }
}

#[tokio::test]
async fn the_parent_chain_does_not_exist() {
    let chain = Chain::start().await;
    assert_eq!(query(&chain, nitroGenesisBlockCall {}).await, U256::ZERO);
    assert_eq!(query(&chain, blockL1NumCall { height: 7 }).await, 0);
    let range = query(&chain, l2BlockRangeForL1Call { height: 0 }).await;
    assert_eq!((range.first, range.last), (0, 7));
    for call in [
        blockL1NumCall { height: 8 }.abi_encode(),
        l2BlockRangeForL1Call { height: 1 }.abi_encode(),
        legacyLookupMessageBatchProofCall { batch: U256::ZERO, index: 0 }.abi_encode(),
    ] {
        assert_eq!(error_message(&chain, call).await, "execution reverted");
    }
}

#[tokio::test]
async fn gas_estimates_include_no_gas_for_the_parent_chain() {
    let chain = Chain::start().await;
    let (to, data) = (Address::repeat_byte(7), vec![1, 2, 3]);
    let result = query(&chain, components(to, false, data.clone())).await;
    let call = TransactionRequest::default().with_to(to).with_input(data.clone());
    assert_eq!(result.gas, chain.provider.estimate_gas(call).await.unwrap());
    assert_eq!((result.parentGas, result.baseFee, result.parentPrice), (0, BASE_FEE, U256::ZERO));

    let init = init_code(&[1, 2, 3]);
    let result = query(&chain, components(to, true, init.clone())).await;
    let creation = TransactionRequest::default().with_from(Address::ZERO).with_deploy_code(init);
    assert_eq!(result.gas, chain.provider.estimate_gas(creation).await.unwrap());

    let question = gasEstimateL1ComponentCall { to, isCreation: false, data: data.into() };
    let result = query(&chain, question).await;
    assert_eq!((result.parentGas, result.baseFee, result.parentPrice), (0, BASE_FEE, U256::ZERO));
}

#[tokio::test]
async fn the_value_of_the_call_is_that_of_the_transaction() {
    let chain = Chain::start().await;
    let call = |from| {
        let request = TransactionRequest::default().with_from(from).with_to(NODE_INTERFACE);
        request.with_value(U256::ONE)
    };
    let gas = components(Address::repeat_byte(7), false, Bytes::new()).abi_encode();
    let response = chain.provider.call(call(DEV_ADDRESS).with_input(gas.clone())).await.unwrap();
    assert_eq!(gasEstimateComponentsCall::abi_decode_returns(&response).unwrap().gas, 21_000);
    let poor = Address::repeat_byte(9);
    let error = chain.provider.call(call(poor).with_input(gas)).await.unwrap_err();
    assert_eq!(message(&error), "execution reverted");
    let free = call(DEV_ADDRESS).with_input(nitroGenesisBlockCall {}.abi_encode());
    let error = chain.provider.call(free).await.unwrap_err();
    assert_eq!(message(&error), "execution reverted", "only gas can be asked for with value");
}

#[tokio::test]
async fn arguments_are_decoded_as_in_nitro() {
    let chain = Chain::start().await;
    let mut dirty = components(Address::repeat_byte(7), false, Bytes::new()).abi_encode();
    dirty[4] = 0xff;
    assert!(
        chain.call(NODE_INTERFACE, dirty.clone()).await.is_ok(),
        "dirty padding of the address"
    );
    dirty[36] = 0xff;
    assert_eq!(error_message(&chain, dirty).await, "execution reverted");
    let mut height = blockL1NumCall { height: 0 }.abi_encode();
    height[4] = 1;
    assert_eq!(error_message(&chain, height).await, "execution reverted");
    assert_eq!(error_message(&chain, vec![1, 2, 3, 4]).await, "execution reverted");
    let itself = components(NODE_INTERFACE, false, Bytes::new()).abi_encode();
    assert_eq!(error_message(&chain, itself).await, "execution reverted");
}

#[tokio::test]
async fn functions_that_need_a_parent_chain_are_not_implemented() {
    let chain = Chain::start().await;
    let ticket = estimateRetryableTicketCall {
        sender: Address::ZERO,
        deposit: U256::ZERO,
        to: Address::ZERO,
        value: U256::ZERO,
        feeRefund: Address::ZERO,
        valueRefund: Address::ZERO,
        data: Bytes::new(),
    };
    for (name, call) in [
        ("findBatchContainingBlock", findBatchContainingBlockCall { height: 0 }.abi_encode()),
        ("getL1Confirmations", getL1ConfirmationsCall { blockHash: B256::ZERO }.abi_encode()),
        ("constructOutboxProof", constructOutboxProofCall { size: 1, leaf: 0 }.abi_encode()),
        ("estimateRetryableTicket", ticket.abi_encode()),
    ] {
        let text = format!("NodeInterface.{name} is not implemented by the dev chain");
        assert_eq!(error_message(&chain, call).await, text);
    }
    let error = chain.call(Address::with_last_byte(0xc9), vec![1, 2, 3, 4]).await.unwrap_err();
    assert_eq!(message(&error), "NodeInterfaceDebug is not implemented by the dev chain");
}

#[tokio::test]
async fn only_eth_call_is_answered() {
    let chain = Chain::start().await;
    let input = Bytes::from(nitroGenesisBlockCall {}.abi_encode());
    let call = json!({"to": NODE_INTERFACE, "input": input});
    let text = format!("NodeInterface ({NODE_INTERFACE}) supports eth_call only on this dev chain");
    for method in ["eth_estimateGas", "eth_createAccessList", "debug_traceCall"] {
        let response = chain.request(method, json!([call, "latest"])).await;
        assert_eq!(response["error"]["message"], text, "{method}");
    }
}
