//! An agreement whose testers are the one that is tested and two who say nothing, and how its time goes by.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::IWorkAgreement::Reported;
use muster_client::protocol::abi::State;
use muster_client::{Agreement, Connect};
use muster_daemons::tester::{Check, Checks, Page, Tester, TesterOptions};
use muster_daemons::{Base, Identity, Pace, Payout, Role, Seen, Status, Store, run as run_agent};
use tokio::select;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::fakes::{Line, Worker, client, false_client};
use crate::harness::{LENGTH, World, offer};

/// Ticks of a window.
pub(super) const TICKS: u64 = 1_200;

/// So many ticks before the end of a window no worker is looked at any more: one in 16 are kept for making
/// sure. Few of them go by while that is done.
pub(super) const LAST: u64 = TICKS / 16 - 5;

/// Seconds of an epoch.
pub(super) const EPOCH: u32 = 604_800;

/// Steps follow each other at once.
const PACE: Pace = Pace { rest: Duration::from_millis(5), longest: Duration::from_millis(5) };

/// Returns when something is true.
pub(super) async fn until(is_true: impl AsyncFn() -> bool) {
    while !is_true().await {
        sleep(Duration::from_millis(2)).await;
    }
}

/// What a tester of these stories is told.
pub(super) fn options() -> TesterOptions {
    let page = Page {
        path: "/health".to_owned(),
        post: None,
        status: None,
        contains: Some("you asked for /health".to_owned()),
        sha256: None,
    };
    TesterOptions {
        checks: Checks::all(Check::Http(page)),
        patience: Duration::from_secs(5),
        payout: Payout { to: None, at_least: 1 },
        first_block: 0,
        leave: false,
    }
}

/// A tester that runs.
pub(super) struct Running {
    /// Tells it to end.
    end: Arc<Notify>,
    /// Its loop.
    task: JoinHandle<()>,
}

impl Running {
    /// Runs a tester.
    async fn of(base: Base, options: TesterOptions) -> Self {
        let mut tester = Tester::start(base, options).await.unwrap();
        let end = Arc::<Notify>::default();
        let told = end.clone();
        let task = tokio::spawn(async move {
            let left = tester.left();
            let end = async {
                select! {
                    () = told.notified() => {}
                    () = left => {}
                }
            };
            run_agent(&mut tester, PACE, &Status::default(), end).await.unwrap();
        });
        Self { end, task }
    }

    /// Tells it to end, and waits for that.
    pub(super) async fn stop(self) {
        self.end.notify_one();
        self.task.await.unwrap();
    }

    /// Waits until it has left.
    pub(super) async fn ended(self) {
        self.task.await.unwrap();
    }
}

/// What a tester works with, once its earlier life has let go of the state file.
async fn base(world: &World, signer: &PrivateKeySigner, line: &Arc<Line>) -> Base {
    let (path, dispatcher, account) = (world.state(signer), world.dispatcher, signer.address());
    let chain = stylus_devnode::CHAIN_ID;
    let identity = Identity { role: Role::Tester, chain, dispatcher, account };
    until(async || Store::open(&path, &identity).is_ok()).await;
    let connect = Connect::to([world.chain.url()]);
    Base::open(connect, signer.clone(), dispatcher, Role::Tester, &path, line.clone())
        .await
        .unwrap()
}

/// A line that works.
fn line(world: &World) -> Arc<Line> {
    let local = world.letters.clone();
    Arc::new(Line { local, mood: std::sync::Mutex::default(), lost: AtomicUsize::new(0) })
}

/// Runs a tester without anybody else.
pub(super) async fn run(
    world: &World,
    signer: &PrivateKeySigner,
    options: TesterOptions,
) -> Running {
    Running::of(base(world, signer, &line(world)).await, options).await
}

/// An agreement that runs, its workers, and a tester.
pub(super) struct Scene {
    /// The chain.
    pub(super) world: World,
    /// The tester's key.
    pub(super) signer: PrivateKeySigner,
    /// Where its fees go.
    pub(super) payout: Address,
    /// What it works with.
    pub(super) base: Base,
    /// Its way for letters.
    pub(super) line: Arc<Line>,
    /// Its loop.
    running: Running,
    /// The workers' programs.
    pub(super) workers: Vec<Worker>,
    /// The agreement.
    pub(super) agreement: Agreement,
    /// Who bought it.
    client: PrivateKeySigner,
    /// How many passes the client has given, if it gives any.
    passes: Option<Arc<AtomicUsize>>,
}

impl Scene {
    /// An agreement with so many workers, all of which have accepted.
    pub(super) async fn begin(workers: u8) -> Self {
        let world = World::new().await;
        world.testers(2).await;
        let (signer, payout) = (world.person(), world.person().address());
        let line = line(&world);
        let base = base(&world, &signer, &line).await;
        let chosen =
            TesterOptions { payout: Payout { to: Some(payout), ..options().payout }, ..options() };
        let running = Running::of(base.clone(), chosen).await;
        let epoch = base.market().epoch().await.unwrap();
        until(async || base.market().tester_count(epoch).await.unwrap() == 3).await;

        let (mut signers, mut programs) = (Vec::new(), Vec::new());
        for price in 1..=workers {
            let worker = world.worker(&offer(u128::from(price) * 1_000_000_000)).await;
            let market = world.market(&worker).await;
            programs.push(Worker::start(&worker, market, world.letters.clone()).await);
            signers.push(worker);
        }
        let client = world.person();
        let purchase = world.buy(&client, workers, 3).await;
        for worker in &signers {
            world.agreement(worker, &purchase).await.accept().await.unwrap();
        }
        let agreement = world.agreement(&signer, &purchase).await;
        let (workers, passes) = (programs, None);
        Self { world, signer, payout, base, line, running, workers, agreement, client, passes }
    }

    /// Lets the client answer requests for passes from now on.
    pub(super) async fn answer_passes(&mut self) {
        let market = self.world.market(&self.client).await;
        let letters = self.world.letters.clone();
        self.passes = Some(client(&self.client, market, letters).await);
        self.passes_are(1).await;
    }

    /// Lets the client answer requests for passes with worthless ones.
    pub(super) async fn answer_falsely(&self) {
        false_client(&self.client, self.world.letters.clone()).await;
    }

    /// Waits until the client has given so many passes.
    pub(super) async fn passes_are(&self, count: usize) {
        let passes = self.passes.as_ref().unwrap();
        until(async || passes.load(Ordering::Relaxed) >= count).await;
    }

    /// Goes to the first tick of a window, and returns it.
    pub(super) async fn enter_blindly(&self, window: u8) -> u64 {
        let start = self.agreement.progress().await.unwrap().start;
        let tick = start + u64::from(window) * TICKS;
        self.world.pass_until(tick).await;
        tick
    }

    /// Goes to the first tick of a window; if the client answers at all, the tester has its pass then.
    pub(super) async fn enter(&self, window: u8) -> u64 {
        let tick = self.enter_blindly(window).await;
        if self.passes.is_some() {
            self.passes_are(usize::from(window) + 1).await;
        }
        tick
    }

    /// Lets time go by until workers have to be looked at, and waits until this one was, with success.
    pub(super) async fn until_served(&self, index: u8, window: u8) {
        self.before_end(window, TICKS / 8).await;
        let served = |seen: Seen| seen.receipt.is_some_and(|receipt| receipt.covers(window));
        until(async || served(self.seen(index))).await;
    }

    /// Lets time go by until the worker was looked at in vain for the last time.
    pub(super) async fn until_failed(&self, index: u8, window: u8) {
        self.before_end(window, TICKS / 8).await;
        let worker = &self.workers[usize::from(index)];
        until(async || worker.times_asked() > usize::from(window)).await;
        self.before_end(window, LAST).await;
        until(async || self.seen(index).failed & (1 << window) != 0).await;
    }

    /// Goes to a tick of a window that is so many ticks before its end.
    pub(super) async fn before_end(&self, window: u8, ticks: u64) {
        let start = self.agreement.progress().await.unwrap().start;
        self.world.pass_until(start + (u64::from(window) + 1) * TICKS - ticks).await;
    }

    /// Waits until a letter of the tester's is lost.
    pub(super) async fn loses_one(&self) {
        until(async || self.line.lost.load(Ordering::Relaxed) > 0).await;
        self.line.lost.store(0, Ordering::Relaxed);
    }

    /// What was seen of a worker.
    pub(super) fn seen(&self, index: u8) -> Seen {
        self.base.store().seen(self.agreement.address(), index).unwrap()
    }

    /// Goes to the agreement's end, and waits for the report.
    pub(super) async fn until_reported(&self) -> Reported {
        let start = self.agreement.progress().await.unwrap().start;
        self.world.pass_until(start + u64::from(LENGTH)).await;
        until(async || !self.agreement.reports().await.unwrap().is_empty()).await;
        self.agreement.reports().await.unwrap().remove(0)
    }

    /// Lets time go by until somebody has settled.
    pub(super) async fn until_settled(&self) {
        while self.agreement.state().await.unwrap() != State::Settled {
            self.world.pass(60).await;
        }
    }

    /// The same scene, with the tester ended in the middle and started again.
    pub(super) async fn restart(self) -> Self {
        let Self { world, signer, payout, line, base: old, running, .. } = self;
        running.task.abort();
        drop((running.task.await, old));
        let base = base(&world, &signer, &line).await;
        let chosen =
            TesterOptions { payout: Payout { to: Some(payout), ..options().payout }, ..options() };
        let running = Running::of(base.clone(), chosen).await;
        let Self { workers, agreement, client, passes, .. } = self;
        Self { world, signer, payout, base, line, running, workers, agreement, client, passes }
    }
}
