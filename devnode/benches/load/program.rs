//! A Stylus program that counts in its storage.

use std::io::Write;

use alloy::{
    consensus::TxLegacy,
    primitives::{Address, Bytes, TxKind, U256, address, hex},
    signers::local::PrivateKeySigner,
};
use stylus_devnode::{CHAIN_ID, DEV_ADDRESS, DEV_KEY};

use crate::{PRICE, chain::Chain, sign};

/// `ArbWasm`.
const ARB_WASM: Address = address!("0000000000000000000000000000000000000071");

/// The program: increments the number in slot 0.
const COUNTER: &str = r#"(module
    (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
    (import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))
    (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
    (import "vm_hooks" "math_add_mod" (func $add_mod (param i32 i32 i32)))
    (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param $len i32) (result i32)
        ;; The slot is at 0, the count at 32, one at 64, and the largest number at 96.
        (call $load (i32.const 0) (i32.const 32))
        (i32.store8 (i32.const 95) (i32.const 1))
        (i64.store (i32.const 96) (i64.const -1))
        (i64.store (i32.const 104) (i64.const -1))
        (i64.store (i32.const 112) (i64.const -1))
        (i64.store (i32.const 120) (i64.const -1))
        (call $add_mod (i32.const 32) (i32.const 64) (i32.const 96))
        (call $cache (i32.const 0) (i32.const 32))
        (call $flush (i32.const 0))
        (i32.const 0)))"#;

/// Deploys and activates the program.
pub(crate) async fn deploy(chain: &Chain) -> Address {
    let mut code = hex!("eff00000").to_vec();
    let mut writer = brotli::CompressorWriter::new(&mut code, 4096, 11, 22);
    writer.write_all(&wat::parse_str(COUNTER).unwrap()).unwrap();
    drop(writer);
    let length = U256::from(code.len()).to_be_bytes::<32>();
    let copy = [0x80, 0x60, 43, 0x60, 0, 0x39, 0x60, 0, 0xf3, 0];
    let init = [&[0x7f], length.as_slice(), &copy, &code].concat();
    let receipt = send(chain, TxKind::Create, U256::ZERO, init).await;
    let program: Address = receipt["contractAddress"].as_str().unwrap().parse().unwrap();
    let activate = [&hex!("58c780c2"), program.into_word().as_slice()].concat();
    let ether = U256::from(10).pow(U256::from(18));
    let receipt = send(chain, TxKind::Call(ARB_WASM), ether, activate).await;
    assert_eq!(receipt["status"], "0x1");
    program
}

/// Sends a transaction of the dev account and returns its receipt.
async fn send(chain: &Chain, to: TxKind, value: U256, input: Vec<u8>) -> serde_json::Value {
    let params = format!(r#"["{DEV_ADDRESS}", "latest"]"#);
    let nonce = chain.rpc("eth_getTransactionCount", &params).await;
    let transaction = TxLegacy {
        chain_id: Some(CHAIN_ID),
        nonce: nonce.as_str().unwrap().parse::<U256>().unwrap().to(),
        gas_price: PRICE,
        gas_limit: 10_000_000,
        to,
        value,
        input: Bytes::from(input),
    };
    let raw = sign(&PrivateKeySigner::from_bytes(&DEV_KEY).unwrap(), transaction);
    let params = format!(r#"["{}"]"#, hex::encode_prefixed(raw));
    let hash = chain.rpc("eth_sendRawTransaction", &params).await;
    chain.rpc("eth_getTransactionReceipt", &format!("[{hash}]")).await
}
