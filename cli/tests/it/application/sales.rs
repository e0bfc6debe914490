//! Agreements that are bought by an application document.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};

use muster_relay::{Relay, RelayConfig};
use serde_json::Value;
use tokio::task::block_in_place;

use super::{document, serve};
use crate::harness::{BackgroundProcess, TestMarket, until};
use crate::worker::is_listed;

/// Constants with windows that are short, and long enough for three probes.
const SHORT_WINDOWS: &str = "--accept-window 10 --report-window 20 --min-window 20 --min-length 40";

/// A market with daemons of a client and of three testers, and a document of two versions: both say that the service answers with a
/// text, which is `one` or `two`.
struct Story {
    market: TestMarket,
    relay: Relay,
    daemons: Vec<BackgroundProcess>,
}

impl Story {
    /// The testers know these documents.
    async fn start(name: &str, documents: &str) -> Self {
        let market = TestMarket::with_options(name, SHORT_WINDOWS).await;
        let relay = Relay::start(RelayConfig::default()).await.unwrap();
        for version in ["one", "two"] {
            let check = format!("kind = \"http\"\npath = \"/\"\ncontains = \"{version}\"");
            let text = document("hello", &check);
            fs::write(market.folder.file(&format!("{version}.toml")), text).unwrap();
        }
        market.folder.json("application new files");
        market.join_testers(&["tom", "una", "vic"]);
        market.fund_accounts(&["ada", "cleo"]);
        let mut story = Self { market, relay, daemons: Vec::new() };
        for tester in ["tom", "una", "vic"] {
            let run = format!("tester run --account dev:{tester} {documents} --state {tester}.db");
            let mut command = story.command(&run);
            command
                .stderr(File::create(story.market.folder.file(&format!("{tester}.log"))).unwrap());
            story.daemons.push(BackgroundProcess::spawn(command));
        }
        let client = BackgroundProcess::spawn(story.command("client run --account dev:cleo"));
        story.daemons.push(client);
        for daemon in &mut story.daemons {
            daemon.ready();
        }
        story
    }

    /// A command that knows the relay.
    fn command(&self, args: &str) -> Command {
        self.market.folder.command(&format!("{args} --relay {}", self.relay.url()))
    }

    /// A worker with this document and this service.
    fn worker(&self, document: &str, upstream: &str) -> BackgroundProcess {
        self.worker_of("ada", "--price 1gwei", document, upstream)
    }

    /// The same, of an account that makes this offer.
    fn worker_of(
        &self,
        account: &str,
        offer: &str,
        document: &str,
        upstream: &str,
    ) -> BackgroundProcess {
        let options = format!("{offer} --max-length 400 --state {account}.db --courtesy 0");
        let run = format!("worker run --account dev:{account} {options} --application {document}");
        let mut command = self.command(&format!("{run} --upstream {upstream}"));
        command.stderr(File::create(self.market.folder.file(&format!("{account}.log"))).unwrap());
        let mut worker = BackgroundProcess::spawn(command);
        worker.ready();
        worker
    }

    /// Buys by a document: the agreement, or the error.
    fn buy(&self, document: &str) -> Result<String, String> {
        self.buy_as("cleo", document)
    }

    /// The same, of a client.
    fn buy_as(&self, client: &str, document: &str) -> Result<String, String> {
        let order = format!(
            "client buy --account dev:{client} --application {document} --testers 3 --length 40"
        );
        let output = block_in_place(|| self.command(&format!("{order} --json")).output()).unwrap();
        if !output.status.success() {
            return Err(String::from_utf8(output.stderr).unwrap());
        }
        let bought: Value = serde_json::from_slice(&output.stdout).unwrap();
        Ok(bought["agreement"].as_str().unwrap().to_owned())
    }

    /// What the settlement paid the worker.
    fn paid(&self, agreement: &str) -> Value {
        let folder = &self.market.folder;
        folder.json(&format!("agreement wait {agreement} --state settled"));
        folder.json(&format!("agreement show {agreement}"))["paid_workers"][0].clone()
    }

    /// The digest of a document.
    fn digest(&self, document: &str) -> String {
        let shown = self.market.folder.json(&format!("application show {document}"));
        shown["digest"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn testers_with_another_document_do_not_cost_a_worker_its_pay() {
    let story = Story::start("application-other", "--application two.toml").await;
    let (folder, service) = (&story.market.folder, serve("one").await);
    let _worker = story.worker("one.toml", &service);
    is_listed(folder, "ada").await;
    let refused = story.buy("two.toml").unwrap_err();
    let [one, two] = ["one.toml", "two.toml"].map(|file| story.digest(file));
    assert!(refused.contains(&format!("by the document {two}")), "{refused}");
    assert!(refused.contains(&format!("serves by {one}")), "{refused}");

    let agreement = story.buy("one.toml").unwrap();
    let connect = format!("client connect {agreement} --account dev:cleo --state connect.db");
    let refused = folder.run(&format!("{connect} --application two.toml")).stderr;
    assert!(refused.contains(&format!("was bought by the document {one}")), "{refused}");
    let paid = story.paid(&agreement);
    assert_eq!((&paid["uptime"], &paid["slash"]), (&"100%".into(), &"0".into()), "{paid}");
    assert_ne!(paid["known_windows"], 0, "testers measured");
    let logs = ["tom", "una", "vic"]
        .map(|tester| fs::read_to_string(folder.file(&format!("{tester}.log"))).unwrap());
    assert!(
        logs.iter().any(|log| log.contains("does not know the document") && log.contains(&one))
    );
}

/// A process that is killed when this is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_behind_the_web_server_of_python_is_sold_tested_and_paid_in_full() {
    let story = Story::start("application-python", "--application files.toml").await;
    let folder = &story.market.folder;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let args = ["-m", "http.server", &port.to_string(), "--bind", "127.0.0.1"];
    let mut server = Command::new("python3");
    let server = server.args(args).current_dir(folder.file("")).stderr(Stdio::null()).spawn();
    let _server = Killed(server.unwrap());
    let url = format!("http://127.0.0.1:{port}");
    until(async || reqwest::get(&url).await.is_ok()).await;
    folder.json(&format!("application check files.toml {url}"));
    let _worker = story.worker("files.toml", &url);
    is_listed(folder, "ada").await;
    let paid = story.paid(&story.buy("files.toml").unwrap());
    assert_eq!((&paid["uptime"], &paid["pay"]), (&"100%".into(), &"40000000000".into()), "{paid}");
    assert_ne!(paid["known_windows"], 0, "testers measured");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_is_held_to_the_document_that_its_client_bought_by() {
    let story =
        Story::start("application-bait", "--application one.toml --application two.toml").await;
    let [one, two] = [serve("one").await, serve("two").await];
    let worker = story.worker("one.toml", &one);
    is_listed(&story.market.folder, "ada").await;
    let agreement = story.buy("one.toml").unwrap();
    story.market.folder.json(&format!("agreement wait {agreement} --state running"));
    assert_eq!(worker.terminate(), Some(0));
    let _worker = story.worker("two.toml", &two);
    let paid = story.paid(&agreement);
    assert_eq!(paid["uptime"], "0%", "{paid}");
    assert_eq!(paid["pay"], "0");
    let log = || fs::read_to_string(story.market.folder.file("ada.log")).unwrap();
    until(async || log().contains("testers reported failures")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn renewals_and_replicas_go_by_the_document_too() {
    let story = Story::start("application-kept", "--application one.toml").await;
    let folder = &story.market.folder;
    story.market.fund_accounts(&["bob", "dora", "eve"]);
    let [one, two] = [serve("one").await, serve("two").await];
    let _ada = story.worker_of("ada", "--price 2gwei --capacity 4", "one.toml", &one);
    let _bob = story.worker_of("bob", "--price 1gwei --capacity 4", "two.toml", &two);
    for worker in ["ada", "bob"] {
        is_listed(folder, worker).await;
    }
    let replicas = "--replicas 1 --application one.toml --length 40 --budget 1eth --state dora.db";
    let keep = format!("client run --account dev:dora {replicas}");
    let mut dora = BackgroundProcess::spawn(story.command(&keep));
    let renew = "client run --account dev:eve --renew 1eth --state eve.db";
    let mut eve = BackgroundProcess::spawn(story.command(renew));
    dora.ready();
    eve.ready();
    let bought = story.buy_as("eve", "one.toml").unwrap();
    let ada = folder.json("key show --account dev:ada")["account"].clone();
    for client in ["dora", "eve"] {
        let list = || folder.json(&format!("agreement list --mine --account dev:{client}"));
        until(async || block_in_place(list)["agreements"].as_array().unwrap().len() > 1).await;
        for agreement in list()["agreements"].as_array().unwrap() {
            let agreement = agreement["agreement"].as_str().unwrap();
            let shown = folder.json(&format!("agreement show {agreement}"));
            assert_eq!(shown["workers"][0]["account"], ada, "{client}: {shown}");
            // The order file says by which document, so another one is refused.
            let connect = format!(
                "client connect {agreement} --account dev:{client} --state {client}-connect.db"
            );
            let refused = folder.run(&format!("{connect} --application two.toml")).stderr;
            let by = format!("{agreement} was bought by the document {}", story.digest("one.toml"));
            assert!(refused.contains(&by), "{client} {bought}: {refused}");
        }
    }
}
