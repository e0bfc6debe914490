//! Replays a recorded case: sends its requests in order and compares each response with Nitro's.

use std::{collections::HashMap, time::Duration};

use alloy::primitives::{Address, U256};
use serde_json::{Value, json};
use tokio::time;

use crate::{compare::difference, support::Chain};

/// Keys of a step's expectations.
const EXPECTATIONS: [&str; 7] =
    ["result", "error", "receipt", "reply", "httpStatus", "results", "receipts"];

/// Fields of receipts that vectors refer to.
const RECEIPT: [&str; 4] = ["status", "gasUsed", "contractAddress", "logs"];

/// Fields of the receipts of a burst that vectors refer to besides.
const BURST_RECEIPT: [&str; 5] = [
    "transactionHash",
    "transactionIndex",
    "cumulativeGasUsed",
    "effectiveGasPrice",
    "gasUsedForL1",
];

/// Values saved by steps, by name.
pub(crate) type Names = HashMap<String, Value>;

/// A step that ran.
#[derive(Debug)]
pub(crate) struct ExecutedStep {
    /// What the step does.
    pub(crate) what: String,
    /// What came back, by the keys of [`EXPECTATIONS`].
    pub(crate) got: Value,
    /// What was expected, by the same keys.
    pub(crate) want: Value,
    /// The first difference, if any.
    pub(crate) difference: Option<String>,
}

/// Replays a case; returns the first difference.
pub(crate) async fn replay(chain: &Chain, case: &Value) -> Option<String> {
    let executed = execute(chain, case).await;
    executed.into_iter().find_map(|step| Some(format!("{}: {}", step.what, step.difference?)))
}

/// Runs all steps of a case, whether or not they differ, so that it can undo its changes.
pub(crate) async fn execute(chain: &Chain, case: &Value) -> Vec<ExecutedStep> {
    for (address, wei) in case["fund"].as_object().unwrap() {
        let address: Address = address.parse().unwrap();
        let wei: U256 = wei.as_str().unwrap().parse().unwrap();
        chain.node.set_balance(address, wei).await.unwrap();
    }
    let mut names = Names::new();
    let mut executed = Vec::new();
    for step in case["steps"].as_array().unwrap() {
        let got = run_step(chain, step, &mut names).await;
        let wanted =
            EXPECTATIONS.iter().filter_map(|&key| Some((key, fill(step.get(key)?, &names))));
        let want: Value = wanted.map(|(key, want)| (key.to_owned(), want)).collect();
        let difference = want
            .as_object()
            .unwrap()
            .iter()
            .find_map(|(key, want)| difference(want, &got[key], key));
        let what = step["do"].as_str().unwrap().to_owned();
        executed.push(ExecutedStep { what, got, want, difference });
    }
    executed
}

/// Runs a step; returns the response by the keys of [`EXPECTATIONS`].
async fn run_step(chain: &Chain, step: &Value, names: &mut Names) -> Value {
    if let Some(seconds) = step["wait"].as_f64() {
        time::sleep(Duration::from_secs_f64(seconds)).await;
    }
    let mut receipt = Value::Null;
    let got = if let Some(transactions) = step["burst"].as_array() {
        run_burst(chain, &step["before"], transactions).await
    } else if let Some(body) = step["body"].as_str() {
        let body = fill(&Value::from(body), names);
        let (status, response) = chain.post(body.as_str().unwrap().to_owned()).await;
        let reply: Value = serde_json::from_str(&response).unwrap_or_default();
        json!({"reply": reply, "httpStatus": status})
    } else {
        let method = step["method"].as_str().unwrap();
        let mut got = chain.request(method, fill(&step["params"], names)).await;
        if method == "eth_sendRawTransaction" && got.get("result").is_some() {
            receipt = chain.rpc("eth_getTransactionReceipt", json!([got["result"]])).await;
            got["receipt"] = fields(&receipt, &RECEIPT);
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

/// Sends the transactions of `before` one by one, and then those of a burst into one block: Nitro
/// puts what arrives within 250 ms into one, this chain what arrives while automine is off.
async fn run_burst(chain: &Chain, before: &Value, transactions: &[Value]) -> Value {
    for raw in before.as_array().into_iter().flatten() {
        chain.rpc("eth_sendRawTransaction", json!([raw])).await;
    }
    chain.rpc("evm_setAutomine", json!([false])).await;
    let mut results = Vec::new();
    for raw in transactions {
        results.push(chain.request("eth_sendRawTransaction", json!([raw])).await);
    }
    chain.rpc("evm_mine", json!([])).await;
    chain.rpc("evm_setAutomine", json!([true])).await;
    let mut receipts = Vec::new();
    for result in &results {
        let receipt = match result.get("result") {
            Some(hash) => chain.rpc("eth_getTransactionReceipt", json!([hash])).await,
            None => Value::Null,
        };
        receipts.push(receipt);
    }
    let height = |receipt: &Value| number(receipt["blockNumber"].as_str().unwrap());
    let first = receipts.iter().find(|receipt| !receipt.is_null()).map(height);
    let views = receipts.iter().map(|receipt| {
        if receipt.is_null() {
            return Value::Null;
        }
        let mut view = fields(receipt, &[&RECEIPT[..], &BURST_RECEIPT].concat());
        // Nitro's own transaction is the first of every block.
        let index = number(view["transactionIndex"].as_str().unwrap()) + U256::ONE;
        view["transactionIndex"] = json!(index);
        for log in view["logs"].as_array_mut().unwrap() {
            log["transactionIndex"] = json!(index);
        }
        let distance = height(receipt) - first.unwrap();
        view["blocksAfterFirst"] = json!(distance.to::<u64>());
        view
    });
    json!({"receipts": views.collect::<Vec<_>>(), "results": results})
}

/// Some fields of an object.
fn fields(object: &Value, keys: &[&str]) -> Value {
    keys.iter().map(|&key| (key, object[key].clone())).collect()
}

/// A hexadecimal number.
fn number(text: &str) -> U256 {
    U256::from_str_radix(text.strip_prefix("0x").unwrap(), 16).unwrap()
}

/// The part of a value at a path.
pub(crate) fn pick(value: &Value, path: &str) -> Value {
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
    let shifted = || {
        let magnitude = U256::from(shift.unsigned_abs());
        if shift < 0 { number(saved) - magnitude } else { number(saved) + magnitude }
    };
    let value = match (word, shift) {
        (true, _) => format!("{:064x}", shifted()),
        (false, 0) => saved.to_owned(),
        (false, _) => format!("{:#x}", shifted()),
    };
    format!("{before}{value}{}", fill_text(after, names))
}
