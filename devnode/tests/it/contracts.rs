//! Contracts from Rust without a client library: deployment, calls, transactions, snapshots.

use std::fmt::Write;

use alloy::{primitives::U256, providers::Provider, sol_types::SolValue};
use stylus_devnode::{
    AbiError, Address, ArbosVersion, CallError, Config, Constructor, Contract, DeployError, Devnode,
};

/// A program that stores the word after a selector, but for 13, with which it reverts; without a word it
/// returns the stored one.
const CELL: &str = r#"
    (import "vm_hooks" "read_args" (func $read_args (param i32)))
    (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
    (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
    (import "vm_hooks" "storage_cache_bytes32" (func $store (param i32 i32)))
    (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
    (import "vm_hooks" "emit_log" (func $emit_log (param i32 i32 i32)))
    (func (export "user_entrypoint") (param $len i32) (result i32)
        (call $read_args (i32.const 64))
        (if (i32.gt_u (local.get $len) (i32.const 4))
            (then
                (if (i32.eq (i32.load8_u (i32.const 99)) (i32.const 13))
                    (then
                        (call $write_result (i32.const 68) (i32.const 32))
                        (return (i32.const 1))))
                (call $emit_log (i32.const 68) (i32.const 32) (i32.const 0))
                (call $store (i32.const 0) (i32.const 68))
                (call $flush (i32.const 0)))
            (else
                (call $load (i32.const 0) (i32.const 32))
                (call $write_result (i32.const 32) (i32.const 32))))
        (i32.const 0))"#;

/// The module of [`CELL`] with this many bytes of data that cannot be compressed.
pub(crate) fn cell(data: usize) -> Vec<u8> {
    let mut noise = String::new();
    let mut state = 1_u64;
    for _ in 0..data {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        write!(noise, "\\{:02x}", state >> 56).unwrap();
    }
    let memory = r#"(memory (export "memory") 2 2)"#;
    wat::parse_str(format!("(module {CELL} {memory} (data (i32.const 1024) \"{noise}\"))")).unwrap()
}

/// Starts a chain with this version.
async fn chain(arbos: ArbosVersion) -> Devnode {
    Devnode::start(Config { arbos, ..Config::any_port() }).await.unwrap()
}

/// What a cell stores.
async fn stored(contract: &Contract) -> String {
    contract.call("get()(uint256)", &[]).await.unwrap().remove(0)
}

#[tokio::test]
async fn a_program_is_deployed_constructed_and_used() {
    let node = chain(ArbosVersion::V51).await;
    let constructor = Constructor::new("constructor(uint256)", &[&7]).unwrap();
    let first = node.deploy(&cell(0), constructor).await.unwrap();
    assert_eq!(stored(&first).await, "7");
    // The program is active already, and has no constructor now.
    let second = node.deploy(&cell(0), Constructor::none()).await.unwrap();
    assert_ne!(first.address(), second.address());
    assert_eq!(stored(&second).await, "0");

    let sender = &node.accounts()[1];
    let receipt = first.send(sender, "set(uint256)", &[&U256::MAX]).await.unwrap();
    assert_eq!(stored(&first).await, U256::MAX.to_string());
    assert_eq!(receipt.logs.len(), 1);
    let log = &receipt.logs[0];
    assert_eq!((log.address, log.data.clone()), (first.address(), U256::MAX.abi_encode()));
    assert_eq!(receipt.block, node.provider().get_block_number().await.unwrap());
    assert!(receipt.gas_used > 21_000);
    let same = node.contract(first.address());
    assert_eq!(stored(&same).await, U256::MAX.to_string());
    let parsed: Address = first.address().to_string().parse().unwrap();
    assert_eq!(parsed, first.address());

    let rest = node.provider().get_balance(node.accounts()[0].address).await.unwrap();
    assert!(
        rest > U256::from(998_900_000_000_000_000_000_u128),
        "the fee's rest came back: {rest}"
    );
}

#[tokio::test]
async fn failures_are_typed() {
    let node = chain(ArbosVersion::V51).await;
    let refused = Constructor::encoded(U256::from(13).abi_encode());
    let data = U256::from(13).abi_encode();
    let error = node.deploy(&cell(0), refused).await.unwrap_err();
    assert!(
        matches!(&error, DeployError::Constructor { data: why, .. } if *why == data),
        "{error}"
    );
    let error = node.deploy(b"no module", Constructor::none()).await.unwrap_err();
    assert!(matches!(error, DeployError::NotWasm(_)), "{error}");
    let empty = wat::parse_str("(module)").unwrap();
    let error = node.deploy(&empty, Constructor::none()).await.unwrap_err();
    assert!(matches!(error, DeployError::Call(CallError::Reverted { .. })), "{error}");

    let cell = node.deploy(&cell(0), Constructor::none()).await.unwrap();
    let sender = &node.accounts()[1];
    let error = cell.send(sender, "set(uint256)", &[&13]).await.unwrap_err();
    assert!(matches!(&error, CallError::Reverted { data: why, .. } if *why == data), "{error}");
    let error = cell.call("get()(bool,bool)", &[]).await.unwrap_err();
    assert!(matches!(error, CallError::Abi(AbiError::Result { .. })), "{error}");
    let stranger = Address([7; 20]);
    let error = cell.send(stranger, "set(uint256)", &[&1]).await.unwrap_err();
    assert!(matches!(error, CallError::Rejected { .. }), "{error}");
    drop(node);
    assert_eq!(cell.call("get()(uint256)", &[]).await.unwrap_err(), CallError::Stopped);
}

#[tokio::test]
async fn a_large_program_is_deployed_in_fragments() {
    let large = cell(60_000);
    let old = chain(ArbosVersion::V51).await.deploy(&large, Constructor::none()).await;
    let DeployError::TooLarge { size, limit: 24_576, arbos: 51 } = old.unwrap_err() else {
        panic!("it fits into one account")
    };
    assert!(size > 60_000);
    for arbos in [ArbosVersion::V60, ArbosVersion::V61] {
        let node = chain(arbos).await;
        let constructor = Constructor::new("constructor(uint256)", &[&5]).unwrap();
        let contract = node.deploy(&large, constructor).await.unwrap();
        assert_eq!(stored(&contract).await, "5");
        let address = alloy::primitives::Address::from(contract.address().0);
        let root = node.provider().get_code_at(address).await.unwrap();
        assert_eq!((root.len(), &root[..4]), (8 + 3 * 20, &[0xef, 0xf0, 0x02, 0x00][..]));
    }
}

#[tokio::test]
async fn a_chain_reverts_to_a_snapshot_once() {
    let node = chain(ArbosVersion::V51).await;
    let cell = node.deploy(&cell(0), Constructor::none()).await.unwrap();
    let sender = &node.accounts()[1];
    cell.send(sender, "set(uint256)", &[&1]).await.unwrap();
    let height = node.provider().get_block_number().await.unwrap();
    let early = node.snapshot().await.unwrap();
    cell.send(sender, "set(uint256)", &[&2]).await.unwrap();
    let late = node.snapshot().await.unwrap();
    assert!(node.revert(early).await.unwrap());
    assert_eq!(stored(&cell).await, "1");
    assert_eq!(node.provider().get_block_number().await.unwrap(), height);
    assert!(!node.revert(late).await.unwrap(), "it was discarded with the earlier one");
}

#[tokio::test]
async fn a_transaction_that_waits_is_an_error() {
    let node = chain(ArbosVersion::V51).await;
    let cell = node.deploy(&cell(0), Constructor::none()).await.unwrap();
    node.raw_request(r#"{"jsonrpc":"2.0","id":1,"method":"evm_setAutomine","params":[false]}"#)
        .await;
    let error = cell.send(&node.accounts()[1], "set(uint256)", &[&1]).await.unwrap_err();
    assert!(matches!(error, CallError::NotMined(_)), "{error}");
}
