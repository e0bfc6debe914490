//! Whoever is killed at any step, and started again, does the rest and nothing twice: the tester in all it does,
//! the worker in what it does for its place in the book. Others of its steps are in [`crate::worker`], the
//! client's in [`crate::client`].
//!
//! `cargo test -p cli --test it faults -- --nocapture` shows the table: step, fault, outcome.

use alloy::primitives::keccak256;
use alloy::signers::local::PrivateKeySigner;
use messages::{MessageKey, Relay, RelayConfig};
use serde_json::Value;

use crate::harness::{Background, Folder, World};
use crate::worker::worker;

/// Three weeks: no list has a place of anybody's any more.
const WEEKS: u64 = 21 * 24 * 60 * 60;

/// A message key that is not the account's own.
fn other_key() -> String {
    let signer = PrivateKeySigner::from_bytes(&keccak256("muster dev account una")).unwrap();
    MessageKey::of(&signer).unwrap().public().to_string()
}

/// How many transactions an account has made.
async fn transactions(world: &World, name: &str) -> u64 {
    let credit = world.folder.json(&format!("credit dev:{name}"));
    let account = credit["account"].as_str().unwrap();
    let count = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"eth_getTransactionCount","params":["{account}","latest"]}}"#
    );
    let count: Value = serde_json::from_str(&world.chain.ask(&count).await).unwrap();
    let digits = count["result"].as_str().unwrap().trim_start_matches("0x").to_owned();
    u64::from_str_radix(&digits, 16).unwrap()
}

/// A daemon that is killed at one point after the other, and the points that were passed.
struct Victim<'a> {
    /// Where it runs.
    folder: &'a Folder,
    /// Its command.
    run: String,
    /// Where it was killed.
    passed: Vec<String>,
}

impl<'a> Victim<'a> {
    /// A daemon that nobody has killed yet.
    const fn new(folder: &'a Folder, run: String) -> Self {
        Self { folder, run, passed: Vec::new() }
    }

    /// Starts the daemon, to end at a point as if the power had failed.
    fn faulty(&self, point: &str, more: &str) -> (Background, String) {
        let mut command = self.folder.command(&format!("{} {more}", self.run));
        command.env("MUSTER_FAULT", point);
        let mut daemon = Background::spawn(command);
        let health = daemon.ready()["health"].as_str().unwrap().to_owned();
        (daemon, health)
    }

    /// Sees the end of a daemon that was started to end at a point.
    fn ends(&mut self, daemon: Background, point: &str) {
        assert_eq!(daemon.ended(), None, "{point} was not passed");
        self.passed.push(point.to_owned());
    }

    /// Is killed at a point, when the daemon comes to it.
    fn is_killed(&mut self, point: &str, more: &str) {
        let (daemon, _) = self.faulty(point, more);
        self.ends(daemon, point);
    }

    /// Is killed at every stage of a transaction.
    fn does(&mut self, deed: &str, more: &str) {
        for stage in ["decided", "remembered", "mined", "noted"] {
            self.is_killed(&format!("{deed}/{stage}"), more);
        }
    }

    /// Settles after giving others some time, and is killed at every stage of that.
    async fn settles(&mut self, world: &World) {
        for stage in ["decided", "remembered", "mined", "noted"] {
            let point = format!("settle/{stage}");
            let (daemon, health) = self.faulty(&point, "");
            if matches!(stage, "decided" | "remembered") {
                waits_for(&health, "somebody to settle").await;
                world.pass(600).await;
            }
            self.ends(daemon, &point);
        }
    }

    /// Runs without a fault until it waits for this, and ends when it is told.
    async fn rests(&self, what: &str, more: &str) {
        let mut daemon = Background::start(self.folder, &format!("{} {more}", self.run));
        let health = daemon.ready()["health"].as_str().unwrap().to_owned();
        waits_for(&health, what).await;
        assert_eq!(daemon.terminate(), Some(0));
    }

    /// Shows the table, when it is known that everything was done once.
    fn show(&self) {
        let name = self.run.split(' ').next().unwrap();
        for point in &self.passed {
            eprintln!("{name:8} {point:24} killed and started again: done once");
        }
    }
}

/// Returns when a daemon says that it waits for this.
pub(crate) async fn waits_for(health: &str, what: &str) {
    let waits = format!("waits for {what}");
    while !reqwest::get(health).await.unwrap().text().await.unwrap().starts_with(&waits) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_that_is_killed_at_every_step_does_nothing_twice() {
    let world = World::slow("faults-tester").await;
    let (folder, relay) = (&world.folder, Relay::start(RelayConfig::default()).await.unwrap());
    world.fund(&["tom", "ada", "cleo"]);
    world.testers(&["una", "vic"]);
    let run = "tester run --account dev:tom --check factor --withdraw-at 1wei --state tom.db";
    let mut tom = Victim::new(folder, format!("{run} --relay {}", relay.url()));
    tom.does("join", "");
    tom.does("check-in", "");
    folder.json(&format!("worker key {} --account dev:tom", other_key()));
    tom.does("key", "");
    tom.rests("epoch", "").await;

    let mut ada = Background::spawn(worker(folder, &relay));
    ada.ready();
    while !folder.run("worker show dev:ada --json").stdout.contains("\"listed\": true") {}
    let wish = "--redundancy 1 --length 1200 --windows 1 --testers 3";
    let bought = folder.json(&format!("client buy {wish} --account dev:cleo"));
    let agreement = bought["agreement"].as_str().unwrap();
    folder.json(&format!("agreement wait {agreement} --state running"));
    tom.is_killed("session/noted", "");
    // So late in the window that a look is made at once, and so early that it still counts.
    world.pass(1060).await;
    tom.is_killed("sight/decided", "");
    tom.is_killed("sight/noted", "");
    assert_eq!(ada.terminate(), Some(0));
    world.pass(140).await;
    tom.does("report", "");
    world.pass(600).await;
    tom.settles(&world).await;
    tom.does("withdraw", "");
    let shown = folder.json(&format!("agreement show {agreement}"));
    assert_eq!(shown["state"], "settled");
    assert_eq!(folder.json("credit dev:tom")["credit"], "0");

    world.pass(WEEKS).await;
    folder.json("worker unstake 0.05eth --account dev:tom");
    tom.does("bond", "");
    tom.rests("epoch", "").await;
    world.pass(WEEKS).await;
    tom.does("unstake", "--leave");
    let left = folder.run(&format!("{} --leave", tom.run));
    assert_eq!(left.code, 0, "{}", left.stderr);
    assert_eq!(folder.json("worker show dev:tom")["stake"], "0");
    assert_eq!(folder.json("credit dev:tom")["credit"], "0");

    let mut passed = tom.passed.clone();
    passed.sort_unstable();
    let mut all = agents::tester::POINTS.map(str::to_owned);
    all.sort_unstable();
    assert_eq!(passed, all);
    // Join, check-in, key twice, report, settle, withdraw, unstake by hand, withdraw, bond, check-in, unstake, withdraw
    assert_eq!(transactions(&world, "tom").await, 13);
    tom.show();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_keeps_its_place_and_the_programs_alive() {
    let world = World::slow("faults-worker").await;
    let (folder, relay) = (&world.folder, Relay::start(RelayConfig::default()).await.unwrap());
    world.fund(&["ada"]);
    folder.json("worker register --account dev:ada --price 1000gwei");
    let run = "worker run --account dev:ada --upstream http://127.0.0.1:9 --state ada.db --withdraw-at 1eth";
    let mut ada = Victim::new(folder, format!("{run} --relay {}", relay.url()));
    let (cheap, dear) = ("--price 1000gwei", "--price 2000gwei --top-up --return");
    folder.json(&format!("worker key {} --account dev:ada", other_key()));
    ada.does("key", cheap);
    ada.does("update", dear);
    ada.does("stake", dear);
    folder.json("worker available no --account dev:ada");
    ada.does("available", dear);
    ada.rests("somebody to buy", dear).await;
    let known = folder.json("worker show dev:ada");
    assert_eq!((&known["listed"], &known["price"]), (&true.into(), &"2000000000000".into()));

    world.pass(300 * 24 * 60 * 60).await;
    ada.does("keepalive", dear);
    ada.rests("somebody to buy", dear).await;
    // Register, key twice, update, stake, available twice, both programs
    assert_eq!(transactions(&world, "ada").await, 9);
    ada.show();
}
