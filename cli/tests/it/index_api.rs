//! `muster index --listen`: the API of a process that indexes, and of one that only reads.

use serde_json::{Value, json};

use crate::harness::BackgroundProcess;
use crate::index::{address, caught_up, connect, market, reader};

/// What an API answers, as JSON.
async fn get(url: &Value, path: &str) -> Value {
    let text = reqwest::get(format!("{}{path}", url.as_str().unwrap())).await.unwrap().text().await;
    serde_json::from_str(&text.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_that_indexes_serves_what_it_knows_and_so_does_one_that_only_reads() {
    let test_market = market("index-api").await;
    let folder = &test_market.folder;
    let market = connect(&test_market).await;
    let [ada, cleo] = ["ada", "cleo"].map(|name| address(&test_market, name));
    let evidence = folder.file("evidence");
    std::fs::create_dir(&evidence).unwrap();
    let serve = "--database market.db --listen 127.0.0.1:0";
    let mut writer =
        BackgroundProcess::start(folder, &format!("index {serve} --evidence evidence"));
    let ready = writer.ready();
    let index = reader(&test_market, &ready);
    caught_up(&index, &market).await;
    let mut other = BackgroundProcess::start(folder, &format!("index --read-only {serve}"));
    let read_only = other.ready()["url"].clone();

    folder.json("client buy --length 1200 --windows 1 --testers 0 --account dev:cleo");
    caught_up(&index, &market).await;
    for url in [&ready["url"], &read_only] {
        let worker = get(url, &format!("/v1/workers/{ada}")).await;
        let head = market.node().head().await.unwrap();
        assert_eq!(worker["block"]["hash"], head.hash.to_string());
        assert_eq!(worker["data"]["price"], "1000000000");
        let agreements = get(url, &format!("/v1/agreements?client={cleo}&state=offered")).await;
        assert_eq!(agreements["data"]["items"].as_array().map(Vec::len), Some(1), "{agreements}");
        let events = get(url, &format!("/v1/events?subject={cleo}&name=ContractBought")).await;
        assert_eq!(events["data"]["items"][0]["arguments"]["client"], cleo.to_string());
    }
    assert_eq!(get(&ready["url"], "/v1/evidence").await, json!([]));
    assert_eq!(other.terminate(), Some(0));
    assert_eq!(writer.terminate(), Some(0));

    std::fs::write(evidence.join("false.json"), "{}").unwrap();
    std::fs::write(folder.file("webhooks.toml"), "secret = \"short\"\nwebhook = []\n").unwrap();
    for (options, expected) in [
        (format!("{serve} --evidence evidence"), "is no evidence"),
        (format!("{serve} --evidence nowhere"), "nowhere"),
        ("--webhooks webhooks.toml".to_owned(), "fewer than 16 bytes"),
        ("--webhooks nowhere.toml".to_owned(), "cannot read the webhooks"),
        ("--read-only --database none.db --listen 127.0.0.1:0".to_owned(), "there is no index"),
    ] {
        let refused = folder.refused(&format!("index {options}"));
        assert!(refused.contains(expected), "{options}: {refused}");
    }
}
