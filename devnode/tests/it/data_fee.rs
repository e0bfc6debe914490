//! The fee for data on the parent chain: who pays how much of it to whom, and what estimates say.

use std::path::PathBuf;

use alloy::{
    consensus::{SignableTransaction, TxEnvelope},
    eips::eip2718::Encodable2718,
    network::TransactionBuilder,
    primitives::{Address, Bytes, U256, address, hex},
    providers::Provider,
    rpc::types::TransactionRequest,
    signers::{SignerSync, local::PrivateKeySigner},
    sol,
    sol_types::SolCall,
};
use serde_json::{Value, json};
use stylus_devnode::{CHAIN_ID, Config, DEV_ADDRESS, DEV_KEY, Network};

use crate::support::Chain;

sol! {
    function setL1PricePerUnit(uint256 price);
    function setBrotliCompressionLevel(uint64 level);
    function getL1BaseFeeEstimate() returns (uint256);
    function getCurrentTxL1GasFees() returns (uint256);
    function getL1PricingUnitsSinceUpdate() returns (uint64);
    function getL1FeesAvailable() returns (uint256);
    function getMinimumGasPrice() returns (uint256);
    function getGasPricingConstraints() returns (uint64[3][]);
    function gasEstimateL1Component(address to, bool isCreation, bytes data) returns (uint64 gas, uint256 baseFee, uint256 price);
}

/// Account that data fees go to.
const POOL: Address = address!("A4B00000000000000000000000000000000000f6");

/// `ArbGasInfo`.
const ARB_GAS_INFO: Address = Address::with_last_byte(0x6c);

/// One gwei in wei.
const GWEI: u64 = 1_000_000_000;

/// A chain with this price per unit.
async fn chain_with_price(price: u64) -> Chain {
    Chain::with(Config { l1_fee: Some(price), ..Config::any_port() }).await
}

/// A function of a precompile, in the latest block.
async fn query<C: SolCall>(chain: &Chain, to: Address, call: C) -> C::Return {
    C::abi_decode_returns(&chain.call(to, call.abi_encode()).await.unwrap()).unwrap()
}

/// A number in a JSON value.
fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse::<U256>().unwrap().to()
}

/// A transfer to a new account, with incompressible data.
fn transfer() -> TransactionRequest {
    let data: Vec<u8> = (0..200_u8).map(|byte| byte.wrapping_mul(101) ^ 0x5a).collect();
    TransactionRequest::default()
        .with_from(DEV_ADDRESS)
        .with_to(Address::repeat_byte(0x42))
        .with_value(U256::from(7))
        .with_input(data)
}

/// A signed transaction of the dev account.
async fn signed(chain: &Chain, nonce_ahead: u64, request: TransactionRequest) -> Bytes {
    let nonce = chain.provider.get_transaction_count(DEV_ADDRESS).await.unwrap() + nonce_ahead;
    let request = request
        .with_nonce(nonce)
        .with_chain_id(CHAIN_ID)
        .with_max_fee_per_gas(u128::from(GWEI))
        .with_max_priority_fee_per_gas(0);
    let transaction = request.build_1559().unwrap();
    let signer = PrivateKeySigner::from_bytes(&DEV_KEY).unwrap();
    let signature = signer.sign_hash_sync(&transaction.signature_hash()).unwrap();
    TxEnvelope::from(transaction.into_signed(signature)).encoded_2718().into()
}

#[tokio::test]
async fn a_transaction_pays_for_its_compressed_bytes() {
    let chain = chain_with_price(GWEI).await;
    let balance = async |account| chain.provider.get_balance(account).await.unwrap();
    let raw = signed(&chain, 0, transfer().with_gas_limit(200_000)).await;
    let before = [balance(DEV_ADDRESS).await, balance(POOL).await, balance(Address::ZERO).await];
    let hash = chain.rpc("eth_sendRawTransaction", json!([raw])).await;
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;

    // Brotli keeps incompressible data as it is and adds four bytes.
    let units = 16 * (u64::try_from(raw.len()).unwrap() + 4);
    let (gas, data_gas) = (number(&receipt["gasUsed"]), number(&receipt["gasUsedForL1"]));
    assert_eq!(data_gas, units * 10, "a gwei is ten times the base fee");
    assert_eq!(receipt["status"], "0x1");
    let price = U256::from(100_000_000);
    let after = [balance(DEV_ADDRESS).await, balance(POOL).await, balance(Address::ZERO).await];
    assert_eq!(before[0] - after[0], U256::from(gas) * price + U256::from(7));
    assert_eq!(after[1] - before[1], U256::from(data_gas) * price);
    assert_eq!(after[2] - before[2], U256::from(gas - data_gas) * price, "the network's account");

    let trace = json!([hash, {"tracer": "callTracer"}]);
    let trace = chain.rpc("debug_traceTransaction", trace).await;
    assert_eq!((number(&trace["gas"]), number(&trace["gasUsed"])), (200_000, gas));
    assert_eq!(query(&chain, ARB_GAS_INFO, getL1FeesAvailableCall {}).await, after[1]);
}

#[tokio::test]
async fn a_gas_limit_that_does_not_cover_the_data_is_refused() {
    let chain = chain_with_price(GWEI).await;
    let price = chain
        .rpc(
            "eth_sendRawTransaction",
            json!([signed(&chain, 0, transfer().with_gas_limit(200_000)).await]),
        )
        .await;
    let used = chain.rpc("eth_getTransactionReceipt", json!([price])).await;
    let enough = number(&used["gasUsed"]);
    for (gas, accepted) in [(enough - 1, false), (enough, true)] {
        let raw = signed(&chain, 0, transfer().with_gas_limit(gas)).await;
        let response = chain.request("eth_sendRawTransaction", json!([raw])).await;
        assert_eq!(response.get("result").is_some(), accepted, "{response}");
        if !accepted {
            assert_eq!(response["error"]["message"], "intrinsic gas too low");
        }
    }
}

#[tokio::test]
async fn estimates_have_room_for_a_price_that_rises_a_tenth() {
    let chain = chain_with_price(10 * GWEI).await;
    let estimate = chain.provider.estimate_gas(transfer()).await.unwrap();
    let call = setL1PricePerUnitCall { price: U256::from(11 * GWEI) }.abi_encode();
    chain.call_as_owner(call).await;
    let receipt = chain.send(transfer().with_gas_limit(estimate)).await;
    assert!(receipt.status() && receipt.gas_used > estimate * 8 / 10, "{estimate}");

    let to = Address::with_last_byte(0xc8);
    let data = transfer().input.input().unwrap().clone();
    let component =
        gasEstimateL1ComponentCall { to: Address::repeat_byte(0x42), isCreation: false, data };
    let component = query(&chain, to, component).await;
    assert_eq!(component.price, U256::from(11 * GWEI));
    let now = chain.provider.estimate_gas(transfer()).await.unwrap();
    assert!(component.gas < now && component.gas > now / 2, "{} of {now}", component.gas);
}

#[tokio::test]
async fn a_call_is_charged_as_the_transaction_that_it_might_become() {
    let chain = chain_with_price(10 * GWEI).await;
    let call =
        |gas: &str| json!([{"to": ARB_GAS_INFO, "data": "0xc6f7de0e", "gas": gas}, "latest"]);
    let response = chain.request("eth_call", call("0x186a0")).await;
    let text = "err: intrinsic gas too low (supplied gas 100000)";
    assert_eq!(response["error"], json!({"code": -32000, "message": text}));
    let fee = number(&chain.rpc("eth_call", call("0x1e8480")).await);
    assert!((20_000 * GWEI..40_000 * GWEI).contains(&fee), "{fee}");
    // Without a limit, the cap leaves the gas for data aside.
    let all = chain.rpc("eth_call", json!([{"to": ARB_GAS_INFO, "data": "0xc6f7de0e"}])).await;
    assert_eq!(number(&all), fee + 16 * 101 / 100 * 10 * GWEI, "one byte more for the gas limit");
}

#[tokio::test]
async fn a_transaction_of_the_same_block_pays_the_new_price() {
    let chain = chain_with_price(0).await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    let owner = Address::with_last_byte(0x70);
    let set = setL1PricePerUnitCall { price: U256::from(GWEI) }.abi_encode();
    let set = TransactionRequest::default().with_to(owner).with_input(set).with_gas_limit(100_000);
    let units = getL1PricingUnitsSinceUpdateCall {}.abi_encode();
    let mut hashes = Vec::new();
    for (ahead, request) in [
        set,
        transfer().with_gas_limit(200_000),
        TransactionRequest::default()
            .with_to(ARB_GAS_INFO)
            .with_input(units)
            .with_gas_limit(200_000),
    ]
    .into_iter()
    .enumerate()
    {
        let raw = signed(&chain, u64::try_from(ahead).unwrap(), request).await;
        hashes.push(chain.rpc("eth_sendRawTransaction", json!([raw])).await);
    }
    chain.node.mine().await.unwrap();
    let mut data_gas = Vec::new();
    for hash in &hashes {
        let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["blockNumber"], "0x8");
        data_gas.push(number(&receipt["gasUsedForL1"]));
    }
    assert!(data_gas[0] == 0 && data_gas[1] > 0 && data_gas[2] > 0, "{data_gas:?}");
    // A trace sees the units of the transactions before, and its own.
    let trace = chain.rpc("debug_traceTransaction", json!([hashes[2], {"tracer": "callTracer"}]));
    let trace = trace.await;
    assert_eq!(number(&trace["output"]), (data_gas[1] + data_gas[2]) / 10);
    assert_eq!(query(&chain, ARB_GAS_INFO, getL1PricingUnitsSinceUpdateCall {}).await, {
        let fee = query(&chain, ARB_GAS_INFO, getCurrentTxL1GasFeesCall {}).await;
        (data_gas[1] + data_gas[2]) / 10 + (fee / U256::from(GWEI)).to::<u64>()
    });
}

#[tokio::test]
async fn the_level_of_compression_decides() {
    let chain = chain_with_price(GWEI).await;
    let text =
        b"data that repeats and repeats and repeats, in other words again and again; ".repeat(9);
    let mut used = Vec::new();
    for level in [0, 11] {
        chain.call_as_owner(setBrotliCompressionLevelCall { level }.abi_encode()).await;
        let request = transfer().with_input(text.clone()).with_gas_limit(2_000_000);
        used.push(chain.send(request).await.gas_used);
    }
    assert!(used[1] < used[0], "{used:?}");
    let level = setBrotliCompressionLevelCall { level: 12 }.abi_encode();
    let refused = chain.provider.call(
        TransactionRequest::default()
            .with_from(DEV_ADDRESS)
            .with_to(Address::with_last_byte(0x70))
            .with_input(level),
    );
    assert!(refused.await.is_err());
}

#[tokio::test]
async fn the_node_signs_with_enough_gas() {
    let chain = chain_with_price(50 * GWEI).await;
    let params = json!([{"from": DEV_ADDRESS, "to": POOL, "value": "0x1", "data": hex::encode_prefixed([3; 99])}]);
    let hash = chain.rpc("eth_sendTransaction", params).await;
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert!(number(&receipt["gasUsedForL1"]) > 500_000, "{receipt}");
    let list = chain.rpc("eth_createAccessList", json!([{"from": DEV_ADDRESS, "to": DEV_ADDRESS}]));
    assert_eq!(list.await["accessList"], json!([]), "the pool is not read by code");
}

#[tokio::test]
async fn a_chain_can_have_the_fees_of_arbitrum_one() {
    let config = Config { network: Network::ArbitrumOne, ..Config::any_port() };
    let chain = Chain::with(config).await;
    for _ in 0..2 {
        assert_eq!(chain.provider.get_gas_price().await.unwrap(), 20_000_000);
        let minimum = query(&chain, ARB_GAS_INFO, getMinimumGasPriceCall {}).await;
        assert_eq!(minimum, U256::from(20_000_000));
        let price = query(&chain, ARB_GAS_INFO, getL1BaseFeeEstimateCall {}).await;
        assert_eq!(price, U256::from(100_000_000));
        let constraints = query(&chain, ARB_GAS_INFO, getGasPricingConstraintsCall {}).await;
        assert_eq!(constraints.len(), 6);
        assert_eq!((constraints[0][0], constraints[0][1]), (60_000_000, 9));
        chain.rpc("anvil_reset", json!([])).await;
    }
}

#[tokio::test]
async fn a_state_file_keeps_prices_and_charges() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("data-fee.bin");
    // It may be left from the last time.
    let _ = std::fs::remove_file(&file);
    let config = Config { state: Some(file), ..Config::any_port() };
    let priced = Config { l1_fee: Some(3 * GWEI), ..config.clone() };
    let chain = Chain::with(priced).await;
    let hash = chain.send(transfer()).await.transaction_hash;
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_ne!(receipt["gasUsedForL1"], "0x0");
    chain.node.stop().await.unwrap();

    let chain = Chain::with(config).await;
    assert_eq!(chain.rpc("eth_getTransactionReceipt", json!([hash])).await, receipt);
    let price = query(&chain, ARB_GAS_INFO, getL1BaseFeeEstimateCall {}).await;
    assert_eq!(price, U256::from(3 * GWEI));
}
