//! Whole lives of agreements from the command line, with services that run.

use serde_json::Value;

use crate::harness::{BackgroundProcess, TestFolder, TestMarket};

/// Windows in which a slow machine has the time to probe all workers.
const COMFORTABLE_WINDOWS: &str =
    "--accept-window 24 --report-window 120 --min-window 60 --min-length 180";

/// The account of a dev name, as the command prints it.
fn account(test_market: &TestMarket, name: &str) -> Value {
    test_market.folder.json(&format!("credit dev:{name}"))["account"].clone()
}

/// Asserts that a right answer is not enough, and neither is the receipt of worker 0 for worker 1.
fn assert_receipts_are_needed(folder: &TestFolder, agreement: &str, url: &str) {
    let mut plain = BackgroundProcess::start(folder, "example factor --listen 127.0.0.1:0");
    let plain_url = plain.field("url");
    let probed = folder.json(&format!(
        "tester probe {agreement} --account dev:tom --check factor --state other.db \
         --url 0={plain_url} --url 1={url}"
    ));
    let failures: Vec<_> = (0..2).map(|worker| &probed["probes"][worker]["failure"]).collect();
    assert_eq!(failures, ["no receipt", "wrong receipt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_runs_from_quote_to_balanced_ledger() {
    let test_market = TestMarket::with_options("life", COMFORTABLE_WINDOWS).await;
    let folder = &test_market.folder;
    test_market.fund_accounts(&["ada", "ben", "cleo"]);
    folder.json("worker register --account dev:ada --price 20gwei");
    folder.json("worker register --account dev:ben --price 30gwei --promise 100%");
    test_market.join_testers(&["tom", "una", "vic"]);
    let order_args = "--redundancy 2 --length 180 --windows 3";
    let quote = folder.json(&format!("client quote {order_args}"));
    let fees = 2 * 3 * 3 * 1_300_000_000_000_u64;
    let price = (50_000_000_000 * 180 + fees).to_string();
    assert_eq!(quote["price"], price);
    let bought = folder.json(&format!("client buy {order_args} --account dev:cleo"));
    assert_eq!(bought["escrow"], price);
    let agreement = bought["agreement"].as_str().unwrap();

    let serve = |name: &str| {
        let args = format!(
            "example factor --listen 127.0.0.1:0 --account dev:{name} --agreement {agreement}"
        );
        BackgroundProcess::start(folder, &args)
    };
    let (mut ada, mut ben) = (serve("ada"), serve("ben"));
    let (mut ada_url, ben_url) = (ada.field("url"), ben.field("url"));
    let stranger =
        folder.refused(&format!("example factor --account dev:cleo --agreement {agreement}"));
    assert!(stranger.contains("is none of the agreement's workers"), "{stranger}");

    folder.json(&format!("worker accept {agreement} --account dev:ada"));
    folder.json(&format!("worker accept {agreement} --account dev:ben"));
    assert_eq!(folder.json(&format!("agreement show {agreement}"))["state"], "running");
    assert_eq!(folder.json(&format!("client try --url {ada_url}"))["url"], ada_url);

    assert_receipts_are_needed(folder, agreement, &ada_url);

    // Ben's service stops after the first window. Ada's is killed and restarted after each round of probes, and still
    // knows its receipts: the last one alone would not support three served probes.
    let probe = |name: &str, ada_url: &str| {
        folder.json(&format!(
            "tester probe {agreement} --account dev:{name} --check factor --state {name}.db \
             --url dev:ada={ada_url} --url 1={ben_url}"
        ))
    };
    let mut ben = Some(ben);
    for window in 0..3_u64 {
        folder.json(&format!("agreement wait {agreement} --window {window}"));
        for number in 0..3_u64 {
            for name in ["tom", "una", "vic"] {
                let probed = probe(name, &ada_url);
                assert_eq!(probed["window"], window);
                for worker in 0..2 {
                    assert_eq!(probed["probes"][worker]["number"], number);
                }
                assert_eq!(probed["probes"][0]["ok"], true);
                assert_eq!(probed["probes"][1]["ok"], window == 0);
            }
            drop(ada);
            ada = serve("ada");
            ada_url = ada.field("url");
            // The next probes are in another part of the window.
            test_market.advance_time(4).await;
        }
        drop(ben.take());
        let shown = folder.json(&format!("agreement show {agreement}"));
        let next = shown["start"].as_u64().unwrap() + 60 * (window + 1);
        test_market.advance_time(next - shown["tick"].as_u64().unwrap()).await;
    }

    folder.json(&format!("agreement wait {agreement} --state reporting"));
    for name in ["tom", "una", "vic"] {
        let report = format!("tester report {agreement} --account dev:{name} --state {name}.db");
        let reported = folder.json(&report);
        let served = reported["entries"].as_array().unwrap().iter().map(|e| {
            assert_eq!(e["made"], 3);
            e["served"].as_u64().unwrap()
        });
        assert_eq!(served.collect::<Vec<_>>(), [3, 3, 3, 3, 0, 0]);
    }
    let unfinished = folder.refused(&format!("ledger {agreement}"));
    assert!(unfinished.contains("is reporting"), "{unfinished}");
    test_market.advance_time(120).await;
    let settled = folder.json(&format!("settle {agreement}"));
    assert_eq!(settled["paid_workers"][0]["pay"], (20_000_000_000_u64 * 180).to_string());
    assert_eq!(settled["paid_workers"][1]["pay"], (30_000_000_000_u64 * 180 / 3).to_string());
    assert_eq!(settled["paid_testers"][2]["fee"], (fees / 3).to_string());
    // Two of three windows failed for certain, against a promise of all three.
    let slash = 2_000_000_000_000_000_u64 * 2 / 3;
    let compensation = 30_000_000_000_u64 * 60;
    assert_eq!(settled["paid_workers"][1]["slash"], slash.to_string());
    assert_eq!(settled["compensation"], compensation.to_string());
    assert_eq!(settled["burned"], (slash - compensation).to_string());

    let ledger = folder.json(&format!("ledger {agreement}"));
    assert_eq!((&ledger["balanced"], &ledger["solvent"]), (&true.into(), &true.into()));
    assert_eq!(ledger["agreements"][0]["paid_out"], price);
    let steps: Vec<_> = ledger["steps"].as_array().unwrap().iter().map(|s| &s["step"]).collect();
    assert_eq!(steps, ["purchase", "accept", "accept", "report", "report", "report", "settle"]);
    assert_eq!(ledger["burned"], settled["burned"]);
    assert_eq!(ledger["payments"][2]["account"], account(&test_market, "ben"));
    assert_eq!(ledger["payments"][3]["amount"], slash.to_string());
    assert!(
        ledger["payments"][2]["why"].as_str().unwrap().contains("shares 100 0 0, uptime 33.33%")
    );

    let paid = folder.json("withdraw --account dev:ben --to dev:zed");
    assert_eq!(
        (&paid["amount"], &paid["to"]),
        (&"1800000000000".into(), &account(&test_market, "zed"))
    );
    assert_eq!(folder.json("credit dev:ben")["credit"], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_prints_an_event_per_line() {
    let test_market = TestMarket::new("watch").await;
    let mut watch = BackgroundProcess::start(&test_market.folder, "watch --from 0");
    test_market.fund_accounts(&["ada"]);
    test_market
        .folder
        .json("worker register --account dev:ada --price 20gwei --application render");
    let event: Value = serde_json::from_str(&watch.next_line()).unwrap();
    assert_eq!(event["event"], "WorkerRegistered");
    assert_eq!((&event["worker"], &event["number"]), (&account(&test_market, "ada"), &1.into()));
    assert_eq!(event["application"], "render");
    let past = test_market.folder.run("history");
    assert_eq!(past.code, 0, "{}", past.stderr);
    let first = past.stdout.lines().next().unwrap();
    assert!(first.starts_with("WorkerRegistered  block="), "{first}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_can_be_entered_by_hand() {
    let test_market = TestMarket::new("life-by-hand").await;
    let folder = &test_market.folder;
    test_market.fund_accounts(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 20gwei");
    test_market.join_testers(&["tom", "una", "vic"]);
    let bought = folder.json("client buy --account dev:cleo --length 12 --windows 2");
    let agreement = bought["agreement"].as_str().unwrap();
    let probe = format!(
        "tester probe {agreement} --account dev:tom --state tom.db --url 0=http://127.0.0.1:1"
    );
    assert!(folder.refused(&probe).contains("offered at tick"));
    folder.json(&format!("worker accept {agreement} --account dev:ada"));
    let stranger = folder.refused(&probe.replace("dev:tom", "dev:cleo"));
    assert!(stranger.contains("is not in the list of testers"), "{stranger}");
    let wrong = folder.refused(&probe.replace("0=", "dev:cleo="));
    assert!(wrong.starts_with("dev:cleo is none of the agreement's workers"), "{wrong}");
    assert_eq!(
        folder.json(&format!("tester seats {agreement} --account dev:tom"))["windows_held"],
        "0,1"
    );

    test_market.advance_time(12).await;
    for name in ["tom", "una"] {
        folder.json(&format!(
            "tester report {agreement} --account dev:{name} --entry 0:0:3 --entry 0:1:3"
        ));
    }
    let nothing = format!("tester report {agreement} --account dev:vic --state vic.db");
    assert!(
        folder
            .refused(&nothing)
            .starts_with("the state file vic.db has too few probes of agreement")
    );
    let forged = format!("0,0b1,0x{},0x{}", "11".repeat(32), "22".repeat(32));
    let forged = format!("tester report {agreement} --account dev:vic --entry 0:0:3:1:{forged}");
    assert!(
        folder.refused(&forged).starts_with("the agreement refused: entry number 0 has no receipt")
    );
    test_market.advance_time(5).await;
    let late = folder.refused(&format!("agreement wait {agreement} --state reporting"));
    assert!(late.contains("is due now: the awaited state or window is over"), "{late}");
    folder.json(&format!("settle {agreement}"));
    let shown = folder.json(&format!("agreement show {agreement}"));
    assert_eq!(shown["state"], "settled");
    assert_eq!(shown["workers"][0]["shares"], "0 0");
    assert_eq!(shown["workers"][0]["uptime"], "0%");
    assert_eq!(shown["paid_workers"][0]["pay"], "0");
    // The whole bond is lost and burned: the client paid this worker nothing that it could get back.
    assert_eq!(shown["paid_workers"][0]["slash"], "2000000000000000");
    assert_eq!(shown["compensation"], "0");
    let ledger = folder.run(&format!("ledger {agreement}"));
    assert_eq!(ledger.code, 0, "{}", ledger.stderr);
    assert!(
        ledger
            .stdout
            .contains("received a part of the price: shares 0 0, uptime 0% against 95% promised")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hired_worker_can_resign_and_a_client_can_cancel() {
    let test_market = TestMarket::new("hire").await;
    let folder = &test_market.folder;
    test_market.fund_accounts(&["ada", "ben", "cleo"]);
    test_market.join_testers(&["tom", "una", "vic"]);
    folder.json("worker register --account dev:ada --price 20gwei --application render");
    let ben = folder.json("worker register --account dev:ben --price 30gwei --application render");
    let order_args = "--length 24 --windows 4 --worker dev:ben";
    let quote = folder.json(&format!("client quote {order_args} --worker 4"));
    assert_eq!(quote["workers"][0]["account"], account(&test_market, "ada"), "in ascending order");
    let nobody = folder.refused("client quote --worker 9");
    assert!(nobody.starts_with("no worker is registered as 9"), "{nobody}");
    let unfit = folder.refused("client quote --worker dev:ben --application 0");
    assert!(unfit.contains("nobody has registered for this application"), "{unfit}");

    let bought =
        folder.json(&format!("client buy {order_args} --worker dev:ada --account dev:cleo"));
    let agreement = bought["agreement"].as_str().unwrap();
    let early = folder.refused(&format!("client cancel {agreement} --account dev:cleo"));
    assert!(early.contains("it is offered"), "{early}");
    for name in ["ada", "ben"] {
        folder.json(&format!("worker accept {agreement} --account dev:{name}"));
    }
    test_market.advance_time(6).await;
    let resigned = folder.json(&format!("worker resign {agreement} --account dev:ben"));
    let judged_until = resigned["judged_until"].as_u64().unwrap();
    let cancelled = folder.json(&format!("client cancel {agreement} --account dev:cleo"));
    assert_eq!(cancelled["window_count"], 3);
    let again = folder.refused(&format!("client cancel {agreement} --account dev:cleo"));
    assert!(again.contains(&format!("it ends in tick {} already", cancelled["end"])), "{again}");
    let shown = folder.json(&format!("agreement show {agreement}"));
    let start = shown["start"].as_u64().unwrap();
    assert_eq!(cancelled["end"], start + 18);
    assert_eq!((&shown["windows_judged"], &shown["end"]), (&3.into(), &cancelled["end"]));
    assert_eq!(shown["workers"][1]["resigned"], true);

    test_market.advance_time(17).await;
    folder.json(&format!("settle {agreement}"));
    let ledger = folder.json(&format!("ledger {agreement}"));
    assert_eq!((&ledger["balanced"], &ledger["solvent"]), (&true.into(), &true.into()));
    let shown = folder.json(&format!("agreement show {agreement}"));
    assert_eq!(shown["paid_workers"][0]["pay"], (20_000_000_000_u64 * 18).to_string());
    assert_eq!(shown["paid_workers"][1]["pay"], (30_000_000_000_u64 * 6).to_string());
    assert_eq!(shown["paid_workers"][1]["slash"], "200000000000000");
    // The twelve seats of this worker cost 0.065 units of reputation, of which the ticks after it left count.
    let judged = judged_until - start;
    assert!((6..12).contains(&judged), "the worker left in the second of four windows: {judged}");
    let bad = format!("0.{:02}", 65 * (24 - judged) / 24 / 10);
    let known = folder.json("worker show dev:ben");
    assert_eq!((&known["good"], &known["bad"]), (&"0.00".into(), &bad.into()));
    assert_eq!(known["score"], "0%");
    assert_eq!((&known["number"], &known["misses"]), (&ben["number"], &0.into()));
    assert_eq!(folder.json(&format!("worker show {}", ben["number"]))["account"], known["account"]);
    for (filter, count) in [
        ("--mine --account dev:cleo", 1),
        ("--mine --account dev:ben --state settled --state due", 1),
        ("--mine --account dev:ben --state running", 0),
        ("--mine --account dev:tom", 0),
        ("--state settled", 1),
    ] {
        let listed = folder.json(&format!("agreement list {filter}"));
        assert_eq!(listed["agreements"].as_array().unwrap().len(), count, "{filter}");
    }
}
