//! Tips: dropped, unless the owner of the chain has them collected.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol,
    sol_types::SolCall,
};
use serde_json::json;
use stylus_devnode::{ArbosVersion, Config};

use crate::support::Chain;

sol! {
    function setCollectTips(bool collect) external;
    function setNetworkFeeAccount(address account) external;
}

/// Base fee in wei per gas.
const FEE: u128 = 100_000_000;

/// Recipient of fees.
const RECIPIENT: Address = Address::with_last_byte(0x77);

/// Gas of a transfer.
const GAS: u128 = 21_000;

/// Makes a transfer with a tip; returns the price of its receipt and what the recipient of fees gets.
async fn transfer(chain: &Chain) -> (u128, U256) {
    let before = chain.provider.get_balance(RECIPIENT).await.unwrap();
    let request = TransactionRequest::default()
        .with_to(Address::ZERO)
        .with_gas_limit(21_000)
        .with_max_fee_per_gas(5 * FEE)
        .with_max_priority_fee_per_gas(2 * FEE);
    let receipt = chain.send(request).await;
    let after = chain.provider.get_balance(RECIPIENT).await.unwrap();
    (receipt.effective_gas_price, after - before)
}

/// The flag in the latest block's header.
async fn flag(chain: &Chain) -> u8 {
    let block = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    let mix_hash: alloy::primitives::B256 = block["mixHash"].as_str().unwrap().parse().unwrap();
    mix_hash[25]
}

#[tokio::test]
async fn tips_are_paid_while_the_chain_collects_them() {
    let chain = Chain::with(Config { arbos: ArbosVersion::V61, ..Config::any_port() }).await;
    chain.call_as_owner(setNetworkFeeAccountCall { account: RECIPIENT }.abi_encode()).await;
    assert_eq!(transfer(&chain).await, (FEE, U256::from(GAS * FEE)));

    chain.call_as_owner(setCollectTipsCall { collect: true }.abi_encode()).await;
    assert_eq!(flag(&chain).await, 1);
    assert_eq!(transfer(&chain).await, (3 * FEE, U256::from(GAS * 3 * FEE)));
    let dump = chain.rpc("anvil_dumpState", json!([])).await;
    let hash = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await["transactions"][0]
        .clone();
    chain.rpc("anvil_loadState", json!([dump])).await;
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["effectiveGasPrice"], format!("{:#x}", 3 * FEE), "after a restart");

    chain.call_as_owner(setCollectTipsCall { collect: false }.abi_encode()).await;
    assert_eq!(flag(&chain).await, 0);
    assert_eq!(transfer(&chain).await, (FEE, U256::from(GAS * FEE)));
}
