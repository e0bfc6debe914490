//! What hides the client's jobs among those of testers, and what testers get of them.

use std::collections::BTreeSet;

use alloy::primitives::B256;
use muster_client::message_key;
use muster_compute::Job;
use muster_daemons::client::Verdict;
use muster_messaging::{Content, Message, MessageKey, PIECE_SIZE, RefusalReason, SampleInfo};
use stylus_devnode::CHAIN_ID;

use super::JobsFixture;
use crate::client::keys::advance_slowly;
use crate::client::wait_until;
use crate::endpoint_client::send_request;
use crate::job_worker::Manner;

#[tokio::test(flavor = "multi_thread")]
async fn all_requests_of_a_job_at_a_worker_are_made_under_one_key() {
    let fixture = JobsFixture::start_tested(&[Manner::Honest], 3).await;
    let context = fixture.context().await;
    let (jobs, _running) = fixture.jobs(&context).await;
    let (mut sessions, mut seen) = (BTreeSet::new(), 0);
    for number in 0.. {
        let report = jobs.run(fixture.request(&number.to_string(), 1)).await.unwrap();
        assert_eq!(report.verdict, Verdict::Agreed);
        let requests = fixture.fronts[0].requests();
        let is_of_job = |line: &str| line.contains("/jobs") || line.contains("/blobs/");
        let of_job = requests[seen..].iter().filter(|request| is_of_job(&request.line));
        let own: BTreeSet<_> = of_job.clone().map(|request| request.session.clone()).collect();
        // The post, the wait, and the output.
        assert!(of_job.count() >= 3 && own.len() == 1, "{:?}", &requests[seen..]);
        seen = requests.len();
        sessions.extend(own);
        if sessions.len() > 1 {
            // More jobs than a tester makes probes have more keys.
            assert!(number > 1);
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_without_a_job_of_the_client_is_a_job_as_testers_make_it() {
    let fixture = JobsFixture::start_tested(&[Manner::Honest], 3).await;
    let context = fixture.context().await;
    let (_jobs, _running) = fixture.jobs(&context).await;
    advance_slowly(&fixture.chain, &fixture.agreement, 1_230).await;
    let service = &fixture.workers[0].1;
    // The last of its moments can be too late for an answer.
    wait_until(async || service.count("GET blobs") >= 2).await;
    let lines: Vec<_> = fixture.fronts[0].requests().into_iter().map(|seen| seen.line).collect();
    let is_of_job = |line: &String| line.contains("/jobs") || line.contains("/blobs/");
    assert!(lines.iter().all(is_of_job), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn testers_get_the_jobs_that_a_worker_has_not_seen_and_those_that_it_was_sent() {
    let fixture = JobsFixture::start_tested(&[Manner::Honest], 3).await;
    let context = fixture.context().await;
    let (jobs, _running) = fixture.jobs(&context).await;
    let (sent, unseen) = (fixture.request("sent", 1), fixture.request("unseen", 1));
    jobs.run(sent.clone()).await.unwrap();
    fixture.workers[0].1.behave(Manner::Idle);
    let mut large = fixture.request("large", 1);
    let mut document = large.job.document().clone();
    document.stdin = Some(fixture.blobs().put(&vec![7; 1 << 20]).unwrap());
    large.job = Job::new(document).unwrap();
    // As many jobs are under way as may be, so that the last two wait.
    let busy: Vec<_> = (0..4).map(|number| fixture.request(&number.to_string(), 1)).collect();
    let running = futures::future::join_all(
        busy.into_iter().chain([large, unseen.clone()]).map(|request| jobs.run(request)),
    );

    let tester = &fixture.testers[0];
    let epoch = fixture.agreement.terms().header.epoch;
    let market = fixture.chain.market(tester).await;
    let place = market.place(tester.address(), epoch).await.unwrap().unwrap();
    let own = MessageKey::from_signer(tester).unwrap();
    let reply = async |content| {
        let request = Message::request(CHAIN_ID, fixture.agreement.address(), content);
        send_request(&fixture.chain, &own, message_key(&fixture.client), &request).await
    };
    let id = |job: &Job| B256::new(*job.id().as_bytes());
    let dialogue = async {
        wait_until(async || fixture.workers[0].1.count("GET jobs") > 4).await;
        let content = Content::SampleListRequest { window: 0, place, worker: 0 };
        let Content::SampleList(list) = reply(content).await else { panic!("no list") };
        let jobs_in = |list: &[SampleInfo]| list.iter().map(|info| info.job).collect::<Vec<_>>();
        assert_eq!(jobs_in(&list.unseen), [id(&unseen.job)], "and not the large one");
        assert!(jobs_in(&list.sent).contains(&id(&sent.job)) && list.sent.len() == 5);
        assert_eq!(
            u64::from(list.unseen[0].size),
            u64::try_from(unseen.job.canonical().len() + 6).unwrap()
        );
        let piece = async |blob: B256, offset| {
            let job = id(&unseen.job);
            reply(Content::SamplePieceRequest { window: 0, place, job, blob, offset }).await
        };
        let module = B256::new(*unseen.job.document().module.as_bytes());
        for (blob, bytes) in [(id(&unseen.job), unseen.job.canonical()), (module, b"module")] {
            let Content::SamplePiece(piece) = piece(blob, 0).await else { panic!("no piece") };
            assert_eq!(piece.bytes, bytes);
        }
        for (blob, offset) in [(module, PIECE_SIZE), (B256::ZERO, 0)] {
            let refusal = Content::Refusal { reason: RefusalReason::NoSample };
            assert_eq!(piece(blob, offset).await, refusal);
        }
    };
    tokio::select! {
        _ = running => panic!("the worker is idle"),
        () = dialogue => {}
    }
}
