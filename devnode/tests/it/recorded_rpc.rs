//! Recordings of a node with ArbOS 60: `eth_simulateV1`, `eth_fillTransaction`, and subscriptions.

use std::{collections::HashMap, time::Duration};

use serde_json::Value;
use stylus_devnode::{ArbosVersion, Config};

use crate::{
    compare::difference,
    replay::{Names, fill, replay},
    socket::Socket,
    support::Chain,
};

/// The cases of a topic.
fn cases(topic: &str) -> Vec<Value> {
    let topic: Value = serde_json::from_str(topic).unwrap();
    topic["cases"].as_array().unwrap().clone()
}

/// Fails if a case differs.
fn assert_no_difference(differences: &[String]) {
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[tokio::test]
async fn simulations_and_filled_transactions() {
    let chain = Chain::with(Config { arbos: ArbosVersion::V60, ..Config::any_port() }).await;
    let mut differences = Vec::new();
    let cases = cases(include_str!("../vectors60/simulate.json"));
    assert_eq!(cases.len(), 4);
    for case in cases {
        if let Some(difference) = replay(&chain, &case).await {
            differences.push(format!("{}: {difference}", case["name"]));
        }
    }
    assert_no_difference(&differences);
}

/// Runs a step over WebSocket; returns its difference.
async fn run_over_socket(socket: &mut Socket, step: &Value, names: &mut Names) -> Option<String> {
    let Some(method) = step["method"].as_str() else {
        let count = step["count"].as_u64().unwrap().try_into().unwrap();
        let time = Duration::from_secs_f64(step["seconds"].as_f64().unwrap());
        let got = Value::from(socket.receive_within(count, time).await);
        return difference(
            &without_start_transaction(fill(&step["frames"], names)),
            &got,
            "frames",
        );
    };
    let got = socket.ask(method, fill(&step["params"], names)).await;
    for (name, path) in step["save"].as_object().into_iter().flatten() {
        names.insert(name.clone(), got[path.as_str().unwrap()].clone());
    }
    difference(&fill(&step["result"], names), &got["result"], "result")
}

/// Lowers transaction indices by one: blocks of this chain omit the transaction of ArbOS that is
/// first in those of Nitro.
fn without_start_transaction(mut frames: Value) -> Value {
    match &mut frames {
        Value::Object(fields) => {
            for (key, value) in fields {
                if key == "transactionIndex" {
                    assert_eq!(value, "0x1");
                    *value = Value::from("0x0");
                } else {
                    *value = without_start_transaction(value.take());
                }
            }
        }
        Value::Array(values) => {
            for value in values {
                *value = without_start_transaction(value.take());
            }
        }
        _ => {}
    }
    frames
}

#[tokio::test]
async fn subscriptions() {
    let chain = Chain::with(Config { arbos: ArbosVersion::V60, ..Config::any_port() }).await;
    let cases = cases(include_str!("../vectors60/websocket.json"));
    assert_eq!(cases.len(), 3);
    let mut differences = Vec::new();
    for case in cases {
        let (mut names, mut sockets) = (Names::new(), HashMap::new());
        let mut first = case.clone();
        first["steps"] = Value::Array(Vec::new());
        replay(&chain, &first).await;
        for step in case["steps"].as_array().unwrap() {
            let found = if let Some(name) = step["ws"].as_str() {
                if !sockets.contains_key(name) {
                    sockets.insert(name.to_owned(), Socket::open(&chain).await);
                }
                run_over_socket(sockets.get_mut(name).unwrap(), step, &mut names).await
            } else {
                let mut one = first.clone();
                one["steps"] = Value::Array(vec![step.clone()]);
                one["fund"] = Value::Object(serde_json::Map::new());
                replay(&chain, &one).await
            };
            let found = found.map(|found| format!("{}: {}: {found}", case["name"], step["do"]));
            differences.extend(found);
        }
    }
    assert_no_difference(&differences);
}
