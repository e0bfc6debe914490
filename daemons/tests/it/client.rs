//! The client: it connects to the service of its agreement, sends passes, and gets its money back. Purchases are in
//! `client/purchase.rs`.

use std::net::SocketAddr;
use std::time::Duration;

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use futures::{SinkExt, StreamExt};
use muster_client::protocol::abi::State;
use muster_client::{Agreement, message_key};
use muster_daemons::client::{ClientOptions, ConnectDaemon, ConnectOptions, fetch_endpoints};
use muster_daemons::worker::{WorkerDaemon, WorkerOptions};
use muster_daemons::{
    Backoff, Daemon, DaemonContext, DaemonError, EndpointId, HealthReporter, Payout, Role, run,
};
use muster_messaging::{Claim, Content, ExposeSecret, Message, MessageKey, Pass};
use reqwest::{Client, StatusCode};
use stylus_devnode::CHAIN_ID;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_tungstenite::{accept_async, connect_async};

use crate::echo_service::EchoService;
use crate::endpoint_client::{EndpointClient, send_request};
use crate::harness::{LENGTH, TestChain, worker_options};

mod hidden;
mod jobs;
mod keys;
mod purchase;
mod renewal;
mod replicas;

/// Short pauses between steps.
pub(crate) const BACKOFF: Backoff =
    Backoff { interval: Duration::from_millis(20), max_delay: Duration::from_millis(100) };

/// A daemon that runs beside a test.
pub(crate) struct RunningDaemon {
    /// Its loop.
    task: JoinHandle<Result<(), DaemonError>>,
}

impl RunningDaemon {
    /// Starts it.
    pub(crate) fn spawn(mut daemon: impl Daemon + 'static) -> Self {
        let task = tokio::spawn(async move {
            run(&mut daemon, BACKOFF, &HealthReporter::default(), std::future::pending()).await
        });
        Self { task }
    }

    /// Drops it in the middle of a step.
    pub(crate) async fn kill(self) {
        self.task.abort();
        drop(self.task.await);
    }
}

/// Waits until a condition is true.
pub(crate) async fn wait_until(is_true: impl AsyncFn() -> bool) {
    while !is_true().await {
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

/// A client that settles and withdraws at once.
pub(crate) const CLIENT_OPTIONS: ClientOptions =
    ClientOptions::new(Payout { to: None, threshold: 1 }, Duration::ZERO, 0);

/// A connection to an agreement, and the address of its proxy.
async fn start_connect(context: DaemonContext, agreement: Address) -> (ConnectDaemon, SocketAddr) {
    let (listen, probe_paths) = (([127, 0, 0, 1], 0).into(), vec!["/".into()]);
    let options = ConnectOptions { listen, probe_paths, proxy: None, client: CLIENT_OPTIONS };
    let daemon = ConnectDaemon::start(context, agreement, options).await.unwrap();
    let address = daemon.address();
    (daemon, address)
}

/// Whether the client has an endpoint for a window, key and worker.
fn has_endpoint(
    context: &DaemonContext,
    agreement: &Agreement,
    (window, slot, worker): (u8, u8, u8),
) -> bool {
    let id = EndpointId { agreement: agreement.address(), window, slot, worker };
    context.store().endpoint(&id).unwrap().is_some()
}

/// Status and body of the response to a GET request.
pub(crate) async fn http_get(proxy: SocketAddr, path: &str) -> (StatusCode, String) {
    let response = Client::new().get(format!("http://{proxy}{path}")).send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

/// A running agreement, its client, and its worker's daemon in front of a service.
struct ClientFixture {
    chain: TestChain,
    service: EchoService,
    worker: RunningDaemon,
    worker_signer: PrivateKeySigner,
    client: PrivateKeySigner,
    agreement: Agreement,
}

impl ClientFixture {
    async fn start(testers: u8) -> Self {
        let (chain, service) = (TestChain::new().await, EchoService::start().await);
        let (worker_signer, worker) = start_worker(&chain, &service.url(), 1_000_000_000).await;
        let client = chain.new_account();
        let purchase = chain.buy(&client, 1, testers).await;
        let agreement = chain.agreement(&client, &purchase).await;
        wait_until(async || agreement.state().await.unwrap() == State::Running).await;
        Self { chain, service, worker, worker_signer, client, agreement }
    }

    async fn context(&self) -> DaemonContext {
        self.chain.context(Role::Client, &self.client).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_serves_until_the_end_and_settles() {
    let fixture = ClientFixture::start(0).await;
    let context = fixture.context().await;
    let (connect, proxy) = start_connect(context.clone(), fixture.agreement.address()).await;
    let ended = connect.ended();
    let running = RunningDaemon::spawn(connect);
    wait_until(async || http_get(proxy, "/hello?a=b").await.0 == StatusCode::OK).await;
    assert_eq!(http_get(proxy, "/hello?a=b").await.1, "you asked for /hello");

    let address = fixture.agreement.address();
    // After a restart, the stored endpoint is used.
    running.kill().await;
    let (connect, proxy) = start_connect(context.clone(), address).await;
    assert_eq!(http_get(proxy, "/again").await.0, StatusCode::OK);
    drop(ended);
    let ended = connect.ended();
    let _running = RunningDaemon::spawn(connect);

    fixture.chain.advance(u64::from(LENGTH) + 600).await;
    ended.await;
    assert_eq!(fixture.agreement.state().await.unwrap(), State::Settled);
    let over = format!("{address} is over: buy another agreement");
    wait_until(async || http_get(proxy, "/late").await.1.contains(&over)).await;
    assert_eq!(http_get(proxy, "/late").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(context.market().credit(fixture.client.address()).await.unwrap(), 0);
    drop(fixture.worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn websocket_is_tunnelled_through_proxy_and_gateway() {
    let chain = TestChain::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let echo = tokio::spawn(async move {
        loop {
            // A plain request gets no response.
            let Ok(socket) = accept_async(listener.accept().await.unwrap().0).await else {
                continue;
            };
            let (mut sink, stream) = socket.split();
            drop(stream.take(1).forward(&mut sink).await);
        }
    });
    let (_, _worker) = start_worker(&chain, &url, 1_000_000_000).await;
    let client = chain.new_account();
    let purchase = chain.buy(&client, 1, 0).await;
    let agreement = chain.agreement(&client, &purchase).await;
    wait_until(async || agreement.state().await.unwrap() == State::Running).await;
    let context = chain.context(Role::Client, &client).await;
    let (connect, proxy) = start_connect(context.clone(), agreement.address()).await;
    let _running = RunningDaemon::spawn(connect);
    wait_until(async || has_endpoint(&context, &agreement, (0, 0, 0))).await;

    let (mut socket, _) = connect_async(format!("ws://{proxy}/")).await.unwrap();
    socket.send("hello".into()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().into_text().unwrap(), "hello");
    echo.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy_fails_over_to_the_next_worker() {
    let (chain, first, second) =
        (TestChain::new().await, EchoService::start().await, EchoService::start().await);
    let (_, cheap_worker) = start_worker(&chain, &first.url(), 1_000_000_000).await;
    let (_, _expensive_worker) = start_worker(&chain, &second.url(), 2_000_000_000).await;
    let client = chain.new_account();
    let purchase = chain.buy(&client, 2, 0).await;
    let agreement = chain.agreement(&client, &purchase).await;
    wait_until(async || agreement.progress().await.unwrap().course.accepted == 0b11).await;
    let context = chain.context(Role::Client, &client).await;
    let (connect, proxy) = start_connect(context.clone(), agreement.address()).await;
    let _running = RunningDaemon::spawn(connect);
    let known = |index| has_endpoint(&context, &agreement, (0, 0, index));
    wait_until(async || known(0) && known(1)).await;

    first.stop().await;
    assert_eq!(http_get(proxy, "/a").await, (StatusCode::OK, "you asked for /a".to_owned()));
    cheap_worker.kill().await;
    let posted = Client::new().post(format!("http://{proxy}/b")).body("text").send().await.unwrap();
    assert_eq!(posted.status(), StatusCode::OK);
    second.stop().await;
    let (status, text) = http_get(proxy, "/c").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pass_is_given_to_the_seated_tester_only() {
    let (chain, service) = (TestChain::new().await, EchoService::start().await);
    let (signer, _worker) = start_worker(&chain, &service.url(), 1_000_000_000).await;
    let (testers, client) = (chain.register_testers(3).await, chain.new_account());
    let purchase = chain.buy(&client, 1, 3).await;
    let agreement = chain.agreement(&client, &purchase).await;
    wait_until(async || agreement.state().await.unwrap() == State::Running).await;
    let context = chain.context(Role::Client, &client).await;
    let (connect, _) = start_connect(context, agreement.address()).await;
    let _running = RunningDaemon::spawn(connect);

    let window_key = MessageKey::random();
    let tester = &testers[0];
    let epoch = agreement.terms().header.epoch;
    let place = chain.market(tester).await.place(tester.address(), epoch).await.unwrap().unwrap();
    let request = Content::PassRequest { window: 0, place, key: window_key.public() };
    let request = Message::request(CHAIN_ID, agreement.address(), request);
    let (own, client_key) = (MessageKey::from_signer(tester).unwrap(), message_key(&client));
    let Content::Pass(Pass { delegation, .. }) =
        send_request(&chain, &own, client_key, &request).await
    else {
        panic!("no pass")
    };
    let (claim, key) = (Claim::Delegate { delegation }, message_key(&signer));
    let endpoint =
        EndpointClient::request_endpoint(&chain, &window_key, key, agreement.address(), claim)
            .await
            .unwrap();
    assert_eq!(endpoint.served().await, (0, 1));
    let refusal = send_request(&chain, &MessageKey::random(), client_key, &request).await;
    assert!(matches!(refusal, Content::Refusal { .. }), "{refusal:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_are_fetched_while_the_agreement_runs() {
    let fixture = ClientFixture::start(0).await;
    let (context, address) = (fixture.context().await, fixture.agreement.address());
    let [endpoint] = fetch_endpoints(&context, address).await.unwrap().try_into().unwrap();
    let request = Client::new().get(format!("{}/x", endpoint.url.expose_secret()));
    let response = request.bearer_auth(endpoint.token.expose_secret()).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "you asked for /x");
    fixture.chain.advance(LENGTH.into()).await;
    let error = fetch_endpoints(&context, address).await.unwrap_err();
    assert!(matches!(error, DaemonError::NotRunning(found) if found == address), "{error}");
    drop((fixture.worker, fixture.service));
}
