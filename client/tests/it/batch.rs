//! Batches: anybody posts the reports that testers signed, and a bad one spoils nobody else's.

use std::slice;

use alloy::primitives::{B256, Bytes, FixedBytes, keccak256};
use alloy::sol_types::SolError;
use muster_client::protocol::abi::IWorkAgreement::{
    AlreadyReported, BadBatch, BadEntry, BadReceipt, NoSeat, NotTheTester, NothingReported,
    PlaceOutOfRange, ReportSkipped, Reported, TooFewProbes, WindowOutOfRange, WrongState,
    reportBatchCall, reportCall,
};
use muster_client::protocol::abi::State;
use muster_client::protocol::receipt::domain_separator;
use muster_client::protocol::report::Entry;
use muster_client::{
    Market, MarketEvent, OrderRequest, PostedReport, Purchase, Receipt, Session, encode_batch,
    encode_entries,
};

use crate::harness::expected::{agreement_error, agreement_event};
use crate::harness::receipts::{probed, unsigned_entry};
use crate::harness::settlement::{tester_fee, tester_fees};
use crate::harness::{TestEnv, agreement, offer};
use crate::report::{ended_agreement, reportable_agreement, stored_shares};

/// Posts a batch.
async fn post(
    env: &TestEnv,
    who: &Market,
    purchase: &Purchase,
    reports: &[PostedReport],
) -> Receipt {
    let call = reportBatchCall { reports: encode_batch(reports) };
    env.send(who, purchase.agreement, &call, 0).await.unwrap()
}

/// The event of a report that was skipped for this error.
fn skipped<E: SolError>(purchase: &Purchase, place: u32) -> MarketEvent {
    let reason = FixedBytes(E::SELECTOR);
    agreement_event(purchase.agreement, ReportSkipped { place, reason })
}

/// The event of a report that was stored.
fn stored(purchase: &Purchase, who: &Market, place: u32, entries: &[Entry]) -> MarketEvent {
    let findings: Vec<u8> = entries.iter().flat_map(Entry::finding).collect();
    let tester = who.account().unwrap();
    agreement_event(purchase.agreement, Reported { tester, place, findings: findings.into() })
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_posts_the_reports_of_all_testers_in_any_order() {
    let (env, testers, purchase) = reportable_agreement(2).await;
    let outsider = env.new_account().await;
    let entries = [probed(0, "3321"), probed(1, "0-23")].concat();
    let mut reports = Vec::new();
    for place in [2, 0, 1] {
        let tester = &testers[usize::try_from(place).unwrap()];
        reports.push(env.signed_report(tester, &purchase, place, &entries).await);
    }
    let view = agreement(&outsider, &purchase).await;
    let posted = env.tx(view.report_batch(&reports)).await.unwrap();
    assert_eq!((posted.stored, posted.skipped), (vec![2, 0, 1], vec![]));
    let place =
        |place: usize| stored(&purchase, &testers[place], u32::try_from(place).unwrap(), &entries);
    assert_eq!(env.events(&posted.receipt), [place(2), place(0), place(1)]);
    // The same is stored as if each had reported for itself.
    assert_eq!(stored_shares(&env, &purchase, 0, 2).await, (9, vec![9; 3]));
    assert_eq!(stored_shares(&env, &purchase, 1, 1).await, (0, vec![0; 3]));
    env.advance(env.settings.reportWindow).await;
    let settlement = env.settle(&outsider, &purchase).await;
    let mut expected: Vec<_> = testers.iter().map(|who| tester_fee(&env, who, 7)).collect();
    expected.sort_unstable();
    assert_eq!(tester_fees(&settlement), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_in_a_batch_are_skipped_and_the_first_one_counts() {
    let (env, testers, purchase) = reportable_agreement(1).await;
    let (good, other) = (probed(0, "3333"), probed(0, "0000"));
    let first = env.signed_report(&testers[0], &purchase, 0, &good).await;
    let second = env.signed_report(&testers[0], &purchase, 0, &other).await;
    let batch = [first.clone(), first.clone(), second.clone()];
    let receipt = post(&env, &testers[1], &purchase, &batch).await;
    let again = || skipped::<AlreadyReported>(&purchase, 0);
    let expected = [stored(&purchase, &testers[0], 0, &good), again(), again()];
    assert_eq!(env.events(&receipt), expected);
    // Neither in a later batch, nor alone, nor after a report that the tester posted itself.
    let receipt = post(&env, &testers[1], &purchase, &[second]).await;
    assert_eq!(env.events(&receipt), [again()]);
    let PostedReport { place, salt, entries, .. } = first;
    let alone = reportCall { place, salt, entries };
    let refusal = agreement_error(AlreadyReported { place: 0 });
    assert_eq!(env.send(&testers[0], purchase.agreement, &alone, 0).await, refusal);
    env.report(&testers[1], &purchase, &good).await;
    let late = env.signed_report(&testers[1], &purchase, 1, &good).await;
    let receipt = post(&env, &testers[2], &purchase, &[late]).await;
    assert_eq!(env.events(&receipt), [skipped::<AlreadyReported>(&purchase, 1)]);
    assert_eq!(stored_shares(&env, &purchase, 0, 0).await.0, 13);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_signature_in_the_middle_of_a_batch_is_named_and_the_others_count() {
    let (env, testers, purchase) = reportable_agreement(1).await;
    let good = probed(0, "3333");
    let first = env.signed_report(&testers[0], &purchase, 0, &good).await;
    let middle = env.signed_report(&testers[1], &purchase, 1, &good).await;
    let last = env.signed_report(&testers[2], &purchase, 2, &good).await;
    let failed = encode_entries(&probed(0, "0000"));
    // Signed for another agreement, and on another chain, with receipts that are right.
    let (view, session) = (agreement(&testers[1], &purchase).await, Session::random());
    let entries = env.with_receipts(&view, &session, &good);
    let signer = env.signer(testers[1].account().unwrap());
    let chain = view.market().node().chain_id();
    let signed_in = |chain, at| {
        let domain = domain_separator(chain, at, |bytes| keccak256(bytes).0);
        PostedReport::sign(&signer, domain, 1, &session, &entries).unwrap()
    };
    // The signature is another tester's, or of another place, salt or entries, or none.
    let bad = [
        signed_in(chain, env.implementation),
        signed_in(chain + 1, purchase.agreement),
        env.signed_report(&testers[0], &purchase, 1, &good).await,
        PostedReport { place: 1, ..last.clone() },
        PostedReport { salt: B256::repeat_byte(1), ..middle.clone() },
        PostedReport { entries: failed, ..middle.clone() },
        PostedReport { r: middle.vs, vs: middle.r, ..middle.clone() },
        PostedReport { r: B256::ZERO, vs: B256::ZERO, ..middle.clone() },
        PostedReport { r: B256::repeat_byte(0xff), ..middle.clone() },
    ];
    let batch = [slice::from_ref(&first), &bad, slice::from_ref(&last)].concat();
    let receipt = post(&env, &testers[1], &purchase, &batch).await;
    let mut expected = vec![stored(&purchase, &testers[0], 0, &good)];
    expected.extend(bad.iter().map(|_| skipped::<NotTheTester>(&purchase, 1)));
    expected.push(stored(&purchase, &testers[2], 2, &good));
    assert_eq!(env.events(&receipt), expected);
    let mut seats = stored_shares(&env, &purchase, 0, 0).await.1;
    seats.sort_unstable();
    assert_eq!(seats, [0, 13, 13]);
    // The tester whose report was forged can still post it.
    let receipt = post(&env, &testers[0], &purchase, &[middle]).await;
    assert_eq!(env.events(&receipt), [stored(&purchase, &testers[1], 1, &good)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_refused_alone_is_skipped_in_a_batch_for_the_same_reason() {
    let (env, testers, cleo, purchase) = ended_agreement(5, 4).await;
    // A tester with a seat in one window and none in another.
    let view = agreement(&cleo, &purchase).await;
    let (mut chosen, mut place) = (None, 0);
    for (at, tester) in (0..).zip(&testers) {
        let seats = view.seats(tester.account().unwrap()).await.unwrap();
        if seats != 0 && seats != 0b1111 {
            (chosen, place) = (Some((tester, seats)), at);
        }
    }
    let (tester, seats) = chosen.unwrap();
    let window = u8::try_from(seats.trailing_zeros()).unwrap();
    let without = u8::try_from((!seats).trailing_zeros()).unwrap();
    let entry = |made, served| unsigned_entry(0, window, made, served);
    let good = [entry(3, 3)];
    let sign =
        async |place, entries: &[Entry]| env.signed_report(tester, &purchase, place, entries).await;
    let signer = env.signer(tester.account().unwrap());
    // The sessions are not the tester's that reports.
    let copied = agreement(&testers[usize::from(place == 0)], &purchase).await;
    let session = Session::random();
    let entries = env.with_receipts(&copied, &session, &good);
    let domain = view.receipt_domain();
    let copied = PostedReport::sign(&signer, domain, place, &session, &entries).unwrap();
    let batch = [
        sign(5, &good).await,
        sign(place, &[]).await,
        sign(place, &[entry(2, 3)]).await,
        sign(place, &[entry(3, 3), entry(3, 3)]).await,
        sign(place, &[unsigned_entry(0, 4, 3, 3)]).await,
        sign(place, &[unsigned_entry(0, without, 3, 3)]).await,
        sign(place, &[entry(1, 1)]).await,
        copied,
        sign(place, &good).await,
    ];
    let receipt = post(&env, &cleo, &purchase, &batch).await;
    let expected = [
        skipped::<PlaceOutOfRange>(&purchase, 5),
        skipped::<NothingReported>(&purchase, place),
        skipped::<BadEntry>(&purchase, place),
        skipped::<BadEntry>(&purchase, place),
        skipped::<WindowOutOfRange>(&purchase, place),
        skipped::<NoSeat>(&purchase, place),
        skipped::<TooFewProbes>(&purchase, place),
        skipped::<BadReceipt>(&purchase, place),
        stored(&purchase, tester, place, &good),
    ];
    assert_eq!(env.events(&receipt), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_or_truncated_batch_is_refused_whole() {
    let (env, testers, purchase) = reportable_agreement(1).await;
    let to = purchase.agreement;
    let empty = reportBatchCall { reports: Bytes::new() };
    let refusal = agreement_error(NothingReported {});
    assert_eq!(env.send(&testers[0], to, &empty, 0).await, refusal);
    let good = probed(0, "3333");
    let first = env.signed_report(&testers[0], &purchase, 0, &good).await;
    let second = env.signed_report(&testers[1], &purchase, 1, &good).await;
    let one = encode_batch(slice::from_ref(&first)).len();
    let both = encode_batch(&[first, second]);
    assert_eq!((one, both.len()), (102 + 4 * 72, 2 * one));
    let places = [(1, 0), (101, 0), (one - 1, 0), (one + 1, one), (2 * one - 1, one)];
    for (bytes, offset) in places {
        let call = reportBatchCall { reports: both.slice(..bytes) };
        let refusal = agreement_error(BadBatch { offset: offset.try_into().unwrap() });
        assert_eq!(env.send(&testers[2], to, &call, 0).await, refusal, "{bytes} bytes");
    }
    // Nothing of the first report was stored.
    assert_eq!(stored_shares(&env, &purchase, 0, 0).await, (0, vec![0; 3]));
    let call = reportBatchCall { reports: both };
    env.send(&testers[2], to, &call, 0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_posted_after_the_end_and_before_the_settlement() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    let testers = env.testers(3).await;
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 24 }).await;
    let report = env.signed_report(&testers[0], &purchase, 0, &probed(0, "3333")).await;
    let call = reportBatchCall { reports: encode_batch(&[report]) };
    let check = async |state| {
        let refusal = agreement_error(WrongState { state });
        assert_eq!(env.send(&cleo, purchase.agreement, &call, 0).await, refusal);
    };
    check(State::Offered).await;
    env.accept(&ada, &purchase).await;
    env.advance(23).await;
    check(State::Running).await;
    env.advance(1 + env.settings.reportWindow).await;
    check(State::Due).await;
    env.settle(&cleo, &purchase).await;
    check(State::Settled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_three_reports_fit_into_one_batch() {
    let (env, testers, cleo, purchase) = ended_agreement(63, 21).await;
    let view = agreement(&cleo, &purchase).await;
    let (mut reports, mut expected, mut seated) = (Vec::new(), Vec::new(), 0);
    for (place, tester) in (0..).zip(&testers) {
        let seats = view.seats(tester.account().unwrap()).await.unwrap();
        let windows = (0..21).filter(|window| seats >> window & 1 == 1);
        let mut entries: Vec<_> = windows.map(|window| unsigned_entry(0, window, 3, 3)).collect();
        seated += entries.len();
        if entries.is_empty() {
            entries.push(unsigned_entry(0, 0, 3, 3));
            expected.push(skipped::<NoSeat>(&purchase, place));
        } else {
            expected.push(stored(&purchase, tester, place, &entries));
        }
        reports.push(env.signed_report(tester, &purchase, place, &entries).await);
    }
    assert_eq!((reports.len(), seated), (63, 63));
    let receipt = post(&env, &cleo, &purchase, &reports).await;
    assert_eq!(env.events(&receipt), expected);
    println!("63 reports in a batch: {} gas", receipt.gas_used);
    env.advance(env.settings.reportWindow).await;
    let settlement = env.settle(&cleo, &purchase).await;
    let seats: u16 = settlement.testers.iter().map(|tester| tester.seats).sum();
    assert_eq!((seats, settlement.workers[0].known), (63, 21));
}
