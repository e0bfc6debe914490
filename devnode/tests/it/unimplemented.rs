//! Precompile functions that this chain does not implement: every caller gets an error that names
//! the function, at any depth, and never a response that Nitro would not give.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes, address, hex, keccak256},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use serde_json::json;
use stylus_devnode::DEV_ADDRESS;

use crate::support::{Chain, message};

/// The functions that every version declares, by the last byte of the address.
const MISSING: [(u8, &str, &[&str]); 4] = [
    (0x6f, "ArbStatistics", &["getStats()"]),
    (0x70, "ArbOwner", &["setChainConfig(string)", "setCalldataPriceIncrease(bool)"]),
    (0x73, "ArbNativeTokenManager", &["mintNativeToken(uint256)", "burnNativeToken(uint256)"]),
    (0xff, "ArbDebug", &["panic()", "legacyError()"]),
];

/// `ArbStatistics`.
const ARB_STATISTICS: Address = address!("000000000000000000000000000000000000006f");

/// The error text for it.
const NO_STATISTICS: &str = "ArbStatistics.getStats is not implemented by the dev chain";

/// A call of a function, with zeros for its arguments.
fn call(signature: &str) -> Bytes {
    [&keccak256(signature)[..4], &[0; 64]].concat().into()
}

/// Code that calls `getStats()` of `ArbStatistics`, ignores the result and succeeds.
fn call_and_ignore() -> Vec<u8> {
    let selector = &keccak256("getStats()")[..4];
    [&hex!("63")[..], selector, &hex!("5f525f5f6004601c5f606f5af15000")].concat()
}

#[tokio::test]
async fn each_unimplemented_function_is_named() {
    let chain = Chain::start().await;
    let mut functions = 0;
    for (low, precompile, signatures) in MISSING {
        for signature in signatures {
            let request = TransactionRequest::default()
                .with_from(DEV_ADDRESS)
                .with_to(Address::with_last_byte(low))
                .with_input(call(signature));
            let error = chain.provider.call(request).await.unwrap_err();
            let (name, _) = signature.split_once('(').unwrap();
            assert_eq!(
                message(&error),
                format!("{precompile}.{name} is not implemented by the dev chain")
            );
            assert_eq!(error.as_error_resp().unwrap().code, -32000);
            functions += 1;
        }
        let unknown = chain.call(Address::with_last_byte(low), hex!("12345678")).await;
        assert_eq!(message(&unknown.unwrap_err()), "execution reverted");
    }
    assert_eq!(functions, 7);
}

#[tokio::test]
async fn unimplemented_owner_functions_are_unauthorized_for_others() {
    let chain = Chain::start().await;
    let request = TransactionRequest::default()
        .with_from(chain.node.accounts()[1].address)
        .with_to(Address::with_last_byte(0x70))
        .with_input(call("setChainConfig(string)"));
    let error = chain.provider.call(request).await.unwrap_err();
    assert_eq!(message(&error), "unauthorized caller to access-controlled method");
}

#[tokio::test]
async fn a_contract_that_ignores_the_error_is_aborted() {
    let chain = Chain::start().await;
    let contract = chain.deploy(&call_and_ignore()).await;
    let height = chain.provider.get_block_number().await.unwrap();
    let nonce = chain.provider.get_transaction_count(DEV_ADDRESS).await.unwrap();
    for method in ["eth_call", "eth_estimateGas", "eth_createAccessList", "debug_traceCall"] {
        let response = chain.request(method, json!([{"to": contract}, "latest"])).await;
        let text = response["error"]["message"].as_str().unwrap();
        assert!(text.ends_with(NO_STATISTICS), "{method}: {response}");
    }
    let transaction = TransactionRequest::default().with_to(contract).with_gas_limit(1_000_000);
    let refused = chain.provider.send_transaction(transaction).await.unwrap_err();
    assert_eq!(message(&refused), NO_STATISTICS);
    assert_eq!(chain.provider.get_block_number().await.unwrap(), height);
    assert_eq!(chain.provider.get_transaction_count(DEV_ADDRESS).await.unwrap(), nonce);
    let transfer = TransactionRequest::default().with_to(Address::ZERO).with_nonce(nonce);
    assert!(chain.send(transfer).await.status(), "the chain is unchanged");
}

#[tokio::test]
async fn a_program_that_ignores_the_error_is_aborted() {
    let chain = Chain::start().await;
    let contract = chain.deploy(&call_and_ignore()).await;
    for (to, data) in [
        (ARB_STATISTICS, hex::encode(&keccak256("getStats()")[..4])),
        (contract, String::from("00000000")),
    ] {
        let bytes = |hex: &str| {
            hex.as_bytes().chunks(2).fold(String::new(), |text, pair| {
                format!("{text}\\{}", std::str::from_utf8(pair).unwrap())
            })
        };
        let program = chain
            .program(&format!(
                r#"(module
                    (import "vm_hooks" "call_contract"
                        (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
                    (memory (export "memory") 1 1)
                    (data (i32.const 0) "{}")
                    (data (i32.const 64) "{}")
                    (func (export "user_entrypoint") (param i32) (result i32)
                        (drop (call $call (i32.const 0) (i32.const 64) (i32.const 4)
                            (i32.const 96) (i64.const -1) (i32.const 128)))
                        (i32.const 0)))"#,
                bytes(&hex::encode(to)),
                bytes(&data),
            ))
            .await;
        let error = chain.call(program, Bytes::new()).await.unwrap_err();
        assert_eq!(message(&error), NO_STATISTICS);
    }
}
