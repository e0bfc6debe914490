//! How much of the database a question reads.

use std::path::Path;

use muster_index::database::{DatabaseError, Row, Transaction, Value};
use muster_index::query::{self, Page, Worker, WorkerFilter, WorkerOrder};
use muster_index::{Index, IndexError, MarketId};

use crate::chains::open_market;
use crate::generator::{self, Accounts, MarketGenerator};

/// A market with one book, which is longer than what is looked through for a page.
const ACCOUNTS: Accounts = Accounts { workers: 2_600, testers: 5, clients: 3, applications: 1 };

/// Its index.
fn index(path: &Path) -> (Index, MarketId) {
    let (index, id) = open_market(path, generator::FIRST_BLOCK);
    index.apply(id, &MarketGenerator::new(ACCOUNTS).batch(8_500)).unwrap();
    (index, id)
}

/// A transaction that remembers what it was asked, and how many rows the answers had.
struct Watched<'a> {
    /// The transaction.
    inner: &'a mut dyn Transaction,
    /// The statements, with their values.
    asked: Vec<(String, Vec<Value>)>,
    /// The rows of all answers.
    rows: usize,
}

impl Transaction for Watched<'_> {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<usize, DatabaseError> {
        self.inner.execute(sql, values)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        self.asked.push((sql.to_owned(), values.to_vec()));
        let rows = self.inner.query(sql, values)?;
        self.rows += rows.len();
        Ok(rows)
    }
}

/// The answer to a question, the number of rows that were read for it, and how the database runs each of its statements.
fn watch<T>(
    index: &Index,
    mut question: impl FnMut(&mut dyn Transaction) -> Result<T, IndexError>,
) -> (T, usize, Vec<String>) {
    let watched = index.read(|inner| {
        let mut watched = Watched { inner, asked: Vec::new(), rows: 0 };
        let answer = question(&mut watched)?;
        let Watched { inner, asked, rows } = watched;
        let mut plans = Vec::new();
        for (sql, values) in asked {
            let plan = inner.query(&format!("EXPLAIN QUERY PLAN {sql}"), &values)?;
            let lines: Result<Vec<String>, _> = plan.iter().map(|row| row.get(3)).collect();
            plans.push(lines?.join("; "));
        }
        Ok((answer, rows, plans))
    });
    watched.unwrap()
}

#[test]
fn a_page_of_workers_that_match_reads_them_alone_however_many_are_looked_through() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id) = index(&folder.path().join("index.db"));
    let list = |filter: &WorkerFilter| {
        let (mut all, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let filter = WorkerFilter { after, ..filter.clone() };
            let (page, rows, plans): (Page<Worker>, _, _) =
                watch(&index, |transaction| query::workers(transaction, id, &filter));
            let limit = usize::try_from(filter.limit.unwrap()).unwrap();
            // One row more than the page, two where it has to end, and the latest block.
            assert!(rows <= limit + 4, "{rows} rows: {filter:?}");
            let sorts = plans.iter().any(|plan| plan.contains("TEMP B-TREE"));
            assert!(!sorts, "an index has the order: {plans:?}");
            all.extend(page.items);
            (after, pages) = (page.next, pages + 1);
            if after.is_none() {
                return (all, pages);
            }
        }
    };
    let application = Some(generator::application(0));
    for (order, looked_through) in
        [(WorkerOrder::Number, 2_600), (WorkerOrder::Price, 2_276), (WorkerOrder::Score, 2_276)]
    {
        let everybody = WorkerFilter {
            application,
            listed: (order != WorkerOrder::Number).then_some(true),
            order,
            limit: Some(200),
            ..WorkerFilter::default()
        };
        let (everybody, _) = list(&everybody);
        assert!(everybody.len().abs_diff(looked_through) < 100, "{}", everybody.len());
        let best = everybody.iter().map(|worker| worker.score).max().unwrap();
        for min_score in [best, best / 2, 1] {
            let few = WorkerFilter {
                application,
                listed: Some(true),
                free: true,
                min_score: Some(min_score),
                order,
                limit: Some(200),
                ..WorkerFilter::default()
            };
            let mut expected = everybody.clone();
            expected.retain(|worker| {
                worker.listed && worker.active < worker.capacity && worker.score >= min_score
            });
            let (found, pages) = list(&few);
            assert_eq!(found, expected, "{few:?}");
            assert!(!found.is_empty(), "{few:?}");
            if order != WorkerOrder::Score {
                assert_eq!(pages, 3, "one for each thousand that is looked through: {few:?}");
            }
        }
    }
}

#[test]
fn reading_for_a_page_ends_with_the_last_row_that_is_looked_through() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id) = index(&folder.path().join("index.db"));
    let all = WorkerFilter {
        application: Some(generator::application(0)),
        free: true,
        max_price: Some(u128::MAX),
        min_score: Some(0),
        ..WorkerFilter::default()
    };
    for (order, end) in [
        (WorkerOrder::Number, "number<?"),
        (WorkerOrder::Price, "(price,number)<(?,?)"),
        (WorkerOrder::Score, "(score,number)>(?,?)"),
    ] {
        let filter = WorkerFilter { order, ..all.clone() };
        let (_, _, plans) = watch(&index, |transaction| query::workers(transaction, id, &filter));
        assert!(plans.iter().any(|plan| plan.contains(end)), "{order:?}: {plans:?}");
    }
}

#[test]
fn a_book_and_prices_are_read_from_an_index_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id) = index(&folder.path().join("index.db"));
    let application = generator::application(0);
    let (book, _, plans) = watch(&index, |t| query::book(t, id, application));
    assert_eq!(book.iter().map(|level| level.workers).sum::<u32>(), 2_000, "the most that count");
    let is_covered = |plan: &String| plan.contains("COVERING INDEX") && !plan.contains("TEMP");
    assert!(plans.iter().all(is_covered), "{plans:?}");

    let (from, to) = (generator::FIRST_SECOND, generator::FIRST_SECOND + 91 * 86_400);
    let (days, rows, plans) = watch(&index, |t| query::prices(t, id, application, from, to));
    assert!(days.len() >= 2 && days.iter().all(|day| day.count > 1), "{days:?}");
    assert_eq!((rows, plans.len()), (2 * days.len(), 1 + days.len()), "one statement for a day");
    let scans = |plan: &String| plan.contains("SCAN seats") || plan.contains("TEMP");
    assert!(!plans.iter().any(scans), "{plans:?}");
}

#[test]
fn prices_of_few_purchases_are_quartiles_too() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id) = open_market(&folder.path().join("index.db"), generator::FIRST_BLOCK);
    let application = generator::application(0);
    // On day n, n workers were hired: the first for 1, some for the same price as another.
    let price = |n: u64, place: u64| u128::from(1 + place * place % (n + 2));
    let market = index.read(|t| Ok(t.query("SELECT id FROM markets", &[])?[0].0[0].clone()));
    let market = market.unwrap();
    let insert = "INSERT INTO seats (market, agreement, position, account, application, price, day, number, block) \
        VALUES (?1, ?2, ?3, ?2, ?4, ?5, ?6, 1, 1)";
    index
        .write(|transaction| {
            for day in 1..=9_u64 {
                for place in 0..day {
                    let row = [
                        market.clone(),
                        day.to_be_bytes().into(),
                        place.into(),
                        application.into(),
                        price(day, place).into(),
                        day.into(),
                    ];
                    transaction.execute(insert, &row)?;
                }
            }
            Ok(())
        })
        .unwrap();
    let found = index.read(|t| query::prices(t, id, application, 0, 10 * 86_400)).unwrap();
    assert_eq!(found.len(), 9);
    for (day, found) in (1..).zip(found) {
        let mut paid: Vec<_> = (0..day).map(|place| price(day, place)).collect();
        paid.sort_unstable();
        assert_eq!((found.day, found.count), (day * 86_400, day));
        let least = |quarters: usize| {
            let enough = |price: &u128| {
                4 * paid.iter().filter(|other| *other <= price).count() >= quarters * paid.len()
            };
            *paid.iter().find(|price| enough(price)).unwrap()
        };
        let ours = [found.min, found.lower_quartile, found.median, found.upper_quartile, found.max];
        assert_eq!(ours.map(|price| price.0), [0, 1, 2, 3, 4].map(least), "{paid:?}");
    }
}
