//! `stylusProfiler`: the ink of a program's functions, with the names of a local wasm.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, hex},
    rpc::types::TransactionRequest,
};
use serde_json::{Value, json};

use crate::support::Chain;

/// A program that stores a word in a function of its own, which is called `name`.
fn text(name: &str, slot: u8) -> String {
    format!(
        "(module (import \"vm_hooks\" \"storage_cache_bytes32\" (func (param i32 i32))) \
         (import \"vm_hooks\" \"storage_flush_cache\" (func (param i32))) \
         (memory (export \"memory\") 1 1) (data (i32.const 31) \"\\{slot:02x}\") \
         (func {name} (call 0 (i32.const 0) (i32.const 0)) (call 1 (i32.const 0))) \
         (func (export \"user_entrypoint\") (param i32) (result i32) (call 2) (i32.const 0)))"
    )
}

/// A program that calls `first` twice, with `second` as the input.
fn calls_twice(first: Address, second: Address) -> String {
    let bytes = |address: Address| -> String {
        let bytes: Vec<_> =
            address.into_word().iter().map(|byte| format!("\\{byte:02x}")).collect();
        bytes.concat()
    };
    let call = "(drop (call 0 (i32.const 12) (i32.const 32) (i32.const 32) (i32.const 64) \
         (i64.const -1) (i32.const 96)))";
    format!(
        "(module (import \"vm_hooks\" \"call_contract\" \
             (func (param i32 i32 i32 i32 i64 i32) (result i32))) \
         (memory (export \"memory\") 1 1) \
         (data (i32.const 0) \"{}\") (data (i32.const 32) \"{}\") \
         (func (export \"user_entrypoint\") (param i32) (result i32) {call} {call} (i32.const 0)))",
        bytes(first),
        bytes(second)
    )
}

/// Options of the profiler with this wasm for a program.
fn options(program: Address, wasm: &[u8]) -> Value {
    let programs = json!({program.to_string(): hex::encode_prefixed(wasm)});
    json!({"tracer": "stylusProfiler", "tracerConfig": {"programs": programs}})
}

/// The names of a run's functions.
fn names(run: &Value) -> Vec<&str> {
    let functions = run["functions"].as_array().unwrap();
    functions.iter().map(|function| function["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_transaction_is_profiled_with_the_names_of_a_local_wasm() {
    let chain = Chain::start().await;
    let program = chain.program(&text("", 7)).await;
    let call = TransactionRequest::default().with_to(program);
    let hash = chain.send(call.clone()).await.transaction_hash;
    let trace =
        async |options: Value| chain.rpc("debug_traceTransaction", json!([hash, options])).await;

    let deployed = trace(json!({"tracer": "stylusProfiler"})).await;
    let expected = ["function 3", "function 2", "storage_cache_bytes32", "storage_flush_cache"];
    assert_eq!(names(&deployed[0]), expected);

    let named = wat::parse_str(text("$store", 7)).unwrap();
    let runs = trace(options(program, &named)).await;
    assert_eq!(runs.as_array().unwrap().len(), 1);
    assert_eq!(runs[0]["address"], json!(program));
    assert_eq!((&runs[0]["isSameCode"], &runs[0]["inkPrice"]), (&json!(true), &json!(10_000)));
    assert_eq!(names(&runs[0])[1], "store");
    let ink = |run: &Value, at: usize| run["functions"][at]["ink"].as_u64().unwrap();
    assert!((0..4).all(|at| ink(&runs[0], at) == ink(&deployed[0], at)));

    // On the state before it, the write is of a new word.
    let steps = trace(json!({"tracer": "stylusTracer"})).await;
    let flush = steps.as_array().unwrap().iter().find(|step| step["name"] == expected[3]).unwrap();
    let [start, end] = ["startInk", "endInk"].map(|field| flush[field].as_u64().unwrap());
    assert_eq!(ink(&runs[0], 3), start - end);
    assert!(start - end > 200_000_000);

    let now = chain.rpc("debug_traceCall", json!([call, "latest", options(program, &named)])).await;
    assert!(ink(&now[0], 3) < start - end, "the word has its value already");
}

#[tokio::test]
async fn a_run_names_the_host_call_that_led_to_it() {
    let chain = Chain::start().await;
    let inner = chain.program(&text("", 7)).await;
    // Calls the address in the first word of its input.
    let forwarder = chain.deploy(&hex!("5f5f5f5f5f5f355af100")).await;
    let outer = chain.program(&calls_twice(forwarder, inner)).await;
    let call = TransactionRequest::default().with_to(outer);
    let options = json!({"tracer": "stylusProfiler"});
    let runs = chain.rpc("debug_traceCall", json!([call, "latest", options])).await;

    let addresses: Vec<_> = runs.as_array().unwrap().iter().map(|run| &run["address"]).collect();
    assert_eq!(addresses, [&json!(outer), &json!(inner), &json!(inner)]);
    assert_eq!(names(&runs[0]), ["function 1", "call_contract"]);
    assert_eq!(runs[0]["caller"], Value::Null);
    assert_eq!(runs[1]["caller"], json!({"run": 0, "function": 1}));
    assert_eq!(runs[2]["caller"], runs[1]["caller"]);
    let total = |run: &Value| -> u64 {
        let functions = run["functions"].as_array().unwrap();
        functions.iter().map(|function| function["ink"].as_u64().unwrap()).sum()
    };
    let calls = runs[0]["functions"][1]["ink"].as_u64().unwrap();
    assert!(total(&runs[1]) > total(&runs[2]), "the word is warm, and has its value already");
    assert!(calls > total(&runs[1]) + total(&runs[2]));
}

#[tokio::test]
async fn other_code_is_told_and_no_program_is_refused() {
    let chain = Chain::start().await;
    let program = chain.program(&text("", 7)).await;
    let hash = chain.send(TransactionRequest::default().with_to(program)).await.transaction_hash;

    let other = wat::parse_str(text("$store", 8)).unwrap();
    let runs = chain.rpc("debug_traceTransaction", json!([hash, options(program, &other)])).await;
    assert_eq!(runs[0]["isSameCode"], false);

    for (options, why) in [
        (options(program, b"text"), format!("the wasm for {program} cannot be a program: ")),
        (
            json!({"tracer": "stylusProfiler", "tracerConfig": {"wasm": "0x"}}),
            "invalid tracerConfig of stylusProfiler: ".to_owned(),
        ),
    ] {
        let response = chain.request("debug_traceTransaction", json!([hash, options])).await;
        let message = response["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(&why), "{message}");
    }
}
