//! Replays a recorded case: sends its requests in order and compares each response with Nitro's.

use std::{collections::HashMap, time::Duration};

use alloy::primitives::{Address, U256};
use serde_json::{Value, json};
use tokio::time;

use crate::{compare::difference, support::Chain};

/// Keys of a step's expectations.
const EXPECTATIONS: [&str; 5] = ["result", "error", "receipt", "reply", "httpStatus"];

/// Fields of receipts that vectors refer to.
const RECEIPT: [&str; 4] = ["status", "gasUsed", "contractAddress", "logs"];

/// Values saved by steps, by name.
pub(crate) type Names = HashMap<String, Value>;

/// Replays a case; returns the first difference.
pub(crate) async fn replay(chain: &Chain, case: &Value) -> Option<String> {
    for (address, wei) in case["fund"].as_object().unwrap() {
        let address: Address = address.parse().unwrap();
        let wei: U256 = wei.as_str().unwrap().parse().unwrap();
        chain.node.set_balance(address, wei).await.unwrap();
    }
    let mut names = Names::new();
    let mut first = None;
    // A case runs to its end even if it differs, so that it can undo its changes.
    for step in case["steps"].as_array().unwrap() {
        let got = run_step(chain, step, &mut names).await;
        let found = EXPECTATIONS.iter().find_map(|&what| {
            let want = fill(step.get(what)?, &names);
            difference(&want, &got[what], what)
        });
        let told =
            found.map(|difference| format!("{}: {difference}", step["do"].as_str().unwrap()));
        first = first.or(told);
    }
    first
}

/// Runs a step; returns the response by the keys of [`EXPECTATIONS`].
async fn run_step(chain: &Chain, step: &Value, names: &mut Names) -> Value {
    if let Some(seconds) = step["wait"].as_f64() {
        time::sleep(Duration::from_secs_f64(seconds)).await;
    }
    let mut receipt = Value::Null;
    let got = if let Some(body) = step["body"].as_str() {
        let body = fill(&Value::from(body), names);
        let (status, response) = chain.post(body.as_str().unwrap().to_owned()).await;
        let reply: Value = serde_json::from_str(&response).unwrap_or_default();
        json!({"reply": reply, "httpStatus": status})
    } else {
        let method = step["method"].as_str().unwrap();
        let mut got = chain.request(method, fill(&step["params"], names)).await;
        if method == "eth_sendRawTransaction" && got.get("result").is_some() {
            receipt = chain.rpc("eth_getTransactionReceipt", json!([got["result"]])).await;
            got["receipt"] = RECEIPT.iter().map(|&key| (key, receipt[key].clone())).collect();
        }
        got
    };
    for (name, path) in step["save"].as_object().into_iter().flatten() {
        let path = path.as_str().unwrap();
        let value = match path.strip_prefix("receipt.") {
            Some(path) => pick(&receipt, path),
            None => pick(&got, path),
        };
        names.insert(name.clone(), value);
    }
    got
}

/// The part of a value at a path.
fn pick(value: &Value, path: &str) -> Value {
    let step = |value: &Value, key: &str| match key.parse::<usize>() {
        Ok(index) => value.get(index).cloned().unwrap_or_default(),
        Err(_) => value.get(key).cloned().unwrap_or_default(),
    };
    path.split('.').fold(value.clone(), |value, key| step(&value, key))
}

/// Replaces names with saved values.
pub(crate) fn fill(value: &Value, names: &Names) -> Value {
    match value {
        Value::String(text) => Value::from(fill_text(text, names)),
        Value::Array(values) => values.iter().map(|value| fill(value, names)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (fill_text(key, names), fill(value, names))).collect()
        }
        other => other.clone(),
    }
}

/// Replaces `${name}`, `${name+1}`, `${name|word}` and `${name+1|word}`.
fn fill_text(text: &str, names: &Names) -> String {
    let Some((before, rest)) = text.split_once("${") else { return text.to_owned() };
    let (inside, after) = rest.split_once('}').unwrap();
    let (inside, word) = match inside.strip_suffix("|word") {
        Some(inside) => (inside, true),
        None => (inside, false),
    };
    let (name, shift) = match inside.find(['+', '-']) {
        Some(at) => (&inside[..at], inside[at..].parse::<i64>().unwrap()),
        None => (inside, 0),
    };
    let saved = names.get(name).and_then(Value::as_str).unwrap_or("0x0");
    let number = || U256::from_str_radix(saved.strip_prefix("0x").unwrap(), 16).unwrap();
    let shifted = || {
        let magnitude = U256::from(shift.unsigned_abs());
        if shift < 0 { number() - magnitude } else { number() + magnitude }
    };
    let value = match (word, shift) {
        (true, _) => format!("{:064x}", shifted()),
        (false, 0) => saved.to_owned(),
        (false, _) => format!("{:#x}", shifted()),
    };
    format!("{before}{value}{}", fill_text(after, names))
}
