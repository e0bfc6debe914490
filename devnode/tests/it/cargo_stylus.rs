//! What cargo-stylus 0.10.10 asks while it checks, deploys, activates and caches a contract with a
//! constructor: recorded with a Nitro node, asked again here.

use serde_json::Value;

use crate::{compare::difference, support::Chain};

/// The recorded exchange, a request and its answer on each line.
const EXCHANGE: &str = include_str!("../vectors/cargo-stylus.jsonl");

/// The first command that needs what this chain does not have: tracing.
const END: &str = "cargo stylus trace";

/// Fields of receipts that do not depend on hashes of blocks or modules.
const RECEIPT: [&str; 6] = ["status", "gasUsed", "blockNumber", "contractAddress", "from", "to"];

#[tokio::test]
async fn every_request_gets_the_recorded_answer() {
    let chain = Chain::start().await;
    let lines = EXCHANGE.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut asked = 0;
    for line in lines.take_while(|line| line["mark"] != END) {
        let Some(method) = line["request"]["method"].as_str() else { continue };
        let params = line["request"].get("params").cloned().unwrap_or_default();
        let got = chain.ask(method, params).await;
        let want = &line["response"];
        let found = match method {
            // The set-up here costs a little less, because its cache manager is shorter to create.
            "eth_getBalance" => None,
            // How busy a second was depends on the machine.
            "eth_feeHistory" => {
                difference(&want["result"]["reward"], &got["result"]["reward"], method)
            }
            "eth_getTransactionReceipt" => RECEIPT.iter().find_map(|&field| {
                difference(&want["result"][field], &got["result"][field], field)
            }),
            _ => difference(&want["result"], &got["result"], method)
                .or_else(|| difference(&want["error"], &got["error"], method)),
        };
        assert_eq!(found, None);
        asked += 1;
    }
    assert_eq!(asked, 29, "requests up to the first trace");
}
