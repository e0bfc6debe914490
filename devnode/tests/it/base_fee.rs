//! The base fee, which follows the gas that is used above the speed limit.

use std::time::Duration;

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

use crate::support::{ARB_OWNER, Chain};

sol! {
    function setGasBacklog(uint64 backlog);
    function setL2BaseFee(uint256 price);
    function setMinimumL2BaseFee(uint256 price);
    function setGasPricingConstraints(uint64[3][] constraints);
    function getGasPricingConstraints() returns (uint64[3][]);
    function getGasBacklog() returns (uint64);
    function burnArbGas(uint256 gas);
}

/// `ArbGasInfo`.
const ARB_GAS_INFO: Address = Address::with_last_byte(0x6c);

/// Minimum base fee in wei per gas.
const MINIMUM: u64 = 100_000_000;

/// Base fee of the latest block, and of the next one.
async fn base_fees(chain: &Chain) -> (u64, u64) {
    let block = chain.provider.get_block(alloy::eips::BlockId::latest()).await.unwrap().unwrap();
    let next = chain.provider.get_gas_price().await.unwrap();
    (block.header.base_fee_per_gas.unwrap(), u64::try_from(next).unwrap())
}

/// A chain whose clock stands still, so that no backlog is paid off.
async fn frozen() -> Chain {
    let chain = Chain::start().await;
    chain.rpc("anvil_setBlockTimestampInterval", json!([0])).await;
    chain
}

/// Gas of the backlog.
async fn backlog(chain: &Chain) -> u64 {
    let output = chain.call(ARB_GAS_INFO, getGasBacklogCall {}.abi_encode()).await.unwrap();
    getGasBacklogCall::abi_decode_returns(&output).unwrap()
}

#[tokio::test]
async fn load_raises_the_base_fee_and_time_lowers_it() {
    let chain = frozen().await;
    let before = backlog(&chain).await;
    let burn = |gas: u64| {
        let input = burnArbGasCall { gas: U256::from(gas) }.abi_encode();
        let to = Address::with_last_byte(0x69);
        let request = TransactionRequest::default().with_to(to).with_input(input);
        let request = request.with_gas_limit(32_000_000);
        request.with_max_fee_per_gas(2_000_000_000).with_max_priority_fee_per_gas(0)
    };
    let mut used = 0;
    for _ in 0..6 {
        used += chain.send(burn(30_000_000)).await.gas_used;
    }
    assert_eq!(backlog(&chain).await, before + used);
    let (latest, next) = base_fees(&chain).await;
    assert!(latest > MINIMUM && next > latest, "{latest}, then {next}");
    // Each second pays off seven million gas.
    chain.rpc("anvil_removeBlockTimestampInterval", json!([])).await;
    chain.node.increase_time(Duration::from_mins(1)).await.unwrap();
    chain.node.mine().await.unwrap();
    assert_eq!(base_fees(&chain).await, (next, MINIMUM), "the next block has the new fee");
    assert_eq!(backlog(&chain).await, 0);
}

#[tokio::test]
async fn a_backlog_acts_in_the_block_after_the_next() {
    let chain = frozen().await;
    // A whole inertia of the speed limit above the tolerance.
    let backlog = (10 + 102) * 7_000_000;
    chain.call_as_owner(setGasBacklogCall { backlog }.abi_encode()).await;
    assert_eq!(base_fees(&chain).await, (MINIMUM, MINIMUM));
    chain.node.mine().await.unwrap();
    assert_eq!(base_fees(&chain).await, (MINIMUM, 270_830_000), "e times as much");
    chain.node.mine().await.unwrap();
    assert_eq!(base_fees(&chain).await, (270_830_000, 270_830_000));

    let cheap = TransactionRequest::default()
        .with_to(Address::ZERO)
        .with_gas_limit(21_000)
        .with_max_fee_per_gas(200_000_000)
        .with_max_priority_fee_per_gas(0);
    let error = chain.provider.send_transaction(cheap).await.unwrap_err();
    assert!(error.to_string().contains("max fee per gas less than block base fee"), "{error}");
}

#[tokio::test]
async fn a_base_fee_that_the_owner_sets_lasts_for_one_block() {
    let chain = frozen().await;
    let price = U256::from(3 * MINIMUM);
    chain.call_as_owner(setL2BaseFeeCall { price }.abi_encode()).await;
    assert_eq!(base_fees(&chain).await, (MINIMUM, 3 * MINIMUM));
    chain.node.mine().await.unwrap();
    assert_eq!(base_fees(&chain).await, (3 * MINIMUM, MINIMUM));
    chain.call_as_owner(setMinimumL2BaseFeeCall { price }.abi_encode()).await;
    chain.node.mine().await.unwrap();
    assert_eq!(base_fees(&chain).await.1, 3 * MINIMUM);
}

/// Whether the owner may set constraints.
async fn accepts_constraints(chain: &Chain, constraints: Vec<[u64; 3]>) -> bool {
    let request = TransactionRequest::default()
        .with_from(stylus_devnode::DEV_ADDRESS)
        .with_to(ARB_OWNER)
        .with_input(setGasPricingConstraintsCall { constraints }.abi_encode());
    chain.provider.call(request).await.is_ok()
}

#[tokio::test]
async fn more_than_twenty_constraints_need_arbos_60() {
    for (arbos, more) in [(ArbosVersion::V51, false), (ArbosVersion::V61, true)] {
        let chain = Chain::with(Config { arbos, ..Config::any_port() }).await;
        assert!(accepts_constraints(&chain, vec![[1, 1, 0]; 20]).await);
        assert_eq!(accepts_constraints(&chain, vec![[1, 1, 0]; 21]).await, more);
    }
}

#[tokio::test]
async fn constraints_have_backlogs_of_their_own() {
    let chain = frozen().await;
    let constraints = vec![[1000, 100, 50_000], [2000, 50, 25_000]];
    let call = setGasPricingConstraintsCall { constraints }.abi_encode();
    chain.call_as_owner(call).await;
    let output =
        chain.call(ARB_GAS_INFO, getGasPricingConstraintsCall {}.abi_encode()).await.unwrap();
    let read = getGasPricingConstraintsCall::abi_decode_returns(&output).unwrap();
    let gas = chain.provider.get_block_receipts(alloy::eips::BlockId::latest()).await.unwrap();
    let gas = gas.unwrap()[0].gas_used;
    assert_eq!(read, vec![[1000, 100, 50_000 + gas], [2000, 50, 25_000 + gas]]);
    chain.node.mine().await.unwrap();
    assert!(base_fees(&chain).await.1 > MINIMUM);
    // Neither a target nor a window may be zero.
    for constraint in [[0, 1, 0], [1, 0, 0]] {
        assert!(!accepts_constraints(&chain, vec![constraint]).await);
    }
    let none = setGasPricingConstraintsCall { constraints: Vec::new() }.abi_encode();
    let none = TransactionRequest::default()
        .with_to(ARB_OWNER)
        .with_input(none)
        .with_max_fee_per_gas(10_000_000_000)
        .with_max_priority_fee_per_gas(0);
    assert!(chain.send(none).await.status());
    chain.node.mine().await.unwrap();
    assert_eq!(base_fees(&chain).await.1, MINIMUM);
}

#[tokio::test]
async fn a_rejected_transaction_pays_off_no_backlog() {
    let chain = Chain::start().await;
    chain.rpc("anvil_setBlockTimestampInterval", json!([1])).await;
    chain.call_as_owner(setGasBacklogCall { backlog: 60_000_000 }.abi_encode()).await;
    // No block is made of a transaction that calls what is not implemented.
    let before = backlog(&chain).await;
    let input = [&alloy::primitives::keccak256("getStats()")[..4]].concat();
    for _ in 0..3 {
        let request = json!([{
            "from": stylus_devnode::DEV_ADDRESS, "to": Address::with_last_byte(0x6f),
            "data": alloy::primitives::hex::encode_prefixed(&input), "gas": "0x186a0"
        }]);
        let response = chain.request("eth_sendTransaction", request).await;
        assert!(response["error"]["message"].as_str().unwrap().contains("not implemented"));
    }
    chain.node.mine().await.unwrap();
    assert_eq!(backlog(&chain).await, before - 7_000_000);
}
