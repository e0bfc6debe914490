//! Calldata of precompiles: the first byte is the last one of the address, the rest is calldata.
//! Any bytes get a response, and never an internal error.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use stylus_devnode::{Config, Devnode};
use tokio::runtime::Runtime;

/// A chain for all inputs: calls do not change it.
static CHAIN: LazyLock<(Runtime, Devnode)> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("a runtime");
    let chain = runtime.block_on(Devnode::start(Config::any_port())).expect("a chain");
    (runtime, chain)
});

fuzz_target!(|bytes: &[u8]| {
    let Some((low, calldata)) = bytes.split_first() else { return };
    let calldata: String = calldata.iter().map(|byte| format!("{byte:02x}")).collect();
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{{"to":"0x{low:040x}","input":"0x{calldata}"}},"latest"]}}"#
    );
    let (runtime, chain) = &*CHAIN;
    let response = runtime.block_on(chain.raw_request(&body));
    assert!(response.contains(r#""result""#) || response.contains(r#""error""#), "{response}");
    assert!(!response.contains("-32603"), "{response}");
});
