//! Notices: found once, for whom they concern, and kept until they are taken.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256, U256};
use muster_client::protocol::abi::IWorkerDispatcher::{
    CheckedIn, IWorkerDispatcherEvents as Dispatcher, Unlisted, Withdrawn,
};
use muster_client::{EventRecord, MarketEvent};
use muster_index::notices::{
    Delivery, NoticeKind, NoticeRules, Outcome, Webhook, due_deliveries, queue_notices,
    record_attempt,
};
use muster_index::query::{self, AgreementFilter, AgreementState};
use muster_index::{Batch, Block, Index, MarketId};
use serde_json::Value;

use crate::chains::open_market;
use crate::generator::{self, Accounts, MarketGenerator, tester, worker};

const ACCOUNTS: Accounts = Accounts { workers: 12, testers: 5, clients: 2, applications: 3 };

/// When there is a notice.
const RULES: NoticeRules = NoticeRules { ends_within: 1_800, min_credit: 1_000 };

/// Wants everything.
fn everything() -> Webhook {
    Webhook {
        url: "http://one".to_owned(),
        kinds: NoticeKind::ALL.into(),
        accounts: BTreeSet::new(),
    }
}

/// Queues notices, and returns those that are due: event and data.
fn queue(index: &Index, id: MarketId, webhooks: &[Webhook]) -> Vec<(String, Value)> {
    index.write(|t| queue_notices(t, id, &RULES, webhooks, 10)).unwrap();
    let due = index.read(|t| due_deliveries(t, 10, 10_000)).unwrap();
    for delivery in &due {
        index.write(|t| record_attempt(t, &delivery.id, Outcome::Taken, 10)).unwrap();
    }
    due.iter().map(notice).collect()
}

/// The event and the data of a delivery.
fn notice(delivery: &Delivery) -> (String, Value) {
    let mut body: Value = serde_json::from_str(&delivery.body).unwrap();
    assert_eq!(body["id"], delivery.id);
    assert!(body["block"]["hash"].is_string());
    (body["event"].as_str().unwrap().to_owned(), body["data"].take())
}

/// Adds a block so many seconds after the last one.
fn add(index: &Index, id: MarketId, seconds: u64, events: Vec<Dispatcher>) {
    let head = index.head(id).unwrap().unwrap();
    let (number, time) = (head.number + 1, head.time + seconds);
    let block = Block { number, hash: B256::from(U256::from(number)), time };
    let events = (0..).zip(events).map(|(log_index, event)| EventRecord {
        event: MarketEvent::Dispatcher(event),
        block: number,
        log_index,
        transaction: B256::ZERO,
    });
    let batch = Batch {
        from: number,
        blocks: vec![block],
        events: events.collect(),
        tip: number,
        ..Batch::default()
    };
    index.apply(id, &batch).unwrap();
}

/// An index that notices have been taken from.
fn index(path: &std::path::Path) -> (Index, MarketId, MarketGenerator) {
    let (index, id) = open_market(path, generator::FIRST_BLOCK);
    let mut market = MarketGenerator::new(ACCOUNTS);
    index.apply(id, &market.batch(400)).unwrap();
    let first = queue(&index, id, &[everything()]);
    assert!(
        first.iter().all(|(event, _)| event == "agreement_ends_soon"),
        "nothing of the past: {first:?}"
    );
    (index, id, market)
}

#[test]
fn agreements_that_end_soon_are_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id, mut market) = index(&folder.path().join("index.db"));
    let mut told = BTreeSet::new();
    for _ in 0..5 {
        index.apply(id, &market.batch(200)).unwrap();
        let now = index.head(id).unwrap().unwrap().time;
        let running =
            AgreementFilter { state: Some(AgreementState::Running), ..AgreementFilter::default() };
        let running = index.read(|t| query::agreements(t, id, &running)).unwrap().items;
        let soon = running.iter().filter(|agreement| agreement.end <= now + 1_800);
        let soon: BTreeSet<_> = soon.map(|agreement| agreement.agreement.to_string()).collect();
        let notices = queue(&index, id, &[everything()]);
        let ending = notices.iter().filter(|(event, _)| event == "agreement_ends_soon");
        let ending: Vec<_> =
            ending.map(|(_, data)| data["agreement"].as_str().unwrap().to_owned()).collect();
        assert!(
            soon.iter().all(|agreement| told.contains(agreement) || ending.contains(agreement))
        );
        for agreement in ending {
            assert!(soon.contains(&agreement) && told.insert(agreement), "told twice, or early");
        }
    }
}

#[test]
fn credits_are_told_again_after_a_withdrawal_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id, mut market) = index(&folder.path().join("index.db"));
    let of = |notices: Vec<(String, Value)>, account: String| {
        let credits = notices.into_iter().filter(|(event, data)| {
            event == "credit_waits" && [&data["account"]] == [&Value::from(account.as_str())]
        });
        credits.count()
    };
    let client = generator::client(0).to_string();
    index.apply(id, &market.batch(300)).unwrap();
    assert_eq!(of(queue(&index, id, &[everything()]), client.clone()), 1);
    index.apply(id, &market.batch(300)).unwrap();
    assert_eq!(of(queue(&index, id, &[everything()]), client.clone()), 0, "nothing was withdrawn");
    let account = generator::client(0);
    add(&index, id, 1, vec![Dispatcher::Withdrawn(Withdrawn { account, to: account, amount: 5 })]);
    index.apply(id, &market_after(&index, id, &mut market, 300)).unwrap();
    assert_eq!(of(queue(&index, id, &[everything()]), client), 1);
}

/// The next batch of a market, moved to after the latest block.
fn market_after(index: &Index, id: MarketId, market: &mut MarketGenerator, events: usize) -> Batch {
    let head = index.head(id).unwrap().unwrap();
    let mut batch = market.batch(events);
    let shift = head.number + 1 - batch.from;
    batch.from += shift;
    batch.tip += shift;
    for block in &mut batch.blocks {
        block.number += shift;
        block.time += shift;
    }
    for event in &mut batch.events {
        event.block += shift;
    }
    batch
}

#[test]
fn a_worker_out_of_its_book_and_a_free_bond_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id, _) = index(&folder.path().join("index.db"));
    let (ada, tom) = (worker(0), tester(0));
    add(&index, id, 1, vec![Dispatcher::Unlisted(Unlisted { worker: ada })]);
    let is_alone = |notices: &[(String, Value)], event: &str, name: &str, account: Address| {
        let [(found, data)] = notices else { return false };
        found == event && data[name] == account.to_string()
    };
    let notices = queue(&index, id, &[everything()]);
    assert!(is_alone(&notices, "worker_unlisted", "worker", ada), "{notices:?}");

    let epoch = u32::try_from(index.head(id).unwrap().unwrap().time / 100).unwrap();
    add(&index, id, 1, vec![Dispatcher::CheckedIn(CheckedIn { tester: tom, epoch, place: 0 })]);
    assert_eq!(queue(&index, id, &[everything()]), []);
    add(&index, id, 100, Vec::new());
    assert_eq!(queue(&index, id, &[everything()]), [], "it is locked for another epoch");
    add(&index, id, 100, Vec::new());
    let notices = queue(&index, id, &[everything()]);
    assert!(is_alone(&notices, "tester_bond_free", "tester", tom), "{notices:?}");
    add(&index, id, 100, Vec::new());
    assert_eq!(queue(&index, id, &[everything()]), []);
}

#[test]
fn each_webhook_gets_what_it_wants_until_it_has_taken_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let (index, id, _) = index(&path);
    let (ada, ben) = (worker(0), worker(1));
    let of = |url: &str, kind, account| Webhook {
        url: url.to_owned(),
        kinds: [kind].into(),
        accounts: [account].into(),
    };
    let webhooks = [
        everything(),
        of("http://ada", NoticeKind::WorkerUnlisted, ada),
        of("http://ben", NoticeKind::WorkerUnlisted, ben),
        of("http://credits", NoticeKind::CreditWaits, ada),
    ];
    add(&index, id, 1, vec![Dispatcher::Unlisted(Unlisted { worker: ada })]);
    assert_eq!(index.write(|t| queue_notices(t, id, &RULES, &webhooks, 10)).unwrap(), 2);
    assert_eq!(index.write(|t| queue_notices(t, id, &RULES, &webhooks, 10)).unwrap(), 0);
    let due = index.read(|t| due_deliveries(t, 10, 10)).unwrap();
    let urls: BTreeSet<_> = due.iter().map(|delivery| delivery.url.as_str()).collect();
    assert_eq!(urls, BTreeSet::from(["http://one", "http://ada"]));
    assert_eq!(index.read(|t| due_deliveries(t, 9, 10)).unwrap(), []);

    index.write(|t| record_attempt(t, &due[0].id, Outcome::Retry(50), 10)).unwrap();
    index.write(|t| record_attempt(t, &due[1].id, Outcome::GivenUp, 10)).unwrap();
    assert_eq!(index.read(|t| due_deliveries(t, 49, 10)).unwrap(), []);
    drop(index);
    // What is not taken is there after a restart.
    let (index, id) = open_market(&path, generator::FIRST_BLOCK);
    let again = Delivery { attempts: 1, ..due[0].clone() };
    assert_eq!(index.read(|t| due_deliveries(t, 50, 10)).unwrap(), [again]);
    assert_eq!(index.write(|t| queue_notices(t, id, &RULES, &webhooks, 60)).unwrap(), 0);
}
