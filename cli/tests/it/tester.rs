//! `muster tester run` as a process.

use std::fs::{self, File};

use serde_json::Value;

use crate::harness::{BackgroundProcess, TestMarket, until};

/// The line that the daemon prints when it is ready.
fn ready_event(daemon: &mut BackgroundProcess) -> Value {
    serde_json::from_str(&daemon.next_line()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_joins_serves_its_health_and_ends_on_sigterm() {
    let test_market = TestMarket::new("tester-run").await;
    test_market.fund_accounts(&["tom"]);
    let mut relay = BackgroundProcess::start(&test_market.folder, "relay --listen 127.0.0.1:0");
    let relay = relay.field("url");
    let run = format!("tester run --account dev:tom --check factor --relay {relay} --state tom.db");
    let log = test_market.folder.file("tom.log");
    let mut command = test_market.folder.command(&run);
    command.stderr(File::create(&log).unwrap());
    let mut daemon = BackgroundProcess::spawn(command);
    let said = ready_event(&mut daemon);
    assert_eq!((&said["event"], &said["state"]), (&"ready".into(), &"tom.db".into()));
    let ask = async |url: &str| reqwest::get(url).await.unwrap().text().await.unwrap();
    let health = said["health"].as_str().unwrap();
    let metrics = health.replace("/health", "/metrics");
    until(async || ask(&metrics).await.contains("muster_tester_check_ins_total 1")).await;
    until(async || ask(health).await.starts_with("waits for epoch ")).await;
    assert!(ask(health).await.contains(", whose purchases may draw it as a tester (tick "));
    let tester = test_market.folder.json("worker show dev:tom");
    assert_eq!(
        (&tester["application"], &tester["stake"]),
        (&"tester".into(), &"50000000000000000".into())
    );

    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains(" INFO muster_daemons"), "daemons log by default: {log}");

    // No other process can use the state file until the daemon ends.
    let other = test_market.folder.run(&run);
    assert_eq!(other.code, 1);
    assert!(other.stderr.contains("tom.db is in use by another process"), "{}", other.stderr);
    assert_eq!(daemon.terminate(), Some(0));
    let mut daemon = BackgroundProcess::start(&test_market.folder, &run);
    ready_event(&mut daemon);
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_with_a_bad_configuration_ends_at_once_with_what_to_do() {
    let test_market = TestMarket::new("tester-orders").await;
    let folder = &test_market.folder;
    test_market.fund_accounts(&["ada"]);
    let run = "tester run --account dev:ada --state ada.db --relay ws://127.0.0.1:1";
    fs::write(folder.file("bad.toml"), "[factor]\nkind = \"magic\"\n").unwrap();
    let words = folder.refused(&format!("{run} --checks bad.toml"));
    assert!(words.contains("bad.toml") && words.contains("magic"), "{words}");
    let words = folder.refused(&format!("{run} --checks none.toml"));
    assert!(words.starts_with("cannot read none.toml"), "{words}");

    folder.json("worker register --account dev:ada --price 20gwei");
    fs::write(folder.file("good.toml"), "[\"*\"]\nkind = \"http\"\npath = \"/health\"\n").unwrap();
    let ended = folder.run(&format!("{run} --checks good.toml --json"));
    assert_eq!(ended.code, 1);
    assert!(
        ended
            .stderr
            .contains("is registered for application 0, and a registration keeps its application"),
        "{}",
        ended.stderr
    );
}
