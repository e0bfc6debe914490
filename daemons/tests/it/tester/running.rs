//! Testers that run, with a transport that can fail.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use muster_daemons::checks::{Check, Checks, HttpCheck};
use muster_daemons::tester::{ReferenceOptions, TesterDaemon, TesterOptions};
use muster_daemons::{
    Backoff, DaemonContext, HealthReporter, Identity, Payout, Role, Store, run as run_daemon,
};
use tokio::select;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::fixture::TesterFixture;
use super::job_service::compute_program;
use crate::faulty_transport::FaultyTransport;
use crate::harness::TestChain;

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
pub(crate) fn options() -> TesterOptions {
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
        reference: reference_options(),
        probe_timeout: Duration::from_secs(5),
        proxy: None,
        payout: Payout { to: None, threshold: 1 },
        first_block: 0,
        leave: false,
    }
}

/// How a tester runs jobs: in a folder of its own.
fn reference_options() -> ReferenceOptions {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(B256::random().to_string());
    let mut options = ReferenceOptions::new(&folder);
    options.settings.program = compute_program();
    options.time = Duration::from_mins(10);
    options
}

/// The options of a tester that has no check for the agreements of these tests.
pub(super) fn without_check() -> TesterOptions {
    let checks = serde_json::from_str(r#"{"other": {"kind": "factor"}}"#).unwrap();
    TesterOptions { checks, ..options() }
}

/// The usual options of a tester whose fees go to `payout`.
pub(super) fn paying_to(payout: Address) -> TesterOptions {
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
    pub(super) async fn spawn(context: DaemonContext, options: TesterOptions) -> Self {
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

    /// Drops it in the middle of a step.
    pub(super) async fn kill(self) {
        self.task.abort();
        drop(self.task.await);
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
pub(super) async fn open_context(
    chain: &TestChain,
    signer: &PrivateKeySigner,
    node: &str,
    transport: &Arc<FaultyTransport>,
) -> DaemonContext {
    let (path, dispatcher, account) =
        (chain.state_path(signer), chain.dispatcher, signer.address());
    let chain_id = stylus_devnode::CHAIN_ID;
    let identity = Identity { role: Role::Tester, chain: chain_id, dispatcher, account };
    wait_until(async || Store::open(&path, &identity).is_ok()).await;
    chain.context_over(Role::Tester, signer, node, transport.clone()).await
}

/// Runs a tester without an agreement.
pub(super) async fn run_tester(
    chain: &TestChain,
    signer: &PrivateKeySigner,
    options: TesterOptions,
) -> RunningTester {
    let (node, transport) = (chain.devnode.url(), FaultyTransport::new(&chain.transport));
    RunningTester::spawn(open_context(chain, signer, &node, &transport).await, options).await
}

/// Runs another tester of the fixture's agreement.
pub(super) async fn run_other(
    fixture: &TesterFixture,
    signer: &PrivateKeySigner,
) -> (DaemonContext, RunningTester) {
    let transport = FaultyTransport::new(&fixture.chain.transport);
    let context = open_context(&fixture.chain, signer, &fixture.node, &transport).await;
    (context.clone(), RunningTester::spawn(context, paying_to(fixture.payout)).await)
}
