//! An agreement whose testers are the tester under test and two that report nothing, and control over its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::IWorkAgreement::Reported;
use muster_client::protocol::abi::State;
use muster_client::{Agreement, NodeBuilder};
use muster_daemons::schedule::{Timing, derive, schedule};
use muster_daemons::tester::{Check, Checks, HttpCheck, TesterDaemon, TesterOptions};
use muster_daemons::{
    Backoff, DaemonContext, HealthReporter, Identity, Measurement, Payout, Role, Store,
    run as run_daemon,
};
use secrecy::ExposeSecret;
use tokio::select;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::mocks::{FaultyTransport, MockWorker, spawn_client, spawn_invalid_client};
use crate::harness::{LENGTH, TestChain, WINDOWS, offer};

/// Ticks of a window.
pub(super) const TICKS: u64 = 1_200;

/// Ticks that a worker has before it is measured.
const ACCEPT_WINDOW: u32 = 600;

/// Probes of a worker in a window.
pub(super) const PROBES: u8 = 3;

/// Seconds of an epoch.
pub(super) const EPOCH: u32 = 604_800;

/// Almost no pause between steps.
const BACKOFF: Backoff =
    Backoff { interval: Duration::from_millis(5), max_delay: Duration::from_millis(5) };

/// Waits until a condition is true.
pub(super) async fn wait_until(is_true: impl AsyncFn() -> bool) {
    while !is_true().await {
        sleep(Duration::from_millis(2)).await;
    }
}

/// The usual options of a tester.
pub(super) fn options() -> TesterOptions {
    let check = HttpCheck {
        path: "/health".to_owned(),
        paths: vec![],
        post: None,
        status: None,
        contains: Some("you asked for /health".to_owned()),
        sha256: None,
    };
    TesterOptions {
        checks: Checks::all(Check::Http(check)),
        probe_timeout: Duration::from_secs(5),
        proxy: None,
        payout: Payout { to: None, threshold: 1 },
        first_block: 0,
        leave: false,
    }
}

/// The usual options of a tester whose fees go to `payout`.
fn paying_to(payout: Address) -> TesterOptions {
    TesterOptions { payout: Payout { to: Some(payout), ..options().payout }, ..options() }
}

/// A tester that runs.
pub(super) struct RunningTester {
    /// Ends it.
    end: Arc<Notify>,
    /// Its loop.
    task: JoinHandle<()>,
}

impl RunningTester {
    /// Runs a tester.
    async fn spawn(context: DaemonContext, options: TesterOptions) -> Self {
        let mut tester = TesterDaemon::start(context, options).await.unwrap();
        let end = Arc::<Notify>::default();
        let notified = end.clone();
        let task = tokio::spawn(async move {
            let left = tester.left();
            let end = async {
                select! {
                    () = notified.notified() => {}
                    () = left => {}
                }
            };
            run_daemon(&mut tester, BACKOFF, &HealthReporter::default(), end).await.unwrap();
        });
        Self { end, task }
    }

    /// Ends it, and waits for that.
    pub(super) async fn stop(self) {
        self.end.notify_one();
        self.task.await.unwrap();
    }

    /// Waits until it has left the market.
    pub(super) async fn ended(self) {
        self.task.await.unwrap();
    }
}

/// The tester's context, once an earlier run has released the state file.
async fn open_context(
    chain: &TestChain,
    signer: &PrivateKeySigner,
    transport: &Arc<FaultyTransport>,
) -> DaemonContext {
    let (path, dispatcher, account) =
        (chain.state_path(signer), chain.dispatcher, signer.address());
    let chain_id = stylus_devnode::CHAIN_ID;
    let identity = Identity { role: Role::Tester, chain: chain_id, dispatcher, account };
    wait_until(async || Store::open(&path, &identity).is_ok()).await;
    let connect = NodeBuilder::new([chain.devnode.url()]);
    DaemonContext::open(connect, signer.clone(), dispatcher, Role::Tester, &path, transport.clone())
        .await
        .unwrap()
}

/// A transport that works.
fn faulty_transport(chain: &TestChain) -> Arc<FaultyTransport> {
    Arc::new(FaultyTransport {
        inner: chain.transport.clone(),
        state: std::sync::Mutex::default(),
        lost: AtomicUsize::new(0),
    })
}

/// Runs a tester without an agreement.
pub(super) async fn run_tester(
    chain: &TestChain,
    signer: &PrivateKeySigner,
    options: TesterOptions,
) -> RunningTester {
    RunningTester::spawn(open_context(chain, signer, &faulty_transport(chain)).await, options).await
}

/// A running agreement, its workers, and the tester under test.
pub(super) struct TesterFixture {
    /// The chain.
    pub(super) chain: TestChain,
    /// The tester's key.
    pub(super) signer: PrivateKeySigner,
    /// Where its fees go.
    pub(super) payout: Address,
    /// The tester's context.
    pub(super) context: DaemonContext,
    /// The tester's transport.
    pub(super) transport: Arc<FaultyTransport>,
    /// The tester's loop.
    running: RunningTester,
    /// The workers.
    pub(super) workers: Vec<MockWorker>,
    /// The agreement.
    pub(super) agreement: Agreement,
    /// The client's key.
    client: PrivateKeySigner,
    /// How many passes the client has sent, if it sends any.
    passes: Option<Arc<AtomicUsize>>,
}

impl TesterFixture {
    /// An agreement whose workers have all accepted.
    pub(super) async fn start(workers: u8) -> Self {
        let chain = TestChain::new().await;
        chain.register_testers(2).await;
        let (signer, payout) = (chain.new_account(), chain.new_account().address());
        let transport = faulty_transport(&chain);
        let context = open_context(&chain, &signer, &transport).await;
        let running = RunningTester::spawn(context.clone(), paying_to(payout)).await;
        let epoch = context.market().epoch().await.unwrap();
        wait_until(async || context.market().tester_count(epoch).await.unwrap() == 3).await;

        let (mut signers, mut mocks) = (Vec::new(), Vec::new());
        for price in 1..=workers {
            let worker = chain.register_worker(&offer(u128::from(price) * 1_000_000_000)).await;
            let market = chain.market(&worker).await;
            mocks.push(MockWorker::start(&worker, market, chain.transport.clone()).await);
            signers.push(worker);
        }
        let client = chain.new_account();
        let purchase = chain.buy(&client, workers, 3).await;
        for worker in &signers {
            chain.agreement(worker, &purchase).await.accept().await.unwrap();
        }
        let agreement = chain.agreement(&signer, &purchase).await;
        let (workers, passes) = (mocks, None);
        Self {
            chain,
            signer,
            payout,
            context,
            transport,
            running,
            workers,
            agreement,
            client,
            passes,
        }
    }

    /// The client answers requests for passes from now on, and the tester gets those for all windows.
    pub(super) async fn answer_passes(&mut self) {
        let market = self.chain.market(&self.client).await;
        let transport = self.chain.transport.clone();
        self.passes = Some(spawn_client(&self.client, market, transport).await);
        self.chain.advance_to(self.start_tick().await + u64::from(ACCEPT_WINDOW) / 2).await;
        let (store, address) = (self.context.store(), self.agreement.address());
        wait_until(async || (0..WINDOWS).all(|k| store.pass(address, k).unwrap().is_some())).await;
    }

    /// The client answers requests for passes with invalid ones from now on.
    pub(super) async fn answer_with_invalid_passes(&self) -> Arc<AtomicUsize> {
        spawn_invalid_client(&self.client, self.chain.transport.clone()).await
    }

    /// How many passes the client has sent.
    pub(super) fn pass_count(&self) -> usize {
        self.passes.as_ref().unwrap().load(Ordering::Relaxed)
    }

    /// The tick of the first accept.
    pub(super) async fn start_tick(&self) -> u64 {
        self.agreement.progress().await.unwrap().start()
    }

    /// The ticks of a worker's probes in a window.
    pub(super) async fn probe_ticks(&self, index: u8, window: u8) -> Vec<u64> {
        let (store, address) = (self.context.store(), self.agreement.address());
        wait_until(async || store.accepted_at(address, index).unwrap().is_some()).await;
        let accepted_at = store.accepted_at(address, index).unwrap().unwrap();
        let from = self.start_tick().await + u64::from(window) * TICKS;
        let timing =
            Timing { window: from..from + TICKS, accepted_at, accept_window: ACCEPT_WINDOW };
        let secret = store.secret("moments").unwrap();
        let seed = derive(secret.expose_secret(), address, &[window, index]);
        schedule(seed, &timing, PROBES).probes.iter().map(|moment| moment.tick).collect()
    }

    /// Makes the probes of all workers in a window that are due before the tick `until`.
    pub(super) async fn probe_until(&self, window: u8, until: u64) {
        let mut ticks = Vec::new();
        for index in (0..).take(self.workers.len()) {
            let of_worker = self.probe_ticks(index, window).await;
            ticks.extend(of_worker.into_iter().map(|tick| (tick, index)));
        }
        ticks.sort_unstable();
        for (tick, _) in ticks.iter().filter(|(tick, _)| *tick < until) {
            self.chain.advance_to(*tick).await;
            for index in (0..).take(self.workers.len()) {
                let due = ticks.iter().filter(|(at, worker)| *worker == index && at <= tick);
                let due = due.count();
                wait_until(async || usize::from(self.measured(index, window).begun) >= due).await;
            }
        }
    }

    /// Makes all probes of a window, and waits until so many of each worker count.
    pub(super) async fn probe_window(&self, window: u8, made: &[u8]) {
        self.probe_until(window, u64::MAX).await;
        for (index, made) in (0..).zip(made) {
            wait_until(async || self.measured(index, window).made == *made).await;
        }
    }

    /// What was measured of a worker in a window.
    pub(super) fn measured(&self, index: u8, window: u8) -> Measurement {
        let (store, address) = (self.context.store(), self.agreement.address());
        store.measurement(address, index, window, u64::MAX).unwrap()
    }

    /// Waits until a message of the tester is lost.
    pub(super) async fn wait_for_loss(&self) {
        wait_until(async || self.transport.lost.load(Ordering::Relaxed) > 0).await;
        self.transport.lost.store(0, Ordering::Relaxed);
    }

    /// Advances to the agreement's end, and waits for the report.
    pub(super) async fn until_reported(&self) -> Reported {
        self.chain.advance_to(self.start_tick().await + u64::from(LENGTH)).await;
        while self.agreement.reports().await.unwrap().is_empty() {
            self.chain.advance(20).await;
            sleep(Duration::from_millis(50)).await;
        }
        self.agreement.reports().await.unwrap().remove(0)
    }

    /// What a report found: index of the worker, window, probes made, probes served.
    pub(super) fn findings(report: &Reported) -> Vec<[u8; 4]> {
        report.findings.as_chunks().0.to_vec()
    }

    /// Advances until the agreement is settled.
    pub(super) async fn until_settled(&self) {
        while self.agreement.state().await.unwrap() != State::Settled {
            self.chain.advance(60).await;
        }
    }

    /// The same fixture after the tester was dropped in the middle of a step and started again.
    pub(super) async fn restart(self) -> Self {
        let Self { context, running, .. } = self;
        running.task.abort();
        drop((running.task.await, context));
        let context = open_context(&self.chain, &self.signer, &self.transport).await;
        let running = RunningTester::spawn(context.clone(), paying_to(self.payout)).await;
        Self { context, running, ..self }
    }
}
