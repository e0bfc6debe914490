//! Plays of workers against the measurement, with real daemons and a proxy in front of the worker's gateway. The numbers are
//! those of docs/security.md.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use muster_client::Agreement;
use muster_client::protocol::abi::State;
use muster_daemons::client::{ConnectDaemon, ConnectOptions};
use muster_daemons::worker::WorkerDaemon;
use muster_daemons::{DaemonContext, Measurement, Role};
use muster_messaging::ProxyUrl;
use reqwest::StatusCode;
use tokio::time::sleep;

use crate::client::{CLIENT_OPTIONS, RunningDaemon, http_get, wait_until};
use crate::echo_service::EchoService;
use crate::front_proxy::{FrontProxy, SeenRequest, TUNNEL_ADDRESS, Treatment, start_tunnel};
use crate::harness::{LENGTH, TestChain, WINDOWS, worker_options};
use crate::probing::{
    ACCEPT_WINDOW, PROBES, TICKS, measured, probe_window, start_testers, wait_for_passes,
    wait_until_for_sale,
};

/// Wei per tick.
const PRICE: u128 = 1_000_000_000;

/// A worker that plays, its client, and three testers.
struct Play {
    chain: TestChain,
    front: FrontProxy,
    agreement: Agreement,
    /// The client's local proxy.
    proxy: SocketAddr,
    testers: Vec<DaemonContext>,
    _running: Vec<RunningDaemon>,
    _service: EchoService,
}

impl Play {
    /// An agreement with the worker behind `front`, whose client and testers connect through `tunnel`.
    async fn start(front: FrontProxy, tunnel: Option<ProxyUrl>) -> Self {
        let (chain, service) = (TestChain::new().await, EchoService::start().await);
        let (testers, mut running) = start_testers(&chain, tunnel.clone()).await;
        let (signer, client) = (chain.new_account(), chain.new_account());
        let options = front.worker_options(worker_options(&service.url(), PRICE));
        let context = chain.context(Role::Worker, &signer).await;
        running.push(RunningDaemon::spawn(WorkerDaemon::start(context, options).await.unwrap()));
        wait_until_for_sale(&chain, &signer).await;

        let purchase = chain.buy(&client, 1, 3).await;
        let agreement = chain.agreement(&client, &purchase).await;
        let context = chain.context(Role::Client, &client).await;
        let (listen, probe_paths) = (([127, 0, 0, 1], 0).into(), vec!["/health".into()]);
        let options = ConnectOptions { listen, probe_paths, proxy: tunnel, client: CLIENT_OPTIONS };
        let daemon = ConnectDaemon::start(context, agreement.address(), options).await.unwrap();
        let proxy = daemon.address();
        running.push(RunningDaemon::spawn(daemon));
        wait_until(async || agreement.state().await.unwrap() == State::Running).await;
        let start = agreement.progress().await.unwrap().start();
        chain.advance_to(start + u64::from(ACCEPT_WINDOW) / 2).await;
        wait_for_passes(&testers, agreement.address()).await;
        Self { chain, front, agreement, proxy, testers, _running: running, _service: service }
    }

    /// Makes the probes of a window, then a request of the client; returns the status of its response.
    async fn run_window(&self, window: u8) -> StatusCode {
        let start = self.agreement.progress().await.unwrap().start();
        self.chain.advance_to(start + u64::from(window) * TICKS).await;
        self.front.window.store(window, Ordering::Relaxed);
        probe_window(&self.chain, &self.agreement, &self.testers, window).await;
        let status = http_get(self.proxy, "/health").await.0;
        // No request is under way when the next window begins.
        let mut count = 0;
        while count != self.front.requests().len() {
            count = self.front.requests().len();
            sleep(Duration::from_secs(1)).await;
        }
        status
    }

    /// What a tester has measured in a window.
    fn measured(&self, tester: &DaemonContext, window: u8) -> Measurement {
        measured(tester, self.agreement.address(), (0, window))
    }

    /// Settles the agreement, and returns the worker's pay.
    async fn settle(&self) -> u128 {
        let start = self.agreement.progress().await.unwrap().start();
        self.chain.advance_to(start + u64::from(LENGTH)).await;
        while self.agreement.state().await.unwrap() != State::Settled {
            self.chain.advance(20).await;
            sleep(Duration::from_millis(50)).await;
        }
        self.agreement.settlement().await.unwrap().unwrap().workers[0].pay
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn play_2_worker_that_answers_the_first_request_of_each_key_is_paid_for_that() {
    let front = FrontProxy::start(|requests| {
        let (new, before) = requests.split_last().unwrap();
        let is_known = before.iter().any(|request| request.session == new.session);
        if is_known { Treatment::Refuse } else { Treatment::Serve }
    });
    let play = Play::start(front.await, None).await;
    play.run_window(0).await;
    let mut served = BTreeMap::<String, Vec<Treatment>>::new();
    for SeenRequest { session, treatment, .. } in play.front.requests() {
        served.entry(session).or_default().push(treatment);
    }
    assert!(served.len() > 3, "three testers and the client: {served:?}");
    for tester in &play.testers {
        assert_eq!(play.measured(tester, 0).served, 1);
    }
    let paid = play.settle().await;
    assert_eq!(play.agreement.reports().await.unwrap().len(), 3);
    assert_eq!(paid, PRICE * u128::from(LENGTH) * 4 / 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn play_3_worker_that_refuses_what_it_knows_from_all_windows_before_refuses_nobody() {
    let front = FrontProxy::start(|requests| {
        let (new, before) = requests.split_last().unwrap();
        let is_known = |window: u8| {
            let mut then = before.iter().filter(|request| request.window == window);
            then.any(|request| request.session == new.session || request.token == new.token)
        };
        let is_client = new.window > 0 && (0..new.window).all(is_known);
        if is_client { Treatment::Refuse } else { Treatment::Serve }
    });
    let play = Play::start(front.await, None).await;
    for window in 0..WINDOWS {
        assert_eq!(play.run_window(window).await, StatusCode::OK);
        for tester in &play.testers {
            assert_eq!(play.measured(tester, window).served, PROBES);
        }
    }
    let (mut windows, requests) = (BTreeMap::<String, BTreeSet<u8>>::new(), play.front.requests());
    assert!(requests.iter().all(|request| request.treatment == Treatment::Serve));
    for SeenRequest { window, session, token, .. } in requests {
        windows.entry(session).or_default().insert(window);
        windows.entry(token).or_default().insert(window);
    }
    // A session and a token for each window of each tester, and of each of the client's keys.
    assert!(windows.len() >= 4 * 2 * usize::from(WINDOWS), "{windows:?}");
    assert!(windows.values().all(|windows| windows.len() == 1), "{windows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn play_11_worker_sees_the_address_of_a_proxy_alone() {
    let (url, _tunnel) = start_tunnel().await;
    let tunnel = ProxyUrl::parse(&url).unwrap();
    let front = FrontProxy::start(|_| Treatment::Serve).await;
    let play = Play::start(front, Some(tunnel)).await;
    assert_eq!(play.run_window(0).await, StatusCode::OK);
    let requests = play.front.requests();
    let sessions: BTreeSet<_> = requests.iter().map(|request| &request.session).collect();
    assert!(sessions.len() > 3, "three testers and the client");
    assert!(requests.iter().all(|request| request.peer == TUNNEL_ADDRESS), "{requests:?}");
}
