//! Methods that fill in, sign and send transactions.

use alloy::{
    consensus::{SignableTransaction, TxEip1559},
    eips::eip2718::Encodable2718,
    primitives::{Address, B256, Bytes, TxKind, U256, hex},
    providers::Provider,
    signers::{SignerSync, local::PrivateKeySigner},
};
use serde_json::{Value, json};
use stylus_devnode::{CHAIN_ID, DEV_ADDRESS, DEV_KEY};

use crate::support::Chain;

/// A signed transfer of one wei from the dev account.
fn transfer(nonce: u64) -> Bytes {
    let transaction = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(Address::repeat_byte(7)),
        value: U256::ONE,
        ..TxEip1559::default()
    };
    let signer = PrivateKeySigner::from_bytes(&DEV_KEY).unwrap();
    let signature = signer.sign_hash_sync(&transaction.signature_hash()).unwrap();
    transaction.into_signed(signature).encoded_2718().into()
}

#[tokio::test]
async fn a_filled_transaction_can_be_signed_and_sent() {
    let chain = Chain::start().await;
    let request = json!([{"from": DEV_ADDRESS, "to": Address::repeat_byte(7), "value": "0x1"}]);
    let filled = chain.rpc("eth_fillTransaction", request.clone()).await;
    assert_eq!(
        (&filled["tx"]["nonce"], &filled["tx"]["gas"], &filled["tx"]["chainId"]),
        (&json!("0x6"), &json!("0x5208"), &json!("0x64aba"))
    );
    assert!(filled["raw"].as_str().unwrap().starts_with("0x02"), "{filled}");
    let unsigned = chain.request("eth_sendRawTransaction", json!([filled["raw"]])).await;
    assert_eq!(unsigned["error"]["message"], "invalid transaction v, r, s values");

    let signed = chain.rpc("eth_signTransaction", request).await;
    assert_eq!(signed["tx"]["maxFeePerGas"], filled["tx"]["maxFeePerGas"]);
    let hash = chain.rpc("eth_sendRawTransaction", json!([signed["raw"]])).await;
    assert_eq!(hash, signed["tx"]["hash"]);
    let stranger = json!([{"from": Address::repeat_byte(7), "to": DEV_ADDRESS}]);
    let stranger = chain.request("eth_signTransaction", stranger).await;
    assert_eq!(stranger["error"]["message"], "unknown account");
}

#[tokio::test]
async fn a_receipt_is_returned_at_once() {
    let chain = Chain::start().await;
    let receipt = chain.rpc("eth_sendRawTransactionSync", json!([transfer(6)])).await;
    assert_eq!(receipt["status"], "0x1");
    let hash = &receipt["transactionHash"];
    assert_eq!(chain.rpc("eth_getTransactionReceipt", json!([hash])).await, receipt);
}

#[tokio::test]
async fn a_receipt_is_waited_for() {
    let chain = Chain::start().await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    let late = chain.request("eth_sendRawTransactionSync", json!([transfer(6), 50])).await;
    let hash = late["error"]["data"].clone();
    let text = "The transaction was added to the transaction pool but wasn't processed in 50ms.";
    assert_eq!(late["error"], json!({"code": 4, "message": text, "data": hash}));
    let pooled = chain.rpc("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!(pooled["hash"], hash);

    let waits = chain.rpc("eth_sendRawTransactionSync", json!([transfer(7)]));
    let mines = async {
        while chain.rpc("txpool_status", json!([])).await["pending"] != "0x2" {}
        chain.node.mine().await.unwrap();
    };
    let (receipt, ()) = tokio::join!(waits, mines);
    assert_eq!((&receipt["status"], &receipt["blockNumber"]), (&json!("0x1"), &json!("0x8")));
}

/// Sends a transaction under conditions; returns code and text of the error.
async fn rejected(chain: &Chain, raw: &Bytes, conditions: Value) -> (i64, String) {
    let response =
        chain.request("eth_sendRawTransactionConditional", json!([raw, conditions])).await;
    let error = &response["error"];
    assert!(error.is_object(), "{response}");
    (error["code"].as_i64().unwrap(), error["message"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn conditions_of_a_transaction_are_checked() {
    let chain = Chain::start().await;
    // Stores 5 in its word 1.
    let contract = chain.deploy(&hex!("60056001555f5ff3")).await;
    let call = json!([{"from": DEV_ADDRESS, "to": contract}]);
    chain.rpc("eth_sendTransaction", call).await;
    let proof = chain.rpc("eth_getProof", json!([contract, [], "latest"])).await;
    let root = &proof["storageHash"];
    let raw = transfer(8);
    let word = |number: u8| B256::with_last_byte(number);
    let known = |known: Value| json!({"knownAccounts": {contract.to_string(): known}});
    for (conditions, name) in [
        (json!({"blockNumberMin": "0x1"}), "BlockNumberMin"),
        (json!({"timestampMin": "0xffffffffff"}), "TimestampMin"),
        (json!({"timestampMax": "0x1"}), "TimestampMax"),
        (known(json!(word(1))), "Storage root hash"),
        (known(json!({word(1).to_string(): word(6)})), "Storage slot value"),
    ] {
        let expected = (-32003, format!("{name} condition not met"));
        assert_eq!(rejected(&chain, &raw, conditions).await, expected);
    }
    assert_eq!(rejected(&chain, &raw, json!({"timestampMin": "x"})).await.0, -32602);
    let met = json!({
        "blockNumberMin": "0x0",
        "blockNumberMax": "0xff",
        "timestampMin": "0x1",
        "timestampMax": "0xffffffffff",
        "knownAccounts": {
            contract.to_string(): {word(1).to_string(): word(5)},
            Address::repeat_byte(9).to_string(): {},
        },
    });
    let hash = chain.rpc("eth_sendRawTransactionConditional", json!([raw, met])).await;
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], "0x1");
    chain.rpc("devnode_setL1BlockNumber", json!([100])).await;
    chain.node.mine().await.unwrap();
    let low = rejected(&chain, &transfer(9), json!({"blockNumberMax": "0x63"})).await;
    assert_eq!(low, (-32003, "BlockNumberMax condition not met".to_owned()));
    let by_root = json!([transfer(9), known(root.clone())]);
    chain.rpc("eth_sendRawTransactionConditional", by_root).await;
    assert_eq!(chain.provider.get_transaction_count(DEV_ADDRESS).await.unwrap(), 10);
}
