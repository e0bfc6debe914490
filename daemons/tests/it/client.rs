//! The client: it connects to the service of its agreement, gives passes, and gets its money back. How it buys is
//! in [`purchase`].

use std::net::SocketAddr;
use std::time::Duration;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use futures::{SinkExt, StreamExt};
use muster_client::protocol::abi::State;
use muster_client::{Agreement, message_key};
use muster_daemons::client::{ClientOptions, ConnectDaemon, ConnectOptions, fetch_endpoints};
use muster_daemons::worker::{WorkerDaemon, WorkerOptions};
use muster_daemons::{
    Backoff, Daemon, DaemonContext, DaemonError, HealthReporter, Payout, Role, run,
};
use muster_messaging::{Claim, Content, Message, MessageKey};
use reqwest::{Client, StatusCode};
use stylus_devnode::CHAIN_ID;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_tungstenite::{accept_async, connect_async};

use crate::endpoint_client::{EndpointClient, send_request};
use crate::harness::{EchoService, LENGTH, TestChain, worker_options};

mod purchase;

/// Short pauses, so that stories are short too.
const BACKOFF: Backoff =
    Backoff { interval: Duration::from_millis(20), max_delay: Duration::from_millis(100) };

/// A daemon that runs beside a story.
struct RunningDaemon {
    /// Its loop.
    task: JoinHandle<Result<(), DaemonError>>,
}

impl RunningDaemon {
    /// Starts it.
    fn spawn(mut daemon: impl Daemon + 'static) -> Self {
        let task = tokio::spawn(async move {
            run(&mut daemon, BACKOFF, &HealthReporter::default(), std::future::pending()).await
        });
        Self { task }
    }

    /// Ends it as if the power had failed.
    async fn kill(self) {
        self.task.abort();
        drop(self.task.await);
    }
}

/// Waits until something is so.
async fn wait_until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        sleep(Duration::from_millis(20)).await;
    }
}

/// A worker's daemon in front of a service, and its key.
async fn start_worker(
    chain: &TestChain,
    url: &str,
    price: u128,
) -> (PrivateKeySigner, RunningDaemon) {
    let signer = chain.new_account();
    let settle_delay = Duration::from_hours(1);
    let options = WorkerOptions { settle_delay, ..worker_options(url, price) };
    let context = chain.context(Role::Worker, &signer).await;
    let running = RunningDaemon::spawn(WorkerDaemon::start(context, options).await.unwrap());
    let market = chain.market(&signer).await;
    wait_until(async || market.worker(signer.address()).await.is_ok_and(|worker| worker.listed))
        .await;
    (signer, running)
}

/// A client that does everything at once.
const CLIENT_OPTIONS: ClientOptions = ClientOptions {
    only_agreement: None,
    payout: Payout { to: None, threshold: 1 },
    settle_delay: Duration::ZERO,
    first_block: 0,
};

/// A connection to an agreement, and where its door is.
async fn start_connect(context: DaemonContext, agreement: Address) -> (ConnectDaemon, SocketAddr) {
    let (listen, page) = (([127, 0, 0, 1], 0).into(), "/".into());
    let options = ConnectOptions { listen, probe_path: page, client: CLIENT_OPTIONS };
    let connection = ConnectDaemon::start(context, agreement, options).await.unwrap();
    let address = connection.address();
    (connection, address)
}

/// What a door answers: its status and its text.
async fn http_get(door: SocketAddr, path: &str) -> (StatusCode, String) {
    let response = Client::new().get(format!("http://{door}{path}")).send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

/// An agreement that runs, its client, and its worker's daemon in front of a service.
struct ClientFixture {
    chain: TestChain,
    service: EchoService,
    worker: RunningDaemon,
    client: PrivateKeySigner,
    agreement: Agreement,
}

impl ClientFixture {
    async fn start(testers: u8) -> Self {
        let (chain, service) = (TestChain::new().await, EchoService::start().await);
        let (_, worker) = start_worker(&chain, &service.url(), 1_000_000_000).await;
        let client = chain.new_account();
        let purchase = chain.buy(&client, 1, testers).await;
        let agreement = chain.agreement(&client, &purchase).await;
        wait_until(async || agreement.state().await.unwrap() == State::Running).await;
        Self { chain, service, worker, client, agreement }
    }

    async fn context(&self) -> DaemonContext {
        self.chain.context(Role::Client, &self.client).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_serves_until_the_end_and_settles() {
    let scene = ClientFixture::start(0).await;
    let base = scene.context().await;
    let (connection, door) = start_connect(base.clone(), scene.agreement.address()).await;
    let ended = connection.ended();
    let running = RunningDaemon::spawn(connection);
    wait_until(async || http_get(door, "/hello?a=b").await.0 == StatusCode::OK).await;
    assert_eq!(http_get(door, "/hello?a=b").await.1, "you asked for /hello");

    // The worker's receipts are kept.
    let address = scene.agreement.address();
    let receipt = base.store().observations(address, 0).unwrap().receipt.unwrap();
    let session = base.store().session_salt(address, || B256::ZERO).unwrap();
    let session = muster_client::Session { salt: session }.id(scene.client.address());
    let worker = scene.agreement.terms().worker(0).unwrap().account;
    assert_eq!(receipt.signer(scene.agreement.receipt_domain(), session), Some(worker));

    // A restart finds the way that it knew.
    running.kill().await;
    let (connection, door) = start_connect(base.clone(), address).await;
    assert_eq!(http_get(door, "/again").await.0, StatusCode::OK);
    drop(ended);
    let ended = connection.ended();
    let _running = RunningDaemon::spawn(connection);

    scene.chain.advance(u64::from(LENGTH) + 600).await;
    ended.await;
    assert_eq!(scene.agreement.state().await.unwrap(), State::Settled);
    assert_eq!(base.market().credit(scene.client.address()).await.unwrap(), 0);
    drop(scene.worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn websocket_is_tunnelled_through_proxy_and_gateway() {
    let world = TestChain::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let echo = tokio::spawn(async move {
        loop {
            // Whoever wants no WebSocket gets nothing.
            let Ok(socket) = accept_async(listener.accept().await.unwrap().0).await else {
                continue;
            };
            let (mut out, back) = socket.split();
            drop(back.take(1).forward(&mut out).await);
        }
    });
    let (_, _worker) = start_worker(&world, &url, 1_000_000_000).await;
    let client = world.new_account();
    let purchase = world.buy(&client, 1, 0).await;
    let agreement = world.agreement(&client, &purchase).await;
    wait_until(async || agreement.state().await.unwrap() == State::Running).await;
    let base = world.context(Role::Client, &client).await;
    let (connection, door) = start_connect(base.clone(), agreement.address()).await;
    let _running = RunningDaemon::spawn(connection);
    wait_until(async || base.store().endpoint(agreement.address(), 0).unwrap().is_some()).await;

    let (mut socket, _) = connect_async(format!("ws://{door}/")).await.unwrap();
    socket.send("hello".into()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().into_text().unwrap(), "hello");
    echo.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_window_is_probed_with_a_fresh_key() {
    let scene = ClientFixture::start(0).await;
    let world = &scene.chain;
    let testers = world.register_testers(3).await;
    let purchase = world.buy(&scene.client, 1, 3).await;
    let agreement = world.agreement(&scene.client, &purchase).await;
    wait_until(async || agreement.state().await.unwrap() == State::Running).await;
    let base = scene.context().await;
    let (connection, _) = start_connect(base.clone(), agreement.address()).await;
    let _running = RunningDaemon::spawn(connection);
    let mut tokens = Vec::new();
    for window in 0..2_u8 {
        let start = agreement.progress().await.unwrap().start;
        world.advance_to(start + (u64::from(window) + 1) * 1_200 - 150).await;
        let served = || {
            let seen = base.store().observations(agreement.address(), 0).unwrap();
            seen.receipt.is_some_and(|receipt| receipt.covers(window))
        };
        wait_until(async || served()).await;
        tokens.extend(base.store().endpoint(agreement.address(), 0).unwrap());
        world.advance_to(start + (u64::from(window) + 1) * 1_200).await;
    }
    assert_ne!(tokens[0].1, tokens[1].1, "a token is the same for the same key");
    drop(testers);
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy_fails_over_to_the_next_worker() {
    let (world, first, second) =
        (TestChain::new().await, EchoService::start().await, EchoService::start().await);
    let (_, cheap) = start_worker(&world, &first.url(), 1_000_000_000).await;
    let (_, _dear) = start_worker(&world, &second.url(), 2_000_000_000).await;
    let client = world.new_account();
    let purchase = world.buy(&client, 2, 0).await;
    let agreement = world.agreement(&client, &purchase).await;
    wait_until(async || agreement.progress().await.unwrap().accepted == 0b11).await;
    let base = world.context(Role::Client, &client).await;
    let (connection, door) = start_connect(base.clone(), agreement.address()).await;
    let _running = RunningDaemon::spawn(connection);
    let known = |index| base.store().endpoint(agreement.address(), index).unwrap().is_some();
    wait_until(async || known(0) && known(1)).await;

    first.stop().await;
    assert_eq!(http_get(door, "/a").await, (StatusCode::OK, "you asked for /a".to_owned()));
    cheap.kill().await;
    let posted = Client::new().post(format!("http://{door}/b")).body("text").send().await.unwrap();
    assert_eq!(posted.status(), StatusCode::OK);
    second.stop().await;
    let (status, text) = http_get(door, "/c").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pass_is_given_to_the_seated_tester_only() {
    let (world, service) = (TestChain::new().await, EchoService::start().await);
    let (signer, _worker) = start_worker(&world, &service.url(), 1_000_000_000).await;
    let (testers, client) = (world.register_testers(3).await, world.new_account());
    let purchase = world.buy(&client, 1, 3).await;
    let agreement = world.agreement(&client, &purchase).await;
    wait_until(async || agreement.state().await.unwrap() == State::Running).await;
    let base = world.context(Role::Client, &client).await;
    let (connection, _) = start_connect(base, agreement.address()).await;
    let _running = RunningDaemon::spawn(connection);

    let fresh = MessageKey::random();
    let tester = &testers[0];
    let epoch = agreement.terms().header.epoch;
    let place = world.market(tester).await.place(tester.address(), epoch).await.unwrap().unwrap();
    let request = Content::PassRequest { window: 0, place, key: fresh.public() };
    let request = Message::request(CHAIN_ID, agreement.address(), request);
    let (own, client_key) = (MessageKey::from_signer(tester).unwrap(), message_key(&client));
    let Content::Pass { delegation } = send_request(&world, &own, client_key, &request).await
    else {
        panic!("no pass")
    };
    let (claim, key) = (Claim::Delegate { delegation }, message_key(&signer));
    let guest = EndpointClient::request_endpoint(&world, &fresh, key, agreement.address(), claim)
        .await
        .unwrap();
    assert_eq!(guest.served().await, 0b1);
    let stranger = send_request(&world, &MessageKey::random(), client_key, &request).await;
    assert!(matches!(stranger, Content::Refusal { .. }), "{stranger:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_are_fetched_while_the_agreement_runs() {
    let scene = ClientFixture::start(0).await;
    let (base, address) = (scene.context().await, scene.agreement.address());
    let [entrance] = fetch_endpoints(&base, address).await.unwrap().try_into().unwrap();
    let request = Client::new().get(format!("{}/x", entrance.url.reveal()));
    let answer = request.bearer_auth(entrance.token.reveal()).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "you asked for /x");
    scene.chain.advance(LENGTH.into()).await;
    let over = fetch_endpoints(&base, address).await.unwrap_err();
    assert!(matches!(over, DaemonError::NotRunning(found) if found == address), "{over}");
    drop((scene.worker, scene.service));
}
