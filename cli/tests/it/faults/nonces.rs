//! Transactions of daemons that no block includes by itself.

use muster_relay::{Relay, RelayConfig};
use serde_json::{Value, json};

use super::{print_row, sent_by, until_waiting_for};
use crate::harness::{BackgroundProcess, TestMarket, until};
use crate::worker::{is_listed, worker};

/// A daemon that has sent a transaction while no blocks are mined.
struct StuckDaemon {
    /// Its role.
    who: &'static str,
    /// The operation of the transaction.
    operation: &'static str,
    /// The process.
    daemon: BackgroundProcess,
    /// The URL of its health.
    health: String,
    /// Its account.
    account: String,
    /// The transaction.
    first: Value,
}

impl StuckDaemon {
    /// The first pending transaction.
    async fn pending_transaction(&self, test_market: &TestMarket) -> Value {
        let nonce = sent_by(test_market, &self.account).await;
        let mut pool = test_market.rpc("txpool_content", json!([])).await;
        pool["pending"][&self.account][nonce.to_string()].take()
    }
}

/// A worker that registers, a tester that joins, and a client that settles to get its refund.
struct StuckDaemons {
    /// The chain.
    test_market: TestMarket,
    /// An agreement that nobody has accepted.
    agreement: String,
    /// The daemons.
    daemons: Vec<StuckDaemon>,
    /// The relay for messages.
    _relay: Relay,
}

impl StuckDaemons {
    /// Daemons whose transactions wait for a block.
    async fn new(name: &str) -> Self {
        let test_market = TestMarket::with_long_windows(name).await;
        let folder = &test_market.folder;
        test_market.fund_accounts(&["ada", "ben", "tom", "cleo"]);
        folder.json("worker register --account dev:ben --price 1000gwei");
        let order_args = "--redundancy 1 --length 1200 --windows 1 --testers 0";
        let bought = folder.json(&format!("client buy {order_args} --account dev:cleo"));
        let agreement = bought["agreement"].as_str().unwrap().to_owned();
        test_market.advance_time(700).await;

        test_market.rpc("evm_setAutomine", json!([false])).await;
        let relay = Relay::start(RelayConfig::default()).await.unwrap();
        let url = relay.url();
        let tom = format!("tester run --account dev:tom --check factor --relay {url}");
        let cleo =
            format!("client run --account dev:cleo --courtesy 0 --withdraw-at 1eth --relay {url}");
        let mut all = Vec::new();
        for (who, name, operation, command) in [
            ("worker", "ada", "register", worker(folder, &url)),
            ("tester", "tom", "join", folder.command(&tom)),
            ("client", "cleo", "settle", folder.command(&cleo)),
        ] {
            let mut daemon = BackgroundProcess::spawn(command);
            let health = daemon.health();
            let credit = folder.json(&format!("credit dev:{name}"));
            let account = credit["account"].as_str().unwrap().to_lowercase();
            all.push(StuckDaemon { who, operation, daemon, health, account, first: Value::Null });
        }
        for stuck in &mut all {
            until(async || {
                stuck.first = stuck.pending_transaction(&test_market).await;
                !stuck.first.is_null()
            })
            .await;
        }
        Self { test_market, agreement, daemons: all, _relay: relay }
    }

    /// Mines blocks until all operations are done, with no more transactions than they need and `others`.
    async fn finish(self, others: u64, fault: &str, outcome: &str) {
        let test_market = &self.test_market;
        test_market.rpc("evm_setAutomine", json!([true])).await;
        test_market.chain.mine().await.unwrap();
        is_listed(&test_market.folder, "ada").await;
        let show = format!("agreement show {}", self.agreement);
        until(async || test_market.folder.json(&show)["state"] == "void").await;
        for StuckDaemon { who, operation, daemon, health, account, first } in self.daemons {
            // Register; join, check in; buy, settle
            let (what, own) = match who {
                "worker" => ("somebody to buy", 1),
                "tester" => ("epoch", 2),
                _ => ("agreements", 2),
            };
            until_waiting_for(&health, what).await;
            let receipt = json!([first["hash"]]);
            assert!(test_market.rpc("eth_getTransactionReceipt", receipt).await.is_null());
            assert_eq!(sent_by(test_market, &account).await, own + others, "{who}");
            assert_eq!(daemon.terminate(), Some(0));
            print_row(who, operation, fault, outcome);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_whose_nonce_is_taken_resends_with_the_next() {
    let setup = StuckDaemons::new("nonces-stolen").await;
    let test_market = &setup.test_market;
    for StuckDaemon { account, first, .. } in &setup.daemons {
        let theft = json!([{
            "from": account, "to": account, "nonce": first["nonce"], "gas": "0x186a0",
            "maxFeePerGas": "0x3b9aca00", "maxPriorityFeePerGas": "0x1",
        }]);
        test_market.rpc("eth_sendUnsignedTransaction", theft).await;
    }
    test_market.chain.mine().await.unwrap();
    for stuck in &setup.daemons {
        until(async || !stuck.pending_transaction(test_market).await.is_null()).await;
    }
    setup.finish(1, "nonce is stolen", "done once, with the next").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_replaces_its_transaction_when_the_base_fee_rises() {
    let setup = StuckDaemons::new("fees-behind").await;
    let test_market = &setup.test_market;
    test_market.rpc("anvil_setNextBlockBaseFeePerGas", json!(["0x2540be400"])).await;
    test_market.chain.mine().await.unwrap();
    for stuck in &setup.daemons {
        until(async || {
            let now = stuck.pending_transaction(test_market).await;
            !now.is_null() && now["hash"] != stuck.first["hash"]
        })
        .await;
    }
    setup.finish(0, "base fee has risen", "replaced, done once").await;
}
