//! A worker's checks of itself, and what it says of requests that it does not serve.

use std::fs::{self, File};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get;
use muster_relay::{Relay, RelayConfig};

use crate::application::{document, serve, serve_with};
use crate::harness::{BackgroundProcess, TestMarket, until};
use crate::worker::{ask, endpoint, is_listed, key_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_service_breaks_takes_itself_out_of_the_book_and_comes_back() {
    let market = TestMarket::with_long_windows("application-breaks").await;
    let (folder, relay) = (&market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    market.fund_accounts(&["ada"]);
    let check = "kind = \"http\"\npath = \"/\"\ncontains = \"right\"";
    fs::write(folder.file("hello.toml"), document("hello", check)).unwrap();
    let text = Arc::new(Mutex::new("wrong"));
    let (answer, set) = (text.clone(), |new| *text.lock().unwrap() = new);
    let service = serve_with(move || *answer.lock().unwrap()).await;
    let options = "--price 1gwei --check-every 1 --application hello.toml --state ada.db";
    let run = format!(
        "worker run --account dev:ada {options} --upstream {service} --relay {}",
        relay.url()
    );
    let mut worker = BackgroundProcess::start(folder, &run);
    let health = worker.health();
    let status = async || {
        let response = reqwest::get(&health).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    // Nothing is registered before the service passes.
    until(async || status().await.0 == 503).await;
    let (_, report) = status().await;
    let why = "does not pass the check of hello: GET / answers with success and contains \"right\": wrong response";
    assert!(report.contains(why), "{report}");
    assert_eq!(folder.json("worker list")["workers"].as_array().unwrap().len(), 0);
    set("right");
    is_listed(folder, "ada").await;
    until(async || status().await.0 == 200).await;

    let is = async |available: bool| {
        until(async || {
            let shown = folder.json("worker show dev:ada");
            (&shown["available"], &shown["listed"]) == (&available.into(), &available.into())
        })
        .await;
    };
    set("wrong");
    is(false).await;
    assert_eq!(status().await.0, 503);
    // It remembers that it did so itself.
    assert_eq!(worker.terminate(), Some(0));
    set("right");
    let worker = BackgroundProcess::start(folder, &run);
    is(true).await;
    assert_eq!(worker.terminate(), Some(0));
    // What its owner has done, it does not undo.
    folder.json("worker available no --account dev:ada");
    let mut worker = BackgroundProcess::start(folder, &run);
    let health = worker.health();
    let says = async || reqwest::get(&health).await.unwrap().text().await.unwrap();
    until(async || says().await.contains("--return makes it available")).await;
    assert_eq!(folder.json("worker show dev:ada")["available"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_a_service_a_relay_or_a_command_that_starts_is_not_in_the_book() {
    let market = TestMarket::with_long_windows("application-unfit").await;
    let (folder, relay) = (&market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    let (relay, service) = (relay.url(), serve("hello").await);
    let url = service.as_str();
    let cases = [
        ("ada", format!("--upstream http://127.0.0.1:1 --relay {relay}"), "accepts no connections"),
        (
            "ben",
            format!("--upstream {url} --relay ws://127.0.0.1:1"),
            "no relay brings back a message",
        ),
        (
            "dan",
            format!("--upstream {url} --relay {relay} --public-url http://muster.invalid"),
            "has no address",
        ),
        ("eve", format!("--upstream {url} --relay {relay} --public-url {url}"), ""),
    ];
    market.fund_accounts(&["ada", "ben", "dan", "eve"]);
    for (name, options, why) in cases {
        let run = format!(
            "worker run --account dev:{name} --price 1gwei --check-every 1 --state {name}.db {options}"
        );
        let mut worker = BackgroundProcess::start(folder, &run);
        let health = worker.health();
        if why.is_empty() {
            is_listed(folder, name).await;
            continue;
        }
        until(async || {
            let response = reqwest::get(&health).await.unwrap();
            response.status() == 503 && response.text().await.unwrap().contains(why)
        })
        .await;
        let listed = folder.json("worker list");
        assert_eq!(listed["workers"].as_array().unwrap().len(), 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_says_which_requests_it_does_not_answer_with_success() {
    let market = TestMarket::with_long_windows("application-failures").await;
    let (folder, relay) = (&market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    market.fund_accounts(&["ada", "cleo"]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = listener.local_addr().unwrap();
    let app = Router::new().route("/", get(async || "hello"));
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    let run = format!(
        "worker run --account dev:ada --price 1gwei --state ada.db --upstream http://{service} --relay {}",
        relay.url()
    );
    let mut command = folder.command(&run);
    command.stderr(File::create(folder.file("ada.log")).unwrap());
    let mut worker = BackgroundProcess::spawn(command);
    worker.ready();
    is_listed(folder, "ada").await;
    let order = "--redundancy 1 --length 1200 --windows 1 --testers 0";
    let bought = folder.json(&format!("client buy {order} --account dev:cleo"));
    let agreement = bought["agreement"].as_str().unwrap();
    folder.json(&format!("agreement wait {agreement} --state running"));
    let key = key_of(folder, "ada");
    let (url, token) = endpoint(&relay.url(), agreement.parse().unwrap(), key).await;
    assert_eq!(ask(&url, &token).await.unwrap().status(), 200);
    for _ in 0..3 {
        assert_eq!(ask(&format!("{url}/health"), &token).await.unwrap().status(), 404);
    }
    let log = || fs::read_to_string(folder.file("ada.log")).unwrap();
    until(async || log().contains("not answered with success")).await;
    let log = log();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("not answered")).collect();
    let [line] = lines[..] else { panic!("{lines:?}") };
    assert!(line.contains("WARN") && line.contains("/health") && line.contains("404"), "{line}");
}
