//! Who says that a worker served shows the worker's own word for it, and for nothing else.

use alloy::primitives::{B256, U256, keccak256};
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::Entry;
use muster_client::protocol::abi::IWorkAgreement::{BadReceipt, acceptCall, reportCall};
use muster_client::{Agreement, Market, Purchase, ServiceReceipt, Session, Want};

use crate::harness::evm::{self, Habit};
use crate::harness::receipts::seen;
use crate::harness::words::contract;
use crate::harness::{ETHER, World, agreement, offer};
use crate::workers::registration;

/// What a worker signed for a session in an agreement.
fn signed(
    world: &World,
    worker: &Market,
    view: &Agreement,
    session: B256,
    served: u32,
) -> ServiceReceipt {
    let signer = world.signer(worker.account().unwrap());
    ServiceReceipt::sign(&signer, view.receipt_domain(), session, served).unwrap()
}

/// Two agreements of the same two workers, of four windows each, about which may be reported.
async fn ended(accepted: &[usize]) -> (World, Vec<Market>, Vec<Market>, [Purchase; 2]) {
    let world = World::new().await;
    let workers = vec![world.worker(offer(1)).await, world.worker(offer(2)).await];
    let (testers, cleo) = (world.testers(3).await, world.person().await);
    let want = Want::Usual { redundancy: 2, length: 24 };
    let purchases = [world.buy(&cleo, want).await, world.buy(&cleo, want).await];
    for purchase in &purchases {
        for worker in accepted {
            world.accept(&workers[*worker], purchase).await;
        }
    }
    world.pass(24).await;
    (world, workers, testers, purchases)
}

#[tokio::test(flavor = "multi_thread")]
async fn served_needs_the_workers_receipt_for_exactly_that() {
    let (world, workers, testers, [purchase, other]) = ended(&[0, 1]).await;
    let [ada, ben] = [&workers[0], &workers[1]];
    let [tess, tom] = [&testers[0], &testers[1]].map(|tester| tester.account().unwrap());
    let view = agreement(&testers[0], &purchase).await;
    let elsewhere = agreement(&testers[0], &other).await;
    let session = Session::random();
    let (value, salt, to) = (session.value(tess), session.salt, purchase.agreement);
    let good = signed(&world, ada, &view, value, 0b0011);
    let parity = B256::from(U256::ONE << 255);

    let wrong = [
        ("the other worker's", signed(&world, ben, &view, value, 0b0011)),
        ("the tester's own", signed(&world, &testers[0], &view, value, 0b0011)),
        ("of another session", signed(&world, ada, &view, Session::random().value(tess), 0b0011)),
        ("of another tester's session", signed(&world, ada, &view, session.value(tom), 0b0011)),
        ("for the bare salt", signed(&world, ada, &view, salt, 0b0011)),
        ("of another agreement", signed(&world, ada, &elsewhere, value, 0b0011)),
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
        let answer = world.send(&testers[0], to, &call, 0).await;
        assert_eq!(answer, contract(BadReceipt { entry: 0 }), "{whose}");
    }
    assert!(view.reports().await.unwrap().is_empty());
    let right = vec![good.entry(0, 0b1000), signed(&world, ben, &view, value, 0b1111).entry(1, 0)];
    let call = reportCall { place: 0, salt, entries: right };
    world.send(&testers[0], to, &call, 0).await.unwrap();
    assert_eq!(view.reported(0, 0).await.unwrap(), (0b1011, 0b0011));
    assert_eq!(view.reported(0, 1).await.unwrap(), (0b1111, 0b1111));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_entry_needs_its_own_workers_receipt() {
    let (world, workers, testers, [purchase, _]) = ended(&[0, 1]).await;
    let view = agreement(&testers[0], &purchase).await;
    let session = Session::random();
    let value = session.value(testers[0].account().unwrap());
    let [ada, ben] = [0, 1].map(|index| signed(&world, &workers[index], &view, value, 0b0110));
    let cases = [(ben, ada, 0), (ada, ada, 1), (ben, ben, 0)];
    for (first, second, entry) in cases {
        let entries = vec![first.entry(0, 0), second.entry(1, 0)];
        let call = reportCall { place: 0, salt: session.salt, entries };
        let answer = world.send(&testers[0], purchase.agreement, &call, 0).await;
        assert_eq!(answer, contract(BadReceipt { entry }));
    }
    // The number is that of the entry, not that of the worker.
    let call = reportCall { place: 0, salt: session.salt, entries: vec![ada.entry(1, 0)] };
    let answer = world.send(&testers[0], purchase.agreement, &call, 0).await;
    assert_eq!(answer, contract(BadReceipt { entry: 0 }));
    let entries = vec![ada.entry(0, 0), ben.entry(1, 0)];
    let call = reportCall { place: 0, salt: session.salt, entries };
    world.send(&testers[0], purchase.agreement, &call, 0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_copied_is_worth_nothing() {
    let (world, _, testers, [purchase, _]) = ended(&[0, 1]).await;
    let to = purchase.agreement;
    let call = world.testimony(&testers[0], to, 0, &[seen(0, 15, 15), seen(1, 15, 7)]).await;
    world.send(&testers[0], to, &call, 0).await.unwrap();
    for (place, tester) in (1..).zip(&testers[1..]) {
        let copy = reportCall { place, ..call.clone() };
        let refusal = contract(BadReceipt { entry: 0 });
        assert_eq!(world.send(tester, to, &copy, 0).await, refusal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_needs_no_receipt_and_looks_at_none() {
    let (world, _, testers, [purchase, _]) = ended(&[0, 1]).await;
    let junk = Entry { r: B256::repeat_byte(1), vs: B256::repeat_byte(2), ..seen(0, 0b1111, 0) };
    let call = reportCall { place: 2, salt: B256::ZERO, entries: vec![junk, seen(1, 1, 0)] };
    world.send(&testers[2], purchase.agreement, &call, 0).await.unwrap();
    let view = agreement(&testers[0], &purchase).await;
    assert_eq!(view.reported(2, 0).await.unwrap(), (0b1111, 0));
    assert_eq!(view.reported(2, 1).await.unwrap(), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_did_not_accept_has_to_have_signed_too() {
    let (world, _, testers, [purchase, _]) = ended(&[0]).await;
    let (to, session) = (purchase.agreement, Session::random());
    let call = reportCall { place: 0, salt: session.salt, entries: vec![seen(1, 1, 1)] };
    let refusal = contract(BadReceipt { entry: 0 });
    assert_eq!(world.send(&testers[0], to, &call, 0).await, refusal);
    let call = world.testimony(&testers[0], to, 0, &[seen(1, 1, 1)]).await;
    world.send(&testers[0], to, &call, 0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_that_works_cannot_prove_it() {
    let world = World::new().await;
    let (testers, cleo) = (world.testers(3).await, world.person().await);
    let puppet = world.puppet(&Habit::Answers(0)).await;
    world.act(&cleo, puppet, &registration(&cleo), ETHER).await.unwrap();
    let purchase = world.buy(&cleo, Want::Usual { redundancy: 1, length: 24 }).await;
    assert_eq!(purchase.workers, [puppet]);
    let (owner, to) = (cleo.account().unwrap(), purchase.agreement);
    let order = evm::order(to, &acceptCall {}.abi_encode());
    assert!(world.wire.send(owner, Some(puppet), order, 0).await.success);
    world.pass(24).await;
    let view = agreement(&testers[0], &purchase).await;
    let session = Session::random();
    let value = session.value(testers[0].account().unwrap());
    let owners = signed(&world, &cleo, &view, value, 0b0011);
    let nothing = ServiceReceipt { r: B256::ZERO, vs: B256::ZERO, ..owners };
    for receipt in [owners, nothing] {
        let entries = vec![receipt.entry(0, 0)];
        let call = reportCall { place: 0, salt: session.salt, entries };
        let answer = world.send(&testers[0], to, &call, 0).await;
        assert_eq!(answer, contract(BadReceipt { entry: 0 }));
    }
    // What needs no proof can be said of it.
    world.report(&testers[0], &purchase, &[seen(0, 0b0011, 0)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_named_by_account_and_salt_alone() {
    let (world, workers, testers, [purchase, _]) = ended(&[0, 1]).await;
    let view = agreement(&testers[0], &purchase).await;
    // The hash of two words, as anybody would write it down.
    let opener = testers[0].account().unwrap();
    let salt = B256::repeat_byte(5);
    let value = keccak256([opener.into_word().0, salt.0].concat());
    assert_eq!(value, Session { salt }.value(opener));
    let entries = vec![signed(&world, &workers[0], &view, value, 1).entry(0, 0)];
    let call = reportCall { place: 0, salt, entries };
    world.send(&testers[0], purchase.agreement, &call, 0).await.unwrap();
}
