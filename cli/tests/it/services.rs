//! `muster service`: components that workers run, reached through a URL of this machine.

use std::collections::BTreeSet;
use std::fs::{self, File};

use reqwest::StatusCode;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::component;
use crate::harness::{BackgroundProcess, TestFolder, until};
use crate::job_market::{JobMarket, compile};

/// Writes the test component into a folder.
pub(crate) fn write_component(folder: &TestFolder) {
    fs::write(folder.file("api.wasm"), component::encode()).unwrap();
}

/// Writes the example, whose answers are the same everywhere, into a folder.
pub(crate) fn write_example(folder: &TestFolder) {
    let built = "../target/wasm32-unknown-unknown/release/avatars.wasm";
    let module = fs::read(format!("{}/{built}", env!("CARGO_MANIFEST_DIR")));
    let module = module.unwrap_or_else(|error| panic!("scripts/wasm builds the example: {error}"));
    let encoder = wit_component::ComponentEncoder::default().module(&module).unwrap();
    fs::write(folder.file("api.wasm"), encoder.validate(true).encode().unwrap()).unwrap();
}

/// Status and text of a response.
async fn get(url: &str) -> Option<(StatusCode, String)> {
    let response = reqwest::get(url).await.ok()?;
    Some((response.status(), response.text().await.ok()?))
}

/// Waits until a URL answers with a text.
pub(crate) async fn answers(url: &str, expected: &str) {
    until(async || get(url).await.is_some_and(|(_, text)| text == expected)).await;
}

/// The services of the client, with the number of places, in JSON.
fn list(market: &JobMarket) -> Value {
    let (code, stdout, stderr) = market.run("service list --json");
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

/// The workers that run services.
pub(crate) fn places(market: &JobMarket) -> Vec<String> {
    let listed = list(market);
    let places = listed["places"].as_array().unwrap().iter();
    places.map(|place| place["worker"].as_str().unwrap().to_owned()).collect()
}

/// The address of a dev account.
fn address(market: &JobMarket, name: &str) -> String {
    let credit = market.folder().json(&format!("credit dev:{name}"));
    credit["account"].as_str().unwrap().to_owned()
}

/// What a webhook is told next.
async fn notice(webhook: &TcpListener) -> Value {
    let (mut told, _) = webhook.accept().await.unwrap();
    let mut text = String::new();
    while !text.ends_with('}') {
        let mut part = [0; 1_024];
        let length = told.read(&mut part).await.unwrap();
        text.push_str(std::str::from_utf8(&part[..length]).unwrap());
    }
    told.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await.unwrap();
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

/// Starts `muster service up`, and returns it with the service's id and URL.
pub(crate) fn up(market: &JobMarket, options: &str) -> (BackgroundProcess, String, String) {
    let command = market.client(&format!("service up api.wasm {options}"));
    let mut process = BackgroundProcess::spawn(command);
    let ready = process.ready();
    let field = |name: &str| ready[name].as_str().unwrap().to_owned();
    (process, field("service"), field("url"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_kept_at_two_workers_when_one_is_killed() {
    let mut market = JobMarket::start("service-kept", &["ada", "bob", "dora"]).await;
    write_component(market.folder());
    let keep = "--keep --replicas 2 --budget 1eth --yes --replace-after 2";
    let (process, id, url) = up(&market, &format!("--env NAME=kept {keep}"));
    answers(&format!("{url}/env"), "kept").await;
    let [ada, bob, dora] = ["ada", "bob", "dora"].map(|name| address(&market, name));
    until(async || places(&market).len() == 2).await;
    assert!(!places(&market).contains(&dora), "the cheapest are hired");

    // Both are used in turn, and say who they are.
    let mut seen = BTreeSet::new();
    until(async || {
        let response = reqwest::get(format!("{url}/env")).await.unwrap();
        seen.insert(response.headers()["service-worker"].to_str().unwrap().to_owned());
        seen.len() == 2
    })
    .await;
    assert_eq!(seen, BTreeSet::from([ada.clone(), bob.clone()]));

    // Whoever asks does not see that a worker is gone.
    market.kill_worker("ada");
    for _ in 0..20 {
        assert_eq!(get(&format!("{url}/env")).await, Some((StatusCode::OK, "kept".to_owned())));
    }
    until(async || places(&market).contains(&dora)).await;
    market.kill_worker("bob");
    answers(&format!("{url}/env"), "kept").await;
    assert_eq!(market.agreements(), 2);
    assert!(places(&market).contains(&ada) && places(&market).contains(&bob));

    // Those that are gone cannot be told to end it. The process that serves it sees that it is over.
    let (code, _, stderr) = market.run(&format!("service down {id}"));
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("2 workers were not reached"), "{stderr}");
    assert_eq!(process.wait(), Some(0));
    assert_eq!(list(&market)["services"][0]["state"], "down");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_goes_on_without_its_process_and_ends_with_down() {
    let market = JobMarket::start("service-down", &["ada", "bob", "dora"]).await;
    write_component(market.folder());
    compile(market.folder(), "echo");
    let (process, id, url) = up(&market, "--budget 1eth --yes");
    answers(&format!("{url}/"), "hello").await;
    answers(&format!("{url}/log"), "hello").await;
    until(async || places(&market).len() == 2).await;
    assert_eq!(process.terminate(), Some(0));

    // Another process reads the log, and jobs run in the same agreement.
    let (code, stdout, stderr) = market.run(&format!("service logs {id} --json"));
    assert_eq!(code, 0, "{stderr}");
    let logs: Value = serde_json::from_str(&stdout).unwrap();
    let lines = logs["lines"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["text"] == "first"), "{logs}");
    let (code, stdout, stderr) = market.run("run echo.wasm -- hello");
    assert_eq!((code, stdout.as_str()), (0, "hello"), "{stderr}");

    // The same command serves it again, and another service needs another agreement.
    let (code, _, stderr) = market.run("service up api.wasm --env NAME=other");
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("give --budget"), "{stderr}");
    let agreement = list(&market)["places"][0]["agreement"].as_str().unwrap().to_owned();
    let other = format!("service up api.wasm --env NAME=other --agreement {agreement}");
    let (code, _, stderr) = market.run(&other);
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("is for another service"), "{stderr}");
    let (process, same, url) = up(&market, "");
    assert_eq!(same, id);
    answers(&format!("{url}/"), "hello").await;
    assert_eq!(market.agreements(), 1);

    let (code, _, stderr) = market.run(&format!("service down {id}"));
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(process.wait(), Some(0));
    assert!(places(&market).is_empty());
    let (code, _, stderr) = market.run(&format!("service logs {id}"));
    assert_eq!(code, 1, "{stderr}");
    // Its agreement is free for another one.
    let (_process, _, url) = up(&market, "--env NAME=other");
    answers(&format!("{url}/env"), "other").await;
    assert_eq!(market.agreements(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_keep_enough_workers_says_so() {
    let mut market = JobMarket::start("service-short", &["ada", "bob"]).await;
    write_component(market.folder());
    let endpoint = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook = format!("http://{}/endpoint", endpoint.local_addr().unwrap());
    let keep = "--keep --budget 1eth --yes --replace-after 2 --until 30m";
    let (process, id, url) = up(&market, &format!("{keep} --webhook {webhook}"));
    answers(&format!("{url}/"), "hello").await;
    until(async || places(&market).len() == 2).await;
    market.kill_worker("bob");

    let short = notice(&endpoint).await;
    assert_eq!((&short["service"], &short["event"]), (&id.into(), &"short".into()));
    assert_eq!((&short["serving"], &short["wanted"]), (&1.into(), &2.into()));
    answers(&format!("{url}/"), "hello").await;
    // The date is no reason to say that enough are kept.
    market.market.advance_time(60 * 60).await;
    assert_eq!(notice(&endpoint).await["event"], "ended");
    assert_eq!(process.wait(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_hears_that_enough_workers_are_kept_again_and_of_the_end() {
    let mut market = JobMarket::start("service-restored", &["ada", "bob"]).await;
    write_component(market.folder());
    let endpoint = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook = format!("http://{}/endpoint", endpoint.local_addr().unwrap());
    let keep = "--keep --budget 1eth --yes --replace-after 2 --until 30m";
    let (process, id, url) = up(&market, &format!("{keep} --webhook {webhook}"));
    answers(&format!("{url}/"), "hello").await;
    until(async || places(&market).len() == 2).await;
    market.kill_worker("bob");
    assert_eq!(notice(&endpoint).await["event"], "short");
    market.add_worker("dora", 3, "--compute").await;
    let restored = notice(&endpoint).await;
    assert_eq!((&restored["service"], &restored["event"]), (&id.into(), &"restored".into()));
    assert_eq!((&restored["serving"], &restored["wanted"]), (&Value::Null, &2.into()));
    let dora = address(&market, "dora");
    until(async || places(&market).contains(&dora)).await;
    assert_eq!(market.agreements(), 2);

    // After the date, when the agreements are over as well.
    market.market.advance_time(60 * 60).await;
    let ended = notice(&endpoint).await;
    assert_eq!((&ended["event"], &ended["serving"]), (&"ended".into(), &0.into()));
    assert_eq!(process.wait(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_renewed_until_its_date_and_then_stops() {
    let market = JobMarket::start("service-until", &["ada", "bob"]).await;
    write_component(market.folder());
    let keep = "--keep --replicas 1 --budget 1eth --yes --until 30m";
    let mut command = market.client(&format!("service up api.wasm {keep}"));
    command.stderr(File::create(market.folder().file("up.log")).unwrap());
    let mut process = BackgroundProcess::spawn(command);
    let url = process.field("url");
    answers(&format!("{url}/"), "hello").await;
    assert_eq!(market.agreements(), 1);
    // An agreement has twenty minutes; in the last five, the worker that is free is hired.
    market.market.advance_time(16 * 60).await;
    until(async || market.agreements() == 2).await;
    until(async || places(&market).len() == 2).await;
    answers(&format!("{url}/"), "hello").await;

    // The second one ends after the date, so there is no third one.
    market.market.advance_time(40 * 60).await;
    assert_eq!(process.wait(), Some(0));
    let said = fs::read_to_string(market.folder().file("up.log")).unwrap();
    assert!(said.contains("the service is over: its agreements have ended"), "{said}");
    assert_eq!(market.agreements(), 2);
    assert!(reqwest::get(&url).await.is_err(), "nothing listens there any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_worker_serves_is_refused_before_anything_is_bought() {
    let market = JobMarket::start("service-refused", &["ada"]).await;
    let handler = r#"(instance $i) (export "wasi:http/incoming-handler@0.2.0" (instance $i))"#;
    let sockets = r#"(import "wasi:sockets/tcp@0.2.0" (instance))"#;
    for (name, text, reason) in [
        ("sockets", format!("(component {sockets} {handler})"), "wasi:sockets/tcp@0.2.0"),
        ("command", "(component)".to_owned(), "wasi:http/incoming-handler@0.2"),
        ("module", "(module)".to_owned(), "core WebAssembly module"),
    ] {
        let file = format!("{name}.wasm");
        fs::write(market.folder().file(&file), wat::parse_str(text).unwrap()).unwrap();
        let (code, _, stderr) = market.run(&format!("service up {file} --budget 1eth --yes"));
        assert_eq!(code, 1, "{stderr}");
        assert!(stderr.contains(&file) && stderr.contains(reason), "{stderr}");
    }
    write_component(market.folder());
    let greedy = "service up api.wasm --budget 1eth --yes --memory 4096";
    let (code, _, stderr) = market.run(greedy);
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("a limit of memory"), "{stderr}");
    assert_eq!(market.agreements(), 0);
    assert!(list(&market)["services"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_draws_a_picture_for_every_name() {
    let market = JobMarket::start("service-example", &["ada"]).await;
    write_example(market.folder());
    let (_process, id, url) = up(&market, "--env GREETING=welcome --budget 1eth --yes");
    answers(&format!("{url}/"), "welcome\n").await;
    let (status, picture) = get(&format!("{url}/ada.svg")).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"), "{picture}");
    assert_ne!(get(&format!("{url}/bob.svg")).await.unwrap().1, picture);
    assert_eq!(get(&format!("{url}/ada.png")).await.unwrap().0, StatusCode::NOT_FOUND);
    let (code, stdout, stderr) = market.run(&format!("service logs {id}"));
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("200 /ada.svg"), "{stdout}");
}
