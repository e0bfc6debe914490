//! The state file.

use std::{fs, path::PathBuf};

use alloy::{
    primitives::{Address, U256, hex},
    providers::Provider,
};
use serde_json::{Value, json};
use stylus_devnode::{Config, DEV_ADDRESS, Devnode};

use crate::support::{Chain, until};

/// A fresh folder for a test.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("state-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// A configuration with this state file.
fn config_with_state(file: PathBuf) -> Config {
    Config { state: Some(file), ..Config::any_port() }
}

/// Why a chain cannot start.
async fn start_error(config: Config) -> String {
    Devnode::start(config).await.unwrap_err().to_string()
}

/// Sends one wei to an account.
async fn send(chain: &Chain, to: Address) -> Value {
    let request = json!([{"from": DEV_ADDRESS, "to": to, "value": "0x1"}]);
    chain.rpc("eth_sendTransaction", request).await
}

#[tokio::test]
async fn a_chain_continues_after_a_restart() {
    let file = folder("restart").join("chain");
    let friend = Address::repeat_byte(5);
    let (mut sent, mut blocks) = (Vec::new(), Vec::new());
    for run in 0..3 {
        let chain = Chain::with(config_with_state(file.clone())).await;
        assert_eq!(chain.provider.get_block_number().await.unwrap(), 7 + run);
        for (height, block) in (8_u64..).zip(&blocks) {
            let height = format!("{height:#x}");
            assert_eq!(&chain.rpc("eth_getBlockByNumber", json!([height, true])).await, block);
        }
        for hash in &sent {
            let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
            assert_eq!(receipt["status"], "0x1");
        }
        sent.push(send(&chain, friend).await);
        blocks.push(chain.rpc("eth_getBlockByNumber", json!(["latest", true])).await);
        let balance = chain.provider.get_balance(friend).await.unwrap();
        assert_eq!(balance, U256::from(run + 1));
        chain.node.stop().await.unwrap();
    }
}

#[tokio::test]
async fn what_contracts_see_of_the_chain_is_kept() {
    let file = folder("header").join("chain");
    let chain = Chain::with(config_with_state(file.clone())).await;
    let beneficiary = Address::repeat_byte(0xcb);
    chain.rpc("anvil_setChainId", json!([421_614])).await;
    chain.rpc("anvil_setCoinbase", json!([beneficiary])).await;
    chain.rpc("anvil_setBlockGasLimit", json!([30_000_000])).await;
    chain.rpc("hardhat_setPrevRandao", json!([U256::from(77)])).await;
    chain.node.stop().await.unwrap();
    let again = Chain::with(config_with_state(file.clone())).await;
    assert_eq!(again.node.chain_id().await.unwrap(), 421_614);
    // Returns PREVRANDAO.
    let reader = again.deploy(&hex!("445f5260205ff3")).await;
    assert_eq!(U256::from_be_slice(&again.call(reader, vec![]).await.unwrap()), U256::from(77));
    let block = again.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    assert_eq!(block["miner"], json!(beneficiary));
    assert_eq!(block["gasLimit"], "0x1c9c380");
    again.node.stop().await.unwrap();
    let named = Config { chain_id: 5, ..config_with_state(file) };
    let named = Devnode::start(named).await.unwrap();
    assert_eq!(named.chain_id().await.unwrap(), 5, "a chain id that is named comes first");
}

#[tokio::test]
async fn changes_are_saved_soon() {
    let file = folder("soon").join("chain");
    let chain = Chain::with(config_with_state(file.clone())).await;
    let before = fs::read(&file).unwrap();
    send(&chain, Address::repeat_byte(5)).await;
    until(async || fs::read(&file).unwrap() != before).await;
}

#[tokio::test]
async fn a_file_is_locked_by_one_chain() {
    let file = folder("shared").join("chain");
    let first = Devnode::start(config_with_state(file.clone())).await.unwrap();
    let reason = start_error(config_with_state(file.clone())).await;
    assert_eq!(reason, format!("{}: in use by another dev chain", file.display()));
    first.stop().await.unwrap();
    Devnode::start(config_with_state(file)).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn an_invalid_file_is_rejected_and_not_modified() {
    let file = folder("foreign").join("chain");
    Devnode::start(config_with_state(file.clone())).await.unwrap().stop().await.unwrap();
    let whole = fs::read(&file).unwrap();
    let mut corrupted = whole.clone();
    corrupted[whole.len() / 3] ^= 0x10;
    for (bytes, reason) in [
        (b"{\"accounts\": {}}".to_vec(), "not a dev chain state"),
        (Vec::new(), "not a dev chain state"),
        (corrupted, "corrupted: checksum mismatch"),
        (whole[..whole.len() / 2].to_vec(), "corrupted: checksum mismatch"),
    ] {
        fs::write(&file, &bytes).unwrap();
        assert_eq!(
            start_error(config_with_state(file.clone())).await,
            format!("{}: {reason}", file.display())
        );
        assert_eq!(fs::read(&file).unwrap(), bytes);
    }
    fs::write(&file, whole).unwrap();
    Devnode::start(config_with_state(file)).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn an_unwritable_folder_is_rejected_at_the_start() {
    let file = folder("nowhere").join("missing").join("chain");
    let reason = start_error(config_with_state(file.clone())).await;
    assert!(reason.starts_with(&format!("{}: ", file.display())), "{reason}");
}
