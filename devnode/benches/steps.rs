//! Durations of the steps of a chain without a connection: the load benchmark without HTTP.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a measurement that meets an unexpected value should end there"
)]

use std::{env, fs, hint::black_box, io::Write, process, time::Instant};

use alloy::{
    primitives::{Address, Bytes, U256, address, hex},
    sol,
    sol_types::SolCall,
};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use stylus_devnode::{Config, DEV_ADDRESS, Devnode};
use tokio::runtime::Runtime;

sol! {
    function activateProgram(address program);
    function number() returns (uint256);
    function add(uint256 amount);
}

/// `ArbWasm`.
const ARB_WASM: Address = address!("0000000000000000000000000000000000000071");

/// The program of all interoperability tests.
const COUNTER: &str = include_str!("../clients/contracts/stylus-counter.wat");

/// Accounts of a large state.
const LARGE: usize = 1_000_000;

/// A chain, and the runtime that waits for its responses.
struct Chain {
    /// Waits for responses.
    runtime: Runtime,
    /// The chain.
    node: Devnode,
}

impl Chain {
    /// A new chain.
    fn start() -> Self {
        Self::with(Config::any_port())
    }

    /// A chain with this configuration.
    fn with(config: Config) -> Self {
        let runtime = Runtime::new().unwrap();
        let node = runtime.block_on(Devnode::start(config)).unwrap();
        Self { runtime, node }
    }

    /// Saves the state and stops.
    fn stop(self) {
        self.runtime.block_on(self.node.stop()).unwrap();
    }

    /// The result of a request with a call from the dev account.
    fn rpc(&self, method: &str, mut call: Value) -> Value {
        call["from"] = json!(DEV_ADDRESS);
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": [call]});
        self.result(&body)
    }

    /// The result of a request.
    fn result(&self, body: &Value) -> Value {
        let response = self.runtime.block_on(self.node.raw_request(&body.to_string()));
        let mut response: Value = serde_json::from_str(&response).unwrap();
        assert!(response.get("error").is_none(), "{response}");
        response["result"].take()
    }

    /// Deploys and activates a program.
    fn program(&self, wat: &str) -> Address {
        let mut code = hex!("eff00000").to_vec();
        let mut writer = brotli::CompressorWriter::new(&mut code, 4096, 11, 22);
        writer.write_all(&wat::parse_str(wat).unwrap()).unwrap();
        drop(writer);
        let length = U256::from(code.len()).to_be_bytes::<32>();
        // PUSH32 length, DUP1, PUSH1 40, PUSH0, CODECOPY, PUSH0, RETURN.
        let init = [[0x7f].as_slice(), &length, &hex!("8060285f395ff3"), &code].concat();
        let hash = self.rpc("eth_sendTransaction", json!({"input": Bytes::from(init)}));
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": "eth_getTransactionReceipt", "params": [hash]});
        let receipt = self.result(&request);
        let program: Address = receipt["contractAddress"].as_str().unwrap().parse().unwrap();
        let activate = Bytes::from(activateProgramCall { program }.abi_encode());
        let value = "0xde0b6b3a7640000";
        let call = json!({"to": ARB_WASM, "value": value, "input": activate, "gas": "0x989680"});
        self.rpc("eth_sendTransaction", call);
        program
    }
}

/// Measures every step.
fn steps(criterion: &mut Criterion) {
    criterion.bench_function("start of a chain", |bencher| bencher.iter(Chain::start));

    let chain = Chain::start();
    let transfer = json!({"to": Address::repeat_byte(7), "value": "0x1", "gas": "0x5208"});
    criterion.bench_function("transfer", |bencher| {
        bencher.iter(|| chain.rpc("eth_sendTransaction", black_box(transfer.clone())));
    });

    let counter = chain.program(COUNTER);
    let number = json!({"to": counter, "input": Bytes::from(numberCall {}.abi_encode())});
    criterion.bench_function("call of a program", |bencher| {
        bencher.iter(|| chain.rpc("eth_call", black_box(number.clone())));
    });
    let add = Bytes::from(addCall { amount: U256::ONE }.abi_encode());
    let add = json!({"to": counter, "input": add, "gas": "0x30d40"});
    criterion.bench_function("transaction to a program", |bencher| {
        bencher.iter(|| chain.rpc("eth_sendTransaction", black_box(add.clone())));
    });
    criterion.bench_function("estimate of a program", |bencher| {
        bencher.iter(|| chain.rpc("eth_estimateGas", black_box(add.clone())));
    });
}

/// Measures how long a large state takes to open.
fn opening(criterion: &mut Criterion) {
    let folder = env::temp_dir().join(format!("devnode-steps-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let genesis = folder.join("genesis.json");
    let account = |index| {
        (
            Address::left_padding_from(&u64::to_be_bytes(index)).to_string(),
            json!({"balance": "0x1"}),
        )
    };
    let accounts: serde_json::Map<_, _> = (1 << 32..).map(account).take(LARGE).collect();
    fs::write(&genesis, json!({"alloc": accounts}).to_string()).unwrap();
    let config = Config { state: Some(folder.join("chain")), ..Config::any_port() };
    Chain::with(Config { genesis_file: Some(genesis), ..config.clone() }).stop();
    let mut group = criterion.benchmark_group("large");
    group.sample_size(10).bench_function("opening of 1,000,000 accounts", |bencher| {
        bencher.iter_custom(|times| {
            let open = |_| {
                let begin = Instant::now();
                let chain = Chain::with(config.clone());
                let took = begin.elapsed();
                chain.stop();
                took
            };
            (0..times).map(open).sum()
        });
    });
    group.finish();
    fs::remove_dir_all(folder).unwrap();
}

criterion_group!(all, steps, opening);
criterion_main!(all);
