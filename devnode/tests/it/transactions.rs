//! Transactions of all types: their costs, and the texts of their rejections.

use alloy::{
    consensus::Transaction as _,
    eips::{
        eip2718::Encodable2718,
        eip2930::{AccessList, AccessListItem},
        eip7702::Authorization,
    },
    network::{EthereumWallet, NetworkWallet, TransactionBuilder, TransactionBuilder7702},
    primitives::{Address, B256, Bytes, U256, hex},
    providers::Provider,
    rpc::types::TransactionRequest,
    signers::{SignerSync, local::PrivateKeySigner},
};
use stylus_devnode::{CHAIN_ID, DEV_ADDRESS, DEV_KEY};

use crate::support::{Chain, init_code, message};

/// Base fee in wei per gas.
const BASE_FEE: u128 = 100_000_000;

/// A complete transfer of one wei.
fn transfer(nonce: u64) -> TransactionRequest {
    TransactionRequest::default()
        .with_from(DEV_ADDRESS)
        .with_to(Address::repeat_byte(7))
        .with_value(U256::ONE)
        .with_nonce(nonce)
        .with_chain_id(CHAIN_ID)
        .with_gas_limit(100_000)
}

/// Signs a transaction as the dev account.
async fn signed(request: TransactionRequest) -> Vec<u8> {
    let wallet = EthereumWallet::from(PrivateKeySigner::from_bytes(&DEV_KEY).unwrap());
    let envelope = NetworkWallet::<alloy::network::Ethereum>::sign_request(&wallet, request).await;
    envelope.unwrap().encoded_2718()
}

/// The text of a rejected transaction of the dev account.
async fn error_message(chain: &Chain, request: TransactionRequest) -> String {
    let raw = signed(request).await;
    message(&chain.provider.send_raw_transaction(&raw).await.unwrap_err())
}

#[tokio::test]
async fn types_0_1_and_2_cost_the_base_fee_and_no_tip() {
    let chain = Chain::start().await;
    let item = AccessListItem { address: Address::repeat_byte(7), storage_keys: vec![B256::ZERO] };
    let cases = [
        (0, 21_000, transfer(6).with_gas_price(3 * BASE_FEE)),
        (1, 25_300, transfer(7).with_gas_price(BASE_FEE).with_access_list(AccessList(vec![item]))),
        (
            2,
            21_000,
            transfer(8).with_max_fee_per_gas(9 * BASE_FEE).with_max_priority_fee_per_gas(5),
        ),
    ];
    for (kind, gas, request) in cases {
        let before = chain.provider.get_balance(DEV_ADDRESS).await.unwrap();
        let receipt = chain.send(request).await;
        assert_eq!((u8::from(receipt.transaction_type()), receipt.gas_used), (kind, gas));
        assert_eq!(receipt.effective_gas_price, BASE_FEE);
        let after = chain.provider.get_balance(DEV_ADDRESS).await.unwrap();
        assert_eq!(before - after, U256::from(u128::from(gas) * BASE_FEE) + U256::ONE);
    }
}

#[tokio::test]
async fn type_4_delegates_an_account() {
    let chain = Chain::start().await;
    let code = chain.deploy(&hex!("602a5f5260205ff3")).await;
    let friend = PrivateKeySigner::random();
    let authorization = Authorization { chain_id: U256::from(CHAIN_ID), address: code, nonce: 0 };
    let signature = friend.sign_hash_sync(&authorization.signature_hash()).unwrap();
    let request = TransactionRequest::default()
        .with_to(friend.address())
        .with_authorization_list(vec![authorization.into_signed(signature)]);
    assert!(chain.send(request).await.status());
    let response = chain.call(friend.address(), Bytes::new()).await.unwrap();
    assert_eq!(U256::from_be_slice(&response), U256::from(42));
}

#[tokio::test]
async fn rejections_have_nitros_texts() {
    let chain = Chain::start().await;
    let price = |request: TransactionRequest| request.with_gas_price(BASE_FEE);
    let dev = "address 0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E";
    let cases = [
        (price(transfer(6)).with_gas_limit(20_999), "intrinsic gas too low".to_owned()),
        (
            price(transfer(6)).with_chain_id(1),
            "invalid chain id for signer: have 1 want 412346".to_owned(),
        ),
        (
            transfer(6).with_gas_price(BASE_FEE - 1),
            format!(
                "max fee per gas less than block base fee: {dev}, \
                 maxFeePerGas: 99999999 baseFee: 100000000"
            ),
        ),
        (price(transfer(5)), format!("nonce too low: {dev}, tx: 5 state: 6")),
        (price(transfer(8)), format!("nonce too high: {dev}, tx: 8 state: 6")),
        (
            transfer(6).with_gas_price(BASE_FEE).with_gas_limit(u64::MAX),
            "tx fee (1844674407.37 ether) exceeds the configured cap (1.00 ether)".to_owned(),
        ),
        (
            price(transfer(6)).with_input(vec![1; 85_000]).with_gas_limit(5_000_000),
            "oversized data".to_owned(),
        ),
    ];
    for (request, text) in cases {
        assert_eq!(error_message(&chain, request).await, text);
    }
    let funds = error_message(&chain, price(transfer(6)).with_value(U256::MAX >> 1)).await;
    assert!(funds.starts_with("insufficient funds for gas * price + value: address 0x3f1E"));
    assert_eq!(chain.provider.get_block_number().await.unwrap(), 7, "no block was made");
}

#[tokio::test]
async fn a_transaction_waits_for_a_missing_nonce() {
    let chain = Chain::start().await;
    let price = |request: TransactionRequest| request.with_gas_price(BASE_FEE);
    let (second, first) = (signed(price(transfer(7))).await, signed(price(transfer(6))).await);
    let (second, first) = tokio::join!(
        chain.provider.send_raw_transaction(&second),
        chain.provider.send_raw_transaction(&first),
    );
    assert!(first.is_ok() && second.is_ok());
}

#[tokio::test]
async fn a_reverted_transaction_is_mined() {
    let chain = Chain::start().await;
    let contract = chain.deploy(&hex!("5f5ffd")).await;
    let request = TransactionRequest::default().with_to(contract).with_gas_limit(50_000);
    let receipt = chain.send(request).await;
    assert!(!receipt.status());
    assert_eq!(receipt.gas_used, 21_004);
}

#[tokio::test]
async fn gas_above_32_million_is_only_held() {
    let chain = Chain::start().await;
    let forever = chain.deploy(&hex!("5b5f56")).await;
    let request = TransactionRequest::default().with_to(forever).with_gas_limit(100_000_000);
    let receipt = chain.send(request).await;
    assert_eq!((receipt.status(), receipt.gas_used), (false, 32_000_000));
}

#[tokio::test]
async fn code_that_starts_with_ef_is_rejected_unless_it_is_a_program() {
    let chain = Chain::start().await;
    let deploy = |code: &[u8]| {
        let request = TransactionRequest::default().with_deploy_code(init_code(code));
        chain.send(request.with_gas_limit(200_000))
    };
    assert!(!deploy(&hex!("ef")).await.status());
    assert!(!deploy(&hex!("eff000")).await.status());
    assert!(!deploy(&hex!("eff10000")).await.status());
    assert!(deploy(&hex!("eff00000")).await.status());
}

#[tokio::test]
async fn an_empty_authorization_list_is_rejected() {
    let chain = Chain::start().await;
    let request = TransactionRequest::default()
        .with_to(DEV_ADDRESS)
        .with_authorization_list(Vec::new())
        .with_nonce(6)
        .with_gas_limit(100_000)
        .with_chain_id(CHAIN_ID)
        .with_max_fee_per_gas(BASE_FEE)
        .with_max_priority_fee_per_gas(0);
    let text = error_message(&chain, request).await;
    assert_eq!(text, format!("EIP-7702 transaction with empty auth list (sender {DEV_ADDRESS})"));
}

#[tokio::test]
async fn the_effective_gas_price_includes_the_tip() {
    let chain = Chain::start().await;
    let request = transfer(6).with_max_fee_per_gas(9 * BASE_FEE).with_max_priority_fee_per_gas(5);
    let receipt = chain.send(request).await;
    let hash = receipt.transaction_hash;
    let shown = chain.provider.get_transaction_by_hash(hash).await.unwrap().unwrap();
    assert_eq!(shown.effective_gas_price, Some(BASE_FEE + 5));
    assert_eq!(shown.max_fee_per_gas(), 9 * BASE_FEE);
}
