//! A market with workers that run jobs.

use std::fs;
use std::process::{Command, Output};

use muster_relay::{Relay, RelayConfig};
use tokio::task::block_in_place;

use crate::harness::{BackgroundProcess, TestFolder, TestMarket};
use crate::worker::is_listed;

/// A market with workers that run jobs.
pub(crate) struct JobMarket {
    /// The market.
    pub(crate) market: TestMarket,
    /// The relay.
    pub(crate) relay: Relay,
    /// The workers, by name.
    workers: Vec<(String, BackgroundProcess)>,
    /// The URL of the last one's health.
    pub(crate) health: String,
}

impl JobMarket {
    /// With these dev accounts as workers, the cheapest first.
    pub(crate) async fn start(name: &str, workers: &[&str]) -> Self {
        Self::start_in(TestMarket::with_long_windows(name).await, workers).await
    }

    /// The same in this market.
    pub(crate) async fn start_in(market: TestMarket, workers: &[&str]) -> Self {
        let relay = Relay::start(RelayConfig::default()).await.unwrap();
        let mut this = Self { market, relay, workers: Vec::new(), health: String::new() };
        this.market.fund_accounts(&["cleo"]);
        for (price, worker) in (1..).zip(workers) {
            this.add_worker(worker, price, "--compute").await;
        }
        this
    }

    /// Adds a worker with this price in gwei and this service.
    pub(crate) async fn add_worker(&mut self, name: &str, price: u32, service: &str) {
        let folder = &self.market.folder;
        self.market.fund_accounts(&[name]);
        let options = format!(
            "--state {name}.db --courtesy 0 --health 127.0.0.1:0 --relay {}",
            self.relay.url()
        );
        let run =
            format!("worker run --account dev:{name} --price {price}gwei {options} {service}");
        let mut worker = BackgroundProcess::start(folder, &run);
        self.health = worker.health();
        is_listed(folder, name).await;
        self.workers.push((name.to_owned(), worker));
    }

    /// Kills a worker.
    pub(crate) fn kill_worker(&mut self, name: &str) {
        self.workers.retain(|(other, _)| other != name);
    }

    /// The folder in which commands are run.
    pub(crate) const fn folder(&self) -> &TestFolder {
        &self.market.folder
    }

    /// A command of the client, with arguments that may contain blanks after the others.
    pub(crate) fn client(&self, args: &str) -> Command {
        let (first, rest) = args.split_once(" -- ").unwrap_or((args, ""));
        let relay = self.relay.url();
        let end = if rest.is_empty() { "" } else { " -- " };
        self.folder().command(&format!("{first} --account dev:cleo --relay {relay}{end}{rest}"))
    }

    /// Runs a command of the client: exit code, standard output, standard error.
    pub(crate) fn run(&self, args: &str) -> (i32, String, String) {
        let Output { status, stdout, stderr } =
            block_in_place(|| self.client(args).output()).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code().unwrap(), text(stdout), text(stderr))
    }

    /// The number of agreements.
    pub(crate) fn agreements(&self) -> usize {
        self.folder().json("agreement list")["agreements"].as_array().unwrap().len()
    }
}

/// Compiles a program of the folder `wat` into a folder.
pub(crate) fn compile(folder: &TestFolder, name: &str) {
    let source = format!("{}/tests/it/wat/{name}.wat", env!("CARGO_MANIFEST_DIR"));
    let wasm = wat::parse_file(source).unwrap();
    fs::write(folder.file(&format!("{name}.wasm")), wasm).unwrap();
}
