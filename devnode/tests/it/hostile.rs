//! Programs, contracts and calldata that mean harm: each gets a clear error, the others go on being
//! served, and memory stays within bounds.

use std::{
    fs,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, Bytes, U256, hex, keccak256};
use devnode::DEV_ADDRESS;
use serde_json::{Value, json};

use crate::support::{Chain, program_code};

/// The most memory that this process may ever have had, in KiB: many chains run in it.
const MEMORY: u64 = 3 << 20;

/// A chain, and an account that is a program of this code from the start.
pub(crate) async fn with_program(wat: &str) -> (Chain, Address) {
    let chain = Chain::start().await;
    let program = chain.program(wat).await;
    (chain, program)
}

/// Checks that the chain still answers, and that this process has not used too much memory.
pub(crate) async fn is_well(chain: &Chain) {
    assert_eq!(chain.get("eth_chainId", json!([])).await, "0x64aba");
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak: u64 = peak.trim().strip_suffix(" kB").unwrap().parse().unwrap();
        assert!(peak < MEMORY, "{peak} KiB");
    }
}

/// The error of a request.
pub(crate) async fn refused(chain: &Chain, method: &str, params: Value) -> Value {
    chain.ask(method, params).await["error"].take()
}

/// Makes ink so cheap that gas ends no program in any time that a test could wait.
pub(crate) async fn make_ink_cheap(chain: &Chain) {
    let set_ink_price =
        [&keccak256("setInkPrice(uint32)")[..4], &U256::from(0xff_ffff).to_be_bytes::<32>()];
    let to = Address::with_last_byte(0x70);
    let input = Bytes::from(set_ink_price.concat());
    let request = json!([{"from": DEV_ADDRESS, "to": to, "input": input}]);
    let hash = chain.get("eth_sendTransaction", request).await;
    let receipt = chain.get("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], "0x1");
}

/// Checks that every method that runs a call of `program` stops after five seconds.
async fn is_stopped(chain: &Chain, program: Address) {
    make_ink_cheap(chain).await;
    let late = json!({"code": -32000, "message": "execution aborted (timeout = 5s)"});
    for method in ["eth_call", "eth_estimateGas", "eth_createAccessList", "debug_traceCall"] {
        let begin = Instant::now();
        assert_eq!(
            refused(chain, method, json!([{"to": program}, "latest"])).await,
            late,
            "{method}"
        );
        let took = begin.elapsed();
        assert!((4..30).contains(&took.as_secs()), "{method}: {took:?}");
    }
    is_well(chain).await;
}

#[tokio::test]
async fn a_program_in_an_endless_loop_is_stopped_after_five_seconds() {
    let (chain, program) = with_program(
        r#"(module (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param i32) (result i32)
                (loop $forever (br $forever))
                (i32.const 0)))"#,
    )
    .await;
    is_stopped(&chain, program).await;
}

#[tokio::test]
async fn a_program_that_calls_itself_in_an_endless_loop_is_stopped_as_well() {
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
    is_stopped(&chain, program).await;
}

#[tokio::test]
async fn a_program_that_grows_its_memory_without_end_runs_out_of_gas() {
    let (chain, program) = with_program(
        r#"(module
            (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
            (memory (export "memory") 1)
            (func (export "user_entrypoint") (param i32) (result i32)
                (loop $more
                    (drop (memory.grow (i32.const 1)))
                    (br $more))
                (i32.const 0)))"#,
    )
    .await;
    let error = refused(&chain, "eth_call", json!([{"to": program}, "latest"])).await;
    assert_eq!(error, json!({"code": -32000, "message": "out of gas"}));
    is_well(&chain).await;
}

#[tokio::test]
async fn a_contract_that_wants_memory_without_end_runs_out_of_gas() {
    let chain = Chain::start().await;
    for (code, what) in [
        (&hex!("6001637fffffff52")[..], "one word far away"),
        (&hex!("5b59600052600056"), "a word more, again and again"),
        (&hex!("5b5f5f5f5f5f5a5ff15f56"), "calls without end"),
        (&hex!("5b595f5f375f56"), "copies of nothing"),
        (&hex!("5b5f56"), "nothing at all, for ever"),
    ] {
        let contract = chain.deploy(code).await;
        let error = refused(&chain, "eth_call", json!([{"to": contract}, "latest"])).await;
        assert_eq!(error["code"], -32000, "{what}: {error}");
    }
    is_well(&chain).await;
}

#[tokio::test]
async fn precompiles_that_work_hard_end_in_time() {
    let chain = Chain::start().await;
    // BLAKE2F with as many rounds as gas can pay for.
    let rounds = [49_000_000_u32.to_be_bytes().as_slice(), &[0; 209]].concat();
    // 1400 pairings of points at infinity.
    let pairings = vec![0; 192 * 1400];
    for (precompile, input) in [(9, rounds), (8, pairings)] {
        let begin = Instant::now();
        let call = json!([{"to": Address::with_last_byte(precompile), "input": Bytes::from(input)}, "latest"]);
        chain.ask("eth_call", call).await;
        assert!(begin.elapsed() < Duration::from_secs(20), "{precompile}: {:?}", begin.elapsed());
    }
    is_well(&chain).await;
}

#[tokio::test]
async fn precompiles_take_any_calldata() {
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
                let answer =
                    chain.ask("eth_call", json!([{"to": to, "input": input}, "latest"])).await;
                let known = answer.get("result").is_some() || answer["error"]["code"] != -32603;
                assert!(known, "{to} {input}: {answer}");
            }
        }
    }
    is_well(&chain).await;
}

#[tokio::test]
async fn code_that_is_almost_a_program_is_no_harm() {
    let chain = Chain::start().await;
    // Four megabytes of zeros packed into a few bytes, by an override of state.
    let bomb = program_code(&format!(
        r#"(module (memory (export "memory") 1) (data (i32.const 0) "{}")
            (func (export "user_entrypoint") (param i32) (result i32) (i32.const 0)))"#,
        "\\00".repeat(4 << 20)
    ));
    assert!(bomb.len() < 10_000);
    let program = chain.deploy(&bomb).await;
    let input = [&hex!("58c780c2"), program.into_word().as_slice()].concat();
    let call =
        json!([{"to": Address::with_last_byte(0x71), "input": Bytes::from(input)}, "latest"]);
    assert_eq!(refused(&chain, "eth_call", call).await["code"], 3);
    is_well(&chain).await;
}
