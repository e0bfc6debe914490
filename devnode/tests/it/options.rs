//! Options that Anvil has, too: accounts, chain id, genesis file, addresses, origins, mining.

use std::{collections::BTreeSet, path::PathBuf};

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, U256, address, utils::parse_ether},
    providers::Provider,
    rpc::types::TransactionRequest,
    transports::http::reqwest,
};
use serde_json::json;
use stylus_devnode::{Config, DEV_ADDRESS, Devnode, TransactionOrder};

use crate::support::{Chain, post};

/// An account of the genesis file.
const CONTRACT: Address = address!("00000000000000000000000000000000000000c0");

/// A file for the test that names it.
fn file(name: &str, content: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("devnode-{name}-{}", std::process::id()));
    std::fs::write(&path, content).unwrap();
    path
}

/// Why a chain with this configuration does not start.
async fn start_error(config: Config) -> String {
    Devnode::start(config).await.unwrap_err().to_string()
}

#[tokio::test]
async fn accounts_have_the_mnemonic_and_the_balance() {
    let mnemonic = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                    abandon about";
    let chain = Chain::with(Config {
        accounts: 1,
        mnemonic: mnemonic.to_owned(),
        balance: 5,
        ..Config::any_port()
    })
    .await;
    let first = address!("9858EfFD232B4033E47d90003D41EC34EcaEda94");
    assert_eq!(chain.rpc("eth_accounts", json!([])).await, json!([DEV_ADDRESS, first]));
    assert_eq!(chain.provider.get_balance(first).await.unwrap(), U256::from(5));
    assert!(chain.provider.get_balance(DEV_ADDRESS).await.unwrap() > parse_ether("998").unwrap());

    let config = Config { mnemonic: "no mnemonic".to_owned(), ..Config::any_port() };
    let why = start_error(config).await;
    assert!(why.starts_with("cannot derive the accounts: "), "{why}");
    assert!(why.ends_with("expected 12 to 24 words of BIP-39 in English"), "{why}");
}

#[tokio::test]
async fn the_chain_id_is_that_of_the_configuration() {
    let chain = Chain::with(Config { chain_id: 1337, ..Config::any_port() }).await;
    assert_eq!(chain.node.chain_id().await.unwrap(), 1337);
    chain.rpc("anvil_setChainId", json!([1])).await;
    chain.rpc("anvil_reset", json!([])).await;
    assert_eq!(chain.rpc("eth_chainId", json!([])).await, "0x539");
    // The set-up ran, and transactions for this id do.
    assert_eq!(chain.provider.get_block_number().await.unwrap(), 7);
    let stored = chain.send(TransactionRequest::default().with_to(CONTRACT)).await;
    assert!(stored.status());
    // CHAINID, and return it.
    chain.rpc("anvil_setCode", json!([CONTRACT, "0x465f5260205ff3"])).await;
    assert_eq!(U256::from_be_slice(&chain.call(CONTRACT, vec![]).await.unwrap()), U256::from(1337));
}

#[tokio::test]
async fn a_genesis_file_has_accounts_time_and_chain_id() {
    let text = r#"{"config": {"chainId": 99}, "timestamp": "0x77359400", "gasLimit": "0x1",
        "alloc": {
            "00000000000000000000000000000000000000c0":
                {"balance": "7", "nonce": "0x3", "code": "0x5f545f5260205ff3", "storage": {"0x0": "0x2a"}},
            "3f1eae7d46d88f08fc2f8ed27fcb2ab183eb2d0e": {"balance": "1"},
            "0000000000000000000000000000000000000064": {"balance": "2", "code": "0x00"}}}"#;
    let genesis_file = Some(file("genesis", text));
    let chain =
        Chain::with(Config { genesis_file: genesis_file.clone(), ..Config::any_port() }).await;
    let provider = &chain.provider;
    assert_eq!(chain.node.chain_id().await.unwrap(), 99);
    let first = provider.get_block_by_number(0.into()).await.unwrap().unwrap();
    assert_eq!(first.header.timestamp, 2_000_000_000);
    assert_eq!(provider.get_balance(CONTRACT).await.unwrap(), U256::from(7));
    assert_eq!(provider.get_transaction_count(CONTRACT).await.unwrap(), 3);
    let stored = chain.call(CONTRACT, vec![]).await.unwrap();
    assert_eq!(U256::from_be_slice(&stored), U256::from(0x2a));
    // What belongs to the chain stays as it is.
    assert!(provider.get_balance(DEV_ADDRESS).await.unwrap() > parse_ether("998").unwrap());
    let arb_sys = provider.get_code_at(address!("0000000000000000000000000000000000000064"));
    assert_eq!(arb_sys.await.unwrap().to_vec(), [0xfe]);

    let config =
        Config { genesis_file, chain_id: 5, genesis: Some(2_100_000_000), ..Config::any_port() };
    let other = Chain::with(config).await;
    assert_eq!(other.node.chain_id().await.unwrap(), 5, "the configuration says otherwise");
    let first = other.provider.get_block_by_number(0.into()).await.unwrap().unwrap();
    assert_eq!(first.header.timestamp, 2_100_000_000);

    let broken = Some(file("broken-genesis", r#"{"alloc": 5}"#));
    let why = start_error(Config { genesis_file: broken, ..Config::any_port() }).await;
    assert!(why.contains("broken-genesis") && why.contains("no genesis file of geth"), "{why}");
}

#[tokio::test]
async fn a_chain_listens_on_several_addresses() {
    let hosts = vec!["127.0.0.1".parse().unwrap(), "127.0.0.2".parse().unwrap()];
    let chain = Chain::with(Config { hosts, ..Config::any_port() }).await;
    let first = chain.node.url();
    let second = first.replace("127.0.0.1", "127.0.0.2");
    assert_ne!(first, second);
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"net_version","params":[]}"#;
    for url in [&first, &second] {
        assert_eq!(post(url, request).await.0, 200, "{url}");
    }
    chain.node.stop().await.unwrap();
    for url in [&first, &second] {
        assert!(reqwest::Client::new().post(url).body(request).send().await.is_err(), "{url}");
    }
    let why = start_error(Config { hosts: Vec::new(), ..Config::any_port() }).await;
    assert_eq!(why, "there is no address to listen on");
}

#[tokio::test]
async fn one_origin_may_read_or_every_one() {
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"net_version","params":[]}"#;
    let mine = "http://localhost:3000";
    for (allowed, expected) in [("*", "*"), (mine, mine)] {
        let allow_origin = allowed.to_owned();
        let chain = Chain::with(Config { allow_origin, ..Config::any_port() }).await;
        let request = reqwest::Client::new()
            .post(chain.node.url())
            .header("content-type", "application/json")
            .header("origin", "http://elsewhere")
            .body(request);
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["access-control-allow-origin"], expected);
    }
    let config = Config { allow_origin: "a\nb".to_owned(), ..Config::any_port() };
    let why = start_error(config).await;
    assert!(why.starts_with(r#"the allowed origin "a\nb" is not valid"#), "{why}");
}

#[tokio::test]
async fn without_mining_transactions_wait() {
    let chain = Chain::with(Config { automine: false, ..Config::any_port() }).await;
    assert_eq!(chain.provider.get_block_number().await.unwrap(), 7, "the set-up is mined");
    for height in [7, 8] {
        let request = json!([{"from": DEV_ADDRESS, "to": CONTRACT}]);
        chain.rpc("eth_sendTransaction", request).await;
        assert_eq!(chain.provider.get_block_number().await.unwrap(), height);
        chain.node.mine().await.unwrap();
    }
    chain.rpc("anvil_reset", json!([])).await;
    assert_eq!(chain.rpc("anvil_getAutomine", json!([])).await, false);
}

/// The senders of a block whose transactions arrived in the order of the accounts and offer two, four,
/// four and three times the base fee; the first account sends a second one that offers nine times it.
async fn senders_in_a_block(order: TransactionOrder) -> Vec<usize> {
    let chain = Chain::with(Config { order, automine: false, ..Config::any_port() }).await;
    let accounts = chain.node.accounts().to_vec();
    for (account, times, nonce) in [(1, 2, 0), (2, 4, 0), (3, 4, 0), (4, 3, 0), (1, 9, 1)] {
        let price = format!("{:#x}", times * 100_000_000_u64);
        let request = json!({
            "from": accounts[account].address, "to": CONTRACT, "gas": "0x5208", "gasPrice": price,
            "nonce": format!("{nonce:#x}"),
        });
        chain.rpc("eth_sendTransaction", json!([request])).await;
    }
    assert_eq!(chain.rpc("anvil_nodeInfo", json!([])).await["transactionOrder"], order.to_string());
    chain.node.mine().await.unwrap();
    let block = chain.rpc("eth_getBlockByNumber", json!(["latest", true])).await;
    let sender = |transaction: &serde_json::Value| {
        let from: Address = serde_json::from_value(transaction["from"].clone()).unwrap();
        accounts.iter().position(|account| account.address == from).unwrap()
    };
    block["transactions"].as_array().unwrap().iter().map(sender).collect()
}

#[tokio::test]
async fn transactions_wait_in_order_of_arrival_or_of_fees() {
    assert_eq!(senders_in_a_block(TransactionOrder::Fifo).await, [1, 2, 3, 4, 1]);
    assert_eq!(senders_in_a_block(TransactionOrder::Fees).await, [2, 3, 4, 1, 1]);
}

#[tokio::test]
async fn every_account_may_send_without_a_signature() {
    let transfer = json!([{"from": CONTRACT, "to": Address::ZERO, "gas": "0x5208"}]);
    for auto_impersonate in [false, true] {
        let chain = Chain::with(Config { auto_impersonate, ..Config::any_port() }).await;
        chain.rpc("anvil_setBalance", json!([CONTRACT, "0xde0b6b3a7640000"])).await;
        let sent = chain.request("eth_sendTransaction", transfer.clone()).await;
        assert_eq!(sent.get("result").is_some(), auto_impersonate, "{sent}");
    }
}

#[tokio::test]
async fn printing_traces_changes_no_result() {
    let mut results = BTreeSet::new();
    for print_traces in [false, true] {
        let genesis = Some(2_000_000_000);
        let chain = Chain::with(Config { print_traces, genesis, ..Config::any_port() }).await;
        chain.rpc("evm_setNextBlockTimestamp", json!([2_000_000_100])).await;
        chain.deploy(&[0x5f, 0x5f, 0xfd]).await;
        let hash: B256 =
            chain.provider.get_block_by_number(8.into()).await.unwrap().unwrap().hash();
        results.insert(hash);
    }
    assert_eq!(results.len(), 1);
}
