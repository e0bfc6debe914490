//! What a collector takes, and what it posts.

use std::sync::atomic::Ordering;

use alloy::primitives::{B256, Bytes};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::IWorkAgreement::reportBatchCall;
use muster_client::protocol::report::Entry;
use muster_client::{PostedReport, ServiceReceipt, Session, message_key};
use muster_messaging::{Content, Message, MessageKey, Transport, seal};
use stylus_devnode::CHAIN_ID;

use super::batches::{
    REPORT_WINDOW, after_end, collecting, testers, until_collected, until_reported_alone,
    until_sent, with_other_collector,
};
use super::faulty_node::FaultyNode;
use super::fixture::TesterFixture;
use super::running::{run_other, run_tester, wait_until, without_check};
use crate::harness::WINDOWS;
use crate::probing::{PROBES, probe_window, wait_for_passes};

/// Sends a report to a collector.
async fn send(
    fixture: &TesterFixture,
    sender: &MessageKey,
    collector: &PrivateKeySigner,
    report: PostedReport,
) {
    let PostedReport { place, salt, r, vs, entries } = report;
    let content = Content::Report { place, salt, r, vs, entries };
    let message = Message::request(CHAIN_ID, fixture.agreement.address(), content);
    let wrap = seal(sender, message_key(collector), &message).unwrap();
    fixture.chain.transport.publish(&wrap).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn collector_without_a_check_posts_the_reports_of_others() {
    let (mut fixture, collector) = with_other_collector().await;
    let running = run_tester(&fixture.chain, &collector, without_check()).await;
    until_sent(&fixture, &collector, 1).await;
    // It cannot report alone.
    fixture.kill_tester().await;
    until_collected(&fixture, 1).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn junk_displaces_no_report() {
    let (mut fixture, collector) = with_other_collector().await;
    let running = run_tester(&fixture.chain, &collector, without_check()).await;
    let places: Vec<_> = testers(&fixture).await.into_keys().collect();
    let send_junk = async |count: usize| {
        for number in 0..count {
            let (place, entries) = (places[number % places.len()], Bytes::from(vec![0; 8]));
            let [salt, r, vs] = [B256::ZERO; 3];
            let junk = PostedReport { place, salt, r, vs, entries };
            send(&fixture, &MessageKey::random(), &collector, junk).await;
        }
    };
    send_junk(300).await;
    until_sent(&fixture, &collector, 301).await;
    send_junk(300).await;
    fixture.kill_tester().await;
    until_collected(&fixture, 1).await;
    running.stop().await;
}

/// The report of a tester that was served by all workers in all windows, each of which it holds a seat in.
fn served_report(fixture: &TesterFixture, tester: &PrivateKeySigner, place: u32) -> PostedReport {
    let (session, domain) = (Session::random(), fixture.agreement.receipt_domain());
    let entry = |index: u8, window| -> Entry {
        let (worker, id) =
            (&fixture.workers[usize::from(index)].signer, session.id(tester.address(), window));
        let receipt = ServiceReceipt::sign(worker, domain, id, window, 0b111).unwrap();
        receipt.entry(index, PROBES, PROBES)
    };
    let workers = 0..u8::try_from(fixture.workers.len()).unwrap();
    let entries = workers.flat_map(|index| (0..WINDOWS).map(move |window| (index, window)));
    let entries: Vec<_> = entries.map(|(index, window)| entry(index, window)).collect();
    PostedReport::sign(tester, domain, place, &session, &entries).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_that_fit_into_no_transaction_are_posted_in_several() {
    let (fixture, collector) = loop {
        let fixture = TesterFixture::start_with(5, 13).await;
        let first = collecting(&fixture).await.swap_remove(0);
        if first.address() != fixture.signer.address() {
            break (fixture, first);
        }
    };
    let running = run_tester(&fixture.chain, &collector, without_check()).await;
    let mut reports = Vec::new();
    for (place, tester) in testers(&fixture).await {
        let key = MessageKey::from_signer(&tester).unwrap();
        reports.push((key, served_report(&fixture, &tester, place)));
    }
    reports.retain(|(key, _)| key.public() != message_key(&collector));
    for ticks in [0, 25, 50, 75] {
        after_end(&fixture, ticks).await;
        // The collector may not have been there before.
        for (key, report) in &reports {
            send(&fixture, key, &collector, report.clone()).await;
        }
    }
    until_collected(&fixture, 12).await;
    // A report has 1 542 bytes.
    assert_eq!(fixture.report_transactions().await.len(), 2);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn collector_whose_batch_fails_reports_alone() {
    let mut fixture = TesterFixture::start(1).await;
    let node = FaultyNode::start(fixture.chain.devnode.url(), reportBatchCall::SELECTOR).await;
    fixture.node.clone_from(&node.url);
    let mut fixture = fixture.restart().await;
    // Two of three collect: one of these at least.
    let other = fixture.others[0].clone();
    let (context, running) = run_other(&fixture, &other).await;
    let testers = [fixture.context.clone(), context];
    fixture.answer_passes().await;
    wait_for_passes(&testers, fixture.agreement.address()).await;
    probe_window(&fixture.chain, &fixture.agreement, &testers, 0).await;
    after_end(&fixture, REPORT_WINDOW * 3 / 8).await;
    wait_until(async || node.refused.load(Ordering::Relaxed) > 0).await;
    until_reported_alone(&fixture, 2).await;
    running.stop().await;
}
