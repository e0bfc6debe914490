//! Who posts batches, and what is paid for it.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes, I256, U256, address},
    rpc::types::TransactionRequest,
    sol,
    sol_types::SolCall,
};
use serde_json::json;
use stylus_devnode::{ArbosVersion, Config, DEV_ADDRESS, Network};

use crate::support::Chain;

sol! {
    function getPreferredAggregator(address account) returns (address poster, bool isDefault);
    function getDefaultAggregator() returns (address);
    function getBatchPosters() returns (address[]);
    function addBatchPoster(address poster);
    function getFeeCollector(address poster) returns (address);
    function setFeeCollector(address poster, address collector);
    function setTxBaseFee(address aggregator, uint256 fee);
    function getL1PricingSurplus() returns (int256);
    function getLastL1PricingUpdateTime() returns (uint64);
    function getL1PricingFundsDueForRewards() returns (uint256);
    function getL1FeesAvailable() returns (uint256);
    function getL1BaseFeeEstimateInertia() returns (uint64);
    function setL1BaseFeeEstimateInertia(uint64 inertia);
    function getParentGasFloorPerToken() returns (uint64);
    function setParentGasFloorPerToken(uint64 floor);
    function releaseL1PricerSurplusFunds(uint256 limit) returns (uint256);
}

/// The account that posts batches on every new chain.
const POSTER: Address = address!("A4B000000000000000000073657175656e636572");

/// The account that holds the fees for data.
const FUNDS_POOL: Address = address!("A4B00000000000000000000000000000000000f6");

/// `ArbAggregator`.
const ARB_AGGREGATOR: Address = Address::with_last_byte(0x6d);

/// `ArbGasInfo`.
const ARB_GAS_INFO: Address = Address::with_last_byte(0x6c);

/// `ArbOwnerPublic`.
const ARB_OWNER_PUBLIC: Address = Address::with_last_byte(0x6b);

/// `ArbOwner`.
const ARB_OWNER: Address = Address::with_last_byte(0x70);

/// Calls a function of a precompile.
async fn query<C: SolCall>(chain: &Chain, to: Address, call: C) -> C::Return {
    C::abi_decode_returns(&chain.call(to, call.abi_encode()).await.unwrap()).unwrap()
}

/// Whether a transaction to `ArbAggregator` succeeds.
async fn change(chain: &Chain, from: Address, call: impl SolCall) -> bool {
    let fields = json!({
        "from": from, "to": ARB_AGGREGATOR, "data": Bytes::from(call.abi_encode()), "gas": "0xf4240",
    });
    // The chain signs for accounts of its mnemonic.
    let hash = chain.rpc("eth_sendTransaction", json!([fields])).await;
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
    receipt["status"] == "0x1"
}

#[tokio::test]
async fn owners_add_posters_and_posters_say_who_is_paid() {
    let chain = Chain::start().await;
    let poster = chain.node.accounts()[1].address;
    let collector = chain.node.accounts()[2].address;
    assert_eq!(query(&chain, ARB_AGGREGATOR, getBatchPostersCall {}).await, [POSTER]);
    assert_eq!(query(&chain, ARB_AGGREGATOR, getDefaultAggregatorCall {}).await, POSTER);
    let preferred = getPreferredAggregatorCall { account: poster };
    let preferred = query(&chain, ARB_AGGREGATOR, preferred).await;
    assert_eq!((preferred.poster, preferred.isDefault), (POSTER, true));
    let fee_collector = getFeeCollectorCall { poster };
    assert!(chain.call(ARB_AGGREGATOR, fee_collector.abi_encode()).await.is_err(), "no poster");
    let set = |collector| setFeeCollectorCall { poster, collector };
    assert!(!change(&chain, DEV_ADDRESS, set(collector)).await, "no poster");

    assert!(!change(&chain, poster, addBatchPosterCall { poster }).await, "no owner");
    for _ in 0..2 {
        assert!(change(&chain, DEV_ADDRESS, addBatchPosterCall { poster }).await);
    }
    assert_eq!(query(&chain, ARB_AGGREGATOR, getBatchPostersCall {}).await, [POSTER, poster]);
    assert_eq!(query(&chain, ARB_AGGREGATOR, fee_collector.clone()).await, poster);

    assert!(!change(&chain, collector, set(collector)).await, "somebody else");
    assert!(change(&chain, poster, set(collector)).await);
    assert!(change(&chain, collector, set(DEV_ADDRESS)).await, "who is paid");
    assert!(change(&chain, DEV_ADDRESS, set(collector)).await, "an owner");
    assert_eq!(query(&chain, ARB_AGGREGATOR, fee_collector).await, collector);
    let fee = setTxBaseFeeCall { aggregator: poster, fee: U256::ONE };
    assert!(change(&chain, poster, fee).await, "without effect");
}

#[tokio::test]
async fn what_posters_are_paid_from_is_told() {
    let arbos = ArbosVersion::V61;
    let network = Network::ArbitrumOne;
    let chain = Chain::with(Config { arbos, network, ..Config::any_port() }).await;
    let transfer = TransactionRequest::default().with_to(DEV_ADDRESS);
    assert!(chain.send(transfer).await.status());
    let available = query(&chain, ARB_GAS_INFO, getL1FeesAvailableCall {}).await;
    let surplus = query(&chain, ARB_GAS_INFO, getL1PricingSurplusCall {}).await;
    assert!(!available.is_zero());
    assert_eq!(surplus, I256::from_raw(available), "nothing is due");
    assert_eq!(query(&chain, ARB_GAS_INFO, getLastL1PricingUpdateTimeCall {}).await, 0);
    let rewards = query(&chain, ARB_GAS_INFO, getL1PricingFundsDueForRewardsCall {}).await;
    assert_eq!(rewards, U256::ZERO);

    let pool = chain.rpc("eth_getBalance", json!([FUNDS_POOL, "latest"])).await;
    let pool: U256 = pool.as_str().unwrap().parse().unwrap();
    chain.rpc("anvil_setBalance", json!([FUNDS_POOL, pool + U256::from(9)])).await;
    for (limit, released) in [(4, 4), (9, 5), (9, 0)] {
        let limit = U256::from(limit);
        let release = releaseL1PricerSurplusFundsCall { limit };
        assert_eq!(query(&chain, ARB_OWNER, release.clone()).await, U256::from(released));
        let before = query(&chain, ARB_GAS_INFO, getL1FeesAvailableCall {}).await;
        let request = TransactionRequest::default().with_to(ARB_OWNER);
        let request = request.with_input(release.abi_encode()).with_gas_limit(1_000_000);
        assert!(chain.send(request).await.status());
        let after = query(&chain, ARB_GAS_INFO, getL1FeesAvailableCall {}).await;
        assert!(after >= before + U256::from(released), "with the fee of the transaction");
    }

    chain.call_as_owner(setL1BaseFeeEstimateInertiaCall { inertia: 7 }.abi_encode()).await;
    let inertia = query(&chain, ARB_GAS_INFO, getL1BaseFeeEstimateInertiaCall {}).await;
    assert_eq!(inertia, 7);
    let floor = getParentGasFloorPerTokenCall {};
    assert_eq!(query(&chain, ARB_OWNER_PUBLIC, floor.clone()).await, 0);
    chain.call_as_owner(setParentGasFloorPerTokenCall { floor: 10 }.abi_encode()).await;
    assert_eq!(query(&chain, ARB_OWNER_PUBLIC, floor).await, 10);
}
