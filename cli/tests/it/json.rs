//! JSON output: one value of every command, and a line for each event of those that keep running.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::component;
use crate::harness::{BackgroundProcess, LONG_WINDOWS, TestFolder, TestMarket, until};
use crate::job_market::compile;
use crate::schema::Schema;
use crate::worker::is_listed;

/// Every command, its words joined by dashes, from the names of the manual pages.
fn commands(folder: &TestFolder) -> BTreeSet<String> {
    folder.json("man pages");
    let pages = fs::read_dir(folder.file("pages")).unwrap().map(|page| page.unwrap().file_name());
    let pages = pages.map(|page| page.into_string().unwrap().trim_end_matches(".1").to_owned());
    let pages: Vec<_> = pages.collect();
    let is_group =
        |page: &&String| pages.iter().any(|other| other.starts_with(&format!("{page}-")));
    let commands = pages.iter().filter(|page| !is_group(page));
    commands.map(|page| page.trim_start_matches("muster-").to_owned()).collect()
}

/// A market on which every command must be used once.
struct CommandCoverage {
    test_market: TestMarket,
    schema: Schema,
    unused: BTreeSet<String>,
}

impl CommandCoverage {
    /// Notes the use of a command.
    fn used(&mut self, args: &str) {
        let words: Vec<_> = args.split_whitespace().collect();
        for most in 1..=words.len().min(3) {
            self.unused.remove(&words[..most].join("-"));
        }
    }

    /// Uses a command, and returns its value, which follows the schema.
    fn json(&mut self, args: &str) -> Value {
        self.used(args);
        let value = self.test_market.folder.json(args);
        self.schema.check_command(args, &value);
        value
    }

    /// Uses commands that print one value each.
    fn all(&mut self, commands: &[&str]) {
        for args in commands {
            assert!(self.json(args).is_object(), "{args}");
        }
    }

    /// Uses a command that keeps running, and returns it with its first line.
    fn run(&mut self, args: &str) -> (BackgroundProcess, Value) {
        self.used(args);
        let mut process = BackgroundProcess::start(&self.test_market.folder, args);
        let line = serde_json::from_str(&process.next_line()).unwrap();
        self.schema.check_command(args, &line);
        (process, line)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_prints_json() {
    let test_market = TestMarket::with_options("json", LONG_WINDOWS).await;
    let left = commands(&test_market.folder);
    let schema = Schema::read();
    let known = schema.commands().filter(|name| !name.contains(" --"));
    let mut known: BTreeSet<_> = known.map(|name| name.replace(' ', "-")).collect();
    known.insert("schema".to_owned());
    assert_eq!(known, left, "commands of the schema");
    let mut round = CommandCoverage { test_market, schema, unused: left };
    let deployed = round.test_market.folder.deploy(LONG_WINDOWS);
    round.schema.check_command("deploy", &deployed);
    round.used("deploy");
    round.json("man pages");
    assert_eq!(round.test_market.folder.json("schema"), round.schema.0);
    round.used("schema");

    let (devnode, ready) = round.run("devnode --port 0");
    assert_eq!((&ready["event"], &ready["chain_id"]), (&"ready".into(), &412_346.into()));
    drop(devnode);
    let (_relay, ready) = round.run("relay --listen 127.0.0.1:0");
    let relay = ready["url"].as_str().unwrap().to_owned();
    let (index, ready) = round.run("index");
    assert!(ready["database"].is_string(), "{ready}");
    assert_eq!(index.terminate(), Some(0));
    let (dashboard, ready) = round.run("dashboard --listen 127.0.0.1:0");
    assert!(ready["url"].is_string(), "{ready}");
    assert_eq!(dashboard.terminate(), Some(0));
    let (_service, ready) = round.run("example factor --listen 127.0.0.1:0");
    let service = ready["url"].as_str().unwrap().to_owned();

    set_up_market(&mut round);
    run_agreements(&mut round, &relay, &service).await;
    run_jobs(&mut round, &relay).await;
    assert_eq!(round.unused, BTreeSet::new(), "commands that this test does not know");
}

/// Uses the commands that make a market on which clients can buy.
fn set_up_market(round: &mut CommandCoverage) {
    let wasm = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/wasm32-unknown-unknown/release");
    let market = round.json("market show")["dispatcher"].as_str().unwrap().to_owned();
    fs::write(round.test_market.folder.file("password"), "secret").unwrap();
    round.json("application new factor");
    let document = fs::read_to_string(round.test_market.folder.file("factor.toml")).unwrap();
    let document = document.replace("kind = \"http\"\npath = \"/\"", "kind = \"factor\"");
    fs::write(round.test_market.folder.file("factor.toml"), document).unwrap();
    round.all(&[
        "application show factor.toml",
        "config",
        "price --usd-per-hour 0.02 --eth-usd 3000",
        "completions bash",
        "keepalive --look",
        &format!("program check {wasm}/dispatcher.wasm"),
        &format!("program verify {market} {wasm}/dispatcher.wasm"),
        "key new key.json --password-file password",
        "key show --account dev:ada",
        "fund dev:ada 5eth",
        "fund dev:cleo 1eth",
        "worker register --account dev:ada --price 1gwei --capacity 2 --stake 1eth",
        "worker update --account dev:ada --price 2gwei --capacity 3",
        "worker price 1gwei --account dev:ada",
        "worker available no --account dev:ada",
        "worker stake 0.1eth --account dev:ada",
        "worker unstake 0.1eth --account dev:ada",
        "worker available yes --account dev:ada",
        "worker show dev:ada",
        "worker list",
        "agreement list",
        "client token add ci --right read --limit 1gwei --account dev:cleo",
        "client token list --account dev:cleo",
        "client token remove ci --account dev:cleo",
        "credit dev:ada",
    ]);
    let (_watch, first) = round.run("watch --from 0");
    assert!(first["event"].is_string(), "{first}");
    round.used("worker relist");
    let refused = round.test_market.folder.run("worker relist dev:ada --json").stderr;
    let refused = serde_json::from_str(&refused).unwrap();
    round.schema.check_error(&refused);
    let why = refused["error"].as_str().unwrap();
    assert!(why.contains("cannot be listed: it is listed already"), "{why}");
    for args in ["alias set miller dev:ada", "alias list", "alias remove miller"] {
        round.used(args);
        let mut command = round.test_market.folder.command(&format!("{args} --json"));
        command.env("HOME", round.test_market.folder.file("home"));
        let output = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        round.schema.check_command(args, &output);
    }
    round.schema.check_command("key import", &import(&round.test_market.folder));
    round.used("key import");
    let key = round.json("key show --account dev:ada")["message_key"].as_str().unwrap().to_owned();
    round.all(&[&format!("worker key {key} --account dev:ada")]);
    for name in ["tom", "una", "vic"] {
        round.all(&[
            &format!("fund dev:{name} 1eth"),
            &format!("tester join --account dev:{name}"),
            &format!("tester check-in --account dev:{name}"),
        ]);
    }
}

/// Buys agreements, and ends them in every way.
async fn run_agreements(round: &mut CommandCoverage, relay: &str, service: &str) {
    let order_args = "--length 1200 --windows 1 --testers 3";
    round.all(&[&format!("client quote {order_args}")]);
    let mut buy = || {
        let bought = round.json(&format!("client buy {order_args} --account dev:cleo"));
        bought["agreement"].as_str().unwrap().to_owned()
    };
    let (kept, left) = (buy(), buy());
    let long = round.json("client buy --length 4800 --windows 4 --account dev:cleo");
    let long = long["agreement"].as_str().unwrap();
    for agreement in [&kept, &left, long] {
        round.all(&[&format!("worker accept {agreement} --account dev:ada")]);
    }
    let run = format!("--relay {relay} --account");
    round.all(&[
        &format!("doctor client {run} dev:cleo"),
        &format!("worker resign {left} --account dev:ada"),
        &format!("client cancel {long} --account dev:cleo"),
        &format!("agreement show {kept}"),
        &format!("tester seats {kept} --account dev:tom"),
        &format!(
            "tester probe {kept} --account dev:tom --check factor --state tom.db --url 0={service}"
        ),
        &format!("client try --url {service}"),
        &format!("application check factor.toml {service}"),
    ]);
    for daemon in [
        format!("worker run --price 1gwei --capacity 3 --upstream {service} {run} dev:ada"),
        format!("tester run --check factor {run} dev:una"),
        format!("client run {run} dev:cleo"),
        format!("client connect {kept} {run} dev:cleo"),
    ] {
        let (process, ready) = round.run(&daemon);
        assert_eq!(ready["event"], "ready", "{daemon}");
        assert_eq!(process.terminate(), Some(0), "{daemon}");
    }

    round.test_market.advance_time(1_200).await;
    round.all(&[
        &format!("agreement wait {kept} --state reporting"),
        &format!("release {kept}"),
        &format!("tester report {kept} --account dev:tom --entry 0:0:3"),
    ]);
    round.test_market.advance_time(600).await;
    let settled = round.json(&format!("settle {kept}"));
    round.json(&format!("gas-profile {}", settled["transaction"].as_str().unwrap()));
    round.all(&[
        &format!("ledger {kept}"),
        &format!("statement dev:cleo --month {}", jiff::Zoned::now().strftime("%Y-%m")),
        "withdraw --account dev:cleo",
    ]);
    let (watch, first) = round.run(&format!("client watch {kept}"));
    assert!(first["event"].is_string(), "{first}");
    assert_eq!(watch.wait(), Some(0));
    round.json(&format!("agreement show {kept}"));
    round.json("agreement list");
    round.used("history");
    let history = round.test_market.folder.run("history --json").stdout;
    let events = history.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert!(events.map(|event| round.schema.check_command("history", &event)).count() > 20);
}

/// Runs jobs at a worker of their application.
async fn run_jobs(round: &mut CommandCoverage, relay: &str) {
    let client = format!("--account dev:cleo --relay {relay}");
    round.all(&["fund dev:ben 1eth", "fund dev:cleo 1eth"]);
    let worker = format!("worker run --compute --price 1gwei --account dev:ben --relay {relay}");
    let (worker, _) = round.run(&worker);
    is_listed(&round.test_market.folder, "ben").await;
    for program in ["echo", "copy"] {
        compile(&round.test_market.folder, program);
    }
    let hire = format!("--replicas 1 --testers 0 --budget 1eth --yes {client}");
    let mut with_arguments = |args: &str| -> Value {
        round.used(args);
        let result = round.test_market.folder.run(args);
        assert_eq!(result.code, 0, "{args}: {}", result.stderr);
        let value = serde_json::from_str(&result.stdout).unwrap();
        round.schema.check_command(args, &value);
        value
    };
    let ran = with_arguments(&format!("run echo.wasm {hire} --json -- hello"));
    let map = format!("map copy.wasm --each password --out copies {client} --json");
    assert!(with_arguments(&format!("{map} -- {{in}} {{out}}")).is_object());
    let job = ran["job"].as_str().unwrap();
    round.all(&[
        &format!("job list {client}"),
        &format!("job show {job} {client}"),
        &format!("job fetch {job} {client}"),
        &format!("job verify {job} {client}"),
        &format!("job cancel {job} {client}"),
    ]);
    run_service(round, &client).await;
    assert_eq!(worker.terminate(), Some(0));
    let agreement = "0x8ba1f109551bD432803012645Ac136ddd64DBA72";
    let cheat =
        format!("example cheat --account dev:ben --listen 127.0.0.1:0 --agreement {agreement}");
    let (_cheat, ready) = round.run(&cheat);
    assert!(ready["url"].is_string(), "{ready}");
}

/// Runs a service at the worker of jobs.
async fn run_service(round: &mut CommandCoverage, client: &str) {
    fs::write(round.test_market.folder.file("api.wasm"), component::encode()).unwrap();
    let (service, ready) = round.run(&format!("service up api.wasm {client}"));
    let id = ready["service"].as_str().unwrap();
    until(async || {
        let listed = round.json(&format!("service list {client}"));
        listed["places"].as_array().is_some_and(|places| !places.is_empty())
    })
    .await;
    round.all(&[&format!("service logs {id} {client}"), &format!("service down {id} {client}")]);
    assert_eq!(service.wait(), Some(0));
}

/// What `key import` prints.
fn import(folder: &TestFolder) -> Value {
    let script = format!(
        "echo {} | exec {} key import imported.json --password-file password --json",
        "11".repeat(32),
        crate::harness::MUSTER
    );
    let mut shell = std::process::Command::new("sh");
    let output = shell.args(["-c", &script]).current_dir(folder.file("")).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}
