//! How commands that keep running end: with 0 at SIGTERM and SIGINT, and without a fault when nobody reads on.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tokio::task::block_in_place;

use crate::harness::{BackgroundProcess, TestFolder, TestMarket, until};

/// Sends a signal to a process.
fn send(signal: &str, process: &Child) {
    let id = process.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
}

/// Starts a command, waits for its first line, sends a signal, and returns the exit code; `None` if the signal ended it.
fn end_with(signal: &str, folder: &TestFolder, args: &str) -> Option<i32> {
    let mut child = folder.command(args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    block_in_place(|| lines.next()).unwrap().unwrap();
    send(signal, &child);
    // What it still prints has to be read.
    block_in_place(|| lines.for_each(drop));
    block_in_place(|| child.wait()).unwrap().code()
}

/// A market with a worker, and a purchase that nobody has accepted.
async fn market_with_agreement(name: &str) -> (TestMarket, String) {
    let test_market = TestMarket::with_long_windows(name).await;
    test_market.fund_accounts(&["ada", "cleo", "tom"]);
    test_market.folder.json("worker register --account dev:ada --price 1gwei --capacity 2");
    let bought = test_market.folder.json("client buy --testers 0 --account dev:cleo");
    (test_market, bought["agreement"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_keeps_running_ends_with_0_at_sigterm_and_sigint() {
    let (test_market, agreement) = market_with_agreement("signals").await;
    let folder = &test_market.folder;
    let mut relay = BackgroundProcess::start(folder, "relay --listen 127.0.0.1:0");
    let relay = relay.field("url");
    for signal in ["-TERM", "-INT"] {
        for args in [
            "devnode --port 0".to_owned(),
            "relay --listen 127.0.0.1:0".to_owned(),
            "example factor --listen 127.0.0.1:0".to_owned(),
            format!("example cheat --account dev:ada --listen 127.0.0.1:0 --agreement {agreement}"),
            format!(
                "worker run --account dev:ada --price 1gwei --upstream http://127.0.0.1:9 --relay {relay}"
            ),
            format!("tester run --account dev:tom --check factor --relay {relay}"),
            format!("client run --account dev:cleo --relay {relay}"),
            format!("client connect {agreement} --account dev:cleo --relay {relay}"),
            format!("client watch {agreement}"),
            "watch --from 0".to_owned(),
        ] {
            assert_eq!(end_with(signal, folder, &args), Some(0), "{signal}: {args}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pipe_is_no_error() {
    let (test_market, agreement) = market_with_agreement("signals-pipe").await;
    let folder = &test_market.folder;
    for args in [
        "history".to_owned(),
        "market show".to_owned(),
        "worker list --json".to_owned(),
        "completions bash".to_owned(),
        "help".to_owned(),
        "watch --from 0".to_owned(),
        format!("client watch {agreement}"),
    ] {
        let mut command = folder.command(&args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Nobody reads from the start.
        drop(child.stdout.take());
        let output = block_in_place(|| child.wait_with_output()).unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), error.as_str()), (Some(0), ""), "{args}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_whose_log_nobody_reads_works_on() {
    let (test_market, _) = market_with_agreement("signals-log").await;
    let folder = &test_market.folder;
    let mut relay = BackgroundProcess::start(folder, "relay --listen 127.0.0.1:0");
    let relay = relay.field("url");
    let mut service = BackgroundProcess::start(folder, "example factor --listen 127.0.0.1:0");
    let service = service.field("url");
    let args = format!(
        "worker run --account dev:ada --price 1gwei --upstream {service} --relay {relay} --json"
    );
    let mut command = folder.command(&args);
    command.env("MUSTER_LOG", "trace").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stderr.take());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    block_in_place(|| lines.next()).unwrap().unwrap();
    // It accepts the agreement.
    until(async || {
        let listed = folder.json("agreement list");
        listed["agreements"][0]["state"] == "running"
    })
    .await;
    send("-TERM", &child);
    assert_eq!(block_in_place(|| child.wait()).unwrap().code(), Some(0));
}
