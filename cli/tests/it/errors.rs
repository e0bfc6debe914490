//! Refusals: their texts and exit codes.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use stylus_devnode::{Config, Devnode};

use crate::harness::{MUSTER, TestFolder, TestMarket};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_not_there_is_one_clear_line() {
    let folder = TestFolder::new("no-node", "http://127.0.0.1:1");
    let line = folder.refused("worker list");
    assert_eq!(
        line,
        "no node answers at http://127.0.0.1:1: check that it runs and that the URL is right \
         (`muster devnode` starts one, --rpc names another)"
    );
}

#[test]
fn with_json_an_error_is_an_object() {
    let folder = TestFolder::new("no-node-json", "http://127.0.0.1:1");
    for (args, code, text) in [
        ("worker list --json", 1, "no node answers"),
        ("worker no-such-command --json", 2, "no-such-command"),
    ] {
        let result = folder.run(args);
        let error: Value = serde_json::from_str(&result.stderr).unwrap();
        assert!(error["error"].as_str().unwrap().contains(text), "{error}");
        assert_eq!((result.code, result.stdout.as_str()), (code, ""));
    }
    let result = folder.run("worker list --json");
    let error: Value = serde_json::from_str(&result.stderr).unwrap();
    assert_eq!(error["advice"], "`muster devnode` starts one, --rpc names another");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_stands_for_one_order() {
    let test_market = TestMarket::new("buy-id").await;
    let folder = &test_market.folder;
    folder.json("worker register --price 1gwei --capacity 2 --stake 1eth");
    let first = folder.json("client buy --account dev --id monday --length 12");
    let agreement = first["agreement"].as_str().unwrap();
    let again = folder.json("client buy --account dev --id monday --length 12");
    assert_eq!(again["agreement"], first["agreement"]);
    assert_eq!(
        folder.refused("client buy --account dev --id monday --length 13 --redundancy 2"),
        format!(
            "the purchase monday is {agreement}, with other terms (redundancy 1, not 2; length 12, not 13): use another \
             name for another order"
        )
    );
    test_market.advance_time(60).await;
    folder.json(&format!("settle {agreement}"));
    assert_eq!(
        folder.refused("client buy --account dev --id monday --length 12"),
        format!("the purchase monday is {agreement}, which is void: use another name to buy again")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_on_a_chain_that_was_started_anew_is_another_one() {
    let buy = "client buy --account dev --id monday --length 12";
    let first = TestMarket::new("first-chain").await;
    first.folder.json("worker register --price 1gwei --capacity 2 --stake 1eth");
    first.folder.json(buy);
    // The same id and the same addresses, at another time.
    let chain = Devnode::start(Config::any_port()).await.unwrap();
    chain.increase_time(Duration::from_secs(1_000)).await.unwrap();
    let second = TestFolder::new("second-chain", &chain.url());
    second.deploy("");
    let dispatcher = |folder: &TestFolder| folder.json("market show")["dispatcher"].clone();
    assert_eq!(dispatcher(&first.folder), dispatcher(&second));
    let refused = first.folder.refused(&format!("{buy} --rpc {}", chain.url()));
    assert!(refused.contains("the chain was started anew"), "{refused}");
    assert!(refused.contains("choose another file, or move this one away"), "{refused}");
}

#[test]
fn an_unknown_level_of_logs_is_an_error() {
    let folder = TestFolder::new("log-level", "http://127.0.0.1:1");
    let output = folder.command("config").env("MUSTER_LOG", "loud").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let expected =
        "MUSTER_LOG is \"loud\", and must be one of off, error, warn, info, debug and trace";
    assert_eq!(
        (output.status.code(), text.trim_end()),
        (Some(1), format!("error: {expected}").as_str())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_without_a_market_says_so() {
    let test_market = TestMarket::new("no-market").await;
    let elsewhere = TestFolder::new("no-market-elsewhere", &test_market.chain.url());
    assert_eq!(
        elsewhere.refused("worker list"),
        "no market is known on chain 412346: deploy one with `muster deploy`, or give --market \
         (looked into .muster/market.json)"
    );
    let nobody = format!("0x{}", "11".repeat(20));
    assert_eq!(
        elsewhere.refused(&format!("worker list --market {nobody}")),
        format!(
            "there is no contract at {nobody} on this chain: check the address and the chain \
             (`muster deploy` makes a market, --market names another)"
        )
    );
    assert_eq!(
        test_market.folder.refused(&format!("agreement show {nobody}")),
        format!("{nobody} is no agreement of this market: check the address and the market")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reasons_of_the_market_are_printed_as_text() {
    let test_market = TestMarket::new("reasons").await;
    let folder = &test_market.folder;
    assert_eq!(
        folder.refused("client quote"),
        "the purchase was refused: nobody has registered for this application, which is `0` where none is named: look at what workers \
         offer"
    );
    assert_eq!(
        folder.refused("client buy --redundancy 9"),
        "the purchase was refused: the redundancy must be from 1 to 8 workers"
    );
    folder.json("worker register --price 1gwei");
    let again = folder.refused("worker register --price 1gwei");
    assert_eq!(
        again,
        "the market refused: 0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E is registered already: update it, \
         or use another account"
    );
    let price = folder.refused("client buy --at-most 1wei");
    assert_eq!(
        price,
        "the purchase was refused: the price is 12gwei, but only 1wei were offered: offer the price"
    );
    assert!(folder.refused("withdraw").ends_with("has no credit to withdraw"));
    assert!(folder.refused("fund dev:ada 5000eth").contains("but this takes 5000eth with gas"));
    let constants =
        folder.refused("deploy --accept-window 0 --agreement-wasm x --dispatcher-wasm y");
    assert!(constants.starts_with("x is not there"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_node_url_is_not_tried_and_not_repeated() {
    for wrong in ["nonsense", "127.0.0.1:8547", "ftp://user:secret@127.0.0.1/secret"] {
        let folder = TestFolder::new(&format!("no-url-{}", wrong.len()), wrong);
        let line = folder.refused("worker list");
        assert!(line.starts_with("a node's URL begins with http://"), "{line}");
        assert!(!line.contains("secret"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_constants_are_refused_with_the_rule() {
    let test_market = TestMarket::new("constants").await;
    let built = "target/wasm32-unknown-unknown/release";
    let built = format!("{}/../{built}", env!("CARGO_MANIFEST_DIR"));
    let deploy = format!(
        "deploy --agreement-wasm {built}/agreement.wasm --dispatcher-wasm {built}/dispatcher.wasm"
    );
    for (option, expected) in [
        (
            "--min-length 1",
            "3 (minLength) must be at least acceptWindow + reportWindow, and twice minWindow",
        ),
        (
            "--min-window 1",
            "5 (minWindow) must be at least twice acceptWindow, and a tick for each probe",
        ),
        ("--min-pool 2", "8 (minPool) must be at least 3"),
    ] {
        let line = test_market.folder.refused(&format!("{deploy} {option}"));
        let expected = format!("the market refused: the deployment constant number {expected}");
        assert_eq!(line, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_length_that_is_not_for_sale_is_refused_with_both_limits() {
    let test_market = TestMarket::new("length").await;
    let folder = &test_market.folder;
    for (command, length) in [
        ("client quote --length 11", 11),
        ("client quote --length 100d", 8_640_000),
        ("client buy --account dev --length 1", 1),
    ] {
        let expected = format!(
            "an agreement of {length} ticks is not for sale: its length must be from 12 to 1123200 ticks of the market's \
             clock (buy again before the end for longer work)"
        );
        assert_eq!(folder.refused(command), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_state_file_is_not_changed() {
    let test_market = TestMarket::new("no-state").await;
    let folder = &test_market.folder;
    let open = |file: &str| {
        let mut command = folder.command(&format!("client run --state {file}"));
        let output = command.env("MUSTER_LOG", "off").output().unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
        String::from_utf8(output.stderr).unwrap()
    };
    for (name, text) in [("notes.txt", "do not touch"), ("cut.db", "SQLite format 3")] {
        std::fs::write(folder.file(name), text).unwrap();
        let line = open(name);
        assert!(line.starts_with(&format!("error: cannot use the state file {name}")), "{line}");
        assert_eq!(std::fs::read_to_string(folder.file(name)).unwrap(), text);
    }
    let line = open("nowhere/state.db");
    assert!(line.starts_with("error: cannot create the state file nowhere/state.db"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_command_line_is_exit_code_2() {
    let folder = TestFolder::new("usage", "http://127.0.0.1:1");
    for (args, expected) in [
        ("", "requires a subcommand"),
        ("fund alice 1eth", "an address is 0x and 40 hexadecimal digits"),
        ("fund dev:ada 1parsec", "an amount's unit is eth, gwei or wei"),
        ("agreement show dev", "a contract's address is 0x and 40 hexadecimal digits"),
        ("worker available maybe", "[possible values: yes, no]"),
        ("tester report 0x0000000000000000000000000000000000000001", "--state <FILE>|--entry"),
        ("credit --insecure-key --key 0x12", "a private key is 64 hexadecimal digits"),
        ("workers", "is now `muster worker list`"),
        ("serve", "is now `muster example factor`"),
        ("client buy --min-uptime 101%", "expected basis points from 0 to 10000"),
        ("client buy --id=", "a value is required for '--id <NAME>'"),
        (
            "client buy --length long",
            "expected a number of ticks, or a time such as 90s, 4m, 2h or 3d",
        ),
        ("client try --url 127.0.0.1:80", "a service's URL begins with http:// or https://"),
        ("client run --health 127.0.0.1", "IP:PORT is expected, such as 127.0.0.1:3000"),
        ("relay --listen localhost:7447", "IP:PORT is expected, such as 127.0.0.1:3000"),
        ("worker key 0x12", "a key for messages is 64 hexadecimal digits"),
        ("worker run --price 1gwei --upstream unix:/x", "a service URL must be http://host:port"),
        ("worker run --price 1gwei --exec x --public-url x", "a service's URL begins with http"),
        ("worker run --price 1gwei --compute --upstream http://a", "cannot be used with"),
        ("worker register --price 1gwei --capacity 65536", "65536 is not in 0..=65535"),
        (
            "agreement wait 0x0000000000000000000000000000000000000001 --state over",
            "[possible values: ",
        ),
    ] {
        let outcome = folder.run(args);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{args}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(expected), "{args}: {}", outcome.stderr);
    }
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let mut command = Command::new(MUSTER);
    command.args(["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    drop(process.stdout.take());
    let output = process.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), [].as_slice()));
}
