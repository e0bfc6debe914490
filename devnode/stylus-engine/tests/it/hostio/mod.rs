//! Effects and costs of each family of hostios. Ink is read from traces.

mod calls;
mod misc;
mod storage;

use alloy_primitives::{Address, B256, U256};
use stylus_engine::{Activation, Outcome, Params, activate, run};

use crate::VERSION;
use crate::ledger::Ledger;

/// Gas of every run.
const GAS: u64 = 10_000_000;

/// An account other than the program's.
const OTHER: Address = Address::repeat_byte(0x22);

/// The imports and the memory of the test programs.
const HEAD: &str = r#"
    (import "vm_hooks" "read_args" (func $read_args (param i32)))
    (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
    (import "vm_hooks" "exit_early" (func $exit_early (param i32)))
    (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
    (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
    (import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))
    (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
    (import "vm_hooks" "transient_load_bytes32" (func $tload (param i32 i32)))
    (import "vm_hooks" "transient_store_bytes32" (func $tstore (param i32 i32)))
    (import "vm_hooks" "call_contract"
        (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
    (import "vm_hooks" "delegate_call_contract"
        (func $delegate (param i32 i32 i32 i64 i32) (result i32)))
    (import "vm_hooks" "static_call_contract"
        (func $static (param i32 i32 i32 i64 i32) (result i32)))
    (import "vm_hooks" "create1" (func $create1 (param i32 i32 i32 i32 i32)))
    (import "vm_hooks" "create2" (func $create2 (param i32 i32 i32 i32 i32 i32)))
    (import "vm_hooks" "read_return_data" (func $returned (param i32 i32 i32) (result i32)))
    (import "vm_hooks" "return_data_size" (func $size (result i32)))
    (import "vm_hooks" "emit_log" (func $log (param i32 i32 i32)))
    (import "vm_hooks" "account_balance" (func $balance (param i32 i32)))
    (import "vm_hooks" "account_code" (func $code (param i32 i32 i32 i32) (result i32)))
    (import "vm_hooks" "account_code_size" (func $code_size (param i32) (result i32)))
    (import "vm_hooks" "account_codehash" (func $code_hash (param i32 i32)))
    (import "vm_hooks" "block_basefee" (func $basefee (param i32)))
    (import "vm_hooks" "block_coinbase" (func $coinbase (param i32)))
    (import "vm_hooks" "block_gas_limit" (func $gas_limit (result i64)))
    (import "vm_hooks" "block_number" (func $number (result i64)))
    (import "vm_hooks" "block_timestamp" (func $timestamp (result i64)))
    (import "vm_hooks" "chainid" (func $chainid (result i64)))
    (import "vm_hooks" "contract_address" (func $address (param i32)))
    (import "vm_hooks" "evm_gas_left" (func $gas_left (result i64)))
    (import "vm_hooks" "evm_ink_left" (func $ink_left (result i64)))
    (import "vm_hooks" "msg_reentrant" (func $reentrant (result i32)))
    (import "vm_hooks" "msg_sender" (func $sender (param i32)))
    (import "vm_hooks" "msg_value" (func $value (param i32)))
    (import "vm_hooks" "tx_gas_price" (func $gas_price (param i32)))
    (import "vm_hooks" "tx_ink_price" (func $ink_price (result i32)))
    (import "vm_hooks" "tx_origin" (func $origin (param i32)))
    (import "vm_hooks" "native_keccak256" (func $keccak (param i32 i32 i32)))
    (import "console" "log_txt" (func $print (param i32 i32)))
    (import "console" "tee_i64" (func $tee (param i64) (result i64)))
    (memory (export "memory") 1 1)
    (data (i32.const 64) "\22\22\22\22\22\22\22\22\22\22\22\22\22\22\22\22\22\22\22\22")
"#;

/// A program whose entry point executes `body` and returns zero.
fn program(body: &str) -> Activation {
    let text = format!(
        "(module {HEAD} (func (export \"user_entrypoint\") (param i32) (result i32) {body} \
         (i32.const 0)))"
    );
    activate(&wat::parse_str(text).unwrap(), VERSION, 128, u64::MAX, true).unwrap()
}

/// Runs `body` on a traced ledger.
fn trace(ledger: &mut Ledger, body: &str) -> Outcome {
    trace_with(ledger, body, GAS)
}

/// Runs `body` with this much gas on a traced ledger.
fn trace_with(ledger: &mut Ledger, body: &str, gas: u64) -> Outcome {
    ledger.traced = true;
    run(&program(body).module, &Params::new(VERSION), b"calldata", gas, ledger)
}

/// Ink of each call of the hostio `name`.
fn ink(ledger: &Ledger, name: &str) -> Vec<u64> {
    let calls = ledger.hostios.iter().filter(|call| call.name == name);
    calls.map(|call| call.start_ink - call.end_ink).collect()
}

/// Output of the last call of the hostio `name`.
fn outs(ledger: &Ledger, name: &str) -> Vec<u8> {
    ledger.hostios.iter().rfind(|call| call.name == name).unwrap().outs.to_vec()
}

/// A number as a storage word.
fn word(number: u64) -> B256 {
    U256::from(number).into()
}
