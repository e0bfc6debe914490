//! Income statements: exact to the wei, and equal to the ledger.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::{TestFolder, TestMarket};

/// The wei of an ether, which every account gets at first.
const ETHER: i128 = 1_000_000_000_000_000_000;

/// An amount of a result, or nothing.
fn wei(value: &Value) -> i128 {
    value.as_str().map_or(0, |text| text.parse().unwrap())
}

/// The statements of an account over these months.
fn statements(folder: &TestFolder, name: &str, months: &BTreeSet<String>) -> Vec<Value> {
    let of = |month| folder.json(&format!("statement dev:{name} --month {month}"));
    months.iter().map(of).collect()
}

/// The sum of what the statements say of a kind of entry, costs as negative numbers.
fn sum(statements: &[Value], kind: &str) -> i128 {
    let sums = statements.iter().flat_map(|statement| statement["sums"].as_array().unwrap());
    let own = sums.filter(|sum| sum["entry"] == kind);
    own.map(|sum| wei(&sum["income"]).saturating_sub(wei(&sum["cost"]))).sum()
}

/// The sum of an account's payments in the ledger whose reason begins with these words.
fn paid(ledger: &Value, account: &Value, why: &str) -> i128 {
    let payments = ledger["payments"].as_array().unwrap().iter();
    let own = payments.filter(|payment| payment["account"] == *account);
    let own = own.filter(|payment| payment["why"].as_str().unwrap().starts_with(why));
    own.map(|payment| wei(&payment["amount"])).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_exact_and_equals_the_ledger() {
    let test_market = TestMarket::with_long_windows("statement").await;
    let folder = &test_market.folder;
    test_market.fund_accounts(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 1gwei --capacity 2 --stake 0.5eth");
    test_market.join_testers(&["tom", "una", "vic"]);
    let order = "client buy --length 1200 --windows 1 --account dev:cleo --testers";
    let [tested, plain] = [3, 0].map(|testers| {
        let bought = folder.json(&format!("{order} {testers}"));
        let agreement = bought["agreement"].as_str().unwrap().to_owned();
        folder.json(&format!("worker accept {agreement} --account dev:ada"));
        agreement
    });
    let month_of = |tick: i64| {
        let zone = jiff::tz::TimeZone::system();
        let time = jiff::Timestamp::from_second(tick).unwrap().to_zoned(zone);
        time.strftime("%Y-%m").to_string()
    };
    let now = || folder.json("market show")["tick"].as_i64().unwrap();
    let mut months = BTreeSet::from([month_of(now())]);
    test_market.advance_time(1_200).await;
    for name in ["tom", "una", "vic"] {
        folder.json(&format!("tester report {tested} --account dev:{name} --entry 0:0:3"));
    }
    test_market.advance_time(600).await;
    for agreement in [&tested, &plain] {
        folder.json(&format!("settle {agreement} --account dev:cleo"));
    }
    folder.json("withdraw --account dev:cleo");
    months.insert(month_of(now()));

    let ledger = folder.json(&format!("ledger {tested} {plain}"));
    let account = |name: &str| folder.json(&format!("credit dev:{name}"))["account"].clone();
    let [cleo, ada, tom] =
        ["cleo", "ada", "tom"].map(|name| (account(name), statements(folder, name, &months)));
    for (kind, (account, own), why, sign) in [
        ("purchase", &cleo, "paid", -1),
        ("refund", &cleo, "received what nobody earned", 1),
        ("pay", &ada, "received", 1),
        ("slash", &ada, "lost", -1),
        ("fees", &tom, "received for", 1),
    ] {
        let expected = sign * paid(&ledger, account, why);
        assert!(expected != 0, "{kind}: {ledger:#}");
        assert_eq!(sum(own, kind), expected, "{kind}");
    }

    // Nothing else has moved: what an account has in all is what it began with and the results.
    for (name, (account, own)) in [("cleo", &cleo), ("ada", &ada), ("tom", &tom)] {
        let balance = wei(&folder.json(&format!("fund dev:{name} 0"))["balance"]);
        let credit = wei(&folder.json(&format!("credit dev:{name}"))["credit"]);
        let stake = if name == "cleo" {
            0
        } else {
            wei(&folder.json(&format!("worker show dev:{name}"))["stake"])
        };
        let result: i128 = own.iter().map(|statement| wei(&statement["net"])).sum();
        assert_eq!(balance + credit + stake, ETHER + result, "{name}: {own:#?}");
        assert!(sum(own, "gas") < 0, "{name}");
        assert!(own.iter().all(|statement| statement["account"] == *account), "{name}");
    }
    compare_csv(folder, &months, &cleo.1);
    let empty = folder.json("statement dev:cleo --month 2001-01");
    assert_eq!((&empty["net"], &empty["entries"]), (&"0".into(), &Value::Array(Vec::new())));
}

/// Asserts that the lines of comma-separated values are the entries.
fn compare_csv(folder: &TestFolder, months: &BTreeSet<String>, statements: &[Value]) {
    for (month, statement) in months.iter().zip(statements) {
        let text = folder.run(&format!("statement dev:cleo --month {month} --csv")).stdout;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let lines: Vec<_> = reader.records().map(|line| line.unwrap()).collect();
        let entries = statement["entries"].as_array().unwrap();
        assert_eq!(lines.len(), entries.len(), "{text}");
        for (line, entry) in lines.iter().zip(entries) {
            let time = jiff::Timestamp::from_second(entry["time"].as_i64().unwrap()).unwrap();
            let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            let fields = ["entry", "income", "cost", "agreement", "transaction"].map(text);
            let mut expected = vec![time.to_string(), entry["block"].to_string()];
            expected.extend(fields);
            assert_eq!(line.iter().collect::<Vec<_>>(), expected);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_of_ticks_follow_the_markets_clock() {
    let test_market = TestMarket::new("price").await;
    let folder = &test_market.folder;
    let of_hour = folder.json("price --usd-per-hour 0.02 --eth-usd 3000");
    assert_eq!(of_hour["price"], "1851851852");
    assert_eq!(of_hour["tick_microseconds"], 1_000_000);
    let back = folder.json("price --per-tick 1851851852wei --eth-usd 3000");
    assert_eq!(back, of_hour);
    // Without a market, if the length of a tick is given.
    let alone = TestFolder::new("price-alone", "http://127.0.0.1:1");
    let blocks = alone.json("price --usd-per-hour 0.02 --eth-usd 3000 --tick 250ms");
    assert_eq!(blocks["price"], "462962963");
}
