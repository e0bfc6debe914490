//! The conformance vectors: what a real Nitro node answered, case by case.
//!
//! Each topic runs on a fresh chain of its own. The cases that do not fit yet are listed here, and a
//! case that begins to fit has to leave the list: it can only get shorter.

use serde_json::Value;

use crate::{replay::replay, support::Chain};

/// Replays all cases of a topic; exactly those in `differing` may differ.
async fn topic(vectors: &str, differing: &[&str]) {
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let chain = Chain::start().await;
    let mut surprises = Vec::new();
    for case in vectors["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        match (replay(&chain, case).await, differing.contains(&name)) {
            (Some(difference), false) => surprises.push(format!("{name}: {difference}")),
            (None, true) => surprises.push(format!("{name}: fits now, so it may leave the list")),
            (Some(_), true) | (None, false) => {}
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

/// One test for each topic, with the cases that differ.
macro_rules! topics {
    ($($name:ident $file:literal [$($differing:literal)*])*) => {$(
        #[tokio::test]
        async fn $name() {
            topic(include_str!(concat!("../vectors/", $file, ".json")), &[$($differing),*]).await;
        }
    )*};
}

topics! {
    activation "activation" []
    activation_checks "activation-checks" []
    arbwasm "arbwasm" []
    blocks "blocks" []
    cache "cache" []
    calls "calls" []
    chain "chain" []
    create "create" []
    depth "depth" []
    eth_precompiles "eth-precompiles" []
    evm "evm" []
    hostio_account "hostio-account" []
    hostio_debug "hostio-debug" []
    hostio_env "hostio-env" []
    hostio_io "hostio-io" []
    hostio_keccak "hostio-keccak" []
    hostio_log "hostio-log" []
    hostio_math "hostio-math" []
    hostio_returndata "hostio-returndata" []
    hostio_storage "hostio-storage" []
    hostio_transient "hostio-transient" []
    memory "memory" []
    opcodes "opcodes" []
    precompiles "precompiles" []
    rpc "rpc" ["proof"]
    storage "storage" []
    tracing "tracing" []
    tx "tx" []
}
