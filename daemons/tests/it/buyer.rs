//! The client: it connects to the service of its agreement, gives passes, and gets its money back. How it buys is
//! in [`purchase`].

use std::net::SocketAddr;
use std::time::Duration;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use futures::{SinkExt, StreamExt};
use muster_client::protocol::abi::State;
use muster_client::{Agreement, message_key};
use muster_daemons::buyer::{BuyerOptions, ConnectOptions, Connection, entrances};
use muster_daemons::worker::{Worker, WorkerOptions};
use muster_daemons::{Agent, AgentError, Base, Pace, Payout, Role, Status, run};
use muster_messaging::{Claim, Content, Message, MessageKey};
use reqwest::{Client, StatusCode};
use stylus_devnode::CHAIN_ID;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_tungstenite::{accept_async, connect_async};

use crate::guest::{Guest, ask};
use crate::harness::{LENGTH, Service, World, serving};

mod purchase;

/// Short pauses, so that stories are short too.
const PACE: Pace = Pace { rest: Duration::from_millis(20), longest: Duration::from_millis(100) };

/// A daemon that runs beside a story.
struct Running {
    /// Its loop.
    task: JoinHandle<Result<(), AgentError>>,
}

impl Running {
    /// Starts it.
    fn of(mut agent: impl Agent + 'static) -> Self {
        let task = tokio::spawn(async move {
            run(&mut agent, PACE, &Status::default(), std::future::pending()).await
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
async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        sleep(Duration::from_millis(20)).await;
    }
}

/// A worker's daemon in front of a service, and its key.
async fn worker(world: &World, url: &str, price: u128) -> (PrivateKeySigner, Running) {
    let signer = world.person();
    let courtesy = Duration::from_hours(1);
    let options = WorkerOptions { courtesy, ..serving(url, price) };
    let base = world.base(Role::Worker, &signer).await;
    let running = Running::of(Worker::start(base, options).await.unwrap());
    let market = world.market(&signer).await;
    until(async || market.worker(signer.address()).await.is_ok_and(|worker| worker.listed)).await;
    (signer, running)
}

/// A client that does everything at once.
const EAGER: BuyerOptions = BuyerOptions {
    only: None,
    payout: Payout { to: None, at_least: 1 },
    courtesy: Duration::ZERO,
    first_block: 0,
};

/// A connection to an agreement, and where its door is.
async fn connect(base: Base, agreement: Address) -> (Connection, SocketAddr) {
    let (listen, page) = (([127, 0, 0, 1], 0).into(), "/".into());
    let options = ConnectOptions { listen, page, buyer: EAGER };
    let connection = Connection::start(base, agreement, options).await.unwrap();
    let address = connection.address();
    (connection, address)
}

/// What a door answers: its status and its text.
async fn get(door: SocketAddr, path: &str) -> (StatusCode, String) {
    let answer = Client::new().get(format!("http://{door}{path}")).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

/// An agreement that runs, its client, and its worker's daemon in front of a service.
struct Scene {
    world: World,
    service: Service,
    worker: Running,
    client: PrivateKeySigner,
    agreement: Agreement,
}

impl Scene {
    async fn begin(testers: u8) -> Self {
        let (world, service) = (World::new().await, Service::start().await);
        let (_, worker) = worker(&world, &service.url(), 1_000_000_000).await;
        let client = world.person();
        let purchase = world.buy(&client, 1, testers).await;
        let agreement = world.agreement(&client, &purchase).await;
        until(async || agreement.state().await.unwrap() == State::Running).await;
        Self { world, service, worker, client, agreement }
    }

    async fn base(&self) -> Base {
        self.world.base(Role::Client, &self.client).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_leads_to_the_service_until_the_end_and_brings_the_money_back() {
    let scene = Scene::begin(0).await;
    let base = scene.base().await;
    let (connection, door) = connect(base.clone(), scene.agreement.address()).await;
    let ended = connection.ended();
    let running = Running::of(connection);
    until(async || get(door, "/hello?a=b").await.0 == StatusCode::OK).await;
    assert_eq!(get(door, "/hello?a=b").await.1, "you asked for /hello");

    // The worker's receipts are kept.
    let address = scene.agreement.address();
    let receipt = base.store().seen(address, 0).unwrap().receipt.unwrap();
    let session = base.store().salt(address, || B256::ZERO).unwrap();
    let session = muster_client::Session { salt: session }.id(scene.client.address());
    let worker = scene.agreement.terms().worker(0).unwrap().account;
    assert_eq!(receipt.signer(scene.agreement.receipt_domain(), session), Some(worker));

    // A restart finds the way that it knew.
    running.kill().await;
    let (connection, door) = connect(base.clone(), address).await;
    assert_eq!(get(door, "/again").await.0, StatusCode::OK);
    drop(ended);
    let ended = connection.ended();
    let _running = Running::of(connection);

    scene.world.pass(u64::from(LENGTH) + 600).await;
    ended.await;
    assert_eq!(scene.agreement.state().await.unwrap(), State::Settled);
    assert_eq!(base.market().credit(scene.client.address()).await.unwrap(), 0);
    drop(scene.worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_socket_passes_through_door_and_gateway() {
    let world = World::new().await;
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
    let (_, _worker) = worker(&world, &url, 1_000_000_000).await;
    let client = world.person();
    let purchase = world.buy(&client, 1, 0).await;
    let agreement = world.agreement(&client, &purchase).await;
    until(async || agreement.state().await.unwrap() == State::Running).await;
    let base = world.base(Role::Client, &client).await;
    let (connection, door) = connect(base.clone(), agreement.address()).await;
    let _running = Running::of(connection);
    until(async || base.store().endpoint(agreement.address(), 0).unwrap().is_some()).await;

    let (mut socket, _) = connect_async(format!("ws://{door}/")).await.unwrap();
    socket.send("hello".into()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().into_text().unwrap(), "hello");
    echo.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_window_is_looked_at_under_another_key() {
    let scene = Scene::begin(0).await;
    let world = &scene.world;
    let testers = world.testers(3).await;
    let purchase = world.buy(&scene.client, 1, 3).await;
    let agreement = world.agreement(&scene.client, &purchase).await;
    until(async || agreement.state().await.unwrap() == State::Running).await;
    let base = scene.base().await;
    let (connection, _) = connect(base.clone(), agreement.address()).await;
    let _running = Running::of(connection);
    let mut tokens = Vec::new();
    for window in 0..2_u8 {
        let start = agreement.progress().await.unwrap().start;
        world.pass_until(start + (u64::from(window) + 1) * 1_200 - 150).await;
        let served = || {
            let seen = base.store().seen(agreement.address(), 0).unwrap();
            seen.receipt.is_some_and(|receipt| receipt.covers(window))
        };
        until(async || served()).await;
        tokens.extend(base.store().endpoint(agreement.address(), 0).unwrap());
        world.pass_until(start + (u64::from(window) + 1) * 1_200).await;
    }
    assert_ne!(tokens[0].1, tokens[1].1, "a token is the same for the same key");
    drop(testers);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_worker_serves_when_one_is_gone() {
    let (world, first, second) =
        (World::new().await, Service::start().await, Service::start().await);
    let (_, cheap) = worker(&world, &first.url(), 1_000_000_000).await;
    let (_, _dear) = worker(&world, &second.url(), 2_000_000_000).await;
    let client = world.person();
    let purchase = world.buy(&client, 2, 0).await;
    let agreement = world.agreement(&client, &purchase).await;
    until(async || agreement.progress().await.unwrap().accepted == 0b11).await;
    let base = world.base(Role::Client, &client).await;
    let (connection, door) = connect(base.clone(), agreement.address()).await;
    let _running = Running::of(connection);
    let known = |index| base.store().endpoint(agreement.address(), index).unwrap().is_some();
    until(async || known(0) && known(1)).await;

    first.stop().await;
    assert_eq!(get(door, "/a").await, (StatusCode::OK, "you asked for /a".to_owned()));
    cheap.kill().await;
    let posted = Client::new().post(format!("http://{door}/b")).body("text").send().await.unwrap();
    assert_eq!(posted.status(), StatusCode::OK);
    second.stop().await;
    let (status, text) = get(door, "/c").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_gets_a_pass_that_lets_it_in_and_nobody_else_does() {
    let (world, service) = (World::new().await, Service::start().await);
    let (signer, _worker) = worker(&world, &service.url(), 1_000_000_000).await;
    let (testers, client) = (world.testers(3).await, world.person());
    let purchase = world.buy(&client, 1, 3).await;
    let agreement = world.agreement(&client, &purchase).await;
    until(async || agreement.state().await.unwrap() == State::Running).await;
    let base = world.base(Role::Client, &client).await;
    let (connection, _) = connect(base, agreement.address()).await;
    let _running = Running::of(connection);

    let fresh = MessageKey::random();
    let tester = &testers[0];
    let epoch = agreement.terms().header.epoch;
    let place = world.market(tester).await.place(tester.address(), epoch).await.unwrap().unwrap();
    let request = Content::PassRequest { window: 0, place, key: fresh.public() };
    let request = Message::request(CHAIN_ID, agreement.address(), request);
    let (own, client_key) = (MessageKey::from_signer(tester).unwrap(), message_key(&client));
    let Content::Pass { delegation } = ask(&world, &own, client_key, &request).await else {
        panic!("no pass")
    };
    let (claim, key) = (Claim::Delegate { delegation }, message_key(&signer));
    let guest = Guest::ask(&world, &fresh, key, agreement.address(), claim).await.unwrap();
    assert_eq!(guest.served().await, 0b1);
    let stranger = ask(&world, &MessageKey::random(), client_key, &request).await;
    assert!(matches!(stranger, Content::Refusal { .. }), "{stranger:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn entrances_are_told_while_the_agreement_runs() {
    let scene = Scene::begin(0).await;
    let (base, address) = (scene.base().await, scene.agreement.address());
    let [entrance] = entrances(&base, address).await.unwrap().try_into().unwrap();
    let request = Client::new().get(format!("{}/x", entrance.url.reveal()));
    let answer = request.bearer_auth(entrance.token.reveal()).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "you asked for /x");
    scene.world.pass(LENGTH.into()).await;
    let over = entrances(&base, address).await.unwrap_err();
    assert!(matches!(over, AgentError::NotRunning(found) if found == address), "{over}");
    drop((scene.worker, scene.service));
}
