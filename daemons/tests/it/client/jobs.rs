//! Jobs at several workers: agreement, lies, silence, interruption and the end.

use std::path::PathBuf;

use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::State;
use muster_client::{Agreement, Application};
use muster_compute::{BlobStore, Digest, Job, JobDocument, Outcome, Output};
use muster_daemons::client::{
    Evidence, JobReport, JobRequest, Jobs, JobsDaemon, JobsError, JobsOptions, RunOptions, Verdict,
    wrong_workers,
};
use muster_daemons::worker::{WorkerDaemon, WorkerOptions};
use muster_daemons::{DaemonContext, Role};
use tempfile::TempDir;
use tokio::time::Duration;

use super::{CLIENT_OPTIONS, RunningDaemon, wait_until};
use crate::front_proxy::{FrontProxy, Treatment};
use crate::harness::{LENGTH, TestChain, worker_options};
use crate::job_worker::{JobWorker, Manner, output_of, result_of};

mod cover;
mod samples;

/// An agreement with fake workers, and the client's daemon.
struct JobsFixture {
    chain: TestChain,
    client: PrivateKeySigner,
    agreement: Agreement,
    workers: Vec<(PrivateKeySigner, JobWorker, RunningDaemon)>,
    testers: Vec<PrivateKeySigner>,
    /// What is in front of each worker.
    fronts: Vec<FrontProxy>,
    folder: TempDir,
}

impl JobsFixture {
    /// With workers of these manners, the cheapest first.
    async fn start(manners: &[Manner]) -> Self {
        Self::start_tested(manners, 0).await
    }

    /// With so many testers, which do nothing.
    async fn start_tested(manners: &[Manner], testers: u8) -> Self {
        let mut chain = TestChain::new().await;
        chain.application = Application::WASM1;
        let (mut workers, mut fronts, mut price) = (Vec::new(), Vec::new(), 1_000_000_000);
        for manner in manners {
            let signer = chain.new_account();
            let service = JobWorker::start(&signer, *manner).await;
            let context = chain.context(Role::Worker, &signer).await;
            let front = FrontProxy::start(|_| Treatment::Serve).await;
            let options = front.worker_options(worker_options(&service.url(), price));
            let options = WorkerOptions { application: Application::WASM1, ..options };
            fronts.push(front);
            let daemon = WorkerDaemon::start(context, options).await;
            let running = RunningDaemon::spawn(daemon.unwrap());
            let market = chain.market(&signer).await;
            let listed = async || market.worker(signer.address()).await.is_ok_and(|w| w.listed);
            wait_until(listed).await;
            workers.push((signer, service, running));
            price += 1_000_000_000;
        }
        let client = chain.new_account();
        let signers = chain.register_testers(testers.into()).await;
        let redundancy = u8::try_from(manners.len()).unwrap();
        let purchase = chain.buy(&client, redundancy, testers).await;
        let agreement = chain.agreement(&client, &purchase).await;
        for (_, service, _) in &workers {
            service.sign_in(agreement.receipt_domain());
        }
        let all = (1 << manners.len()) - 1;
        wait_until(async || agreement.progress().await.unwrap().course.accepted == all).await;
        let folder = tempfile::tempdir().unwrap();
        Self { chain, client, agreement, workers, testers: signers, fronts, folder }
    }

    /// The client's store of blobs.
    fn blobs(&self) -> BlobStore {
        BlobStore::open(self.folder.path().join("blobs")).unwrap()
    }

    async fn context(&self) -> DaemonContext {
        self.chain.context(Role::Client, &self.client).await
    }

    /// Starts the client.
    async fn jobs(&self, context: &DaemonContext) -> (Jobs, RunningDaemon) {
        let run = RunOptions {
            blobs: self.blobs(),
            local: None,
            evidence: self.folder.path().to_owned(),
            at_once: 4,
            timeout: Some(Duration::from_hours(1)),
        };
        let options = JobsOptions { run, proxy: None, client: CLIENT_OPTIONS };
        let address = self.agreement.address();
        let daemon = JobsDaemon::start(context.clone(), address, options).await.unwrap();
        (daemon.jobs(), RunningDaemon::spawn(daemon))
    }

    /// A job, whose module is in the store.
    fn request(&self, argument: &str, replicas: u8) -> JobRequest {
        let mut document = JobDocument::new(self.blobs().put(b"module").unwrap());
        document.arguments = vec![argument.to_owned()];
        document.outputs = vec![Output::new("/out/").unwrap()];
        let job = Job::new(document).unwrap();
        JobRequest { job, label: argument.to_owned(), replicas, verify_here: false }
    }

    /// The accounts of the workers that a report says are alone.
    fn indexes(&self, report: &JobReport) -> Vec<usize> {
        let of = |worker| self.workers.iter().position(|(s, ..)| s.address() == worker).unwrap();
        report.dissenters().map(of).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_run_by_two_workers_once_and_what_it_left_is_here() {
    let fixture = JobsFixture::start(&[Manner::Honest, Manner::Honest]).await;
    let context = fixture.context().await;
    let (jobs, running) = fixture.jobs(&context).await;
    let request = fixture.request("a", 2);
    let id = request.job.id();
    let report = jobs.run(request.clone()).await.unwrap();
    assert_eq!(report.verdict, Verdict::Agreed);
    assert_eq!(report.result, Some(result_of(id, Outcome::Exit(0))));
    assert_eq!((report.answers.len(), report.evidence), (2, None));
    let blob = Digest::of(&output_of(id));
    assert!(fixture.blobs().size(&blob).unwrap().is_some());
    for (_, service, _) in &fixture.workers {
        // Without the module, and with it.
        assert_eq!((service.count("POST jobs"), service.count("PUT blobs")), (2, 1));
        // Testers fetch what a job left from the worker that ran it, so the client does that too.
        assert_eq!(service.count("GET blobs"), 1);
    }

    // After a restart, the workers are asked nothing: what they signed is in the state file.
    running.kill().await;
    drop(jobs);
    let (jobs, _running) = fixture.jobs(&context).await;
    let again = jobs.run(request).await.unwrap();
    assert_eq!((again.verdict, &again.result), (Verdict::Agreed, &report.result));
    for (_, service, _) in &fixture.workers {
        assert_eq!(service.count("POST jobs"), 2);
    }
    let stored = context.store().job(id).unwrap().unwrap();
    assert_eq!((stored.label.as_str(), stored.result), ("a", again.result));
    assert_eq!(context.store().jobs().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lies_is_found_named_and_outvoted() {
    let fixture = JobsFixture::start(&[Manner::Lies(1), Manner::Honest, Manner::Honest]).await;
    let context = fixture.context().await;
    let (jobs, _running) = fixture.jobs(&context).await;
    // Two of three are asked at random.
    let mut evidence = None;
    for number in 0.. {
        let request = fixture.request(&number.to_string(), 2);
        let id = request.job.id();
        let report = jobs.run(request).await.unwrap();
        assert_eq!(report.verdict, Verdict::Agreed);
        assert_eq!(report.result, Some(result_of(id, Outcome::Exit(0))));
        if report.evidence.is_some() {
            assert_eq!((fixture.indexes(&report), report.answers.len()), (vec![0], 3));
            evidence = report.evidence;
            break;
        }
    }
    let text = std::fs::read_to_string::<PathBuf>(evidence.unwrap()).unwrap();
    let evidence: Evidence = serde_json::from_str(&text).unwrap();
    let (job, signed) = evidence.check().unwrap();
    let right = result_of(job.id(), Outcome::Exit(0)).digest().unwrap();
    assert_eq!(wrong_workers(&signed, None), [].into(), "nobody contradicts itself");
    assert_eq!(wrong_workers(&signed, Some(right)), [fixture.workers[0].0.address()].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_believed_without_a_majority() {
    let fixture = JobsFixture::start(&[Manner::Lies(1), Manner::Honest]).await;
    let context = fixture.context().await;
    let (jobs, _running) = fixture.jobs(&context).await;
    let report = jobs.run(fixture.request("a", 2)).await.unwrap();
    assert_eq!((report.verdict, &report.result), (Verdict::Disputed, &None));
    assert!(report.evidence.is_some());
    assert_eq!(context.store().job(report.job).unwrap().unwrap().result, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_worker_takes_the_place_of_one_that_refuses() {
    let fixture = JobsFixture::start(&[Manner::Refuses, Manner::Honest, Manner::Honest]).await;
    let context = fixture.context().await;
    let (jobs, _running) = fixture.jobs(&context).await;
    let failed = 'refused: {
        for number in 0.. {
            let report = jobs.run(fixture.request(&number.to_string(), 2)).await.unwrap();
            assert_eq!(report.verdict, Verdict::Agreed);
            if let Some(failed) = report.answers.iter().find(|answer| answer.result.is_err()) {
                break 'refused failed.worker;
            }
        }
        unreachable!("two of three are asked at random")
    };
    assert_eq!(failed, fixture.workers[0].0.address());
    let report = jobs.run(fixture.request("a", 3)).await.unwrap();
    assert_eq!(report.verdict, Verdict::TooFew, "two agree, and three were asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_come_from_a_worker_that_sends_them() {
    let fixture = JobsFixture::start(&[Manner::SendsWrongBlobs, Manner::Honest]).await;
    let context = fixture.context().await;
    let (jobs, _running) = fixture.jobs(&context).await;
    let request = fixture.request("a", 2);
    let blob = Digest::of(&output_of(request.job.id()));
    jobs.run(request).await.unwrap();
    assert!(fixture.blobs().size(&blob).unwrap().is_some());
    fixture.workers[1].1.behave(Manner::SendsWrongBlobs);
    let error = jobs.run(fixture.request("b", 2)).await.unwrap_err();
    assert!(matches!(error, JobsError::NoOutput { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_job_goes_on_where_it_was() {
    let fixture = JobsFixture::start(&[Manner::Honest, Manner::Idle]).await;
    let context = fixture.context().await;
    let (jobs, running) = fixture.jobs(&context).await;
    let request = fixture.request("a", 2);
    let id = request.job.id();
    let answered = async || {
        let answers = context.store().job_answers(id).unwrap();
        let first = answers.iter().filter(|answer| answer.result.is_some()).count();
        first == 1 && fixture.workers[1].1.count("GET jobs") > 0
    };
    tokio::select! {
        _ = jobs.run(request.clone()) => panic!("a worker does not answer"),
        () = wait_until(answered) => {}
    }
    running.kill().await;
    drop(jobs);
    fixture.workers[1].1.behave(Manner::Honest);
    let posts = fixture.workers[0].1.count("POST jobs");
    let (jobs, _running) = fixture.jobs(&context).await;
    let report = jobs.run(request).await.unwrap();
    assert_eq!(report.verdict, Verdict::Agreed);
    assert_eq!(fixture.workers[0].1.count("POST jobs"), posts, "it had answered before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_is_cancelled_at_its_workers() {
    let fixture = JobsFixture::start(&[Manner::Idle]).await;
    let context = fixture.context().await;
    let (jobs, _running) = fixture.jobs(&context).await;
    let request = fixture.request("a", 1);
    let id = request.job.id();
    tokio::select! {
        _ = jobs.run(request) => panic!("the worker does not answer"),
        () = wait_until(async || fixture.workers[0].1.count("GET jobs") > 0) => {}
    }
    jobs.cancel(id).await.unwrap();
    assert_eq!(fixture.workers[0].1.count("DELETE jobs"), 1);
    assert!(context.store().job(id).unwrap().unwrap().is_cancelled);
    let error = jobs.cancel(Digest::of(b"other")).await.unwrap_err();
    assert!(matches!(error, JobsError::NoJob(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_agreement_ends_its_jobs() {
    let fixture = JobsFixture::start(&[Manner::Idle]).await;
    let context = fixture.context().await;
    let (jobs, _running) = fixture.jobs(&context).await;
    let request = fixture.request("a", 1);
    let end = async {
        wait_until(async || fixture.workers[0].1.count("GET jobs") > 0).await;
        fixture.chain.advance(u64::from(LENGTH) + 600).await;
        wait_until(async || fixture.agreement.state().await.unwrap() == State::Settled).await;
    };
    let (ended, ()) = tokio::join!(jobs.run(request.clone()), end);
    assert!(matches!(ended, Err(JobsError::Ended(_))), "{ended:?}");
    let error = jobs.run(request).await.unwrap_err();
    assert!(matches!(error, JobsError::Ended(_)), "{error}");
}
