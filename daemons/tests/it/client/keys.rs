//! The keys of a client: opened and used as testers open and use theirs.

use std::time::Duration;

use muster_client::Agreement;
use muster_client::protocol::abi::State;
use muster_daemons::EndpointId;
use reqwest::{Client, StatusCode};
use tokio::time::sleep;

use super::{ClientFixture, RunningDaemon, has_endpoint, http_get, start_connect, wait_until};
use crate::harness::TestChain;

/// An agreement with three testers, which do nothing.
pub(super) async fn tested_agreement(fixture: &ClientFixture) -> Agreement {
    fixture.chain.register_testers(3).await;
    let purchase = fixture.chain.buy(&fixture.client, 1, 3).await;
    let agreement = fixture.chain.agreement(&fixture.client, &purchase).await;
    wait_until(async || agreement.state().await.unwrap() == State::Running).await;
    agreement
}

/// Advances the clock to so many ticks after the start, so slowly that no moment is missed.
pub(super) async fn advance_slowly(chain: &TestChain, agreement: &Agreement, ticks: u64) {
    let end = agreement.progress().await.unwrap().start() + ticks;
    while chain.tick().await < end {
        chain.advance(30.min(end - chain.tick().await)).await;
        sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_window_is_probed_under_a_fresh_key_as_often_as_testers_probe() {
    let fixture = ClientFixture::start(0).await;
    let agreement = tested_agreement(&fixture).await;
    let context = fixture.context().await;
    let (connect, _) = start_connect(context.clone(), agreement.address()).await;
    let _running = RunningDaemon::spawn(connect);
    advance_slowly(&fixture.chain, &agreement, 300).await;
    assert!(!has_endpoint(&context, &agreement, (0, 0, 0)), "testers wait for their passes");
    advance_slowly(&fixture.chain, &agreement, 600).await;
    wait_until(async || has_endpoint(&context, &agreement, (0, 0, 0))).await;
    advance_slowly(&fixture.chain, &agreement, 1_230).await;
    wait_until(async || has_endpoint(&context, &agreement, (1, 0, 0))).await;
    let token = |window| {
        let agreement = agreement.address();
        let id = EndpointId { agreement, window, slot: 0, worker: 0 };
        context.store().endpoint(&id).unwrap().unwrap().1
    };
    assert_ne!(token(0), token(1), "equal keys have equal tokens");
    assert!(!has_endpoint(&context, &agreement, (0, 1, 0)), "one key is enough");
    // One of the next window may have been made.
    let made = fixture.service.requests.lock().unwrap().len();
    assert!((3..=4).contains(&made), "{made}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_are_spread_over_keys_and_look_like_probes() {
    let fixture = ClientFixture::start(0).await;
    let agreement = tested_agreement(&fixture).await;
    let context = fixture.context().await;
    let (connect, proxy) = start_connect(context.clone(), agreement.address()).await;
    let _running = RunningDaemon::spawn(connect);
    // The first request opens the key ahead of its moment.
    wait_until(async || http_get(proxy, "/").await.0 == StatusCode::OK).await;
    fixture.chain.advance_to(agreement.progress().await.unwrap().start() + 600).await;
    let browser = Client::builder().user_agent("browser").build().unwrap();
    for slot in 1..4 {
        let used = has_endpoint(&context, &agreement, (0, slot, 0));
        while !used && !has_endpoint(&context, &agreement, (0, slot, 0)) {
            let get = browser.get(format!("http://{proxy}/")).header("accept-language", "de");
            assert_eq!(get.send().await.unwrap().status(), StatusCode::OK);
            sleep(Duration::from_millis(50)).await;
        }
    }
    let requests = fixture.service.requests.lock().unwrap().clone();
    for headers in &requests[1..] {
        assert_eq!(headers, &requests[0], "the first was made by another program");
    }
}
