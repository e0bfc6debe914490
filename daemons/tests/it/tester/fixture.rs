//! An agreement whose testers are the tester under test and two that report nothing, and control over its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::IWorkAgreement::Reported;
use muster_client::protocol::abi::State;
use muster_client::{Agreement, NodeBuilder};
use muster_daemons::tester::{Check, Checks, HttpCheck, TesterDaemon, TesterOptions};
use muster_daemons::{
    Backoff, DaemonContext, HealthReporter, Identity, Observations, Payout, Role, Store,
    run as run_daemon,
};
use tokio::select;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::mocks::{FaultyTransport, MockWorker, spawn_client, spawn_invalid_client};
use crate::harness::{LENGTH, TestChain, offer};

/// Ticks of a window.
pub(super) const TICKS: u64 = 1_200;

/// Ticks before the end of a window in which no worker is probed any more: a sixteenth of the window, less those that
/// pass while a failure is confirmed.
pub(super) const GRACE_TICKS: u64 = TICKS / 16 - 5;

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
        post: None,
        status: None,
        contains: Some("you asked for /health".to_owned()),
        sha256: None,
    };
    TesterOptions {
        checks: Checks::all(Check::Http(check)),
        probe_timeout: Duration::from_secs(5),
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

/// Runs a tester without an agreement.
pub(super) async fn run_tester(
    chain: &TestChain,
    signer: &PrivateKeySigner,
    options: TesterOptions,
) -> RunningTester {
    RunningTester::spawn(
        open_context(chain, signer, &FaultyTransport::new(&chain.transport)).await,
        options,
    )
    .await
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
        let transport = FaultyTransport::new(&chain.transport);
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

    /// The client answers requests for passes from now on.
    pub(super) async fn answer_passes(&mut self) {
        let market = self.chain.market(&self.client).await;
        let transport = self.chain.transport.clone();
        self.passes = Some(spawn_client(&self.client, market, transport).await);
        self.wait_for_passes(1).await;
    }

    /// The client answers requests for passes with invalid ones from now on.
    pub(super) async fn answer_with_invalid_passes(&self) {
        spawn_invalid_client(&self.client, self.chain.transport.clone()).await;
    }

    /// Waits until the client has sent so many passes.
    pub(super) async fn wait_for_passes(&self, count: usize) {
        let passes = self.passes.as_ref().unwrap();
        wait_until(async || passes.load(Ordering::Relaxed) >= count).await;
    }

    /// Advances to the first tick of a window, and returns it.
    pub(super) async fn enter_window(&self, window: u8) -> u64 {
        let start = self.agreement.progress().await.unwrap().start;
        let tick = start + u64::from(window) * TICKS;
        self.chain.advance_to(tick).await;
        tick
    }

    /// Advances to the first tick of a window, and waits for the tester's pass if the client sends any.
    pub(super) async fn enter_window_with_pass(&self, window: u8) -> u64 {
        let tick = self.enter_window(window).await;
        if self.passes.is_some() {
            self.wait_for_passes(usize::from(window) + 1).await;
        }
        tick
    }

    /// Advances until the probe is due, and waits until the worker was probed with success.
    pub(super) async fn until_served(&self, index: u8, window: u8) {
        self.before_end(window, TICKS / 8).await;
        let served = |observations: Observations| {
            observations.receipt.is_some_and(|receipt| receipt.covers(window))
        };
        wait_until(async || served(self.observations(index))).await;
    }

    /// Advances until the last probe of the worker has failed.
    pub(super) async fn until_failed(&self, index: u8, window: u8) {
        self.before_end(window, TICKS / 8).await;
        let worker = &self.workers[usize::from(index)];
        wait_until(async || worker.request_count() > usize::from(window)).await;
        self.before_end(window, GRACE_TICKS).await;
        wait_until(async || self.observations(index).failed & (1 << window) != 0).await;
    }

    /// Advances to so many ticks before the end of a window.
    pub(super) async fn before_end(&self, window: u8, ticks: u64) {
        let start = self.agreement.progress().await.unwrap().start;
        self.chain.advance_to(start + (u64::from(window) + 1) * TICKS - ticks).await;
    }

    /// Waits until a message of the tester is lost.
    pub(super) async fn wait_for_loss(&self) {
        wait_until(async || self.transport.lost.load(Ordering::Relaxed) > 0).await;
        self.transport.lost.store(0, Ordering::Relaxed);
    }

    /// The observations of a worker.
    pub(super) fn observations(&self, index: u8) -> Observations {
        self.context.store().observations(self.agreement.address(), index).unwrap()
    }

    /// Advances to the agreement's end, and waits for the report.
    pub(super) async fn until_reported(&self) -> Reported {
        let start = self.agreement.progress().await.unwrap().start;
        self.chain.advance_to(start + u64::from(LENGTH)).await;
        wait_until(async || !self.agreement.reports().await.unwrap().is_empty()).await;
        self.agreement.reports().await.unwrap().remove(0)
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
