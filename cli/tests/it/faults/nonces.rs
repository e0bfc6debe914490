//! Transactions of a worker's process that do not get into a block by themselves.

use messages::{Relay, RelayConfig};
use serde_json::{Value, json};

use super::{row, transactions};
use crate::harness::{Background, World, until};
use crate::worker::{is_listed, worker};

/// A worker that registers while nobody makes blocks.
struct Scene {
    /// The chain.
    world: World,
    /// The worker's process.
    daemon: Background,
    /// Its account.
    account: String,
    /// The transaction by which it wants to register.
    first: Value,
}

impl Scene {
    /// A worker whose transaction waits for a block.
    async fn new(name: &str) -> Self {
        let world = World::slow(name).await;
        world.fund(&["ada"]);
        let account =
            world.folder.json("credit dev:ada")["account"].as_str().unwrap().to_lowercase();
        world.ask("evm_setAutomine", json!([false])).await;
        let relay = Relay::start(RelayConfig::default()).await.unwrap();
        let daemon = Background::spawn(worker(&world.folder, &relay.url()));
        let mut scene = Self { world, daemon, account, first: Value::Null };
        until(async || !scene.waiting(0).await.is_null()).await;
        scene.first = scene.waiting(0).await;
        scene
    }

    /// The transaction of the worker that waits with this nonce.
    async fn waiting(&self, nonce: u64) -> Value {
        let mut pool = self.world.ask("txpool_content", json!([])).await;
        pool["pending"][&self.account][nonce.to_string()].take()
    }

    /// Makes blocks until the worker stands in its book, and counts what it has sent for that.
    async fn end(self, sent: u64) {
        self.world.ask("evm_setAutomine", json!([true])).await;
        self.world.chain.mine().await.unwrap();
        is_listed(&self.world.folder, "ada").await;
        let receipt = json!([self.first["hash"]]);
        assert!(self.world.ask("eth_getTransactionReceipt", receipt).await.is_null());
        assert_eq!(transactions(&self.world, "ada").await, sent);
        assert_eq!(self.daemon.terminate(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_nonce_somebody_steals_does_the_same_with_the_next() {
    let scene = Scene::new("nonce-stolen").await;
    let theft = json!([{
        "from": scene.account, "to": scene.account, "nonce": "0x0", "gas": "0x186a0",
        "maxFeePerGas": "0x3b9aca00", "maxPriorityFeePerGas": "0x1",
    }]);
    scene.world.ask("eth_sendUnsignedTransaction", theft).await;
    scene.world.chain.mine().await.unwrap();
    until(async || !scene.waiting(1).await.is_null()).await;
    scene.end(2).await;
    row("worker", "register", "nonce is stolen", "done once, with the next");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_replaces_what_the_base_fee_has_left_behind() {
    let scene = Scene::new("fee-behind").await;
    scene.world.ask("anvil_setNextBlockBaseFeePerGas", json!(["0x2540be400"])).await;
    scene.world.chain.mine().await.unwrap();
    until(async || scene.waiting(0).await["hash"] != scene.first["hash"]).await;
    scene.end(1).await;
    row("worker", "register", "base fee has risen", "replaced, done once");
}
