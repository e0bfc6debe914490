//! The requests that cargo-stylus 0.10.10 sends while it checks, deploys, activates, caches and
//! traces a contract with a constructor, recorded with a Nitro node.

use alloy::{
    eips::Encodable2718,
    primitives::{Bytes, U256},
    rpc::types::Transaction,
};
use serde_json::{Value, json};
use stylus_devnode::{ArbosVersion, Config};

use crate::{compare::difference, support::Chain};

/// The recorded exchange, one request and response per line.
const EXCHANGE: &str = include_str!("../vectors/cargo-stylus.jsonl");

/// Before this command, a transaction was sent by other means: the last one in the exchange.
const CALL: &str = "cargo stylus trace of an ordinary call";

/// Gas that the set-up saves here, because its cache manager is cheaper to create.
const SAVED_GAS: U256 = U256::from_limbs([2_129_384, 0, 0, 0]);

/// Wei per gas.
const FEE: U256 = U256::from_limbs([100_000_000, 0, 0, 0]);

/// Fields of receipts that do not depend on block hashes or module hashes.
const RECEIPT: [&str; 6] = ["status", "gasUsed", "blockNumber", "contractAddress", "from", "to"];

/// Fields of transactions that do not depend on block hashes.
const TRANSACTION: [&str; 7] = ["hash", "blockNumber", "from", "to", "nonce", "input", "value"];

#[tokio::test]
async fn every_request_gets_the_recorded_response() {
    // The node that was recorded ran ArbOS 51.
    let chain = Chain::with(Config { arbos: ArbosVersion::V51, ..Config::any_port() }).await;
    let lines: Vec<Value> =
        EXCHANGE.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut asked = 0;
    for line in &lines {
        if line["mark"] == CALL {
            chain.request("eth_sendRawTransaction", json!([last_transaction(&lines)])).await;
        }
        let Some(method) = line["request"]["method"].as_str() else { continue };
        let params = line["request"].get("params").cloned().unwrap_or_default();
        let got = chain.request(method, params).await;
        let want = &line["response"];
        let found = match method {
            "eth_getBalance" => {
                let [want, got] = [want, &got].map(|response| number(&response["result"]));
                assert_eq!(got - want, SAVED_GAS * FEE);
                None
            }
            // Gas used per second depends on the machine.
            "eth_feeHistory" => {
                difference(&want["result"]["reward"], &got["result"]["reward"], method)
            }
            "eth_getTransactionReceipt" => first(&RECEIPT, want, &got),
            "eth_getTransactionByHash" => first(&TRANSACTION, want, &got),
            _ => difference(&want["result"], &got["result"], method)
                .or_else(|| difference(&want["error"], &got["error"], method)),
        };
        assert_eq!(found, None);
        asked += 1;
    }
    assert_eq!(asked, 35, "requests of all commands");
}

/// Parses a number.
fn number(value: &Value) -> U256 {
    value.as_str().unwrap().parse().unwrap()
}

/// The first difference between two results, in the given fields.
fn first(fields: &[&str], want: &Value, got: &Value) -> Option<String> {
    fields
        .iter()
        .find_map(|&field| difference(&want["result"][field], &got["result"][field], field))
}

/// The last transaction in the exchange, encoded.
fn last_transaction(lines: &[Value]) -> Bytes {
    let is_transaction = |line: &&Value| line["request"]["method"] == "eth_getTransactionByHash";
    let line = lines.iter().rfind(is_transaction).unwrap();
    let transaction: Transaction =
        serde_json::from_value(line["response"]["result"].clone()).unwrap();
    transaction.inner.encoded_2718().into()
}
