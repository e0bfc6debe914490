//! Malicious programs, contracts and calldata: each gets a clear error, other requests are still
//! served, and memory stays bounded.

use std::{
    fs,
    io::Write,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, Bytes, U256, hex, keccak256};
use serde_json::{Value, json};
use stylus_devnode::DEV_ADDRESS;
use tokio::sync::Mutex;

use crate::support::Chain;

/// Maximum growth of this process in bytes during an attack, including tests that run at the same
/// time. Without limits, each measured attack would take a gibibyte or more.
const MAX_GROWTH: u64 = 700 << 20;

/// Serialises measured attacks.
static MEASUREMENT_LOCK: Mutex<()> = Mutex::const_new(());

/// A chain, and an account whose code is this program from the start.
pub(crate) async fn with_program(wat: &str) -> (Chain, Address) {
    let chain = Chain::start().await;
    let program = chain.program(wat).await;
    (chain, program)
}

/// Checks that the chain still answers.
pub(crate) async fn assert_healthy(chain: &Chain) {
    assert_eq!(chain.rpc("eth_chainId", json!([])).await, "0x64aba");
}

/// A memory counter of this process in bytes, by its name in `/proc`; 0 on other systems than
/// Linux.
fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    number.map_or(0, |number| number.parse::<u64>().unwrap() << 10)
}

/// Runs an attack and checks the peak memory.
pub(crate) async fn with_memory_limit<T>(attack: impl Future<Output = T>) -> T {
    let _turn = MEASUREMENT_LOCK.lock().await;
    // Resets the peak (on Linux).
    let _ = fs::write("/proc/self/clear_refs", "5");
    let before = memory("VmRSS:");
    let done = attack.await;
    let grown = memory("VmHWM:").saturating_sub(before);
    assert!(grown < MAX_GROWTH, "{} MiB", grown >> 20);
    done
}

/// The error of a request.
pub(crate) async fn rpc_error(chain: &Chain, method: &str, params: Value) -> Value {
    chain.request(method, params).await["error"].take()
}

/// Makes ink so cheap that gas does not end a program within the duration of a test.
pub(crate) async fn make_ink_cheap(chain: &Chain) {
    let set_ink_price =
        [&keccak256("setInkPrice(uint32)")[..4], &U256::from(0xff_ffff).to_be_bytes::<32>()];
    let to = Address::with_last_byte(0x70);
    let input = Bytes::from(set_ink_price.concat());
    let request = json!([{"from": DEV_ADDRESS, "to": to, "input": input}]);
    let hash = chain.rpc("eth_sendTransaction", request).await;
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], "0x1");
}

/// Checks that every method that runs a call of `program` stops after five seconds.
async fn assert_times_out(chain: &Chain, program: Address) {
    make_ink_cheap(chain).await;
    let late = json!({"code": -32000, "message": "execution aborted (timeout = 5s)"});
    for method in ["eth_call", "eth_estimateGas", "eth_createAccessList", "debug_traceCall"] {
        let begin = Instant::now();
        assert_eq!(
            rpc_error(chain, method, json!([{"to": program}, "latest"])).await,
            late,
            "{method}"
        );
        let took = begin.elapsed();
        assert!((4..30).contains(&took.as_secs()), "{method}: {took:?}");
    }
    assert_healthy(chain).await;
}

#[tokio::test]
async fn an_endless_loop_is_stopped_after_five_seconds() {
    let (chain, program) = with_program(
        r#"(module (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param i32) (result i32)
                (loop $forever (br $forever))
                (i32.const 0)))"#,
    )
    .await;
    assert_times_out(&chain, program).await;
}

#[tokio::test]
async fn an_endless_loop_of_nested_calls_is_stopped_after_five_seconds() {
    let (chain, program) = with_program(
        r#"(module
            (import "vm_hooks" "contract_address" (func $self (param i32)))
            (import "vm_hooks" "call_contract"
                (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
            (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param $len i32) (result i32)
                (call $self (i32.const 0))
                (loop $forever
                    ;; The one below has calldata, and loops alone.
                    (if (i32.eqz (local.get $len))
                        (then (drop (call $call (i32.const 0) (i32.const 0) (i32.const 1)
                            (i32.const 32) (i64.const 1000000) (i32.const 64)))))
                    (br $forever))
                (i32.const 0)))"#,
    )
    .await;
    assert_times_out(&chain, program).await;
}

#[tokio::test]
async fn a_program_with_unbounded_memory_runs_out_of_gas() {
    let (chain, program) = with_program(
        r#"(module
            (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
            (memory (export "memory") 1)
            (func (export "user_entrypoint") (param i32) (result i32)
                (loop $more
                    (drop (memory.grow (i32.const 1)))
                    (i32.store (i32.shl (i32.sub (memory.size) (i32.const 1)) (i32.const 16))
                        (i32.const 1))
                    (br $more))
                (i32.const 0)))"#,
    )
    .await;
    let call = json!([{"to": program}, "latest"]);
    let error = with_memory_limit(rpc_error(&chain, "eth_call", call)).await;
    assert_eq!(error, json!({"code": -32000, "message": "out of gas"}));
    assert_healthy(&chain).await;
}

#[tokio::test]
async fn a_contract_with_unbounded_memory_runs_out_of_gas() {
    let chain = Chain::start().await;
    for (code, what) in [
        (&hex!("6001637fffffff52")[..], "one word far away"),
        (&hex!("5b59600052600056"), "a word more, again and again"),
        (&hex!("5b5f5f5f5f5f5a5ff15f56"), "calls without end"),
        (&hex!("5b595f5f375f56"), "copies of nothing"),
        (&hex!("5b5f56"), "nothing at all, for ever"),
    ] {
        let contract = chain.deploy(code).await;
        let call = json!([{"to": contract}, "latest"]);
        let error = with_memory_limit(rpc_error(&chain, "eth_call", call)).await;
        assert_eq!(error["code"], -32000, "{what}: {error}");
    }
    assert_healthy(&chain).await;
}

#[tokio::test]
async fn expensive_precompile_calls_end_in_time() {
    let chain = Chain::start().await;
    // BLAKE2F with as many rounds as gas can pay for.
    let rounds = [49_000_000_u32.to_be_bytes().as_slice(), &[0; 209]].concat();
    // 1400 pairings of points at infinity.
    let pairings = vec![0; 192 * 1400];
    for (precompile, input) in [(9, rounds), (8, pairings)] {
        let begin = Instant::now();
        let call = json!([{"to": Address::with_last_byte(precompile), "input": Bytes::from(input)}, "latest"]);
        chain.request("eth_call", call).await;
        assert!(begin.elapsed() < Duration::from_secs(20), "{precompile}: {:?}", begin.elapsed());
    }
    assert_healthy(&chain).await;
}

#[tokio::test]
async fn precompiles_accept_any_calldata() {
    let chain = Chain::start().await;
    let offset = U256::from(32).to_be_bytes::<32>();
    let endless = U256::MAX.to_be_bytes::<32>();
    let wide = U256::from(1_u64 << 40).to_be_bytes::<32>();
    for low in (0x64..=0x73).chain([0xff, 0xc8]) {
        let to = Address::with_last_byte(low);
        for selector in [[0; 4], [0xff; 4], hex!("58c780c2"), hex!("c45e1d3d"), hex!("928c169a")] {
            for tail in [
                Vec::new(),
                vec![0xff; 31],
                endless.to_vec(),
                [offset, endless].concat(),
                [offset, wide].concat(),
                vec![0xff; 4096],
            ] {
                let input = Bytes::from([&selector[..], &tail].concat());
                let response =
                    chain.request("eth_call", json!([{"to": to, "input": input}, "latest"])).await;
                let known = response.get("result").is_some() || response["error"]["code"] != -32603;
                assert!(known, "{to} {input}: {response}");
            }
        }
    }
    assert_healthy(&chain).await;
}

#[tokio::test]
async fn malformed_programs_are_harmless() {
    let chain = Chain::start().await;
    // A gibibyte of zeros, compressed 5000 times.
    let mut bomb = vec![0xef, 0xf0, 0x00, 0x00];
    let mut writer = brotli::CompressorWriter::new(&mut bomb, 1 << 20, 1, 22);
    for _ in 0..1024 {
        writer.write_all(&vec![0; 1 << 20]).unwrap();
    }
    drop(writer);
    let program = Address::repeat_byte(0xb0);
    chain.rpc("anvil_setCode", json!([program, Bytes::from(bomb)])).await;
    let input = [&hex!("58c780c2"), program.into_word().as_slice()].concat();
    let call =
        json!([{"to": Address::with_last_byte(0x71), "input": Bytes::from(input)}, "latest"]);
    assert_eq!(with_memory_limit(rpc_error(&chain, "eth_call", call)).await["code"], 3);
    assert_healthy(&chain).await;
}

#[tokio::test]
async fn oversized_traces_are_rejected() {
    let chain = Chain::start().await;
    for (code, tracer, what) in [
        (&hex!("5b5f56")[..], json!({}), "an opcode, for ever"),
        (&hex!("62100000515b600556"), json!({"enableMemory": true}), "a mebibyte at each opcode"),
        (
            &hex!("5b5f5f621000005f5f5f5af1505f56"),
            json!({"tracer": "callTracer"}),
            "a mebibyte at each call",
        ),
    ] {
        let contract = chain.deploy(code).await;
        let call = json!([{"to": contract}, "latest", tracer]);
        let error = with_memory_limit(rpc_error(&chain, "debug_traceCall", call)).await;
        assert_eq!(error, json!({"code": -32000, "message": "the trace is too long"}), "{what}");
    }
    assert_healthy(&chain).await;
}
