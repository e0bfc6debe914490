//! Frames within frames: as deep as the EVM allows, and nothing breaks.

use alloy::{
    network::TransactionBuilder,
    primitives::{U256, hex},
    providers::Provider,
    rpc::types::TransactionRequest,
};

use crate::support::Chain;

/// A program that calls itself with all its gas until it cannot, and answers with how many frames
/// were below it, in four bytes.
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
async fn programs_call_programs_until_the_gas_is_too_little() {
    let chain = Chain::start().await;
    let program = chain.program(RECURSE).await;
    let request = TransactionRequest::default().with_to(program).with_gas_limit(50_000_000);
    let answer = chain.provider.call(request).await.unwrap();
    let depth = u32::from_le_bytes(answer[..4].try_into().unwrap());
    // Each frame has a page of memory open, and 128 pages are the most that can be paid for.
    assert!((100..128).contains(&depth), "{depth} frames");
}

#[tokio::test]
async fn contracts_call_contracts_until_the_gas_is_too_little() {
    let chain = Chain::start().await;
    // Calls itself with all its gas; answers with one more than the callee did, if it could.
    let contract = chain.deploy(&hex!("60205f5f5f5f305af1505f516001015f5260205ff3")).await;
    let answer = chain.call(contract, Vec::new()).await.unwrap();
    let depth = U256::from_be_slice(&answer);
    assert!((U256::from(500)..U256::from(1025)).contains(&depth), "{depth} frames");
}
