//! The conformance vectors: what a real Nitro node answered, case by case.
//!
//! Each topic runs on a fresh chain with the version of ArbOS that it was recorded with. Every case
//! must match. Topics over other connections are in [`crate::recorded_rpc`].

use std::io::{self, Write};

use serde_json::Value;
use stylus_devnode::{ArbosVersion, Config};

use crate::{replay::replay, support::Chain};

/// A fresh chain with this version.
async fn chain(arbos: ArbosVersion) -> Chain {
    Chain::with(Config { arbos, ..Config::any_port() }).await
}

/// Replays a topic that has `count` cases.
async fn topic(vectors: &str, arbos: ArbosVersion, count: usize) {
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let chain = chain(arbos).await;
    let mut differences = Vec::new();
    for case in cases {
        if let Some(difference) = replay(&chain, case).await {
            differences.push(format!("{}: {difference}", case["name"].as_str().unwrap()));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(cases.len(), count, "cases replayed");
}

/// One test per topic of a version, and one for the number of all its cases.
macro_rules! topics {
    ($module:ident $folder:literal $arbos:ident $all:literal $($name:ident $file:literal $count:literal)*) => {
        mod $module {
            use super::*;

            $(
                #[tokio::test]
                async fn $name() {
                    let vectors = include_str!(concat!("../", $folder, "/", $file, ".json"));
                    topic(vectors, ArbosVersion::$arbos, $count).await;
                }
            )*

            #[test]
            fn the_number_of_cases_is_complete() {
                let count = 0 $(+ $count)*;
                // A passing test hides the output of `eprintln!`.
                writeln!(io::stderr(), "{count} recorded cases").unwrap();
                assert_eq!(count, $all);
            }
        }
    };
}

topics! {
    arbos_51 "vectors" V51 401
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

// What is known of ArbOS 61: these topics do not differ from 60.
topics! {
    arbos_61 "vectors60" V61 21
    bursts "bursts" 7
    multigas "multigas" 1
    precompiles60 "precompiles60" 7
    refunds "refunds" 6
}

topics! {
    arbos_60 "vectors60" V60 102
    basefee "basefee" 6
    bursts "bursts" 7
    fragments "fragments" 40
    l1block "l1block" 3
    l1fee "l1fee" 13
    multigas "multigas" 1
    precompiles60 "precompiles60" 7
    refunds "refunds" 6
    stylus3 "stylus3" 15
    tips "tips" 4
}
