//! The examples, all at once on one market, as a user would run them by hand.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use muster_client::OrderRequest;
use muster_client::protocol::abi::{Clock, Settings};
use muster_client::protocol::settings;
use stylus_devnode::Config;
use tokio::net::TcpListener;

use crate::env::{TestEnv, wait_until};

#[expect(dead_code, reason = "its `main` is not called here")]
#[path = "../../examples/first_purchase.rs"]
mod first_purchase;
#[expect(dead_code, reason = "its `main` is not called here")]
#[path = "../../examples/tester.rs"]
mod tester;
#[expect(dead_code, reason = "its `main` is not called here")]
#[path = "../../examples/watch_market.rs"]
mod watch_market;
#[expect(dead_code, reason = "its `main` is not called here")]
#[path = "../../examples/worker.rs"]
mod worker;

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_run_a_market_together() {
    let constants = Settings {
        acceptWindow: 150,
        reportWindow: 300,
        minLength: 1_200,
        minWindow: 600,
        // A probe that comes too late for its window costs less than the promise allows.
        probes: 12,
        ..settings::dev(Clock::ArbBlock)
    };
    let block_time = Some(Duration::from_millis(20));
    let env = TestEnv::with(Config { block_time, ..Config::any_port() }, &constants).await;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut programs = Vec::new();
    let (market, key) = (env.market(1).await, env.key(1));
    programs.push(tokio::spawn(async move { worker::work(&market, &key, listener).await }));
    for number in 2..5 {
        let (market, key) = (env.market(number).await, env.key(number));
        programs.push(tokio::spawn(async move { tester::run(&market, &key, port).await }));
    }
    let (client, epoch) = (env.market(5).await, env.market(5).await.epoch().await.unwrap());
    wait_until(async || client.tester_count(epoch).await.unwrap() == 3).await;
    wait_until(async || {
        client.book(muster_client::Application::default().0).await.unwrap().listed == 1
    })
    .await;

    let (seen, market) = (Arc::new(Mutex::new(Vec::new())), client.clone());
    let lines = seen.clone();
    let all_seen = tokio::spawn(async move {
        watch_market::watch(&market, |line| {
            let goes_on = !line.contains("AgreementSettled");
            lines.lock().unwrap().push(line);
            goes_on
        })
        .await;
    });

    let request = OrderRequest::Default { redundancy: 1, length: constants.minLength };
    let settlement = first_purchase::purchase(&client, &request).await.unwrap();
    let [worker] = settlement.workers.as_slice() else { panic!("{settlement:?}") };
    assert_eq!((worker.accepted, worker.known, worker.slash), (true, 2, 0));
    assert!(worker.uptime >= 9_000, "{worker:?}");
    assert_eq!((worker.pay, settlement.testers.len(), settlement.refund), (1_200_000, 3, 0));
    all_seen.await.unwrap();
    let seen = seen.lock().unwrap().join("\n");
    for event in ["WorkerRegistered", "ContractBought", "Accepted", "Reported", "AgreementSettled"]
    {
        assert!(seen.contains(event), "{event} was not seen in\n{seen}");
    }
    for program in programs {
        assert!(!program.is_finished(), "it ended early");
        program.abort();
    }
}
