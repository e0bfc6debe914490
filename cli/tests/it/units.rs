//! Times with units, dates beside ticks, prices per hour, and what cancelling and resigning cost.

use std::process::Command;

use tokio::task::block_in_place;

use crate::harness::{MUSTER, TestFolder, TestMarket};

/// The text that a command prints for people. It must succeed.
fn text(folder: &TestFolder, args: &str) -> String {
    let result = folder.run(args);
    assert_eq!(result.code, 0, "{args}: {}", result.stderr);
    result.stdout
}

/// The line of a result for people that begins with this name, without it.
fn value<'a>(text: &'a str, name: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name}: {text}")).trim()
}

/// Runs a command on a terminal whose user types this, and returns whether it succeeded and what was shown.
fn on_terminal(folder: &TestFolder, args: &str, typed: &str) -> (bool, String) {
    let line = format!("printf '%s\\n' {typed} | script -qec '{MUSTER} {args}' /dev/null");
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(folder.file(""));
    let rpc = folder
        .command("")
        .get_envs()
        .find_map(|(name, value)| (name == "MUSTER_RPC").then(|| value.unwrap().to_owned()));
    shell.env("MUSTER_RPC", rpc.unwrap());
    let output = block_in_place(|| shell.output()).unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn times_have_units_and_ticks_have_dates() {
    let test_market = TestMarket::new("units").await;
    let folder = &test_market.folder;
    test_market.fund_accounts(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 1gwei --max-length 1d --capacity 2");
    test_market.join_testers(&["tom", "una", "vic"]);

    let worker = folder.json("worker show dev:ada");
    assert_eq!((&worker["max_length"], &worker["price"]), (&86_400.into(), &"1000000000".into()));
    let shown = text(folder, "worker show dev:ada");
    assert_eq!(value(&shown, "max length"), "86400 (1day)");
    assert_eq!(value(&shown, "price"), "1gwei (3600gwei per hour)");

    let order = "--length 4m --testers 3 --windows 4";
    let quote = folder.json(&format!("client quote {order}"));
    assert_eq!(quote["length"], 240);
    let amount = |name: &str| quote[name].as_str().unwrap().parse::<u128>().unwrap();
    assert_eq!(amount("work"), 240_000_000_000);
    assert!(amount("tester_fees") > 0);
    assert_eq!(amount("work") + amount("tester_fees"), amount("price"));
    assert_eq!(value(&text(folder, &format!("client quote {order}")), "length"), "240 (4m)");

    let expired = format!("client buy {order} --account dev:cleo --expiry 2001-01-01");
    let refused = folder.refused(&expired);
    assert!(refused.contains("the order's last tick has passed"), "{refused}");
    let bought =
        folder.json(&format!("client buy {order} --account dev:cleo --expiry 1h --id monday"));
    let agreement = bought["agreement"].as_str().unwrap();
    let again = "client buy --testers 3 --windows 4 --account dev:cleo --id monday";
    let repeated = folder.json(&format!("{again} --length 240"));
    assert_eq!(repeated["agreement"], agreement);
    let other = folder.refused(&format!("{again} --length 5m"));
    assert!(other.contains("length 240, not 300"), "{other}");

    let mut command = folder.command(&format!("agreement show {agreement}"));
    command.env("TZ", "UTC");
    let output = block_in_place(|| command.output()).unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let purchased = folder.json(&format!("agreement show {agreement}"))["purchased"].clone();
    let date = jiff::Timestamp::from_second(purchased.as_i64().unwrap()).unwrap();
    let date = date.strftime("%F %T");
    assert_eq!(value(&shown, "purchased"), format!("{purchased} ({date})"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_of_blocks_is_measured() {
    let test_market = TestMarket::with_options("units-blocks", "--clock block").await;
    let folder = &test_market.folder;
    folder.json("fund dev:ada 1eth");
    for _ in 0..60 {
        test_market.advance_time(120).await;
    }
    // The blocks so far took between one and two minutes each.
    folder.json("worker register --account dev:ada --price 1gwei --max-length 2h");
    let worker = folder.json("worker show dev:ada");
    let ticks = worker["max_length"].as_u64().unwrap();
    assert!((60..=120).contains(&ticks), "{worker}");
    let shown = text(folder, "worker show dev:ada");
    let length = value(&shown, "max length");
    assert!(
        length.starts_with(&format!("{ticks} (~2h"))
            || length.starts_with(&format!("{ticks} (~1h 5")),
        "{length}"
    );
    assert!(value(&text(folder, "market show"), "tick").contains(" (~20"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_and_resigning_show_their_cost_and_ask() {
    let test_market = TestMarket::with_long_windows("units-ask").await;
    let folder = &test_market.folder;
    test_market.fund_accounts(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 1gwei --stake 0.9eth --capacity 2");
    test_market.join_testers(&["tom", "una", "vic"]);
    let bought = folder.json("client buy --length 80m --windows 4 --account dev:cleo");
    let agreement = bought["agreement"].as_str().unwrap();
    folder.json(&format!("worker accept {agreement} --account dev:ada"));

    let cancel = format!("client cancel {agreement} --account dev:cleo");
    let (done, shown) = on_terminal(folder, &cancel, "n");
    assert!(!done && shown.contains("nothing was sent"), "{shown}");
    assert!(
        shown.contains("the agreement would end at ") && shown.contains("cancel? [y/N]"),
        "{shown}"
    );
    let resign = format!("worker resign {agreement} --account dev:ada");
    let (done, shown) = on_terminal(folder, &resign, "n");
    assert!(!done && shown.contains("nothing was sent"), "{shown}");
    assert!(shown.contains("you lose ") && shown.contains(" if you stay"), "{shown}");
    assert_eq!(folder.json(&format!("agreement show {agreement}"))["windows_judged"], 4);

    let (done, shown) = on_terminal(folder, &cancel, "y");
    assert!(done && shown.contains(" for 2 of 4 windows"), "{shown}");
    assert_eq!(folder.json(&format!("agreement show {agreement}"))["windows_judged"], 2);
    // Nobody is asked.
    let (done, shown) = on_terminal(folder, &format!("{resign} --yes"), "n");
    assert!(done && !shown.contains("[y/N]"), "{shown}");
}
