//! `eth_simulateV1`: blocks, overrides, errors of calls and of the whole simulation.

use alloy::primitives::{Address, hex};
use serde_json::{Value, json};
use stylus_devnode::DEV_ADDRESS;

use crate::support::Chain;

/// Simulates blocks on top of the latest one.
async fn simulate(chain: &Chain, blocks: Value) -> Value {
    chain.rpc("eth_simulateV1", json!([{"blockStateCalls": blocks}, "latest"])).await
}

/// Code and text of the error of a simulation.
async fn rejected(chain: &Chain, simulation: Value) -> (i64, String) {
    let response = chain.request("eth_simulateV1", json!([simulation])).await;
    let error = &response["error"];
    let text = error["message"].as_str().unwrap_or_default().to_owned();
    assert!(!text.is_empty(), "{response}");
    (error["code"].as_i64().unwrap(), text)
}

#[tokio::test]
async fn calls_see_the_changes_of_earlier_ones() {
    let chain = Chain::start().await;
    // Adds one to its first word and returns it.
    let counter = chain.deploy(&hex!("5f54600101805f555f5260205ff3")).await;
    let call = json!({"from": DEV_ADDRESS, "to": counter});
    let result = simulate(&chain, json!([{"calls": [call, call]}, {"calls": [call]}])).await;
    let returned = |block: usize, call: usize| &result[block]["calls"][call]["returnData"];
    for (count, returned) in [(1, returned(0, 0)), (2, returned(0, 1)), (3, returned(1, 0))] {
        assert_eq!(*returned, format!("{count:#066x}"));
    }
    let latest = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    assert_eq!(latest["number"], "0x8", "the chain is unchanged");
    assert_eq!((&result[0]["number"], &result[1]["number"]), (&json!("0x9"), &json!("0xa")));
    assert_eq!(result[0]["parentHash"], latest["hash"]);
    assert_eq!(result[1]["parentHash"], result[0]["hash"]);
    assert_eq!(result[0]["transactions"].as_array().unwrap().len(), 2);
    let unchanged = chain.rpc("eth_call", json!([call, "latest"])).await;
    assert_eq!(unchanged, format!("{:#066x}", 1));
}

#[tokio::test]
async fn gaps_between_blocks_are_filled() {
    let chain = Chain::start().await;
    let result = simulate(&chain, json!([{"blockOverrides": {"number": "0xb"}}])).await;
    let numbers: Vec<&Value> =
        result.as_array().unwrap().iter().map(|block| &block["number"]).collect();
    assert_eq!(numbers, ["0x8", "0x9", "0xa", "0xb"]);
}

#[tokio::test]
async fn failed_calls_do_not_end_a_simulation() {
    let chain = Chain::start().await;
    let reverting = chain.deploy(&hex!("5f5ffd")).await;
    let invalid = chain.deploy(&hex!("fe")).await;
    let calls = json!([{"to": reverting}, {"to": invalid, "gas": "0xc350"}, {"to": DEV_ADDRESS}]);
    let result = simulate(&chain, json!([{"calls": calls}])).await;
    let call = |index: usize| &result[0]["calls"][index];
    let reverted = json!({"code": -32000, "message": "execution reverted", "data": "0x"});
    assert_eq!((&call(0)["status"], &call(0)["error"]), (&json!("0x0"), &reverted));
    let halted = json!({"code": -32015, "message": "invalid opcode: INVALID"});
    assert_eq!((&call(1)["error"], &call(1)["gasUsed"]), (&halted, &json!("0xc350")));
    assert_eq!((&call(2)["status"], call(2).get("error")), (&json!("0x1"), None));
}

#[tokio::test]
async fn full_transactions_and_logs_have_their_position() {
    let chain = Chain::start().await;
    let logger = chain.deploy(&hex!("60015f5fa1")).await;
    let call = json!({"from": DEV_ADDRESS, "to": logger});
    let blocks = json!([{"calls": [call, call]}]);
    let simulation = json!({"blockStateCalls": blocks, "returnFullTransactions": true});
    let result = chain.rpc("eth_simulateV1", json!([simulation])).await;
    let block = &result[0];
    let log = &block["calls"][1]["logs"][0];
    assert_eq!((&log["logIndex"], &log["transactionIndex"]), (&json!("0x1"), &json!("0x1")));
    assert_eq!(log["blockHash"], block["hash"]);
    assert_eq!(log["blockTimestamp"], block["timestamp"]);
    let transaction = &block["transactions"][1];
    assert_eq!(log["transactionHash"], transaction["hash"]);
    assert_eq!((&transaction["nonce"], &transaction["type"]), (&json!("0x8"), &json!("0x2")));
    let sender = transaction["from"].as_str().unwrap().parse::<Address>();
    assert_eq!(sender, Ok(DEV_ADDRESS));
}

#[tokio::test]
async fn transfers_of_reverted_frames_are_not_logged() {
    let chain = Chain::start().await;
    let reverting = chain.deploy(&hex!("5f5ffd")).await;
    // Sends one wei to the reverting contract, then two to the caller.
    let code = format!("5f5f5f5f600173{reverting:x}5af1505f5f5f5f6002335af1505f5ff3");
    let code = hex::decode(code.replace("0x", "")).unwrap();
    let sender = chain.deploy(&code).await;
    let call = json!({"from": DEV_ADDRESS, "to": sender, "value": "0x5"});
    let blocks = json!([{"calls": [call]}]);
    let simulation = json!({"blockStateCalls": blocks, "traceTransfers": true});
    let result = chain.rpc("eth_simulateV1", json!([simulation])).await;
    let logs = result[0]["calls"][0]["logs"].as_array().unwrap();
    let amounts: Vec<&Value> = logs.iter().map(|log| &log["data"]).collect();
    assert_eq!(amounts, [&json!(format!("{:#066x}", 5)), &json!(format!("{:#066x}", 2))]);
    assert_eq!(logs[0]["address"], "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
}

#[tokio::test]
async fn a_validated_simulation_checks_nonces_and_prices() {
    let chain = Chain::start().await;
    let with = |call: Value| json!({"blockStateCalls": [{"calls": [call]}], "validation": true});
    let call = json!({"from": DEV_ADDRESS, "to": DEV_ADDRESS, "gas": "0x5208"});
    let (code, text) = rejected(&chain, with(call.clone())).await;
    assert_eq!(code, -32602, "{text}");
    assert!(text.contains("max fee per gas less than block base fee"), "{text}");
    let mut paying = call;
    paying["maxFeePerGas"] = json!("0x3b9aca00");
    let result = chain.rpc("eth_simulateV1", json!([with(paying.clone())])).await;
    assert_eq!(result[0]["calls"][0]["status"], "0x1");
    assert_eq!(result[0]["baseFeePerGas"], "0x5f5e100");
    for (nonce, code) in [("0x5", -38010), ("0x7", -38011)] {
        paying["nonce"] = json!(nonce);
        assert_eq!(rejected(&chain, with(paying.clone())).await.0, code);
    }
}

#[tokio::test]
async fn rejected_simulations_have_the_codes_of_the_specification() {
    let chain = Chain::start().await;
    let poor = Address::repeat_byte(7);
    let time = |time: &str| json!({"blockOverrides": {"time": time}});
    let number = |number: &str| json!({"blockOverrides": {"number": number}});
    let call = |call: Value| json!({"calls": [call]});
    let limited = json!({
        "blockOverrides": {"gasLimit": "0x7530"},
        "calls": [{"to": poor, "gas": "0x5208"}, {"to": poor, "gas": "0x5208"}],
    });
    for (blocks, code, text) in [
        (json!([]), -32602, "empty input"),
        (json!([number("0x10000")]), -38026, "too many blocks"),
        (json!([number("0x9"), number("0x9")]), -38020, "block numbers must be in order: 9 <= 9"),
        (json!([time("0x1")]), -38021, "block timestamps must be in order: 1 <= "),
        (json!([limited]), -38015, "block gas limit reached: 21000 >= 30000"),
        (
            json!([call(json!({"from": poor, "value": "0x1"}))]),
            -38014,
            "err: insufficient funds for gas * price + value",
        ),
        (
            json!([call(json!({"to": poor, "gas": "0x1"}))]),
            -38013,
            "err: intrinsic gas too low: have 1, want 21000 (supplied gas 1)",
        ),
        (
            json!([call(json!({"data": format!("0x{}", "00".repeat(49_153))}))]),
            -38025,
            "err: max initcode size exceeded",
        ),
    ] {
        let (found, message) = rejected(&chain, json!({"blockStateCalls": blocks})).await;
        assert_eq!(found, code, "{message}");
        assert!(message.starts_with(text), "{message}");
    }
}

#[tokio::test]
async fn the_calls_of_a_simulation_share_a_limit_of_gas() {
    let chain = Chain::start().await;
    let endless = chain.deploy(&hex!("5b5f56")).await;
    let call = json!({"to": endless});
    let once = simulate(&chain, json!([{"calls": [call]}])).await;
    assert_eq!(once[0]["calls"][0]["gasUsed"], format!("{:#x}", 50_000_000));
    let twice = json!({"blockStateCalls": [{"calls": [call, call]}]});
    let (code, text) = rejected(&chain, twice).await;
    assert_eq!((code, text.contains("have 0, want 21000")), (-38013, true), "{text}");
}
