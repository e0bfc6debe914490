//! Signatures by accounts whose keys the node has.

use alloy::{
    primitives::{Bytes, Signature, eip191_hash_message},
    sol,
    sol_types::{SolStruct, eip712_domain},
};
use serde_json::{Value, json};
use stylus_devnode::DEV_ADDRESS;

use crate::support::Chain;

sol! {
    struct Offer {
        address worker;
        uint256 price;
    }
}

/// The signature that a method returns.
async fn signature(chain: &Chain, method: &str, params: Value) -> Signature {
    let signature = chain.rpc(method, params).await;
    let bytes: Bytes = signature.as_str().unwrap().parse().unwrap();
    Signature::try_from(bytes.as_ref()).unwrap()
}

#[tokio::test]
async fn messages_are_signed_by_listed_accounts() {
    let chain = Chain::start().await;
    let (message, hash) = (Bytes::from("muster"), eip191_hash_message("muster"));
    for (method, params) in [
        ("eth_sign", json!([DEV_ADDRESS, message])),
        ("personal_sign", json!([message, DEV_ADDRESS])),
    ] {
        let signed = signature(&chain, method, params).await;
        assert_eq!(signed.recover_address_from_prehash(&hash).unwrap(), DEV_ADDRESS, "{method}");
    }
    let stranger = chain.request("eth_sign", json!([DEV_ADDRESS.create(0), message])).await;
    assert_eq!(stranger["error"], json!({"code": -32000, "message": "unknown account"}));
}

#[tokio::test]
async fn typed_data_is_signed_given_as_object_or_text() {
    let chain = Chain::start().await;
    let offer = Offer { worker: DEV_ADDRESS, price: "5".parse().unwrap() };
    let domain = eip712_domain! { name: "market", version: "1", chain_id: 412_346, };
    let hash = offer.eip712_signing_hash(&domain);
    let data = json!({
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
            ],
            "Offer": [{"name": "worker", "type": "address"}, {"name": "price", "type": "uint256"}],
        },
        "primaryType": "Offer",
        "domain": {"name": "market", "version": "1", "chainId": 412_346},
        "message": {"worker": DEV_ADDRESS, "price": "5"},
    });
    for given in [data.clone(), json!(data.to_string())] {
        let signed = signature(&chain, "eth_signTypedData_v4", json!([DEV_ADDRESS, given])).await;
        assert_eq!(signed.recover_address_from_prehash(&hash).unwrap(), DEV_ADDRESS);
    }
    let mut wrong = data;
    wrong["primaryType"] = json!("Bid");
    let refused = chain.request("eth_signTypedData_v4", json!([DEV_ADDRESS, wrong])).await;
    assert_eq!(refused["error"]["message"], "the typed data does not fit its types");
}
