//! What a worker sees of a client that it would not see of a tester.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alloy::primitives::U256;
use muster_client::protocol::abi::Order;
use muster_client::{Offer, OrderRequest, message_key};
use muster_daemons::Role;
use muster_daemons::worker::WorkerDaemon;
use muster_messaging::{Claim, Content, InMemoryReplayGuard, Mailbox, Message, MessageKey, Pass};
use reqwest::StatusCode;
use stylus_devnode::CHAIN_ID;

use super::keys::tested_agreement;
use super::{ClientFixture, RunningDaemon, http_get, start_connect, wait_until};
use crate::echo_service::EchoService;
use crate::endpoint_client::send_request;
use crate::faulty_transport::{FaultyTransport, TransportState};
use crate::front_proxy::{FrontProxy, Treatment};
use crate::harness::{ETHER, TestChain, offer, order, worker_options};

#[tokio::test(flavor = "multi_thread")]
async fn worker_that_ignores_opening_messages_sees_no_key_of_another_window() {
    let fixture = ClientFixture::start(0).await;
    let agreement = tested_agreement(&fixture).await;
    let transport = FaultyTransport::new(&fixture.chain.transport);
    let node = fixture.chain.devnode.url();
    let context =
        fixture.chain.context_over(Role::Client, &fixture.client, &node, transport.clone()).await;
    let (connect, proxy) = start_connect(context.clone(), agreement.address()).await;
    let _running = RunningDaemon::spawn(connect);
    wait_until(async || http_get(proxy, "/").await.0 == StatusCode::OK).await;

    transport.set(TransportState::Lossy);
    fixture.chain.advance_to(agreement.progress().await.unwrap().start() + 1_200).await;
    // The opening message of the next key is lost, so the client knows which window it is.
    wait_until(async || !transport.lost().is_empty()).await;
    let served = || fixture.service.requests.lock().unwrap().len();
    let before = served();
    assert_eq!(http_get(proxy, "/").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(served(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn client_tests_its_connection_after_a_failure_as_testers_do() {
    let fixture = ClientFixture::start(0).await;
    let transport = fixture.chain.transport.clone();
    let (connect, proxy) =
        start_connect(fixture.context().await, fixture.agreement.address()).await;
    let _running = RunningDaemon::spawn(connect);
    wait_until(async || http_get(proxy, "/").await.0 == StatusCode::OK).await;
    let messages = transport.wraps().len();
    fixture.service.stop().await;
    assert_eq!(http_get(proxy, "/").await.0, StatusCode::BAD_GATEWAY);
    wait_until(async || transport.wraps().len() == messages + 1).await;
    let known = [message_key(&fixture.client), message_key(&fixture.worker_signer)];
    let last = transport.wraps().pop().unwrap();
    assert!(last.tags.public_keys().all(|key| known.iter().all(|known| key.to_bytes() != known.0)));
}

/// A worker behind a proxy of its own, and its agreement with a client that is connected to it.
struct FrontFixture {
    front: FrontProxy,
    proxy: SocketAddr,
    _parts: (TestChain, EchoService, [RunningDaemon; 2]),
}

impl FrontFixture {
    async fn start(front: FrontProxy) -> Self {
        let (chain, service) = (TestChain::new().await, EchoService::start().await);
        let (signer, client) = (chain.new_account(), chain.new_account());
        let options = front.worker_options(worker_options(&service.url(), 1_000_000_000));
        let context = chain.context(Role::Worker, &signer).await;
        let worker = RunningDaemon::spawn(WorkerDaemon::start(context, options).await.unwrap());
        let market = chain.market(&signer).await;
        wait_until(async || {
            market.worker(signer.address()).await.is_ok_and(|worker| worker.listed)
        })
        .await;
        let purchase = chain.buy(&client, 1, 0).await;
        let context = chain.context(Role::Client, &client).await;
        let (connect, proxy) = start_connect(context, purchase.agreement).await;
        let running = [worker, RunningDaemon::spawn(connect)];
        Self { front, proxy, _parts: (chain, service, running) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn client_repeats_a_request_whose_connection_was_cut_as_testers_do() {
    let cuts_next = Arc::<AtomicBool>::default();
    let cuts = cuts_next.clone();
    let front = FrontProxy::start(move |_| {
        if cuts.swap(false, Ordering::Relaxed) { Treatment::Cut } else { Treatment::Serve }
    });
    let fixture = FrontFixture::start(front.await).await;
    wait_until(async || http_get(fixture.proxy, "/").await.0 == StatusCode::OK).await;
    let before = fixture.front.requests().len();
    cuts_next.store(true, Ordering::Relaxed);
    assert_eq!(http_get(fixture.proxy, "/").await.0, StatusCode::OK);
    let requests = fixture.front.requests().split_off(before);
    let treated: Vec<_> = requests.iter().map(|request| request.treatment).collect();
    assert_eq!(treated, [Treatment::Cut, Treatment::Serve]);
    assert_eq!(requests[0].session, requests[1].session);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_delegations_expire_at_the_same_second_though_the_client_cancels() {
    let chain = TestChain::new().await;
    let offer = Offer { max_length: 400_000, ..offer(7) };
    let testers = chain.register_testers(3).await;
    let (worker, client) = (chain.register_worker(&offer).await, chain.new_account());
    let length = U256::from(400_000);
    let request = OrderRequest::Custom(Order { length, ..order(1, 3) });
    let purchase = chain.market(&client).await.buy(&request, ETHER).await.unwrap();
    chain.agreement(&worker, &purchase).await.accept().await.unwrap();
    let agreement = chain.agreement(&client, &purchase).await;
    let context = chain.context(Role::Client, &client).await;
    let (connect, proxy) = start_connect(context, agreement.address()).await;
    let _running = RunningDaemon::spawn(connect);

    // A pass from before the cancellation, of days later.
    let epoch = agreement.terms().header.epoch;
    let place = chain.market(&client).await.place(testers[0].address(), epoch).await.unwrap();
    let key = MessageKey::random().public();
    let request = Content::PassRequest { window: 0, place: place.unwrap(), key };
    let request = Message::request(CHAIN_ID, agreement.address(), request);
    let own = MessageKey::from_signer(&testers[0]).unwrap();
    let Content::Pass(Pass { delegation, .. }) =
        send_request(&chain, &own, message_key(&client), &request).await
    else {
        panic!("no pass")
    };
    let planned = agreement.times(&agreement.progress().await.unwrap()).end();
    let end = agreement.cancel().await.unwrap().end;
    assert!(end + 86_400 < planned, "{end} {planned}");

    // The client's own key afterwards.
    let replay_guard = Arc::new(InMemoryReplayGuard::default());
    let key = MessageKey::from_signer(&worker).unwrap();
    let mut mailbox = Mailbox::open(key, chain.transport.clone(), replay_guard).await.unwrap();
    let _request = tokio::spawn(http_get(proxy, "/"));
    let delivery = mailbox.next().await.unwrap();
    let Content::EndpointRequest { claim: Claim::Delegate { delegation: own } } =
        delivery.message.content
    else {
        panic!("{delivery:?}")
    };
    assert_eq!(own.until, delegation.until);
}
