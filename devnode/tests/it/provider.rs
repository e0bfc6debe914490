//! The in-process provider: everything that a provider over HTTP can do, and an error after the
//! end.

use alloy::{
    network::{EthereumWallet, TransactionBuilder},
    primitives::{Address, Bytes, U256, hex},
    providers::{Provider, ProviderBuilder},
    rpc::{client::BatchRequest, types::TransactionRequest},
    signers::local::PrivateKeySigner,
};
use stylus_devnode::{Config, DEV_ADDRESS, DEV_KEY, Devnode};

use crate::support::{init_code, message, revert_data};

/// A contract that returns word 0 of its storage, stores its calldata there if there is any, and
/// reverts with the calldata if value is sent.
const CELL: &[u8] = &hex!("34601657366010575f545f5260205ff35b5f355f55005b365f5f37365ffd");

#[tokio::test]
async fn a_contract_is_deployed_called_and_reverts_without_a_connection() {
    let node = Devnode::start(Config::any_port()).await.unwrap();
    let provider = node.provider();
    let from = |request: TransactionRequest| request.with_from(DEV_ADDRESS);

    let deploy = from(TransactionRequest::default().with_deploy_code(init_code(CELL)));
    let pending = provider.send_transaction(deploy).await.unwrap();
    let receipt = pending.get_receipt().await.unwrap();
    let cell = receipt.contract_address.unwrap();
    assert!(receipt.status());

    let seven = U256::from(7).to_be_bytes::<32>();
    let read = || provider.call(TransactionRequest::default().with_to(cell));
    assert_eq!(read().await.unwrap(), Bytes::from([0; 32]));
    let write = from(TransactionRequest::default().with_to(cell).with_input(seven));
    let pending = provider.send_transaction(write).await.unwrap();
    assert!(pending.get_receipt().await.unwrap().status());
    assert_eq!(read().await.unwrap(), Bytes::from(seven));

    let pay = from(TransactionRequest::default().with_to(cell).with_input(seven));
    let error = provider.call(pay.with_value(U256::ONE)).await.unwrap_err();
    assert_eq!(message(&error), "execution reverted");
    assert_eq!(revert_data(&error), Bytes::from(seven));
}

#[tokio::test]
async fn a_wallet_signs_for_it_and_it_sees_other_clients_transactions() {
    let node = Devnode::start(Config::any_port()).await.unwrap();
    let wallet = EthereumWallet::from(PrivateKeySigner::from_bytes(&DEV_KEY).unwrap());
    let inside = ProviderBuilder::new().wallet(wallet).connect_provider(node.provider());
    let outside = ProviderBuilder::new().connect_http(node.url().parse().unwrap());

    let to = Address::repeat_byte(7);
    let transfer = TransactionRequest::default().with_to(to).with_value(U256::from(5));
    let pending = inside.send_transaction(transfer).await.unwrap();
    assert!(pending.get_receipt().await.unwrap().status());
    assert_eq!(outside.get_balance(to).await.unwrap(), U256::from(5));
    let (ids, heights) = tokio::join!(inside.get_chain_id(), inside.get_block_number());
    assert_eq!((ids.unwrap(), heights.unwrap()), (stylus_devnode::CHAIN_ID, 8));
}

#[tokio::test]
async fn each_request_of_a_batch_is_answered() {
    let node = Devnode::start(Config::any_port()).await.unwrap();
    let provider = node.provider();
    let client = provider.client();
    let mut batch = BatchRequest::new(client);
    let [id, height] = ["eth_chainId", "eth_blockNumber"]
        .map(|method| batch.add_call::<_, U256>(method, &()).unwrap());
    batch.send().await.unwrap();
    assert_eq!(id.await.unwrap(), U256::from(stylus_devnode::CHAIN_ID));
    assert_eq!(height.await.unwrap(), U256::from(7));
}

#[tokio::test]
async fn a_provider_that_outlives_its_chain_returns_an_error() {
    let node = Devnode::start(Config::any_port()).await.unwrap();
    let provider = node.provider();
    assert_eq!(provider.get_block_number().await.unwrap(), 7);
    node.stop().await.unwrap();
    let error = provider.get_block_number().await.unwrap_err();
    assert_eq!(error.to_string(), "the dev chain has stopped");
}
