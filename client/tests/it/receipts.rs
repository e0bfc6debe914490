//! A report of service needs the worker's own receipt for exactly that window.

use alloy::primitives::{B256, U256, keccak256};
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::IWorkAgreement::{BadReceipt, acceptCall, reportCall};
use muster_client::protocol::receipt::domain_separator;
use muster_client::protocol::report::Entry;
use muster_client::{
    Agreement, Market, OrderRequest, Purchase, ServiceReceipt, Session, encode_entries,
};

use crate::harness::evm::{self, Behavior};
use crate::harness::expected::agreement_error;
use crate::harness::receipts::{probed, unsigned_entry};
use crate::harness::{ETHER, TestEnv, agreement, offer};
use crate::workers::registration;

/// A worker's receipt for a session in a window of an agreement.
fn sign_receipt(
    env: &TestEnv,
    worker: &Market,
    view: &Agreement,
    session: B256,
    (window, parts): (u8, u32),
) -> ServiceReceipt {
    let signer = env.signer(worker.account().unwrap());
    ServiceReceipt::sign(&signer, view.receipt_domain(), session, window, parts).unwrap()
}

/// The call that reports these entries.
fn report(place: u32, salt: B256, entries: &[Entry]) -> reportCall {
    reportCall { place, salt, entries: encode_entries(entries) }
}

/// Two agreements of the same two workers, of four windows each, both ready for reports.
async fn reportable_agreements() -> (TestEnv, Vec<Market>, Vec<Market>, [Purchase; 2]) {
    let env = TestEnv::new().await;
    let workers = vec![env.worker(offer(1)).await, env.worker(offer(2)).await];
    let (testers, cleo) = (env.testers(3).await, env.new_account().await);
    let request = OrderRequest::Default { redundancy: 2, length: 24 };
    let purchases = [env.buy(&cleo, request).await, env.buy(&cleo, request).await];
    for purchase in &purchases {
        for worker in &workers {
            env.accept(worker, purchase).await;
        }
    }
    env.advance(24).await;
    (env, workers, testers, purchases)
}

/// A receipt for window 1 that the contract must refuse, with who made it, and its entry's window.
type WrongReceipt = (&'static str, ServiceReceipt);

#[tokio::test(flavor = "multi_thread")]
async fn served_needs_the_workers_receipt_for_exactly_that() {
    let (env, workers, testers, [purchase, other]) = reportable_agreements().await;
    let [ada, ben] = [&workers[0], &workers[1]];
    let [tess, tom] = [&testers[0], &testers[1]].map(|tester| tester.account().unwrap());
    let view = agreement(&testers[0], &purchase).await;
    let elsewhere = agreement(&testers[0], &other).await;
    let session = Session::random();
    let (value, salt, to) = (session.id(tess, 1), session.salt, purchase.agreement);
    let sign = |who, session| sign_receipt(&env, who, &view, session, (1, 0b11));
    let good = sign(ada, value);
    let parity = B256::from(U256::ONE << 255);
    let chain = view.market().node().chain_id();
    let other_chain = domain_separator(chain + 1, to, |bytes| keccak256(bytes).0);
    let adas = env.signer(ada.account().unwrap());
    let on_other_chain = ServiceReceipt::sign(&adas, other_chain, value, 1, 0b11).unwrap();
    // One of window 2, whose entry says that it is of window 1, and the reverse.
    let next = sign_receipt(&env, ada, &view, session.id(tess, 2), (2, 0b11));

    let wrong: [WrongReceipt; 21] = [
        ("the other worker's", sign(ben, value)),
        ("the tester's own", sign(&testers[0], value)),
        ("of another session", sign(ada, Session::random().id(tess, 1))),
        ("of another tester's session", sign(ada, session.id(tom, 1))),
        ("of the session of another window", sign(ada, session.id(tess, 0))),
        ("for the bare salt", sign(ada, salt)),
        ("of another agreement", sign_receipt(&env, ada, &elsewhere, value, (1, 0b11))),
        ("of another chain", on_other_chain),
        ("of another window", ServiceReceipt { window: 1, ..next }),
        ("for another window", ServiceReceipt { window: 2, ..good }),
        ("with one part more", ServiceReceipt { parts: 0b111, ..good }),
        ("with one part less", ServiceReceipt { parts: 0b01, ..good }),
        ("with another part", ServiceReceipt { parts: 0b101, ..good }),
        ("with all parts", ServiceReceipt { parts: u32::MAX, ..good }),
        ("of the other parity", ServiceReceipt { vs: good.vs ^ parity, ..good }),
        ("swapped", ServiceReceipt { r: good.vs, vs: good.r, ..good }),
        ("nothing", ServiceReceipt { r: B256::ZERO, vs: B256::ZERO, ..good }),
        ("its second half", ServiceReceipt { r: B256::ZERO, ..good }),
        ("its first half", ServiceReceipt { vs: B256::ZERO, ..good }),
        ("only ones", ServiceReceipt { r: B256::repeat_byte(0xff), ..good }),
        ("ones and nothing", ServiceReceipt { vs: B256::repeat_byte(0xff), ..good }),
    ];
    for (whose, receipt) in wrong {
        let call = report(0, salt, &[receipt.entry(0, 2, 2)]);
        let answer = env.send(&testers[0], to, &call, 0).await;
        assert_eq!(answer, agreement_error(BadReceipt { entry: 0 }), "{whose}");
    }
    assert!(view.reports().await.unwrap().is_empty());
    let right = [good.entry(0, 2, 2), sign(ben, value).entry(1, 3, 3)];
    env.send(&testers[0], to, &report(0, salt, &right), 0).await.unwrap();
    for index in 0..2 {
        let mut shares = view.shares(index, 1).await.unwrap();
        shares.sort_unstable();
        assert_eq!(shares, [None, None, Some(12)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_supports_two_probes_for_each_of_its_parts() {
    let (env, workers, testers, [purchase, _]) = reportable_agreements().await;
    let (view, session) = (agreement(&testers[0], &purchase).await, Session::random());
    let value = session.id(testers[0].account().unwrap(), 0);
    // The parts that were served, and the most probes that they support; three were made.
    for (parts, most) in [(0, 0), (1 << 31, 2), (0b101, 3), (u32::MAX, 3)] {
        let receipt = sign_receipt(&env, &workers[0], &view, value, (0, parts));
        for served in 1..=3 {
            let call = report(0, session.salt, &[receipt.entry(0, 3, served)]);
            let from = testers[0].account().unwrap();
            let answer = env.call(from, purchase.agreement, &call, 0).await;
            let refused = agreement_error::<()>(BadReceipt { entry: 0 });
            let expected = if served > most { refused.err() } else { None };
            assert_eq!(answer.err(), expected, "{served} in {parts:b}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_entry_needs_its_own_workers_receipt() {
    let (env, workers, testers, [purchase, _]) = reportable_agreements().await;
    let view = agreement(&testers[0], &purchase).await;
    let session = Session::random();
    let value = session.id(testers[0].account().unwrap(), 2);
    let [ada, ben] =
        [0, 1].map(|index| sign_receipt(&env, &workers[index], &view, value, (2, 0b110)));
    for (first, second, entry) in [(ben, ada, 0), (ada, ada, 1), (ben, ben, 0)] {
        let call = report(0, session.salt, &[first.entry(0, 3, 3), second.entry(1, 3, 3)]);
        let answer = env.send(&testers[0], purchase.agreement, &call, 0).await;
        assert_eq!(answer, agreement_error(BadReceipt { entry }));
    }
    // The number is that of the entry, not of the worker.
    let call = report(0, session.salt, &[ada.entry(1, 3, 3)]);
    let answer = env.send(&testers[0], purchase.agreement, &call, 0).await;
    assert_eq!(answer, agreement_error(BadReceipt { entry: 0 }));
    let call = report(0, session.salt, &[ada.entry(0, 3, 3), ben.entry(1, 3, 3)]);
    env.send(&testers[0], purchase.agreement, &call, 0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_copied_is_worth_nothing() {
    let (env, _, testers, [purchase, _]) = reportable_agreements().await;
    let to = purchase.agreement;
    let entries = [probed(0, "3333"), probed(1, "3330")].concat();
    let call = env.report_call(&testers[0], to, 0, &entries).await;
    env.send(&testers[0], to, &call, 0).await.unwrap();
    for (place, tester) in (1..).zip(&testers[1..]) {
        let copy = reportCall { place, ..call.clone() };
        let refusal = agreement_error(BadReceipt { entry: 0 });
        assert_eq!(env.send(tester, to, &copy, 0).await, refusal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_failure_needs_no_receipt_and_ignores_its_parts() {
    let (env, _, testers, [purchase, _]) = reportable_agreements().await;
    let junk = Entry { parts: 0xdead_beef, ..unsigned_entry(0, 0, 3, 0) };
    let call = report(2, B256::ZERO, &[junk, unsigned_entry(1, 3, 2, 0)]);
    // Eight bytes for each.
    assert_eq!(call.entries.len(), 16);
    env.send(&testers[2], purchase.agreement, &call, 0).await.unwrap();
    let view = agreement(&testers[0], &purchase).await;
    for (index, window) in [(0, 0), (1, 3)] {
        let shares = view.shares(index, window).await.unwrap();
        assert_eq!(shares.iter().flatten().collect::<Vec<_>>(), [&0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_that_works_cannot_prove_it() {
    let env = TestEnv::new().await;
    let (testers, cleo) = (env.testers(3).await, env.new_account().await);
    let forwarder = env.deploy_forwarder(&Behavior::Returns(0)).await;
    env.forward_to_dispatcher(&cleo, forwarder, &registration(&cleo), ETHER).await.unwrap();
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 24 }).await;
    assert_eq!(purchase.workers, [forwarder]);
    let (owner, to) = (cleo.account().unwrap(), purchase.agreement);
    let order = evm::forward_calldata(to, &acceptCall {}.abi_encode());
    assert!(env.rpc.send(owner, Some(forwarder), order, 0).await.success);
    env.advance(24).await;
    let view = agreement(&testers[0], &purchase).await;
    let session = Session::random();
    let value = session.id(testers[0].account().unwrap(), 0);
    let owners = sign_receipt(&env, &cleo, &view, value, (0, 0b11));
    let nothing = ServiceReceipt { r: B256::ZERO, vs: B256::ZERO, ..owners };
    for receipt in [owners, nothing] {
        let call = report(0, session.salt, &[receipt.entry(0, 3, 3)]);
        let answer = env.send(&testers[0], to, &call, 0).await;
        assert_eq!(answer, agreement_error(BadReceipt { entry: 0 }));
    }
    // Reports that need no proof are accepted.
    env.report(&testers[0], &purchase, &probed(0, "00--")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_id_depends_on_account_salt_and_window_alone() {
    let (env, workers, testers, [purchase, _]) = reportable_agreements().await;
    let view = agreement(&testers[0], &purchase).await;
    // The hash of three words, computed by hand.
    let opener = testers[0].account().unwrap();
    let salt = B256::repeat_byte(5);
    let window = B256::with_last_byte(3);
    let value = keccak256([opener.into_word().0, salt.0, window.0].concat());
    assert_eq!(value, Session { salt }.id(opener, 3));
    let entry = sign_receipt(&env, &workers[0], &view, value, (3, 1)).entry(0, 2, 2);
    env.send(&testers[0], purchase.agreement, &report(0, salt, &[entry]), 0).await.unwrap();
}
