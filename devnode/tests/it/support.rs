//! A chain per test, and helpers that many tests share.

use std::{io::Write, time::Duration};

use alloy::{
    eips::BlockId,
    network::{EthereumWallet, TransactionBuilder},
    primitives::{Address, Bytes, U256, address},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
    transports::{TransportError, http::reqwest},
};
use serde_json::{Value, json};
use stylus_devnode::{Config, DEV_KEY, Devnode};
use tokio::time::sleep;

/// `ArbWasm`.
pub(crate) const ARB_WASM: Address = address!("0000000000000000000000000000000000000071");

/// `ArbOwner`.
pub(crate) const ARB_OWNER: Address = address!("0000000000000000000000000000000000000070");

/// A program that echoes its calldata.
pub(crate) const ECHO: &str = r#"(module
    (import "vm_hooks" "read_args" (func $read_args (param i32)))
    (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
    (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param $len i32) (result i32)
        (call $read_args (i32.const 0))
        (call $write_result (i32.const 0) (local.get $len))
        (i32.const 0)))"#;

/// A chain, and a client that signs as the dev account.
pub(crate) struct Chain {
    /// The chain.
    pub(crate) node: Devnode,
    /// The client.
    pub(crate) provider: DynProvider,
}

impl Chain {
    /// Starts a chain on a free port.
    pub(crate) async fn start() -> Self {
        Self::with(Config::any_port()).await
    }

    /// Starts a chain with another configuration.
    pub(crate) async fn with(config: Config) -> Self {
        let node = Devnode::start(config).await.unwrap();
        let signer = PrivateKeySigner::from_bytes(&DEV_KEY).unwrap();
        let provider = ProviderBuilder::new()
            .wallet(EthereumWallet::from(signer))
            .connect_http(node.url().parse().unwrap())
            .erased();
        Self { node, provider }
    }

    /// Sends a transaction and waits for its receipt.
    pub(crate) async fn send(&self, request: TransactionRequest) -> TransactionReceipt {
        let pending = self.provider.send_transaction(request).await.unwrap();
        let receipt = self.provider.get_transaction_receipt(*pending.tx_hash()).await.unwrap();
        receipt.expect("automine includes the transaction")
    }

    /// Deploys code.
    pub(crate) async fn deploy(&self, code: &[u8]) -> Address {
        let request = TransactionRequest::default().with_deploy_code(init_code(code));
        let receipt = self.send(request).await;
        assert!(receipt.status());
        receipt.contract_address.unwrap()
    }

    /// Deploys and activates a program in text format.
    pub(crate) async fn program(&self, wat: &str) -> Address {
        let address = self.deploy(&program_code(wat)).await;
        let receipt = self.activate(address).await;
        assert!(receipt.status());
        address
    }

    /// Activates the program at `address`, with one ether for the fee.
    pub(crate) async fn activate(&self, address: Address) -> TransactionReceipt {
        let input = [&[0x58, 0xc7, 0x80, 0xc2], address.into_word().as_slice()].concat();
        let request = TransactionRequest::default()
            .with_to(ARB_WASM)
            .with_input(input)
            .with_value(U256::from(10).pow(U256::from(18)))
            .with_gas_limit(10_000_000);
        self.send(request).await
    }

    /// Calls a function of `ArbOwner` as the owner.
    pub(crate) async fn call_as_owner(&self, call: impl Into<Bytes>) {
        let request = TransactionRequest::default().with_to(ARB_OWNER).with_input(call);
        assert!(self.send(request).await.status());
    }

    /// Calls a contract in the latest block.
    pub(crate) async fn call(
        &self,
        to: Address,
        data: impl Into<Bytes>,
    ) -> Result<Bytes, TransportError> {
        let request = TransactionRequest::default().with_to(to).with_input(data);
        self.provider.call(request).block(BlockId::latest()).await
    }

    /// The whole response to a request.
    pub(crate) async fn request(&self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let (_, response) = self.post(request.to_string()).await;
        serde_json::from_str(&response).unwrap()
    }

    /// The result of a request.
    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        let mut response = self.request(method, params).await;
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].take()
    }

    /// Posts a body; returns status and body of the response.
    pub(crate) async fn post(&self, body: impl Into<reqwest::Body>) -> (u16, String) {
        post(&self.node.url(), body).await
    }
}

/// Waits until a condition is met, with pauses that leave the processor to others.
pub(crate) async fn until(mut condition: impl AsyncFnMut() -> bool) {
    while !condition().await {
        sleep(Duration::from_millis(25)).await;
    }
}

/// Posts a body; returns status and body of the response.
pub(crate) async fn post(url: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
    let request = reqwest::Client::new().post(url).header("content-type", "application/json");
    let response = request.body(body).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// Init code that deploys `code`: 43 bytes of prelude, then the code.
pub(crate) fn init_code(code: &[u8]) -> Vec<u8> {
    let length = U256::from(code.len()).to_be_bytes::<32>();
    let copy = [0x80, 0x60, 43, 0x60, 0, 0x39, 0x60, 0, 0xf3, 0];
    [&[0x7f], length.as_slice(), &copy, code].concat()
}

/// The code of a program in text format: prefix and compressed wasm.
pub(crate) fn program_code(wat: &str) -> Vec<u8> {
    let wasm = wat::parse_str(wat).unwrap();
    let mut code = vec![0xef, 0xf0, 0x00, 0x00];
    let mut writer = brotli::CompressorWriter::new(&mut code, 4096, 11, 22);
    writer.write_all(&wasm).unwrap();
    drop(writer);
    code
}

/// The revert data of an error.
pub(crate) fn revert_data(error: &TransportError) -> Bytes {
    let response = error.as_error_resp().expect("an response");
    response.as_revert_data().expect("revert data")
}

/// The message of an error.
pub(crate) fn message(error: &TransportError) -> String {
    error.as_error_resp().expect("an error response").message.to_string()
}
