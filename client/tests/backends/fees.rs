//! Fees of a real chain: data on the parent chain is paid for, and its price rises.

use std::time::Duration;

use muster_client::protocol::abi::{Clock, State};
use muster_client::protocol::settings;
use muster_client::{OrderRequest, TxOutcome};
use serde_json::Value;
use stylus_devnode::{Config, DEV_ADDRESS, Network};

use crate::env::{REQUEST, TestEnv, wait_until};
use crate::journal::InMemoryJournal;

/// One gwei in wei.
const GWEI: u64 = 1_000_000_000;

/// A dollar's worth of gas is stated at this price of an ether.
const DOLLARS_PER_ETHER: f64 = 3000.0;

/// A market on a chain where a unit of data costs one gwei.
async fn env_with_l1_fee() -> TestEnv {
    let config = Config { l1_fee: Some(GWEI), ..Config::any_port() };
    TestEnv::with(config, &settings::dev(Clock::Second)).await
}

/// Sends the transaction of the chain's owner that sets the price of a unit of data.
async fn set_data_price(env: &TestEnv, wei: u64) {
    // `setL1PricePerUnit` of `ArbOwner`.
    let data = format!("0x2b352fae{wei:064x}");
    let to = "0x0000000000000000000000000000000000000070";
    let params =
        format!(r#"[{{"from":"{DEV_ADDRESS}","to":"{to}","data":"{data}","gas":"0x4c4b40"}}]"#);
    env.rpc("eth_sendTransaction", &params).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_is_made_while_data_is_expensive() {
    let env = env_with_l1_fee().await;
    let worker = env.worker(1).await;
    for price in [10 * GWEI, 200 * GWEI, 0] {
        set_data_price(&env, price).await;
        let client = env.market(2).await;
        let purchase = client.buy(&REQUEST, u128::MAX).await.unwrap();
        let accepted = worker.agreement(purchase.agreement).await.unwrap().accept().await.unwrap();
        assert!(accepted.success);
        env.chain.increase_time(Duration::from_mins(5)).await.unwrap();
        env.chain.mine().await.unwrap();
        client.agreement(purchase.agreement).await.unwrap().settle().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_whose_data_costs_more_by_then_is_sent_with_more_gas() {
    let (env, journal) = (env_with_l1_fee().await, InMemoryJournal::new());
    env.rpc("evm_setAutomine", "[false]").await;
    // The price rises in the block in which the transaction is to be, before it.
    set_data_price(&env, 20 * GWEI).await;
    let market = env.open(env.node(1).await.with_journal(journal.clone())).await;
    let bond = market.settings().testerBond;
    let key = alloy::primitives::keccak256(b"key");
    let doing = tokio::spawn(async move { market.register_tester(key, bond).await });
    wait_until(async || env.rpc("txpool_status", "[]").await.contains(r#""pending":"0x2""#)).await;
    env.chain.mine().await.unwrap();
    // It can no longer run, so the chain has dropped it.
    assert!(env.rpc("txpool_status", "[]").await.contains(r#""pending":"0x0""#));
    wait_until(async || {
        env.chain.mine().await.unwrap();
        doing.is_finished()
    })
    .await;
    let receipt = doing.await.unwrap().unwrap().receipt;
    let signed = journal.signed();
    assert_eq!((signed.len(), signed[0].nonce()), (2, signed[1].nonce()));
    assert_eq!(receipt.transaction, signed[1].hash());
    assert_eq!(journal.outcomes(), [(signed[0].nonce(), TxOutcome::Mined(receipt))]);
}

/// Prints what each transaction of an account cost since a block, and returns the sum in dollars.
async fn print_costs(env: &TestEnv, from: u64, steps: &[&str]) -> f64 {
    let (mut sum, mut steps) = (0.0, steps.iter());
    for height in from.. {
        let request = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"eth_getBlockReceipts","params":["{height:#x}"]}}"#
        );
        let block: Value = serde_json::from_str(&env.chain.raw_request(&request).await).unwrap();
        let Some(receipts) = block["result"].as_array() else { break };
        for receipt in receipts {
            let field = |name: &str| {
                let text = receipt[name].as_str().unwrap();
                u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
            };
            let (gas, data) = (field("gasUsed"), field("gasUsedForL1"));
            let wei = f64::from(gas) * f64::from(field("effectiveGasPrice"));
            let dollars = wei / 1e18 * DOLLARS_PER_ETHER;
            sum += dollars;
            let step = steps.next().unwrap();
            println!("| {step} | {gas} | {data} | {dollars:.4} |");
            assert!(data > 0 && receipt["status"] == "0x1", "{step}: {receipt}");
        }
    }
    assert!(steps.next().is_none(), "every step is a transaction");
    sum
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_ends_under_the_fees_of_arbitrum_one() {
    let config = Config { network: Network::ArbitrumOne, ..Config::any_port() };
    let env = TestEnv::with(config, &settings::dev(Clock::Second)).await;
    let begin = env.market(5).await.node().head().await.unwrap().number + 1;
    let worker = env.worker(1).await;
    let tester = env.market(2).await;
    let bond = tester.settings().testerBond;
    tester.register_tester(alloy::primitives::keccak256(b"tester"), bond).await.unwrap();
    tester.check_in().await.unwrap();
    // Testers of an epoch are drawn in the next one.
    let epoch = u64::from(tester.settings().epochLength);
    env.chain.increase_time(Duration::from_secs(epoch)).await.unwrap();
    env.chain.mine().await.unwrap();
    tester.check_in().await.unwrap();

    let client = env.market(3).await;
    let request = OrderRequest::Default { redundancy: 1, length: 120 };
    let purchase = client.buy(&request, u128::MAX).await.unwrap();
    worker.agreement(purchase.agreement).await.unwrap().accept().await.unwrap();
    let agreement = client.agreement(purchase.agreement).await.unwrap();
    assert_eq!(agreement.state().await.unwrap(), State::Running);
    env.chain.increase_time(Duration::from_hours(1)).await.unwrap();
    env.chain.mine().await.unwrap();
    let settlement = agreement.settle().await.unwrap();
    assert!(settlement.refund <= purchase.escrow);
    let steps = [
        "register worker",
        "register tester",
        "check in",
        "check in again",
        "buy",
        "accept",
        "settle",
    ];
    let sum = print_costs(&env, begin, &steps).await;
    assert!(sum < 0.1, "{sum} dollars");
}
