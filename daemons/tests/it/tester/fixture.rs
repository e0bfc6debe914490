//! An agreement whose testers are the tester under test and two that report nothing, and control over its time.

use std::collections::HashSet;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::IWorkAgreement::{IWorkAgreementEvents, Reported};
use muster_client::protocol::abi::State;
use muster_client::{Agreement, MarketEvent};
use muster_daemons::schedule::derive;
use muster_daemons::{DaemonContext, Measurement};
use muster_messaging::{MessageKey, SampleSource};
use secrecy::ExposeSecret;
use tokio::time::sleep;

use super::mock_clients::{spawn_client, spawn_invalid_client};
use super::mocks::MockWorker;
use super::running::{RunningTester, open_context, paying_to, wait_until};
use crate::faulty_transport::FaultyTransport;
use crate::harness::{LENGTH, TestChain, offer};
use crate::probing::{ACCEPT_WINDOW, PROBES, measured, probe_ticks, wait_for_passes};

/// Seconds of an epoch.
pub(super) const EPOCH: u32 = 604_800;

/// A running agreement, its workers, and the tester under test.
pub(super) struct TesterFixture {
    /// The chain.
    pub(super) chain: TestChain,
    /// The URL of the node that the tester asks after a restart.
    pub(super) node: String,
    /// The tester's key.
    pub(super) signer: PrivateKeySigner,
    /// The other testers.
    pub(super) others: Vec<PrivateKeySigner>,
    /// Where its fees go.
    pub(super) payout: Address,
    /// The tester's context.
    pub(super) context: DaemonContext,
    /// The tester's transport.
    pub(super) transport: Arc<FaultyTransport>,
    /// The tester's loop.
    running: Option<RunningTester>,
    /// The workers.
    pub(super) workers: Vec<MockWorker>,
    /// The agreement.
    pub(super) agreement: Agreement,
    /// The client's jobs for testers.
    pub(super) samples: Option<Arc<dyn SampleSource>>,
    /// The client's key.
    client: PrivateKeySigner,
    /// How many passes the client has sent, if it sends any.
    passes: Option<Arc<AtomicUsize>>,
}

impl TesterFixture {
    /// An agreement with three testers whose workers have all accepted.
    pub(super) async fn start(workers: u8) -> Self {
        Self::start_with(workers, 3).await
    }

    /// The same with so many testers.
    pub(super) async fn start_with(workers: u8, testers: u8) -> Self {
        Self::start_on(TestChain::new().await, workers, testers).await
    }

    /// The same for workers that run jobs. The tester has no check.
    pub(super) async fn start_for_jobs(workers: u8) -> Self {
        let mut chain = TestChain::new().await;
        chain.application = "wasm1".parse().unwrap();
        Self::start_on(chain, workers, 3).await
    }

    /// The same on this chain.
    async fn start_on(chain: TestChain, workers: u8, testers: u8) -> Self {
        let others = chain.register_testers(usize::from(testers) - 1).await;
        let (signer, payout) = (chain.new_account(), chain.new_account().address());
        let transport = FaultyTransport::new(&chain.transport);
        let context = open_context(&chain, &signer, &chain.devnode.url(), &transport).await;
        let running = RunningTester::spawn(context.clone(), paying_to(payout)).await;
        let next = context.market().epoch().await.unwrap() + 1;
        let count = async || context.market().tester_count(next).await.unwrap();
        wait_until(async || count().await == u32::from(testers)).await;
        if testers > 3 {
            // The first list takes no more.
            chain.advance(EPOCH.into()).await;
        }

        let (mut signers, mut mocks) = (Vec::new(), Vec::new());
        for price in 1..=workers {
            let worker = chain.register_worker(&offer(u128::from(price) * 1_000_000_000)).await;
            let market = chain.market(&worker).await;
            let application = chain.application;
            let transport = chain.transport.clone();
            mocks.push(MockWorker::start(&worker, market, application, transport).await);
            signers.push(worker);
        }
        let client = chain.new_account();
        let purchase = chain.buy(&client, workers, testers).await;
        for worker in &signers {
            chain.agreement(worker, &purchase).await.accept().await.unwrap();
        }
        let agreement = chain.agreement(&signer, &purchase).await;
        for worker in &mocks {
            worker.sign_results_in(agreement.receipt_domain());
        }
        let (workers, passes) = (mocks, None);
        Self {
            node: chain.devnode.url(),
            chain,
            signer,
            others,
            payout,
            context,
            transport,
            running: Some(running),
            workers,
            agreement,
            samples: None,
            client,
            passes,
        }
    }

    /// The client answers requests for passes from now on, and the tester gets those for all windows.
    pub(super) async fn answer_passes(&mut self) {
        let market = self.chain.market(&self.client).await;
        let transport = self.chain.transport.clone();
        let samples = self.samples.clone();
        self.passes = Some(spawn_client(&self.client, market, transport, samples).await);
        self.chain.advance_to(self.start_tick().await + u64::from(ACCEPT_WINDOW) / 2).await;
        wait_for_passes(slice::from_ref(&self.context), self.agreement.address()).await;
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
        probe_ticks(&self.context, &self.agreement, (index, window)).await
    }

    /// Makes the probes of all workers in a window that are due before the tick `until`. With `counts`, each ends before the
    /// next begins.
    pub(super) async fn probe_until(&self, window: u8, until: u64, counts: bool) {
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
                let ended =
                    |measured: Measurement| if counts { measured.made } else { measured.begun };
                wait_until(async || usize::from(ended(self.measured(index, window))) >= due).await;
            }
        }
    }

    /// Makes all probes of a window, and waits until so many of each worker count.
    pub(super) async fn probe_window(&self, window: u8, made: &[u8]) {
        let is_silent = self.workers.iter().any(MockWorker::is_silent);
        self.probe_until(window, u64::MAX, made.iter().all(|made| *made > 0) && !is_silent).await;
        for (index, made) in (0..).zip(made) {
            wait_until(async || self.measured(index, window).made == *made).await;
        }
    }

    /// The transactions that have reports.
    pub(super) async fn report_transactions(&self) -> HashSet<B256> {
        let market = self.context.market();
        let head = market.node().head().await.unwrap().number;
        let records = market.history(0, head).await.unwrap();
        let is_report = |event: &MarketEvent| {
            matches!(event, MarketEvent::Agreement(_, IWorkAgreementEvents::Reported(_)))
        };
        let reports = records.iter().filter(|record| is_report(&record.event));
        reports.map(|record| record.transaction).collect()
    }

    /// What was measured of a worker in a window.
    pub(super) fn measured(&self, index: u8, window: u8) -> Measurement {
        measured(&self.context, self.agreement.address(), (index, window))
    }

    /// The tester's key for messages in a window.
    pub(super) fn window_key(&self, window: u8) -> B256 {
        let secret = self.context.store().secret("passes").unwrap();
        let bytes = derive(secret.expose_secret(), self.agreement.address(), &[window]);
        MessageKey::from_bytes(&bytes).unwrap().public()
    }

    /// How often the first worker was asked for its endpoint under the key of a window.
    pub(super) fn request_count(&self, window: u8) -> usize {
        let (requests, key) =
            (self.workers[0].endpoint_requests.lock().unwrap(), self.window_key(window));
        requests.iter().filter(|(_, sender)| *sender == key).count()
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

    /// What the report finds of a worker that has served so many of all probes in a window. If these lie close together, the
    /// receipt supports fewer.
    pub(super) fn finding(&self, index: u8, window: u8, served: u8) -> [u8; 4] {
        let measured = self.measured(index, window);
        let counts = (measured.made, measured.served);
        assert_eq!(counts, (PROBES, served), "worker {index}, window {window}");
        measured.entry(index, window).finding()
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

    /// Drops the tester in the middle of a step.
    pub(super) async fn kill_tester(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill().await;
        }
    }

    /// The same fixture after the tester was dropped in the middle of a step and started again.
    pub(super) async fn restart(mut self) -> Self {
        self.kill_tester().await;
        let Self { context, .. } = self;
        drop(context);
        let context = open_context(&self.chain, &self.signer, &self.node, &self.transport).await;
        let running = Some(RunningTester::spawn(context.clone(), paying_to(self.payout)).await);
        Self { context, running, ..self }
    }
}
