//! A chain that is kept in a file.

use std::{fs, path::PathBuf};

use alloy::{
    primitives::{Address, U256},
    providers::Provider,
};
use serde_json::{Value, json};
use stylus_devnode::{Config, DEV_ADDRESS, Devnode};

use crate::support::{Chain, until};

/// A folder for the test of this name.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("state-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// Settings of a chain that is kept in this file.
fn config_with_state(file: PathBuf) -> Config {
    Config { state: Some(file), ..Config::any_port() }
}

/// Why a chain does not start.
async fn start_error(config: Config) -> String {
    Devnode::start(config).await.unwrap_err().to_string()
}

/// Sends one wei to an account.
async fn send(chain: &Chain, to: Address) -> Value {
    let request = json!([{"from": DEV_ADDRESS, "to": to, "value": "0x1"}]);
    chain.rpc("eth_sendTransaction", request).await
}

#[tokio::test]
async fn a_chain_goes_on_where_it_was_stopped() {
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
async fn a_change_is_in_the_file_soon() {
    let file = folder("soon").join("chain");
    let chain = Chain::with(config_with_state(file.clone())).await;
    let before = fs::read(&file).unwrap();
    send(&chain, Address::repeat_byte(5)).await;
    until(async || fs::read(&file).unwrap() != before).await;
}

#[tokio::test]
async fn a_file_serves_one_chain_at_a_time() {
    let file = folder("shared").join("chain");
    let first = Devnode::start(config_with_state(file.clone())).await.unwrap();
    let words = start_error(config_with_state(file.clone())).await;
    assert_eq!(words, format!("{}: another dev chain keeps its state there", file.display()));
    first.stop().await.unwrap();
    Devnode::start(config_with_state(file)).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_chain_is_refused_and_left_alone() {
    let file = folder("foreign").join("chain");
    Devnode::start(config_with_state(file.clone())).await.unwrap().stop().await.unwrap();
    let whole = fs::read(&file).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 3] ^= 0x10;
    for (bytes, words) in [
        (b"{\"accounts\": {}}".to_vec(), "it is not the state of a dev chain"),
        (Vec::new(), "it is not the state of a dev chain"),
        (damaged, "it is damaged: the checksum does not fit"),
        (whole[..whole.len() / 2].to_vec(), "it is damaged: the checksum does not fit"),
    ] {
        fs::write(&file, &bytes).unwrap();
        assert_eq!(
            start_error(config_with_state(file.clone())).await,
            format!("{}: {words}", file.display())
        );
        assert_eq!(fs::read(&file).unwrap(), bytes);
    }
    fs::write(&file, whole).unwrap();
    Devnode::start(config_with_state(file)).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_refused_at_the_start() {
    let file = folder("nowhere").join("missing").join("chain");
    let words = start_error(config_with_state(file.clone())).await;
    assert!(words.starts_with(&format!("{}: ", file.display())), "{words}");
}
