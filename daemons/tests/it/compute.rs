//! A worker that runs jobs, its client and its testers, as their daemons are.

use std::num::NonZeroU32;

use muster_client::Application;
use muster_compute::{BlobStore, Job, JobDocument, Outcome, Settings};
use muster_daemons::client::{JobRequest, JobsDaemon, JobsOptions, RunOptions, Verdict};
use muster_daemons::worker::{ServiceSource, WorkerDaemon, WorkerOptions};
use muster_daemons::{DaemonContext, Role};
use muster_job_api::{HostOptions, JobHost};
use tempfile::TempDir;

use crate::client::{CLIENT_OPTIONS, RunningDaemon, wait_until};
use crate::harness::{TestChain, worker_options};
use crate::probing::{
    ACCEPT_WINDOW, PROBES, measured, probe_window, start_testers, wait_for_passes,
    wait_until_for_sale,
};
use crate::tester::job_service::compute_program;

/// The options of a worker that runs jobs in a folder.
fn compute_options(folder: &TempDir) -> WorkerOptions {
    let mut settings = Settings::new(folder.path().join("cache"));
    settings.program = compute_program();
    let running = NonZeroU32::new(2).unwrap();
    let host = JobHost::new(HostOptions { settings, running, waiting: 100, blobs: 1 << 30 });
    let source = ServiceSource::Compute { host: host.unwrap(), folder: folder.path().join("jobs") };
    let application = Application::WASM1;
    WorkerOptions { application, source, ..worker_options("http://127.0.0.1:1", 1_000_000_000) }
}

/// A client that runs jobs.
async fn start_client(
    context: DaemonContext,
    agreement: alloy::primitives::Address,
    folder: &TempDir,
) -> JobsDaemon {
    let blobs = BlobStore::open(folder.path().join("client")).unwrap();
    let evidence = folder.path().to_owned();
    let run = RunOptions { blobs, local: None, evidence, at_once: 4, timeout: None };
    let options = JobsOptions { run, proxy: None, client: CLIENT_OPTIONS };
    JobsDaemon::start(context, agreement, options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn testers_without_any_check_measure_a_worker_that_runs_jobs() {
    let (mut chain, folder) = (TestChain::new().await, tempfile::tempdir().unwrap());
    chain.application = Application::WASM1;
    let (testers, mut running) = start_testers(&chain, None).await;
    let (signer, client) = (chain.new_account(), chain.new_account());
    let context = chain.context(Role::Worker, &signer).await;
    let worker = WorkerDaemon::start(context, compute_options(&folder)).await.unwrap();
    let worker = RunningDaemon::spawn(worker);
    wait_until_for_sale(&chain, &signer).await;
    let purchase = chain.buy(&client, 1, 3).await;
    let agreement = chain.agreement(&client, &purchase).await;
    let context = chain.context(Role::Client, &client).await;
    let daemon = start_client(context, agreement.address(), &folder).await;
    let jobs = daemon.jobs();
    running.push(RunningDaemon::spawn(daemon));
    wait_until(async || agreement.progress().await.unwrap().start() > 0).await;
    let start = agreement.progress().await.unwrap().start();
    chain.advance_to(start + u64::from(ACCEPT_WINDOW) / 2).await;
    wait_for_passes(&testers, agreement.address()).await;

    // The client's own job is under way beside the probes.
    let module = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 5))))"#;
    let blobs = BlobStore::open(folder.path().join("client")).unwrap();
    let module = blobs.put(&wat::parse_str(module).unwrap()).unwrap();
    let job = Job::new(JobDocument::new(module)).unwrap();
    let request = JobRequest { job, label: String::new(), replicas: 1, verify_here: false };
    let own = tokio::spawn(async move { jobs.run(request).await });
    probe_window(&chain, &agreement, &testers, 0).await;
    for tester in &testers {
        assert_eq!(measured(tester, agreement.address(), (0, 0)).served, PROBES);
    }
    let report = own.await.unwrap().unwrap();
    assert_eq!(report.verdict, Verdict::Agreed);
    assert_eq!(report.result.unwrap().outcome, Outcome::Exit(5));

    worker.kill().await;
    probe_window(&chain, &agreement, &testers, 1).await;
    for tester in &testers {
        assert_eq!(measured(tester, agreement.address(), (0, 1)).served, 0);
    }
}
