//! What hides the client's jobs among those of testers.

use std::collections::BTreeSet;

use muster_daemons::client::Verdict;

use super::JobsFixture;
use crate::client::keys::advance_slowly;
use crate::client::wait_until;
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
