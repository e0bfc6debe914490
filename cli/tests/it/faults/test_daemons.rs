//! A worker, a tester and a client as processes, and an agreement between them from its purchase to the last
//! withdrawal.

use muster_relay::{Relay, RelayConfig};
use serde_json::{Value, json};
use stylus_devnode::Config;

use super::{health_text, metrics, quantity, step_count, until_clock_noticed, until_waiting_for};
use crate::harness::{BackgroundProcess, TestFolder, TestMarket, until};
use crate::worker::{is_listed, worker};

/// The faults around each operation of the daemons.
pub(super) trait FaultSchedule {
    /// Before the operation is due.
    async fn before(&mut self, daemons: &TestDaemons<'_>, operation: &str);

    /// When the operation is due, before the test waits for it.
    async fn due(&mut self, daemons: &TestDaemons<'_>, operation: &str);
}

/// No faults.
pub(super) struct NoFaults;

impl FaultSchedule for NoFaults {
    async fn before(&mut self, _: &TestDaemons<'_>, _: &str) {}

    async fn due(&mut self, _: &TestDaemons<'_>, _: &str) {}
}

/// The dev accounts of the daemons.
const NAMES: [&str; 3] = ["ada", "tom", "cleo"];

/// The result of a request to a node. It must not be an error.
pub(super) async fn rpc(node: &str, method: &str, params: Value) -> Value {
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let request = reqwest::Client::new().post(node).body(request.to_string());
    let answer = request.header("content-type", "application/json").send().await.unwrap();
    let mut answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert!(answer.get("error").is_none(), "{method}: {answer}");
    answer["result"].take()
}

/// Runs all daemons on a chain with this configuration, until an agreement is over.
pub(super) async fn run_on_chain(name: &str, config: Config, faults: &mut impl FaultSchedule) {
    let test_market = TestMarket::on_chain(name, config).await;
    let node = test_market.chain.url();
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let daemons = TestDaemons::start(&test_market.folder, &node, &relay.url()).await;
    let agreement = daemons.buy(faults).await;
    daemons.run_to_settlement(&agreement, faults).await;
}

/// See the module.
pub(super) struct TestDaemons<'a> {
    /// The folder in which they run.
    folder: &'a TestFolder,
    /// A healthy node, whose clock the test advances.
    pub(super) node: &'a str,
    /// The process of each, and the URL of its health.
    daemons: [(BackgroundProcess, String); 3],
}

impl<'a> TestDaemons<'a> {
    /// Starts all on a new market, with two further testers that only check in, and returns when all wait for others.
    pub(super) async fn start(folder: &'a TestFolder, node: &'a str, relay: &str) -> Self {
        Self::start_on([node; 3], folder, node, relay).await
    }

    /// [`Self::start`] with nodes for each daemon.
    pub(super) async fn start_on(
        nodes: [&str; 3],
        folder: &'a TestFolder,
        node: &'a str,
        relay: &str,
    ) -> Self {
        for name in NAMES.into_iter().chain(["una", "vic"]) {
            folder.json(&format!("fund dev:{name} 1eth"));
        }
        for name in ["una", "vic"] {
            folder.json(&format!("tester join --account dev:{name}"));
            folder.json(&format!("tester check-in --account dev:{name}"));
        }
        let more = format!("--withdraw-at 1wei --relay {relay}");
        let mut ada = worker(folder, relay);
        ada.args(["--withdraw-at", "1wei"]);
        let tom = format!("tester run --account dev:tom --check factor --state tom.db {more}");
        let cleo = format!("client run --account dev:cleo --courtesy 3600 --state cleo.db {more}");
        let mut nodes = nodes.into_iter();
        let daemons = [ada, folder.command(&tom), folder.command(&cleo)].map(|mut command| {
            command.env("MUSTER_RPC", nodes.next().unwrap());
            let mut daemon = BackgroundProcess::spawn(command);
            let health = daemon.health();
            (daemon, health)
        });
        let started = Self { folder, node, daemons };
        is_listed(folder, "ada").await;
        started.until_all_waiting_for(["somebody to buy", "epoch", "agreements"]).await;
        started
    }

    /// Returns when each waits for its entry.
    pub(super) async fn until_all_waiting_for(&self, what: [&str; 3]) {
        for ((_, health), what) in self.daemons.iter().zip(what) {
            until_waiting_for(health, what).await;
        }
    }

    /// Returns when so many further steps of every daemon have failed.
    pub(super) async fn until_all_failed(&self, times: usize) {
        let mut goals = Vec::new();
        for (_, health) in &self.daemons {
            goals.push((health, step_count(health, "muster_failed_steps_total").await + times));
        }
        for (health, goal) in goals {
            until(async || step_count(health, "muster_failed_steps_total").await >= goal).await;
            assert!(health_text(health).await.starts_with("failing since "));
        }
    }

    /// Buys, and returns the agreement when the worker has accepted.
    pub(super) async fn buy(&self, faults: &mut impl FaultSchedule) -> String {
        faults.before(self, "accept").await;
        let order_args =
            "--redundancy 1 --length 1200 --windows 1 --testers 3 --state purchases.db";
        let bought = self.folder.json(&format!("client buy {order_args} --account dev:cleo"));
        let agreement = bought["agreement"].as_str().unwrap();
        faults.due(self, "accept").await;
        until_waiting_for(&self.daemons[0].1, &format!("the end of {agreement}")).await;
        agreement.to_owned()
    }

    /// Runs an agreement to its end: the tester probes with a pass of the client and reports, somebody settles, all
    /// withdraw, and nobody sends a transaction too many.
    pub(super) async fn run_to_settlement(self, agreement: &str, faults: &mut impl FaultSchedule) {
        let tom = &self.daemons[1].1;
        let counts = async |line: &str| until(async || metrics(tom).await.contains(line)).await;
        let shown = self.folder.json(&format!("agreement show {agreement}"));
        let end = shown["end"].as_u64().unwrap_or_else(|| panic!("no end: {shown}"));
        // The tester asks for its pass in the first 150 ticks, for the endpoint in the next 150, and probes after them: only
        // there an outage would cost probes.
        self.advance_to("pass", end - 1_050, faults).await;
        until_clock_noticed(tom).await;
        self.advance_to("endpoint", end - 1_000, faults).await;
        until_clock_noticed(tom).await;
        self.advance_to("probe", end - 901, faults).await;
        counts("muster_tester_seats_total{identity=\"pass\"} 1").await;
        let served = async || {
            metrics(tom).await.contains("muster_tester_probes_total{outcome=\"served\"} 3")
        };
        while !served().await {
            let left = end.saturating_sub(self.now().await);
            assert!(left > 0, "a probe was not served: {}", metrics(tom).await);
            // Less than the time for which a late probe is still made, so that no step skips one.
            self.advance_time(if left > 60 { 20 } else { 1 }).await;
            until_clock_noticed(tom).await;
        }
        // Nobody has posted its report until then, so that it posts it alone.
        self.advance_to("report", end + 451, faults).await;
        counts("muster_tester_reports_total 1").await;
        self.advance_to("settle", end + 601, faults).await;
        let state = || self.folder.json(&format!("agreement show {agreement}"))["state"].clone();
        until(async || state() == "settled").await;
        let mut transactions = 0;
        for name in NAMES {
            let credit = format!("credit dev:{name}");
            until(async || self.folder.json(&credit)["credit"] == "0").await;
            let account = self.folder.json(&credit)["account"].take();
            let count = rpc(self.node, "eth_getTransactionCount", json!([account, "latest"])).await;
            transactions += quantity(&count);
        }
        // Register, accept, withdraw; join, check in, report, withdraw; buy, withdraw; settle
        assert_eq!(transactions, 10);
        let ledger = self.folder.json(&format!("ledger {agreement}"));
        assert_eq!((&ledger["balanced"], &ledger["solvent"]), (&true.into(), &true.into()));
        for (daemon, _) in self.daemons {
            assert_eq!(daemon.terminate(), Some(0));
        }
    }

    /// Advances the clock to the tick in which an operation is due.
    async fn advance_to(&self, operation: &str, tick: u64, faults: &mut impl FaultSchedule) {
        faults.before(self, operation).await;
        self.advance_time(tick.saturating_sub(self.now().await)).await;
        faults.due(self, operation).await;
    }

    /// The tick of the latest block.
    async fn now(&self) -> u64 {
        let block = rpc(self.node, "eth_getBlockByNumber", json!(["latest", false])).await;
        quantity(&block["timestamp"])
    }

    /// Advances the clock, and mines a block.
    async fn advance_time(&self, seconds: u64) {
        rpc(self.node, "evm_increaseTime", json!([seconds])).await;
        rpc(self.node, "evm_mine", json!([])).await;
    }
}
