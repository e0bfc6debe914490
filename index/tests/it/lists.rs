//! Lists, page by page: all of their items, once, in order.

use std::cmp::Reverse;

use muster_index::query::{
    self, AgreementFilter, AgreementState, EventFilter, Page, WorkerFilter, WorkerOrder,
};
use muster_index::{Index, IndexError, MarketId, QueryError};

use crate::chains::open_market;
use crate::generator::{self, Accounts, MarketGenerator};

/// A market of 230 workers and 120 agreements.
const ACCOUNTS: Accounts = Accounts { workers: 230, testers: 5, clients: 3, applications: 2 };

/// Its index.
fn index(path: &std::path::Path) -> (Index, MarketId) {
    let (index, id) = open_market(path, generator::FIRST_BLOCK);
    let mut market = MarketGenerator::new(ACCOUNTS);
    for _ in 0..4 {
        index.apply(id, &market.batch(600)).unwrap();
    }
    (index, id)
}

/// All items of a list and how many pages it has.
fn walk<T>(mut page: impl FnMut(Option<String>) -> Page<T>) -> (Vec<T>, usize) {
    let (mut all, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = page(after);
        all.extend(page.items);
        pages += 1;
        after = page.next;
        if after.is_none() {
            return (all, pages);
        }
    }
}

#[test]
fn every_list_of_workers_has_those_that_the_filter_means() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id) = index(&folder.path().join("index.db"));
    let list = |filter: &WorkerFilter| {
        let page = |after| {
            let filter = WorkerFilter { after, ..filter.clone() };
            index.read(|transaction| query::workers(transaction, id, &filter)).unwrap()
        };
        walk(page).0
    };
    let everybody = list(&WorkerFilter { limit: Some(200), ..WorkerFilter::default() });
    let numbers: Vec<_> = everybody.iter().map(|worker| worker.number).collect();
    assert_eq!(numbers, (1..=235).collect::<Vec<_>>());

    let application = Some(generator::application(1));
    let (middle_price, middle_score) = (1_000_500_000, 3_000);
    let mut filters = Vec::new();
    for order in [WorkerOrder::Number, WorkerOrder::Price, WorkerOrder::Score] {
        for bits in 0_u8..16 {
            filters.push(WorkerFilter {
                application,
                listed: (bits & 1 == 1).then_some(bits & 2 == 2),
                free: bits & 2 == 2,
                max_price: (bits & 4 == 4).then_some(middle_price),
                min_score: (bits & 8 == 8).then_some(middle_score),
                order,
                limit: Some(7),
                after: None,
            });
        }
    }
    let mut sizes = Vec::new();
    for filter in filters {
        let is_sorted = filter.order != WorkerOrder::Number;
        let listed = filter.listed.or(is_sorted.then_some(true));
        let mut expected = everybody.clone();
        expected.retain(|worker| {
            Some(worker.application.0) == filter.application
                && listed.is_none_or(|listed| listed == worker.listed)
                && (!filter.free || worker.active < worker.capacity)
                && filter.max_price.is_none_or(|most| worker.price.0 <= most)
                && filter.min_score.is_none_or(|least| worker.score >= least)
        });
        let mut found = list(&filter);
        match filter.order {
            WorkerOrder::Number => assert!(found.is_sorted_by_key(|worker| worker.number)),
            WorkerOrder::Price => {
                assert!(found.is_sorted_by_key(|worker| (worker.price, worker.number)));
            }
            // By the score of the last change: close to the one of now.
            WorkerOrder::Score => {
                let close = |worker: &query::Worker| Reverse(worker.score.div_ceil(50));
                assert!(found.is_sorted_by_key(close), "{found:?}");
            }
        }
        sizes.push(found.len());
        found.sort_by_key(|worker| worker.number);
        assert_eq!(found, expected, "{filter:?}");
    }
    assert!(
        sizes.iter().all(|size| *size < 116) && sizes.iter().filter(|size| **size > 7).count() > 20
    );
}

#[test]
fn every_list_of_agreements_has_those_that_the_filter_means() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id) = index(&folder.path().join("index.db"));
    let list = |filter: &AgreementFilter| {
        let page = |after| {
            let filter = AgreementFilter { after, ..filter.clone() };
            index.read(|transaction| query::agreements(transaction, id, &filter)).unwrap()
        };
        walk(page).0
    };
    let all = list(&AgreementFilter::default());
    assert!(all.len() > 100 && all.is_sorted_by_key(|agreement| Reverse(agreement.number)));
    let mut details = Vec::new();
    for summary in &all {
        let address = summary.agreement.0;
        let found = index.read(|transaction| query::agreement(transaction, id, address));
        details.push(found.unwrap().unwrap());
    }
    let some_worker = details[3].workers[0].account.0;
    let states = [
        AgreementState::Settled,
        AgreementState::Running,
        AgreementState::Due,
        AgreementState::Open,
    ];
    let mut sizes = Vec::new();
    for bits in 0_usize..8 {
        for state in states.map(Some).into_iter().chain([None]) {
            let filter = AgreementFilter {
                client: (bits & 1 == 1).then_some(generator::client(1)),
                worker: (bits & 2 == 2).then_some(some_worker),
                application: (bits & 4 == 4).then_some(generator::application(1)),
                state,
                limit: Some(4),
                after: None,
            };
            let expected = details.iter().filter(|agreement| {
                let (summary, workers) = (&agreement.summary, &agreement.workers);
                let is_in = match state {
                    None => true,
                    Some(AgreementState::Open) => !["settled", "void"].contains(&summary.state),
                    Some(AgreementState::Settled) => summary.state == "settled",
                    Some(AgreementState::Due) => summary.state == "due",
                    _ => summary.state == "running",
                };
                is_in
                    && filter.client.is_none_or(|client| summary.client.0 == client)
                    && filter.application.is_none_or(|name| summary.application.0 == name)
                    && filter.worker.is_none_or(|one| workers.iter().any(|w| w.account.0 == one))
            });
            let found = list(&filter);
            sizes.push(found.len());
            assert_eq!(
                found,
                expected.map(|a| a.summary.clone()).collect::<Vec<_>>(),
                "{filter:?}"
            );
        }
    }
    assert!(sizes.iter().filter(|size| **size > 4).count() > 10, "{sizes:?}");
}

#[test]
fn every_list_of_events_has_those_that_the_filter_means() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id) = index(&folder.path().join("index.db"));
    let list = |filter: &EventFilter| {
        let page = |after| {
            let filter = EventFilter { after, ..filter.clone() };
            index.read(|transaction| query::events(transaction, id, &filter)).unwrap()
        };
        walk(page)
    };
    let (all, pages) = list(&EventFilter { limit: Some(100), ..EventFilter::default() });
    let status = index.read(|transaction| query::status(transaction)).unwrap();
    assert_eq!(
        (u64::try_from(all.len()).unwrap(), pages),
        (status[0].events, all.len().div_ceil(100))
    );
    let subject = generator::client(0);
    for name in [None, Some("ContractBought"), Some("Accepted"), Some("None")] {
        for latest_first in [false, true] {
            for subject in [None, Some(subject)] {
                let filter = EventFilter {
                    subject,
                    name: name.map(str::to_owned),
                    latest_first,
                    limit: Some(9),
                    after: None,
                };
                let mut expected = all.clone();
                let text = subject.map(|subject| subject.to_string());
                expected.retain(|event| {
                    name.is_none_or(|name| event.event == name)
                        && text
                            .as_ref()
                            .is_none_or(|text| event.arguments.to_string().contains(text))
                });
                if latest_first {
                    expected.reverse();
                }
                assert_eq!(list(&filter).0, expected, "{filter:?}");
            }
        }
    }
}

#[test]
fn pages_out_of_range_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id) = index(&folder.path().join("index.db"));
    let bad = || Some("7-7-7-7".to_owned());
    let account = generator::client(0);
    let refused = [
        index
            .read(|t| {
                query::workers(t, id, &WorkerFilter { after: bad(), ..WorkerFilter::default() })
            })
            .map(drop),
        index
            .read(|t| {
                query::agreements(
                    t,
                    id,
                    &AgreementFilter { after: bad(), ..AgreementFilter::default() },
                )
            })
            .map(drop),
        index
            .read(|t| query::events(t, id, &EventFilter { after: bad(), ..EventFilter::default() }))
            .map(drop),
        index.read(|t| query::testers(t, id, None, Some("x"))).map(drop),
        index.read(|t| query::applications(t, id, None, Some("x"))).map(drop),
        index
            .read(|t| {
                let filter =
                    query::StatementFilter { after: bad(), ..query::StatementFilter::default() };
                query::statement(t, id, account, &filter)
            })
            .map(drop),
    ];
    for refused in refused {
        let refused = refused.unwrap_err();
        assert!(matches!(refused, IndexError::Query(QueryError::Cursor(_))), "{refused}");
    }
    let too_many = WorkerFilter { limit: Some(201), ..WorkerFilter::default() };
    let refused = index.read(|t| query::workers(t, id, &too_many)).unwrap_err();
    assert!(
        matches!(refused, IndexError::Query(QueryError::Limit { limit: 201, most: 200 })),
        "{refused}"
    );
    let by_price = WorkerFilter { order: WorkerOrder::Price, ..WorkerFilter::default() };
    let refused = index.read(|t| query::workers(t, id, &by_price)).unwrap_err();
    assert!(matches!(refused, IndexError::Query(QueryError::NoApplication)), "{refused}");
    let name = generator::application(0);
    for (from, to) in [(86_400, 0), (0, 92 * 86_400), (0, u64::MAX)] {
        let refused = index.read(|t| query::prices(t, id, name, from, to)).unwrap_err();
        assert!(matches!(refused, IndexError::Query(QueryError::Days { .. })), "{refused}");
    }
    index.read(|t| query::prices(t, id, name, 0, 92 * 86_400 - 1)).unwrap();
}
