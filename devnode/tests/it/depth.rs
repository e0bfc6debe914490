//! Nested frames, as deep as the EVM allows.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, U256, hex},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol,
    sol_types::SolCall,
};

use crate::{hostile::assert_healthy, support::Chain};

sol! {
    function setMaxTxGasLimit(uint64 limit);
    function setWasmFreePages(uint16 pages);
    function setWasmPageLimit(uint16 limit);
    function setMinimumL2BaseFee(uint256 price);
    function setL2BaseFee(uint256 price);
}

/// A program that calls itself with all its gas until a call fails, and returns the number of
/// frames below it in four bytes.
const RECURSE: &str = r#"(module
    (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
    (import "vm_hooks" "contract_address" (func $contract_address (param i32)))
    (import "vm_hooks" "call_contract"
        (func $call_contract (param i32 i32 i32 i32 i64 i32) (result i32)))
    (import "vm_hooks" "read_return_data" (func $read_return_data (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param $len i32) (result i32)
        (call $contract_address (i32.const 0))
        (if (i32.eqz (call $call_contract
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 32) (i64.const -1) (i32.const 64)))
            (then
                (drop (call $read_return_data (i32.const 96) (i32.const 0) (i32.const 4)))
                (i32.store (i32.const 96) (i32.add (i32.load (i32.const 96)) (i32.const 1)))))
        (call $write_result (i32.const 96) (i32.const 4))
        (i32.const 0)))"#;

#[tokio::test]
async fn programs_call_programs_until_gas_runs_out() {
    let chain = Chain::start().await;
    let program = chain.program(RECURSE).await;
    let request = TransactionRequest::default().with_to(program).with_gas_limit(50_000_000);
    let response = chain.provider.call(request).await.unwrap();
    let depth = u32::from_le_bytes(response[..4].try_into().unwrap());
    // Each frame opens a page of memory, and at most 128 pages can be paid for.
    assert!((100..128).contains(&depth), "{depth} frames");
}

/// Base fee in wei of a chain on which the gas of the deepest call is affordable.
const BASE_FEE: u128 = 1;

/// Gas of which enough is left after 1024 frames that each retain 1/64.
const GAS_LIMIT: u64 = 10_000_000_000_000;

/// A chain on which only the call depth ends a recursion: unlimited gas and memory.
async fn unlimited_chain() -> Chain {
    let chain = Chain::start().await;
    chain.call_as_owner(setMaxTxGasLimitCall { limit: u64::MAX }.abi_encode()).await;
    chain.call_as_owner(setWasmFreePagesCall { pages: u16::MAX }.abi_encode()).await;
    chain.call_as_owner(setWasmPageLimitCall { limit: u16::MAX }.abi_encode()).await;
    let price = U256::from(BASE_FEE);
    chain.call_as_owner(setMinimumL2BaseFeeCall { price }.abi_encode()).await;
    chain.call_as_owner(setL2BaseFeeCall { price }.abi_encode()).await;
    chain
}

/// Number of frames below the first one, from the log that it emits at its end.
async fn recursion_depth(chain: &Chain, to: Address) -> U256 {
    let request = TransactionRequest::default()
        .with_to(to)
        .with_gas_limit(GAS_LIMIT)
        .with_max_fee_per_gas(BASE_FEE)
        .with_max_priority_fee_per_gas(0);
    let receipt = chain.send(request).await;
    assert!(receipt.status());
    U256::from_be_slice(&receipt.logs()[0].data().data)
}

/// Offset in the code of the recursive contract where it pushes the callee.
const CALLEE_OFFSET: usize = 7;

/// The opcode CALLER.
const CALLER: u8 = 0x33;

/// A contract that calls itself with a byte until a call fails. Returns the number of frames below
/// it, and logs it if it was called without a byte.
fn recursive_contract() -> Vec<u8> {
    hex!("60205f60015f5f305af15f51015f523660175760205fa05b60205ff3").to_vec()
}

/// A program that does the same with another account, or with itself if that is zero.
fn recursive_program(other: Address) -> String {
    let address = other.iter().fold(String::new(), |text, byte| text + &format!("\\{byte:02x}"));
    format!(
        r#"(module
            (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
            (import "vm_hooks" "contract_address" (func $contract_address (param i32)))
            (import "vm_hooks" "emit_log" (func $emit_log (param i32 i32 i32)))
            (import "vm_hooks" "call_contract"
                (func $call_contract (param i32 i32 i32 i32 i64 i32) (result i32)))
            (import "vm_hooks" "read_return_data"
                (func $read_return_data (param i32 i32 i32) (result i32)))
            (memory (export "memory") 1 1)
            (data (i32.const 0) "{address}")
            (func (export "user_entrypoint") (param $len i32) (result i32)
                (if (i64.eqz (i64.load (i32.const 0)))
                    (then (call $contract_address (i32.const 0))))
                (if (i32.eqz (call $call_contract (i32.const 0) (i32.const 0) (i32.const 1)
                        (i32.const 32) (i64.const -1) (i32.const 64)))
                    (then
                        (drop (call $read_return_data
                            (i32.const 96) (i32.const 0) (i32.const 32)))
                        ;; The number is at most 1024, so its last two bytes are all of it.
                        (i32.store16 (i32.const 160) (i32.add (i32.const 1) (i32.or
                            (i32.shl (i32.load8_u (i32.const 126)) (i32.const 8))
                            (i32.load8_u (i32.const 127)))))
                        (i32.store8 (i32.const 126) (i32.load8_u (i32.const 161)))
                        (i32.store8 (i32.const 127) (i32.load8_u (i32.const 160)))))
                (if (i32.eqz (local.get $len))
                    (then (call $emit_log (i32.const 96) (i32.const 32) (i32.const 0))))
                (call $write_result (i32.const 96) (i32.const 32))
                (i32.const 0)))"#
    )
}

#[tokio::test]
async fn programs_call_programs_to_the_maximum_depth() {
    let chain = unlimited_chain().await;
    let program = chain.program(&recursive_program(Address::ZERO)).await;
    assert_eq!(recursion_depth(&chain, program).await, U256::from(1024));
    assert_healthy(&chain).await;
}

#[tokio::test]
async fn contracts_call_contracts_to_the_maximum_depth() {
    let chain = unlimited_chain().await;
    let contract = chain.deploy(&recursive_contract()).await;
    assert_eq!(recursion_depth(&chain, contract).await, U256::from(1024));
    assert_healthy(&chain).await;
}

#[tokio::test]
async fn programs_and_contracts_call_each_other_to_the_maximum_depth() {
    let chain = unlimited_chain().await;
    let mut calls_back = recursive_contract();
    calls_back[CALLEE_OFFSET] = CALLER;
    let contract = chain.deploy(&calls_back).await;
    let program = chain.program(&recursive_program(contract)).await;
    assert_eq!(recursion_depth(&chain, program).await, U256::from(1024));
    assert_healthy(&chain).await;
}

#[tokio::test]
async fn contracts_call_contracts_until_gas_runs_out() {
    let chain = Chain::start().await;
    // Calls itself with all its gas; returns one more than the callee did.
    let contract = chain.deploy(&hex!("60205f5f5f5f305af1505f516001015f5260205ff3")).await;
    let response = chain.call(contract, Vec::new()).await.unwrap();
    let depth = U256::from_be_slice(&response);
    assert!((U256::from(500)..U256::from(1025)).contains(&depth), "{depth} frames");
}
