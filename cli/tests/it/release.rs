//! `muster release`, and what `muster agreement show` says about the open calls.

use serde_json::{Value, json};

use crate::harness::TestMarket;

/// A call of an agreement, as `agreement show` prints it: whether it is open, by whom, from and until which tick.
fn call(shown: &Value, name: &str) -> Value {
    let calls = shown["calls"].as_array().unwrap();
    let row = calls.iter().find(|row| row["call"] == name).unwrap();
    json!([row["open"], row["by"], row["from"], row["until"]])
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_releases_the_absent_after_the_time_to_accept_and_all_slots_after_the_end() {
    let test_market = TestMarket::with_long_windows("release").await;
    let folder = &test_market.folder;
    test_market.fund_accounts(&["ada", "ben", "cleo"]);
    test_market.join_testers(&["tom", "una", "vic"]);
    folder.json("worker register --account dev:ada --price 20gwei");
    let ben = folder.json("worker register --account dev:ben --price 30gwei");
    let bought =
        folder.json("client buy --length 1200 --windows 2 --redundancy 2 --account dev:cleo");
    let agreement = bought["agreement"].as_str().unwrap();
    let show = || folder.json(&format!("agreement show {agreement}"));

    let offered = show();
    let (purchased, last) = (&offered["purchased"], offered["accept_until"].as_u64().unwrap());
    assert_eq!(call(&offered, "accept"), json!([true, "worker 0,1", purchased, last]));
    assert_eq!(call(&offered, "cancel"), json!([false, "the client", null, null]));
    assert_eq!(call(&offered, "resign"), json!([false, null, null, null]));
    assert_eq!(call(&offered, "release"), json!([false, "anybody", null, null]));
    assert_eq!(call(&offered, "settle"), json!([false, "anybody", last + 1, null]));

    folder.json(&format!("worker accept {agreement} --account dev:ada"));
    let running = show();
    let [start, end, due] =
        ["start", "end", "report_until"].map(|tick| running[tick].as_u64().unwrap());
    assert_eq!(call(&running, "accept"), json!([true, "worker 1", purchased, last]));
    assert_eq!(call(&running, "resign"), json!([true, "worker 0", start, end - 1]));
    assert_eq!(call(&running, "release"), json!([false, "anybody", last + 1, null]));
    assert_eq!(call(&running, "report"), json!([false, "testers", end, due - 1]));
    assert_eq!(call(&running, "settle"), json!([false, "anybody", due, null]));
    let release = format!("release {agreement} --account dev:vic");
    let early = folder.refused(&release);
    assert!(early.contains(&format!("until tick {last}")), "{early}");

    test_market.advance_time(301).await;
    let late = show();
    assert_eq!(call(&late, "accept"), json!([false, "worker 1", purchased, last]));
    assert_eq!(call(&late, "release"), json!([true, "anybody", last + 1, null]));
    let released = folder.json(&release);
    let fees = 2 * 3 * 1_300_000_000_000;
    assert_eq!(released["refund"], (30_000_000_000_u64 * 1_200 + fees).to_string());
    let absent = json!([{"account": ben["account"], "slash": "200000000000000"}]);
    assert_eq!((&released["absent_workers"], &released["freed"]), (&absent, &"1".into()));
    let known = folder.json("worker show dev:ben");
    assert_eq!((&known["active"], &known["listed"]), (&0.into(), &false.into()));
    assert_eq!((&known["bad"], &known["misses"]), (&"1.00".into(), &1.into()));
    let after = show();
    assert_eq!(after["workers"][1]["released"], true);
    assert_eq!(after["slots_freed"], false);
    assert_eq!(call(&after, "accept"), json!([false, null, null, null]));
    assert_eq!(call(&after, "release"), json!([false, "anybody", end, null]));
    let again = folder.refused(&release);
    assert!(again.contains("no worker is absent"), "{again}");

    test_market.advance_time(900).await;
    assert_eq!(call(&show(), "release"), json!([true, "anybody", end, null]));
    let freed = folder.json(&release);
    let nobody = json!([]);
    assert_eq!((&freed["absent_workers"], &freed["refund"]), (&nobody, &"0".into()));
    assert_eq!(freed["freed"], "0");
    let ended = show();
    assert_eq!(ended["slots_freed"], true);
    assert_eq!(call(&ended, "release"), json!([false, "anybody", null, null]));
    assert_eq!(folder.json("worker show dev:ada")["active"], 0);

    test_market.advance_time(600).await;
    folder.json(&format!("settle {agreement}"));
    assert_eq!(show()["calls"], nobody);
    let ledger = folder.json(&format!("ledger {agreement}"));
    assert_eq!((&ledger["balanced"], &ledger["solvent"]), (&true.into(), &true.into()));
    let steps: Vec<_> = ledger["steps"].as_array().unwrap().iter().map(|s| &s["step"]).collect();
    assert_eq!(steps, ["purchase", "accept", "release", "release", "settle"]);
}
