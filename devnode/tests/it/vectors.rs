//! The conformance vectors: what a real Nitro node answered, case by case.
//!
//! Each topic runs on a fresh chain. Every case must match.

use std::io::{self, Write};

use serde_json::Value;

use crate::{replay::replay, support::Chain};

/// Replays a topic that has `count` cases.
async fn topic(vectors: &str, count: usize) {
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let chain = Chain::start().await;
    let mut differences = Vec::new();
    for case in cases {
        if let Some(difference) = replay(&chain, case).await {
            differences.push(format!("{}: {difference}", case["name"].as_str().unwrap()));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(cases.len(), count, "cases replayed");
}

/// One test per topic, and one for the number of all cases.
macro_rules! topics {
    ($($name:ident $file:literal $count:literal)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                topic(include_str!(concat!("../vectors/", $file, ".json")), $count).await;
            }
        )*

        #[test]
        fn the_number_of_cases_is_complete() {
            let count = 0 $(+ $count)*;
            // A passing test hides the output of `eprintln!`.
            writeln!(io::stderr(), "{count} recorded cases").unwrap();
            assert_eq!(count, 401);
        }
    };
}

topics! {
    activation "activation" 29
    activation_checks "activation-checks" 70
    arbwasm "arbwasm" 8
    blocks "blocks" 7
    cache "cache" 8
    calls "calls" 21
    chain "chain" 9
    create "create" 8
    depth "depth" 7
    eth_precompiles "eth-precompiles" 15
    evm "evm" 9
    hostio_account "hostio-account" 7
    hostio_debug "hostio-debug" 4
    hostio_env "hostio-env" 3
    hostio_io "hostio-io" 14
    hostio_keccak "hostio-keccak" 3
    hostio_log "hostio-log" 6
    hostio_math "hostio-math" 8
    hostio_returndata "hostio-returndata" 3
    hostio_storage "hostio-storage" 14
    hostio_transient "hostio-transient" 3
    memory "memory" 10
    opcodes "opcodes" 31
    precompiles "precompiles" 21
    rpc "rpc" 32
    storage "storage" 10
    tracing "tracing" 13
    tx "tx" 28
}
