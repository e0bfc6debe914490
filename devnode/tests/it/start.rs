//! Starting and stopping, and the state of a new chain.

use std::task::Poll;

use alloy::{
    eips::BlockId,
    network::{EthereumWallet, TransactionBuilder},
    primitives::{Address, U256, address, hex, utils::parse_ether},
    providers::{Provider, ProviderBuilder, WsConnect},
    rpc::types::TransactionRequest,
    signers::local::PrivateKeySigner,
};
use serde_json::json;
use stylus_devnode::{CHAIN_ID, Config, DEV_ADDRESS, Devnode};

use crate::support::{Chain, post};

#[tokio::test]
async fn chains_in_one_process_are_independent() {
    let (one, other) = tokio::join!(Chain::start(), Chain::start());
    assert_ne!(one.node.url(), other.node.url());
    one.node
        .set_balance(address!("00000000000000000000000000000000000000aa"), U256::ONE)
        .await
        .unwrap();
    let balance = |chain: &Chain| {
        let provider = chain.provider.clone();
        async move { provider.get_balance(address!("00000000000000000000000000000000000000aa")).await }
    };
    assert_eq!(balance(&one).await.unwrap(), U256::ONE);
    assert_eq!(balance(&other).await.unwrap(), U256::ZERO);
}

#[tokio::test]
async fn chains_with_the_same_genesis_have_the_same_first_blocks() {
    let genesis = Some(2_000_000_000);
    let chain = Chain::with(Config { genesis, ..Config::any_port() }).await;
    let other = Chain::with(Config { genesis, ..Config::any_port() }).await;
    let blocks = chain.provider.get_block(BlockId::latest()).await.unwrap().unwrap();
    let same = other.provider.get_block(BlockId::latest()).await.unwrap().unwrap();
    assert_eq!(blocks.header, same.header);
    assert_eq!(blocks.header.timestamp, 2_000_000_000);
    other.node.mine().await.unwrap();
    chain.rpc("anvil_reset", json!([])).await;
    for next in [chain, other] {
        next.node.mine().await.unwrap();
        let block = next.provider.get_block(BlockId::latest()).await.unwrap().unwrap();
        assert!((2_000_000_000..2_000_000_060).contains(&block.header.timestamp));
    }
}

#[tokio::test]
async fn a_stopped_chain_frees_its_port() {
    let first = Devnode::start(Config::any_port()).await.unwrap();
    let url = first.url();
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    first.stop().await.unwrap();
    let second = Devnode::start(Config { port, ..Config::default() }).await.unwrap();
    assert_eq!(second.url(), url);
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"net_version","params":[]}"#;
    assert_eq!(post(&url, request).await.1, r#"{"jsonrpc":"2.0","id":1,"result":"412346"}"#);
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let first = Devnode::start(Config::any_port()).await.unwrap();
    let port = first.url().rsplit(':').next().unwrap().parse().unwrap();
    assert!(Devnode::start(Config { port, ..Config::default() }).await.is_err());
}

#[tokio::test]
async fn the_set_up_is_that_of_nitros_script() {
    let chain = Chain::start().await;
    let provider = &chain.provider;
    assert_eq!(provider.get_chain_id().await.unwrap(), CHAIN_ID);
    assert_eq!(provider.get_block_number().await.unwrap(), 7);
    assert_eq!(provider.get_transaction_count(DEV_ADDRESS).await.unwrap(), 6);
    let factory = address!("4e59b44847b379578588920cA78FbF26c0B4956C");
    assert_eq!(provider.get_code_at(factory).await.unwrap().len(), 69);
    let deployer = address!("cEcba2F1DC234f70Dd89F2041029807F8D03A990");
    assert_eq!(provider.get_code_at(deployer).await.unwrap().len(), 2269);
    let manager = address!("a6e41ffd769491a42a6e5ce453259b93983a22ef");
    assert_eq!(provider.get_code_at(manager).await.unwrap().len(), 7452);
    assert_eq!(chain.deploy(&[0]).await, address!("525c2aba45f66987217323e8a05ea400c65d06dc"));
}

#[tokio::test]
async fn every_account_is_funded_and_has_its_key() {
    let chain = Chain::with(Config { accounts: 2, ..Config::any_port() }).await;
    let accounts = chain.node.accounts();
    assert_eq!(accounts.len(), 3);
    for account in &accounts[1..] {
        let balance = chain.provider.get_balance(account.address).await.unwrap();
        assert_eq!(balance, parse_ether("10000").unwrap());
        let signer = PrivateKeySigner::from_bytes(&account.key).unwrap();
        assert_eq!(signer.address(), account.address);
    }
    let dev = chain.provider.get_balance(accounts[0].address).await.unwrap();
    assert!(dev > parse_ether("998").unwrap() && dev < parse_ether("1000").unwrap());
}

#[tokio::test]
async fn the_hash_history_covers_blocks_below_the_current_one() {
    let chain = Chain::start().await;
    let history = address!("0000F90827F1C53a10cb7A02335B175320002935");
    let block_hash = |height: u64| chain.call(history, U256::from(height).to_be_bytes_vec());
    let third = chain.provider.get_block_by_number(3.into()).await.unwrap().unwrap();
    assert_eq!(block_hash(3).await.unwrap().to_vec(), third.header.hash.0);
    assert!(block_hash(7).await.is_err(), "the latest block, in a call at the latest block");
    assert!(chain.call(history, hex!("00")).await.is_err(), "another length");
}

#[tokio::test]
async fn many_concurrent_clients_are_answered() {
    let chain = Chain::start().await;
    let senders = chain.node.accounts()[1..].to_vec();
    let clients = senders.iter().map(|account| {
        let signer = PrivateKeySigner::from_bytes(&account.key).unwrap();
        let url = chain.node.url().parse().unwrap();
        let provider =
            ProviderBuilder::new().wallet(EthereumWallet::from(signer)).connect_http(url);
        async move {
            for _ in 0..10 {
                let transfer =
                    TransactionRequest::default().with_to(Address::ZERO).with_value(U256::ONE);
                let receipt =
                    provider.send_transaction(transfer).await.unwrap().get_receipt().await;
                assert!(receipt.unwrap().status());
            }
        }
    });
    futures(clients).await;
    assert_eq!(chain.provider.get_block_number().await.unwrap(), 7 + 10 * 10);
}

#[tokio::test]
async fn a_chain_stops_although_a_subscriber_is_connected() {
    let chain = Chain::start().await;
    let socket = WsConnect::new(chain.node.ws_url());
    let socket = ProviderBuilder::new().connect_ws(socket).await.unwrap();
    let heads = socket.subscribe_blocks().await.unwrap();
    chain.node.stop().await.unwrap();
    drop(heads);
}

/// Runs futures concurrently to their ends.
async fn futures(all: impl Iterator<Item = impl Future<Output = ()>>) {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        all.retain_mut(|one| one.as_mut().poll(context).is_pending());
        if all.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
