//! Batches of reports: testers post together, and no collector costs another tester its fee.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{B256, Bytes};
use alloy::signers::local::PrivateKeySigner;
use muster_client::{PostedReport, message_key};
use muster_daemons::tester::collectors;
use muster_messaging::{Content, InMemoryReplayGuard, Mailbox, MessageKey};
use tokio::time::{sleep, timeout};

use super::fixture::TesterFixture;
use super::running::{run_other, wait_until};
use crate::faulty_transport::{TransportState, messages_to};
use crate::harness::{LENGTH, WINDOWS};
use crate::probing::{PROBES, probe_window, wait_for_passes};

/// Ticks in which testers may report.
pub(super) const REPORT_WINDOW: u64 = 600;

/// The keys of all testers, by place.
pub(super) async fn testers(fixture: &TesterFixture) -> BTreeMap<u32, PrivateKeySigner> {
    let market = fixture.chain.market(&fixture.signer).await;
    let epoch = fixture.agreement.terms().header.epoch;
    let mut testers = BTreeMap::new();
    for signer in fixture.others.iter().chain([&fixture.signer]) {
        let place = market.place(signer.address(), epoch).await.unwrap().unwrap();
        testers.insert(place, signer.clone());
    }
    testers
}

/// The keys of the testers that collect, in their order.
pub(super) async fn collecting(fixture: &TesterFixture) -> Vec<PrivateKeySigner> {
    let (testers, progress) = (testers(fixture).await, fixture.agreement.progress().await.unwrap());
    let places = collectors(&progress.seed, testers.keys().copied().collect());
    places.iter().map(|place| testers[place].clone()).collect()
}

/// A fixture in which the first collector is not the tester under test, with all of that tester's probes made.
pub(super) async fn with_other_collector() -> (TesterFixture, PrivateKeySigner) {
    loop {
        let mut fixture = TesterFixture::start(1).await;
        let first = collecting(&fixture).await.swap_remove(0);
        if first.address() != fixture.signer.address() {
            fixture.answer_passes().await;
            fixture.probe_window(0, &[PROBES]).await;
            return (fixture, first);
        }
    }
}

/// The report that the tester under test sends to a collector after the end.
async fn received_report(fixture: &TesterFixture, collector: &PrivateKeySigner) -> PostedReport {
    let (key, replay_guard) =
        (MessageKey::from_signer(collector).unwrap(), Arc::new(InMemoryReplayGuard::new(64)));
    let transport = fixture.chain.transport.clone();
    let mut mailbox = Mailbox::open(key, transport, replay_guard).await.unwrap();
    fixture.chain.advance_to(fixture.start_tick().await + u64::from(LENGTH)).await;
    loop {
        let delivery = timeout(Duration::from_mins(1), mailbox.next()).await.unwrap().unwrap();
        assert_eq!(delivery.sender, message_key(&fixture.signer));
        if let Content::Report { place, salt, r, vs, entries } = delivery.message.content {
            return PostedReport { place, salt, r, vs, entries };
        }
    }
}

/// Advances to so many ticks after the end.
pub(super) async fn after_end(fixture: &TesterFixture, ticks: u64) {
    fixture.chain.advance_to(fixture.start_tick().await + u64::from(LENGTH) + ticks).await;
    sleep(Duration::from_millis(500)).await;
}

/// Advances until all testers report alone, and waits for so many reports.
pub(super) async fn until_reported_alone(fixture: &TesterFixture, count: usize) {
    for ticks in (REPORT_WINDOW / 2..=REPORT_WINDOW * 3 / 4 + 20).step_by(20) {
        after_end(fixture, ticks).await;
    }
    wait_until(async || fixture.agreement.reports().await.unwrap().len() == count).await;
}

/// Advances until the first collector posts, and waits for so many reports.
pub(super) async fn until_collected(fixture: &TesterFixture, count: usize) {
    for ticks in [50, 100, REPORT_WINDOW / 4] {
        after_end(fixture, ticks).await;
    }
    wait_until(async || fixture.agreement.reports().await.unwrap().len() == count).await;
}

/// Waits at the end until a collector has so many messages.
pub(super) async fn until_sent(
    fixture: &TesterFixture,
    collector: &PrivateKeySigner,
    count: usize,
) {
    after_end(fixture, 0).await;
    let transport = &fixture.chain.transport;
    wait_until(async || messages_to(transport, message_key(collector)) >= count).await;
}

/// Settles the agreement, and checks that the tester under test gets the fee of its only window.
async fn assert_fee_is_paid(fixture: &TesterFixture) {
    fixture.until_settled().await;
    let settled = fixture.agreement.settlement().await.unwrap().unwrap();
    let own = settled.testers.iter().find(|part| part.account == fixture.signer.address());
    assert_eq!(own.map(|part| part.seats), Some(1), "{settled:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn testers_post_all_reports_in_one_transaction() {
    let mut fixture = TesterFixture::start(1).await;
    let (mut running, mut testers) = (Vec::new(), vec![fixture.context.clone()]);
    for signer in &fixture.others {
        let (context, tester) = run_other(&fixture, signer).await;
        running.push(tester);
        testers.push(context);
    }
    fixture.answer_passes().await;
    wait_for_passes(&testers, fixture.agreement.address()).await;
    probe_window(&fixture.chain, &fixture.agreement, &testers, 0).await;
    let collector = collecting(&fixture).await.swap_remove(0);
    // It has got its passes, and no other messages.
    until_sent(&fixture, &collector, usize::from(WINDOWS) + 2).await;
    until_collected(&fixture, 3).await;
    let transactions = fixture.report_transactions().await;
    assert_eq!(transactions.len(), 1, "{transactions:?}");
    fixture.until_settled().await;
    let settled = fixture.agreement.settlement().await.unwrap().unwrap();
    assert_eq!(settled.testers.len(), 3);
    for tester in running {
        tester.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn relay_that_decides_nothing_costs_no_fee() {
    let (fixture, _) = with_other_collector().await;
    fixture.transport.set(TransportState::Silent);
    after_end(&fixture, 0).await;
    until_reported_alone(&fixture, 1).await;
    assert_fee_is_paid(&fixture).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn collector_that_withholds_costs_no_fee() {
    let (fixture, collector) = with_other_collector().await;
    received_report(&fixture, &collector).await;
    after_end(&fixture, REPORT_WINDOW / 2 - 20).await;
    assert!(fixture.agreement.reports().await.unwrap().is_empty(), "it is the collector's time");
    until_reported_alone(&fixture, 1).await;
    assert_fee_is_paid(&fixture).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn collector_that_forges_costs_no_fee() {
    let (fixture, collector) = with_other_collector().await;
    let report = received_report(&fixture, &collector).await;
    let agreement =
        fixture.chain.market(&collector).await.agreement(fixture.agreement.address()).await;
    // The tester said that all was served; the collector says less, and posts it twice.
    let mut entries = report.entries.to_vec();
    entries[3] = 1;
    let forged = PostedReport { entries: Bytes::from(entries), ..report.clone() };
    let other = PostedReport { salt: B256::ZERO, ..report.clone() };
    let batch = agreement.unwrap().report_batch(&[forged.clone(), other, forged]).await.unwrap();
    assert!(batch.stored.is_empty() && batch.skipped.len() == 3, "{batch:?}");
    until_reported_alone(&fixture, 1).await;
    let reports = fixture.agreement.reports().await.unwrap();
    assert_eq!(TesterFixture::findings(&reports[0]), [fixture.finding(0, 0, PROBES)]);
    assert_fee_is_paid(&fixture).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn collector_that_reorders_and_adds_junk_costs_no_fee() {
    let (fixture, collector) = with_other_collector().await;
    let report = received_report(&fixture, &collector).await;
    let agreement =
        fixture.chain.market(&collector).await.agreement(fixture.agreement.address()).await;
    let junk = PostedReport { place: 99, r: B256::ZERO, ..report.clone() };
    let reports = [junk.clone(), report.clone(), report, junk];
    let batch = agreement.unwrap().report_batch(&reports).await.unwrap();
    assert_eq!((batch.stored.len(), batch.skipped.len()), (1, 3), "{batch:?}");
    for ticks in (REPORT_WINDOW / 2..=REPORT_WINDOW * 3 / 4 + 20).step_by(20) {
        after_end(&fixture, ticks).await;
    }
    assert_eq!(fixture.agreement.reports().await.unwrap().len(), 1, "it is not reported twice");
    assert_fee_is_paid(&fixture).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn collector_that_is_late_costs_no_fee() {
    let (fixture, collector) = with_other_collector().await;
    let report = received_report(&fixture, &collector).await;
    until_reported_alone(&fixture, 1).await;
    let agreement =
        fixture.chain.market(&collector).await.agreement(fixture.agreement.address()).await;
    let batch = agreement.unwrap().report_batch(&[report]).await.unwrap();
    assert!(batch.stored.is_empty() && batch.skipped.len() == 1, "{batch:?}");
    assert_fee_is_paid(&fixture).await;
}
