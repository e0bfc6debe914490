//! Testers check a client's service: a worker that answers wrongly is paid less.

use std::fs;
use std::net::Ipv4Addr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Response, Uri};
use futures::future::join_all;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use tokio::net::TcpListener;

use crate::component;
use crate::harness::{BackgroundProcess, TestMarket, free_port, until};
use crate::job_market::JobMarket;
use crate::services::{answers, up, write_example};

/// The checks of the example.
const CHECKS: &str = r#"[{"path": "/ada.svg", "status": 200}, {"path": "/ada.png", "status": 404},
    {"method": "POST", "path": "/ada.svg", "headers": {"accept": "*/*"}, "body": "x"}]"#;

/// Stands before a worker's gateway, and adds a blank to every answer of its service. Returns its URL.
async fn lie_for(gateway: u16) -> String {
    let forward = async move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        let url = format!("http://127.0.0.1:{gateway}{uri}");
        let request = reqwest::Client::new().request(method, url).headers(headers).body(body);
        // While the worker starts, nobody knows of it.
        let answer = request.send().await.unwrap();
        let mut response = Response::new(Body::empty());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        response.headers_mut().remove(CONTENT_LENGTH);
        response.headers_mut().remove(TRANSFER_ENCODING);
        let mut bytes = answer.bytes().await.unwrap().to_vec();
        if uri.path().starts_with("/service/http/") {
            bytes.push(b' ');
        }
        *response.body_mut() = bytes.into();
        response
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(
        async move { axum::serve(listener, Router::new().fallback(forward)).await.unwrap() },
    );
    url
}

/// What a tester has counted.
async fn metrics(health: &str) -> String {
    let url = health.replace("/health", "/metrics");
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_service_answers_wrongly_is_paid_less() {
    let test_market = TestMarket::new("checks-liar").await;
    let mut market = JobMarket::start_in(test_market, &["ada"]).await;
    let gateway = free_port();
    let public = lie_for(gateway).await;
    let lying = format!("--compute --listen 127.0.0.1:{gateway} --public-url {public}");
    market.add_worker("mallory", 2, &lying).await;
    write_example(market.folder());
    fs::write(market.folder().file("checks.json"), CHECKS).unwrap();
    let (relay, mut testers) = (market.relay.url(), Vec::new());
    market.market.join_testers(&["tom", "una", "vic"]);
    for name in ["tom", "una", "vic"] {
        let run = format!("tester run --account dev:{name} --relay {relay} --health 127.0.0.1:0");
        let mut tester = BackgroundProcess::start(market.folder(), &run);
        testers.push((tester.health(), tester));
    }
    let order = "--application wasm1 --redundancy 2 --length 60 --windows 4 --testers 3";
    let bought = market.folder().json(&format!("client buy --account dev:cleo {order}"));
    let agreement = bought["agreement"].as_str().unwrap();
    let options =
        format!("--agreement {agreement} --checks checks.json --courtesy 1 --env GREETING=hello");
    let (_process, _, url) = up(&market, &options);
    answers(&format!("{url}/"), "hello\n").await;
    let wrong = r#"muster_tester_failed_probes_total{reason="wrong response"}"#;
    until(async || {
        let counted = join_all(testers.iter().map(|(health, _)| metrics(health))).await;
        counted.iter().any(|counted| counted.contains(wrong))
    })
    .await;

    market.folder().json(&format!("agreement wait {agreement} --state settled"));
    let shown = market.folder().json(&format!("agreement show {agreement}"));
    let shares = |index: usize| shown["workers"][index]["shares"].as_str().unwrap().to_owned();
    let known = |shares: &str| -> Vec<u8> {
        shares.split_whitespace().filter_map(|share| share.parse().ok()).collect()
    };
    let mallory = market.folder().json("credit dev:mallory")["account"].clone();
    let liar = usize::from(shown["workers"][1]["account"] == mallory);
    assert!(known(&shares(1 - liar)).iter().all(|share| *share == 100), "{shown}");
    assert!(known(&shares(liar)).iter().any(|share| *share < 100), "{shown}");
    // Its jobs are right.
    assert!(known(&shares(liar)).iter().all(|share| *share > 0), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_that_the_component_does_not_pass_are_refused_before_anything_is_bought() {
    let market = JobMarket::start("checks-refused", &["ada"]).await;
    write_example(market.folder());
    let refused = |component: &str, checks: &str| {
        fs::write(market.folder().file("checks.json"), checks).unwrap();
        let up = format!("service up {component} --checks checks.json --budget 1eth --yes");
        let (code, _, stderr) = market.run(&up);
        assert_eq!(code, 1, "{stderr}");
        stderr
    };
    let zeros = "0".repeat(64);
    for (checks, reason) in [
        ("[", "not a JSON list"),
        ("[]", "there are 0 checks"),
        (r#"[{"path": "/"}, {"path": "ada.svg"}]"#, "check 2 cannot be requested"),
        (r#"[{"path": "/"}, {"path": "/ada.png", "status": 200}]"#, "check 2, of /ada.png"),
        (&format!(r#"[{{"path": "/", "sha256": "{zeros}"}}]"#), "check 1, of /"),
    ] {
        let said = refused("api.wasm", checks);
        assert!(said.contains(reason), "{checks}: {said}");
    }
    // Its answers depend on clocks and randomness, as far as anybody can tell.
    fs::write(market.folder().file("clock.wasm"), component::encode()).unwrap();
    let said = refused("clock.wasm", r#"[{"path": "/"}]"#);
    assert!(said.contains("testers cannot compare") && said.contains("wasi:clocks"), "{said}");
    let said = market.folder().run("service up api.wasm --checks none.json --account dev:cleo");
    assert!(said.stderr.contains("cannot read none.json"), "{}", said.stderr);
    assert_eq!(market.agreements(), 0);
}
