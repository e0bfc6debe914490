//! Transactions of every daemon's process that do not get into a block by themselves.

use muster_relay::{Relay, RelayConfig};
use serde_json::{Value, json};

use super::{row, sent_by, waits_for};
use crate::harness::{Background, World, until};
use crate::worker::{is_listed, worker};

/// A daemon that has sent a transaction while nobody makes blocks.
struct Stuck {
    /// What it is.
    who: &'static str,
    /// What the transaction is for.
    deed: &'static str,
    /// The process.
    daemon: Background,
    /// Where it says how it is.
    health: String,
    /// Its account.
    account: String,
    /// The transaction.
    first: Value,
}

impl Stuck {
    /// The transaction that waits first.
    async fn waiting(&self, world: &World) -> Value {
        let nonce = sent_by(world, &self.account).await;
        let mut pool = world.ask("txpool_content", json!([])).await;
        pool["pending"][&self.account][nonce.to_string()].take()
    }
}

/// A worker that wants to register, a tester that wants to join, and a client that wants its money back.
struct Scene {
    /// The chain.
    world: World,
    /// What nobody has accepted.
    agreement: String,
    /// The daemons.
    all: Vec<Stuck>,
    /// The way for letters.
    _relay: Relay,
}

impl Scene {
    /// Daemons whose transactions wait for a block.
    async fn new(name: &str) -> Self {
        let world = World::slow(name).await;
        let folder = &world.folder;
        world.fund(&["ada", "ben", "tom", "cleo"]);
        folder.json("worker register --account dev:ben --price 1000gwei");
        let wish = "--redundancy 1 --length 1200 --windows 1 --testers 0";
        let bought = folder.json(&format!("client buy {wish} --account dev:cleo"));
        let agreement = bought["agreement"].as_str().unwrap().to_owned();
        world.pass(700).await;

        world.ask("evm_setAutomine", json!([false])).await;
        let relay = Relay::start(RelayConfig::default()).await.unwrap();
        let url = relay.url();
        let tom = format!("tester run --account dev:tom --check factor --relay {url}");
        let cleo =
            format!("client run --account dev:cleo --courtesy 0 --withdraw-at 1eth --relay {url}");
        let mut all = Vec::new();
        for (who, name, deed, command) in [
            ("worker", "ada", "register", worker(folder, &url)),
            ("tester", "tom", "join", folder.command(&tom)),
            ("client", "cleo", "settle", folder.command(&cleo)),
        ] {
            let mut daemon = Background::spawn(command);
            let health = daemon.health();
            let credit = folder.json(&format!("credit dev:{name}"));
            let account = credit["account"].as_str().unwrap().to_lowercase();
            all.push(Stuck { who, deed, daemon, health, account, first: Value::Null });
        }
        for stuck in &mut all {
            until(async || {
                stuck.first = stuck.waiting(&world).await;
                !stuck.first.is_null()
            })
            .await;
        }
        Self { world, agreement, all, _relay: relay }
    }

    /// Makes blocks until all have what they wanted, by no more transactions than that takes beside `others`.
    async fn end(self, others: u64, fault: &str, outcome: &str) {
        let world = &self.world;
        world.ask("evm_setAutomine", json!([true])).await;
        world.chain.mine().await.unwrap();
        is_listed(&world.folder, "ada").await;
        let show = format!("agreement show {}", self.agreement);
        until(async || world.folder.json(&show)["state"] == "void").await;
        for Stuck { who, deed, daemon, health, account, first } in self.all {
            // Register; join, check in; buy, settle
            let (what, own) = match who {
                "worker" => ("somebody to buy", 1),
                "tester" => ("epoch", 2),
                _ => ("agreements", 2),
            };
            waits_for(&health, what).await;
            let receipt = json!([first["hash"]]);
            assert!(world.ask("eth_getTransactionReceipt", receipt).await.is_null());
            assert_eq!(sent_by(world, &account).await, own + others, "{who}");
            assert_eq!(daemon.terminate(), Some(0));
            row(who, deed, fault, outcome);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_nonce_stolen_does_the_same_with_the_next() {
    let scene = Scene::new("nonces-stolen").await;
    let world = &scene.world;
    for Stuck { account, first, .. } in &scene.all {
        let theft = json!([{
            "from": account, "to": account, "nonce": first["nonce"], "gas": "0x186a0",
            "maxFeePerGas": "0x3b9aca00", "maxPriorityFeePerGas": "0x1",
        }]);
        world.ask("eth_sendUnsignedTransaction", theft).await;
    }
    world.chain.mine().await.unwrap();
    for stuck in &scene.all {
        until(async || !stuck.waiting(world).await.is_null()).await;
    }
    scene.end(1, "nonce is stolen", "done once, with the next").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_left_behind_by_the_base_fee_replaces_what_was_sent() {
    let scene = Scene::new("fees-behind").await;
    let world = &scene.world;
    world.ask("anvil_setNextBlockBaseFeePerGas", json!(["0x2540be400"])).await;
    world.chain.mine().await.unwrap();
    for stuck in &scene.all {
        until(async || {
            let now = stuck.waiting(world).await;
            !now.is_null() && now["hash"] != stuck.first["hash"]
        })
        .await;
    }
    scene.end(0, "base fee has risen", "replaced, done once").await;
}
