//! A report of service needs the worker's own receipt for exactly that.

use alloy::primitives::{B256, U256, keccak256};
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::Entry;
use muster_client::protocol::abi::IWorkAgreement::{BadReceipt, acceptCall, reportCall};
use muster_client::{Agreement, Market, OrderRequest, Purchase, ServiceReceipt, Session};

use crate::harness::evm::{self, Behavior};
use crate::harness::expected::agreement_error;
use crate::harness::receipts::unsigned_entry;
use crate::harness::{ETHER, TestEnv, agreement, offer};
use crate::workers::registration;

/// A worker's receipt for a session in an agreement.
fn sign_receipt(
    env: &TestEnv,
    worker: &Market,
    view: &Agreement,
    session: B256,
    served: u32,
) -> ServiceReceipt {
    let signer = env.signer(worker.account().unwrap());
    ServiceReceipt::sign(&signer, view.receipt_domain(), session, served).unwrap()
}

/// Two agreements of the same two workers, of four windows each, both ready for reports.
async fn reportable_agreements(
    accepted: &[usize],
) -> (TestEnv, Vec<Market>, Vec<Market>, [Purchase; 2]) {
    let env = TestEnv::new().await;
    let workers = vec![env.worker(offer(1)).await, env.worker(offer(2)).await];
    let (testers, cleo) = (env.testers(3).await, env.new_account().await);
    let request = OrderRequest::Default { redundancy: 2, length: 24 };
    let purchases = [env.buy(&cleo, request).await, env.buy(&cleo, request).await];
    for purchase in &purchases {
        for worker in accepted {
            env.accept(&workers[*worker], purchase).await;
        }
    }
    env.advance(24).await;
    (env, workers, testers, purchases)
}

#[tokio::test(flavor = "multi_thread")]
async fn served_needs_the_workers_receipt_for_exactly_that() {
    let (env, workers, testers, [purchase, other]) = reportable_agreements(&[0, 1]).await;
    let [ada, ben] = [&workers[0], &workers[1]];
    let [tess, tom] = [&testers[0], &testers[1]].map(|tester| tester.account().unwrap());
    let view = agreement(&testers[0], &purchase).await;
    let elsewhere = agreement(&testers[0], &other).await;
    let session = Session::random();
    let (value, salt, to) = (session.id(tess), session.salt, purchase.agreement);
    let good = sign_receipt(&env, ada, &view, value, 0b0011);
    let parity = B256::from(U256::ONE << 255);

    let wrong = [
        ("the other worker's", sign_receipt(&env, ben, &view, value, 0b0011)),
        ("the tester's own", sign_receipt(&env, &testers[0], &view, value, 0b0011)),
        ("of another session", sign_receipt(&env, ada, &view, Session::random().id(tess), 0b0011)),
        ("of another tester's session", sign_receipt(&env, ada, &view, session.id(tom), 0b0011)),
        ("for the bare salt", sign_receipt(&env, ada, &view, salt, 0b0011)),
        ("of another agreement", sign_receipt(&env, ada, &elsewhere, value, 0b0011)),
        ("for one window more", ServiceReceipt { served: 0b0111, ..good }),
        ("for one window less", ServiceReceipt { served: 0b0001, ..good }),
        ("for another window", ServiceReceipt { served: 0b0101, ..good }),
        ("of the other parity", ServiceReceipt { vs: good.vs ^ parity, ..good }),
        ("swapped", ServiceReceipt { r: good.vs, vs: good.r, ..good }),
        ("nothing", ServiceReceipt { r: B256::ZERO, vs: B256::ZERO, ..good }),
        ("its second half", ServiceReceipt { r: B256::ZERO, ..good }),
        ("its first half", ServiceReceipt { vs: B256::ZERO, ..good }),
        ("only ones", ServiceReceipt { r: B256::repeat_byte(0xff), ..good }),
        ("ones and nothing", ServiceReceipt { vs: B256::repeat_byte(0xff), ..good }),
    ];
    for (whose, receipt) in wrong {
        let entries = vec![receipt.entry(0, 0b1000)];
        let call = reportCall { place: 0, salt, entries };
        let answer = env.send(&testers[0], to, &call, 0).await;
        assert_eq!(answer, agreement_error(BadReceipt { entry: 0 }), "{whose}");
    }
    assert!(view.reports().await.unwrap().is_empty());
    let right =
        vec![good.entry(0, 0b1000), sign_receipt(&env, ben, &view, value, 0b1111).entry(1, 0)];
    let call = reportCall { place: 0, salt, entries: right };
    env.send(&testers[0], to, &call, 0).await.unwrap();
    assert_eq!(view.reported(0, 0).await.unwrap(), (0b1011, 0b0011));
    assert_eq!(view.reported(0, 1).await.unwrap(), (0b1111, 0b1111));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_entry_needs_its_own_workers_receipt() {
    let (env, workers, testers, [purchase, _]) = reportable_agreements(&[0, 1]).await;
    let view = agreement(&testers[0], &purchase).await;
    let session = Session::random();
    let value = session.id(testers[0].account().unwrap());
    let [ada, ben] = [0, 1].map(|index| sign_receipt(&env, &workers[index], &view, value, 0b0110));
    let cases = [(ben, ada, 0), (ada, ada, 1), (ben, ben, 0)];
    for (first, second, entry) in cases {
        let entries = vec![first.entry(0, 0), second.entry(1, 0)];
        let call = reportCall { place: 0, salt: session.salt, entries };
        let answer = env.send(&testers[0], purchase.agreement, &call, 0).await;
        assert_eq!(answer, agreement_error(BadReceipt { entry }));
    }
    // The number is that of the entry, not of the worker.
    let call = reportCall { place: 0, salt: session.salt, entries: vec![ada.entry(1, 0)] };
    let answer = env.send(&testers[0], purchase.agreement, &call, 0).await;
    assert_eq!(answer, agreement_error(BadReceipt { entry: 0 }));
    let entries = vec![ada.entry(0, 0), ben.entry(1, 0)];
    let call = reportCall { place: 0, salt: session.salt, entries };
    env.send(&testers[0], purchase.agreement, &call, 0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_copied_is_worth_nothing() {
    let (env, _, testers, [purchase, _]) = reportable_agreements(&[0, 1]).await;
    let to = purchase.agreement;
    let call = env
        .report_call(&testers[0], to, 0, &[unsigned_entry(0, 15, 15), unsigned_entry(1, 15, 7)])
        .await;
    env.send(&testers[0], to, &call, 0).await.unwrap();
    for (place, tester) in (1..).zip(&testers[1..]) {
        let copy = reportCall { place, ..call.clone() };
        let refusal = agreement_error(BadReceipt { entry: 0 });
        assert_eq!(env.send(tester, to, &copy, 0).await, refusal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_failure_needs_no_receipt_and_ignores_one() {
    let (env, _, testers, [purchase, _]) = reportable_agreements(&[0, 1]).await;
    let junk =
        Entry { r: B256::repeat_byte(1), vs: B256::repeat_byte(2), ..unsigned_entry(0, 0b1111, 0) };
    let call =
        reportCall { place: 2, salt: B256::ZERO, entries: vec![junk, unsigned_entry(1, 1, 0)] };
    env.send(&testers[2], purchase.agreement, &call, 0).await.unwrap();
    let view = agreement(&testers[0], &purchase).await;
    assert_eq!(view.reported(2, 0).await.unwrap(), (0b1111, 0));
    assert_eq!(view.reported(2, 1).await.unwrap(), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_did_not_accept_needs_a_receipt_too() {
    let (env, _, testers, [purchase, _]) = reportable_agreements(&[0]).await;
    let (to, session) = (purchase.agreement, Session::random());
    let call = reportCall { place: 0, salt: session.salt, entries: vec![unsigned_entry(1, 1, 1)] };
    let refusal = agreement_error(BadReceipt { entry: 0 });
    assert_eq!(env.send(&testers[0], to, &call, 0).await, refusal);
    let call = env.report_call(&testers[0], to, 0, &[unsigned_entry(1, 1, 1)]).await;
    env.send(&testers[0], to, &call, 0).await.unwrap();
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
    let value = session.id(testers[0].account().unwrap());
    let owners = sign_receipt(&env, &cleo, &view, value, 0b0011);
    let nothing = ServiceReceipt { r: B256::ZERO, vs: B256::ZERO, ..owners };
    for receipt in [owners, nothing] {
        let entries = vec![receipt.entry(0, 0)];
        let call = reportCall { place: 0, salt: session.salt, entries };
        let answer = env.send(&testers[0], to, &call, 0).await;
        assert_eq!(answer, agreement_error(BadReceipt { entry: 0 }));
    }
    // Reports that need no proof are accepted.
    env.report(&testers[0], &purchase, &[unsigned_entry(0, 0b0011, 0)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_id_depends_on_account_and_salt_alone() {
    let (env, workers, testers, [purchase, _]) = reportable_agreements(&[0, 1]).await;
    let view = agreement(&testers[0], &purchase).await;
    // The hash of two words, computed by hand.
    let opener = testers[0].account().unwrap();
    let salt = B256::repeat_byte(5);
    let value = keccak256([opener.into_word().0, salt.0].concat());
    assert_eq!(value, Session { salt }.id(opener));
    let entries = vec![sign_receipt(&env, &workers[0], &view, value, 1).entry(0, 0)];
    let call = reportCall { place: 0, salt, entries };
    env.send(&testers[0], purchase.agreement, &call, 0).await.unwrap();
}
