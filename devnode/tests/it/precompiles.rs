//! Arbitrum's precompiles: activation, caching, and properties of the chain.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256, address, hex, keccak256},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol,
    sol_types::SolCall,
};
use stylus_devnode::{CHAIN_ID, DEV_ADDRESS};

use crate::support::{ARB_OWNER, ARB_WASM, Chain, message, program_code, revert_data};

sol! {
    function arbBlockNumber() returns (uint256);
    function arbChainID() returns (uint256);
    function arbBlockHash(uint256 height) returns (bytes32);
    function stylusVersion() returns (uint16);
    function codehashVersion(bytes32 hash) returns (uint16);
    function programInitGas(address program) returns (uint64 gas, uint64 cached);
    function cacheProgram(address program);
    function codehashIsCached(bytes32 hash) returns (bool);
    function allCacheManagers() returns (address[] managers);
    function isChainOwner(address owner) returns (bool);
    function becomeChainOwner();
    function setInkPrice(uint32 price);
    function getMinimumGasPrice() returns (uint256);
    function setNetworkFeeAccount(address account);
    function setInfraFeeAccount(address account);
    function setMinimumL2BaseFee(uint256 price);
    function setL2BaseFee(uint256 price);
}

/// `ArbSys`.
const ARB_SYS: Address = address!("0000000000000000000000000000000000000064");

/// `ArbOwnerPublic`.
const ARB_OWNER_PUBLIC: Address = address!("000000000000000000000000000000000000006b");

/// `ArbGasInfo`.
const ARB_GAS_INFO: Address = address!("000000000000000000000000000000000000006c");

/// `ArbWasmCache`.
const ARB_WASM_CACHE: Address = address!("0000000000000000000000000000000000000072");

/// `ArbDebug`.
const ARB_DEBUG: Address = address!("00000000000000000000000000000000000000ff");

/// A program that does nothing.
const NOTHING: &str = r#"(module
    (memory (export "memory") 0 0)
    (func (export "user_entrypoint") (param $len i32) (result i32) (i32.const 0)))"#;

/// Calls a function of a precompile.
async fn query<C: SolCall>(chain: &Chain, to: Address, call: C) -> C::Return {
    C::abi_decode_returns(&chain.call(to, call.abi_encode()).await.unwrap()).unwrap()
}

#[tokio::test]
async fn arb_sys_knows_the_height_of_this_chain() {
    let chain = Chain::start().await;
    assert_eq!(query(&chain, ARB_SYS, arbBlockNumberCall {}).await, U256::from(7));
    assert_eq!(query(&chain, ARB_SYS, arbChainIDCall {}).await, U256::from(CHAIN_ID));
    let third = chain.provider.get_block_by_number(3.into()).await.unwrap().unwrap();
    let call = arbBlockHashCall { height: U256::from(3) };
    assert_eq!(query(&chain, ARB_SYS, call).await, third.header.hash);
    let call = arbBlockHashCall { height: U256::from(7) };
    let error = chain.call(ARB_SYS, call.abi_encode()).await.unwrap_err();
    assert_eq!(message(&error), "execution reverted: error InvalidBlockNumber(7, 7)");
}

#[tokio::test]
async fn an_activation_costs_its_formula_and_returns_excess_value() {
    let chain = Chain::start().await;
    let program = chain.deploy(&program_code(NOTHING)).await;
    let before = chain.provider.get_balance(DEV_ADDRESS).await.unwrap();
    let receipt = chain.activate(program).await;
    assert!(receipt.status());
    let after = chain.provider.get_balance(DEV_ADDRESS).await.unwrap();
    let log = &receipt.logs()[0];
    let event = keccak256("ProgramActivated(bytes32,bytes32,address,uint256,uint16)");
    assert_eq!(log.topics()[0], event);
    let fee = U256::from_be_slice(&log.data().data[64..96]);
    let gas = U256::from(u128::from(receipt.gas_used) * receipt.effective_gas_price);
    assert_eq!(before - after, fee + gas);
    assert_eq!(chain.provider.get_balance(ARB_WASM).await.unwrap(), U256::ZERO);

    let again = chain.activate(program).await;
    assert!(!again.status());
    let error = chain.call(ARB_WASM, [&hex!("58c780c2"), program.into_word().as_slice()].concat());
    let error = error.await.unwrap_err();
    assert_eq!(message(&error), "execution reverted: error ProgramUpToDate()");
}

#[tokio::test]
async fn invalid_programs_cannot_be_activated() {
    let chain = Chain::start().await;
    let activate = |target: Address| {
        chain.call(ARB_WASM, [&hex!("58c780c2"), target.into_word().as_slice()].concat())
    };
    let nobody = activate(Address::repeat_byte(3)).await.unwrap_err();
    assert_eq!(message(&nobody), "execution reverted: error ProgramNotWasm()");
    let contract = chain.deploy(&hex!("00")).await;
    let error = activate(contract).await.unwrap_err();
    assert_eq!(message(&error), "execution reverted: error ProgramNotWasm()");
    let no_entry = r#"(module (memory (export "memory") 0 0))"#;
    let program = chain.deploy(&program_code(no_entry)).await;
    let text = message(&activate(program).await.unwrap_err());
    assert!(text.starts_with("program activation failed"), "{text}");
}

#[tokio::test]
async fn activation_applies_to_the_code_hash() {
    let chain = Chain::start().await;
    let hash = keccak256(program_code(NOTHING));
    let error = chain.call(ARB_WASM, codehashVersionCall { hash }.abi_encode()).await.unwrap_err();
    assert_eq!(message(&error), "execution reverted: error ProgramNotActivated()");
    assert_eq!(revert_data(&error).to_vec(), hex!("6f809c4e"));
    chain.program(NOTHING).await;
    assert_eq!(query(&chain, ARB_WASM, codehashVersionCall { hash }).await, 3);
    assert_eq!(query(&chain, ARB_WASM, stylusVersionCall {}).await, 3);
    let twin = chain.deploy(&program_code(NOTHING)).await;
    assert!(
        chain.call(twin, Bytes::new()).await.is_ok(),
        "the same code needs no second activation"
    );
}

#[tokio::test]
async fn a_cached_program_is_cheaper_to_enter() {
    let chain = Chain::start().await;
    let program = chain.program(NOTHING).await;
    let prices = query(&chain, ARB_WASM, programInitGasCall { program }).await;
    let enter =
        || chain.send(TransactionRequest::default().with_to(program).with_gas_limit(100_000));
    let cold = enter().await.gas_used;
    let cache = cacheProgramCall { program }.abi_encode();
    let request = TransactionRequest::default().with_to(ARB_WASM_CACHE).with_input(cache);
    assert!(chain.send(request).await.status());
    let hash: B256 = keccak256(program_code(NOTHING));
    assert!(query(&chain, ARB_WASM_CACHE, codehashIsCachedCall { hash }).await);
    assert_eq!(cold - enter().await.gas_used, prices.gas - prices.cached);
    let manager = address!("a6e41ffd769491a42a6e5ce453259b93983a22ef");
    assert_eq!(query(&chain, ARB_WASM_CACHE, allCacheManagersCall {}).await, [manager]);
}

#[tokio::test]
async fn only_owners_change_settings_and_anyone_can_become_one() {
    let chain = Chain::start().await;
    let stranger = chain.node.accounts()[1].address;
    let set = setInkPriceCall { price: 20_000 }.abi_encode();
    let by = |from: Address| {
        let request = TransactionRequest::default().with_from(from).with_to(ARB_OWNER);
        chain.provider.call(request.with_input(set.clone()))
    };
    let refused = by(stranger).await.unwrap_err();
    assert_eq!(message(&refused), "unauthorized caller to access-controlled method");
    assert!(by(DEV_ADDRESS).await.is_ok());

    let owner = |owner| query(&chain, ARB_OWNER_PUBLIC, isChainOwnerCall { owner });
    assert!(owner(DEV_ADDRESS).await && !owner(stranger).await);
    let debug = TransactionRequest::default().with_to(ARB_DEBUG).with_from(stranger);
    let debug = debug.with_input(becomeChainOwnerCall {}.abi_encode());
    assert!(chain.provider.call(debug).await.is_ok());
    assert_eq!(
        query(&chain, ARB_GAS_INFO, getMinimumGasPriceCall {}).await,
        U256::from(100_000_000)
    );
}

#[tokio::test]
async fn fees_are_shared_between_network_and_infrastructure() {
    let chain = Chain::start().await;
    let [network, infrastructure] = [0xaa, 0xbb].map(Address::repeat_byte);
    chain.call_as_owner(setNetworkFeeAccountCall { account: network }.abi_encode()).await;
    chain
        .call_as_owner(setMinimumL2BaseFeeCall { price: U256::from(100_000_000) }.abi_encode())
        .await;
    // The base fee that is set lasts for one block.
    let raise = || {
        let price = U256::from(300_000_000);
        chain.call_as_owner(setL2BaseFeeCall { price }.abi_encode())
    };
    let balances = || async {
        let of = |account| chain.provider.get_balance(account);
        (of(network).await.unwrap(), of(infrastructure).await.unwrap())
    };
    let transfer = || {
        let request = TransactionRequest::default().with_to(Address::ZERO);
        chain.send(request.with_max_fee_per_gas(1_000_000_000).with_max_priority_fee_per_gas(0))
    };

    raise().await;
    let before = balances().await;
    let whole = U256::from(transfer().await.gas_used) * U256::from(300_000_000);
    let after = balances().await;
    assert_eq!((after.0 - before.0, after.1), (whole, U256::ZERO));

    chain.call_as_owner(setInfraFeeAccountCall { account: infrastructure }.abi_encode()).await;
    raise().await;
    let before = balances().await;
    transfer().await;
    let after = balances().await;
    let third = whole / U256::from(3);
    assert_eq!((after.0 - before.0, after.1 - before.1), (third + third, third));
}
