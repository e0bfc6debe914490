//! Statements, prices, books and testers of a market.

use std::collections::BTreeMap;

use muster_index::query::{self, StatementEntry, StatementFilter, WorkerFilter, WorkerOrder};
use muster_index::{Batch, Index, MarketId};

use crate::chains::open_market;
use crate::generator::{self, Accounts, MarketGenerator};

/// A market of few accounts.
const ACCOUNTS: Accounts = Accounts { workers: 12, testers: 5, clients: 2, applications: 3 };

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Its index, and what is in it: some days.
pub(crate) fn index(path: &std::path::Path) -> (Index, MarketId, Vec<Batch>) {
    let (index, id) = open_market(path, generator::FIRST_BLOCK);
    let mut market = MarketGenerator::new(ACCOUNTS);
    let batches: Vec<_> = (0..10).map(|_| market.batch(1_200)).collect();
    for batch in &batches {
        index.apply(id, batch).unwrap();
    }
    (index, id, batches)
}

/// All entries of a statement, in pages of this many.
fn statement(index: &Index, id: MarketId, filter: &StatementFilter) -> Vec<StatementEntry> {
    let (mut all, mut filter) = (Vec::new(), filter.clone());
    loop {
        let page = index
            .read(|transaction| query::statement(transaction, id, generator::client(0), &filter))
            .unwrap();
        all.extend(page.items);
        filter.after = page.next;
        if filter.after.is_none() {
            return all;
        }
    }
}

#[test]
fn a_statement_of_some_time_has_its_entries_and_sums_to_the_account() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id, _) = index(&folder.path().join("index.db"));
    let all = statement(&index, id, &StatementFilter::default());
    let summary =
        index.read(|transaction| query::account(transaction, id, generator::client(0))).unwrap();
    let sum = |kind: &str| -> u128 {
        let entries = all.iter().filter(|entry| entry.entry == kind);
        entries.map(|entry| entry.income.0 + entry.cost.0).sum()
    };
    assert_eq!(
        [sum("purchase"), sum("refund"), sum("compensation")],
        [summary.paid.0, summary.refunded.0, summary.compensated.0]
    );
    assert!(
        all.len() > 700 && all.iter().all(|entry| (entry.income.0 == 0) != (entry.cost.0 == 0))
    );

    let (first, last) = (all[200].time, all[500].time);
    assert!(all[0].time < first && first < last);
    for (from, to) in [
        (None, None),
        (Some(first), None),
        (None, Some(first)),
        (Some(first + 1), Some(last)),
        (Some(u64::MAX), None),
        (None, Some(0)),
    ] {
        let mut expected = all.clone();
        expected.retain(|entry| {
            from.is_none_or(|from| entry.time >= from) && to.is_none_or(|to| entry.time < to)
        });
        let filter = StatementFilter { from, to, limit: Some(100), after: None };
        assert_eq!(statement(&index, id, &filter), expected, "{filter:?}");
    }
}

#[test]
fn prices_are_quartiles_of_what_was_paid() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id, batches) = index(&folder.path().join("index.db"));
    let application = generator::application(2);
    let mut paid: BTreeMap<u64, Vec<u128>> = BTreeMap::new();
    for terms in batches.iter().flat_map(|batch| batch.terms.values()) {
        if terms.header.application == application {
            let day = terms.header.purchased / DAY;
            paid.entry(day).or_default().extend(terms.workers().map(|worker| worker.price));
        }
    }
    assert!(paid.len() > 2, "some days");
    let found = index
        .read(|t| {
            query::prices(
                t,
                id,
                application,
                generator::FIRST_SECOND,
                generator::FIRST_SECOND + 50 * DAY,
            )
        })
        .unwrap();
    assert_eq!(found.len(), paid.len());
    for (found, (day, mut prices)) in found.into_iter().zip(paid) {
        prices.sort_unstable();
        let count = prices.len();
        // The smallest price that a share of the prices does not exceed.
        let at = |quarters: usize| prices[(count * quarters).div_ceil(4).max(1) - 1];
        assert_eq!((found.day, found.count), (day * DAY, u64::try_from(count).unwrap()));
        let ours = [found.min, found.lower_quartile, found.median, found.upper_quartile, found.max];
        assert_eq!(ours.map(|price| price.0), [0, 1, 2, 3, 4].map(at));
    }
}

#[test]
fn a_book_has_the_workers_that_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id, _) = index(&folder.path().join("index.db"));
    let all = index.read(|t| query::applications(t, id, None, None)).unwrap();
    assert_eq!((all.items.len(), all.next), (3, None), "testers apart");
    let first = index.read(|t| query::applications(t, id, Some(2), None)).unwrap();
    let second =
        index.read(|t| query::applications(t, id, Some(2), first.next.as_deref())).unwrap();
    assert_eq!([first.items, second.items].concat(), all.items);
    for (n, summary) in (0..).zip(&all.items) {
        let application = generator::application(n);
        assert_eq!(summary.application.0, application);
        let book = index.read(|t| query::book(t, id, application)).unwrap();
        let filter = WorkerFilter {
            application: Some(application),
            order: WorkerOrder::Price,
            ..WorkerFilter::default()
        };
        let listed = index.read(|t| query::workers(t, id, &filter)).unwrap().items;
        assert_eq!(summary.listed, book.iter().map(|level| level.workers).sum::<u32>());
        assert_eq!(usize::try_from(summary.listed).unwrap(), listed.len());
        assert_eq!(summary.lowest_price, listed.first().map(|worker| worker.price));
        let free =
            listed.iter().map(|worker| u32::from(worker.capacity.saturating_sub(worker.active)));
        assert_eq!(book.iter().map(|level| level.free).sum::<u32>(), free.sum::<u32>());
        assert!(book.is_sorted_by(|one, next| one.price < next.price));
    }
}

#[test]
fn testers_are_counted_and_paid() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id, _) = index(&folder.path().join("index.db"));
    let page = index.read(|t| query::testers(t, id, Some(3), None)).unwrap();
    let rest = index.read(|t| query::testers(t, id, Some(3), page.next.as_deref())).unwrap();
    assert_eq!((page.items.len(), rest.items.len(), rest.next), (3, 2, None));
    for (n, tester) in (0..).zip(page.items.iter().chain(&rest.items)) {
        let account = generator::tester(n);
        let alone = index.read(|t| query::tester(t, id, account)).unwrap().unwrap();
        assert_eq!((tester, tester.account.0), (&alone, account));
        let count = |name: &str| {
            index
                .read(|transaction| {
                    let sql = format!("SELECT count(*) FROM {name} WHERE tester = ?1");
                    Ok(transaction.first(&sql, &[account.into()])?.unwrap().get::<u32>(0)?)
                })
                .unwrap()
        };
        assert_eq!((tester.reports, tester.lists), (count("reports"), count("places")));
        assert!(tester.reports > 100 && tester.fees.0 > 0);
    }
    assert_eq!(index.read(|t| query::tester(t, id, generator::worker(0))).unwrap(), None);
}

#[test]
fn the_latest_changes_of_a_worker_are_shown_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id, _) = index(&folder.path().join("index.db"));
    let account = generator::worker(3);
    let worker = index.read(|t| query::worker(t, id, account)).unwrap().unwrap();
    let history = index.read(|t| query::worker_history(t, id, account)).unwrap();
    assert!(history.prices.is_sorted_by_key(|point| point.block) && history.prices.len() > 20);
    assert_eq!(history.prices.last().unwrap().price, worker.price);
    assert!(history.scores.is_sorted_by_key(|point| point.block) && history.scores.len() > 20);
    assert!(history.income.is_sorted_by_key(|point| point.day) && history.income.len() > 2);
    let paid: u128 = history.income.iter().map(|day| day.pay.0).sum();
    let earned = index.read(|t| query::account(t, id, account)).unwrap().earned.0;
    assert_eq!(paid, earned, "all of its income is shown");
}
