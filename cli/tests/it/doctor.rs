//! `muster doctor`: every need of a role, and what to do where it is not met.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::harness::{BackgroundProcess, TestFolder, TestMarket};

/// What the command finds: its exit code, and for each check whether it is well, and what was found and advised.
fn checks(folder: &TestFolder, args: &str) -> (i32, Vec<(String, bool, String)>) {
    let result = folder.run(&format!("doctor {args} --json"));
    let output: Value = serde_json::from_str(&result.stdout).unwrap();
    let checks = output["checks"].as_array().unwrap().iter().map(|check| {
        let text = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
        let is_ok = check["ok"].as_bool().unwrap();
        assert_eq!(is_ok, check["advice"].is_null(), "{check}");
        (text("check"), is_ok, format!("{}: {}", text("found"), text("advice")))
    });
    (result.code, checks.collect())
}

/// The checks that found something wrong, by name; asserts that the exit code follows them. What this kernel does against
/// jobs is left out.
fn wrong(folder: &TestFolder, args: &str) -> Vec<String> {
    let (code, checks) = checks(folder, args);
    let wrong: Vec<_> =
        checks.iter().filter(|(_, ok, _)| !ok).map(|(name, ..)| name.clone()).collect();
    assert_eq!(code, i32::from(!wrong.is_empty()), "{args}: {checks:?}");
    wrong.into_iter().filter(|name| name != "jobs").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_need_of_a_role_is_checked() {
    let test_market = TestMarket::new("doctor").await;
    let folder = &test_market.folder;
    test_market.fund_accounts(&["ada", "ben", "cleo"]);
    test_market.join_testers(&["tom", "una", "vic"]);
    let mut relay = BackgroundProcess::start(folder, "relay --listen 127.0.0.1:0");
    let relay = format!("--relay {}", relay.field("url"));
    let mut service = BackgroundProcess::start(folder, "example factor --listen 127.0.0.1:0");
    let service = service.field("url");

    let run = format!("worker run --account dev:ada --price 1gwei --upstream {service} {relay}");
    let mut worker = BackgroundProcess::start(folder, &run);
    let gateway = worker.field("gateway");
    for (args, expected) in [
        ("--account dev:cleo".to_owned(), &[][..]),
        ("client --account dev:cleo".to_owned(), &[]),
        (format!("worker --account dev:ben --upstream {service}"), &[]),
        (format!("worker --account dev:ada --public-url {gateway}"), &[]),
        ("tester --account dev:tom".to_owned(), &[]),
        ("worker --account dev:tom".to_owned(), &["registration"]),
        ("tester --account dev:ada".to_owned(), &["registration"]),
        ("client --account dev:nobody".to_owned(), &["balance"]),
        ("worker --account dev:ben --upstream http://127.0.0.1:1".to_owned(), &["upstream"]),
        (format!("worker --account dev:ben --public-url {service}"), &["public URL"]),
        ("worker --account dev:ben --public-url http://127.0.0.1:1".to_owned(), &["public URL"]),
    ] {
        assert_eq!(wrong(folder, &format!("{args} {relay}")), expected, "{args}");
    }
    assert_eq!(worker.terminate(), Some(0));
    folder.json("worker available no --account dev:ada");
    let (code, found) = checks(folder, &format!("worker --account dev:ada {relay}"));
    let listing = found.iter().find(|(name, ..)| name == "listing").unwrap();
    assert!(code == 1 && !listing.1 && listing.2.contains("worker available yes"), "{listing:?}");
    folder.json("worker unstake 1wei --account dev:ada");
    assert_eq!(wrong(folder, &format!("worker --account dev:ada {relay}")), ["stake", "listing"]);
    let unused = "client --account dev:cleo --relay ws://127.0.0.1:1";
    assert_eq!(wrong(folder, unused), ["relay"]);
    fs::write(folder.file("file"), "").unwrap();
    let no_folder = format!("client --account dev:cleo {relay} --state-folder file");
    assert_eq!(wrong(folder, &no_folder), ["state folder"]);
    // A market that is not there, and a chain whose latest block is of tomorrow.
    let other = format!("{relay} --market 0x8ba1f109551bD432803012645Ac136ddd64DBA72");
    assert_eq!(wrong(folder, &other), ["market"]);
    test_market.advance_time(86_400).await;
    assert_eq!(wrong(folder, &relay), ["clock"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_node_the_rest_is_checked_all_the_same() {
    let folder = TestFolder::new("doctor-alone", "http://127.0.0.1:1");
    let mut relay = BackgroundProcess::start(&folder, "relay --listen 127.0.0.1:0");
    let args = format!("--relay {}", relay.field("url"));
    assert_eq!(wrong(&folder, &args), ["node"]);
    let shown = folder.run(&format!("doctor {args}"));
    assert_eq!(shown.code, 1);
    let lines: Vec<_> = shown.stdout.lines().collect();
    assert!(lines[0].starts_with("WRONG  node: ") && lines[0].contains("--rpc"), "{lines:?}");
    assert!(lines[1].starts_with("ok     relay: ") && lines.len() == 3, "{lines:?}");
    assert!(shown.stderr.contains("1 of 3 checks found something wrong"), "{}", shown.stderr);
    let mode = fs::metadata(folder.file(".muster")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
