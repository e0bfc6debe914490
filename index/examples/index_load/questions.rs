//! Every question to an index, each many times about other accounts, agreements and pages.

use std::time::{Duration, Instant};

use muster_index::database::Transaction;
use muster_index::query::{
    self, AgreementFilter, AgreementState, EventFilter, FeedPlace, StatementFilter, WorkerFilter,
    WorkerOrder,
};
use muster_index::{Index, IndexError, MarketId};

use crate::AnyError;
use crate::generator::{
    Accounts, FIRST_BLOCK, FIRST_SECOND, agreement_address, application, client, tester, worker,
};

/// Asks a question for the n-th time.
type Question = fn(&mut dyn Transaction, MarketId, Accounts, u32) -> Result<(), IndexError>;

/// All questions.
const QUESTIONS: [(&str, Question); 26] = [
    ("markets", |t, _, _, _| query::status(t).map(drop)),
    ("applications", |t, id, _, _| query::applications(t, id, None, None).map(drop)),
    ("book", |t, id, a, n| query::book(t, id, application(n % a.applications)).map(drop)),
    ("prices of 92 days", |t, id, a, n| {
        query::prices(
            t,
            id,
            application(n % a.applications),
            FIRST_SECOND,
            FIRST_SECOND + 91 * 86_400,
        )
        .map(drop)
    }),
    ("prices of 7 days", |t, id, a, n| {
        let from = FIRST_SECOND + u64::from(n % 300) * 86_400;
        query::prices(t, id, application(n % a.applications), from, from + 6 * 86_400).map(drop)
    }),
    ("worker", |t, id, a, n| query::worker(t, id, worker(n * 7_919 % a.workers)).map(drop)),
    ("worker's history", |t, id, a, n| {
        query::worker_history(t, id, worker(n * 7_919 % a.workers)).map(drop)
    }),
    ("workers by number", |t, id, a, n| {
        let after = Some((n * 7_919 % a.workers).to_string());
        workers(t, id, &WorkerFilter { after, limit: Some(200), ..WorkerFilter::default() })
    }),
    ("workers by price", |t, id, a, n| {
        let after = Some(format!("{}-0", 1_000_000_000 + u64::from(n % 1_000) * 1_000));
        workers(t, id, &WorkerFilter { after, ..of(a, n, WorkerOrder::Price) })
    }),
    ("workers by score", |t, id, a, n| {
        let after = Some(format!("{}-0", n * 20 % 10_000));
        workers(t, id, &WorkerFilter { after, ..of(a, n, WorkerOrder::Score) })
    }),
    ("workers that are free, few match", |t, id, a, n| {
        workers(
            t,
            id,
            &WorkerFilter { free: true, min_score: Some(9_999), ..of(a, n, WorkerOrder::Price) },
        )
    }),
    ("workers of an application", |t, id, a, n| {
        workers(t, id, &WorkerFilter { listed: Some(false), ..of(a, n, WorkerOrder::Number) })
    }),
    ("agreement", |t, id, _, n| {
        query::agreement(t, id, agreement_address(n * 97 % 40_000)).map(drop)
    }),
    ("agreements", |t, id, _, n| {
        agreements(
            t,
            id,
            &AgreementFilter {
                after: Some((n * 97 % 40_000 + 1).to_string()),
                ..AgreementFilter::default()
            },
        )
    }),
    ("agreements of a client", |t, id, a, n| {
        agreements(
            t,
            id,
            &AgreementFilter { client: Some(client(n % a.clients)), ..AgreementFilter::default() },
        )
    }),
    ("agreements of a worker", |t, id, a, n| {
        agreements(
            t,
            id,
            &AgreementFilter {
                worker: Some(worker(n * 7_919 % a.workers)),
                ..AgreementFilter::default()
            },
        )
    }),
    ("agreements that run", |t, id, _, _| {
        agreements(
            t,
            id,
            &AgreementFilter { state: Some(AgreementState::Running), ..AgreementFilter::default() },
        )
    }),
    ("testers", |t, id, _, n| {
        query::testers(t, id, Some(200), Some(&(n % 300 + 20_000).to_string())).map(drop)
    }),
    ("tester", |t, id, a, n| query::tester(t, id, tester(n % a.testers)).map(drop)),
    ("account", |t, id, a, n| query::account(t, id, client(n % a.clients)).map(drop)),
    ("statement", |t, id, a, n| {
        query::statement(t, id, client(n % a.clients), &StatementFilter::default()).map(drop)
    }),
    ("statement of some days", |t, id, a, n| {
        let from = FIRST_SECOND + u64::from(n % 300) * 86_400;
        let filter = StatementFilter {
            from: Some(from),
            to: Some(from + 30 * 86_400),
            ..StatementFilter::default()
        };
        query::statement(t, id, tester(n % a.testers), &filter).map(drop)
    }),
    ("events", |t, id, _, n| {
        let after = Some(format!("{}-0", FIRST_BLOCK + u64::from(n) * 997));
        events(t, id, &EventFilter { after, limit: Some(200), ..EventFilter::default() })
    }),
    ("events of a name", |t, id, _, _| {
        let name = Some("ContractBought".to_owned());
        events(t, id, &EventFilter { name, latest_first: true, ..EventFilter::default() })
    }),
    ("events of a tester, of a name", |t, id, a, n| {
        let (subject, name) = (Some(tester(n % a.testers)), Some("CheckedIn".to_owned()));
        events(t, id, &EventFilter { subject, name, latest_first: true, ..EventFilter::default() })
    }),
    ("feed", |t, id, _, n| {
        let text = format!("{}-0", FIRST_BLOCK + u64::from(n) * 997);
        query::feed(t, id, (None, None), &mut FeedPlace::parse(&text)?).map(drop)
    }),
];

/// Workers of an application in an order.
fn of(accounts: Accounts, n: u32, order: WorkerOrder) -> WorkerFilter {
    let application = Some(application(n % accounts.applications));
    WorkerFilter { application, order, ..WorkerFilter::default() }
}

/// A page of workers.
fn workers(t: &mut dyn Transaction, id: MarketId, filter: &WorkerFilter) -> Result<(), IndexError> {
    query::workers(t, id, filter).map(drop)
}

/// A page of agreements.
fn agreements(
    t: &mut dyn Transaction,
    id: MarketId,
    filter: &AgreementFilter,
) -> Result<(), IndexError> {
    query::agreements(t, id, filter).map(drop)
}

/// A page of events.
fn events(t: &mut dyn Transaction, id: MarketId, filter: &EventFilter) -> Result<(), IndexError> {
    query::events(t, id, filter).map(drop)
}

/// Asks every question so often, and returns how long each answer took, its transaction included.
pub(crate) fn ask(
    index: &Index,
    id: MarketId,
    accounts: Accounts,
    count: u32,
) -> Result<Vec<(&'static str, Vec<Duration>)>, AnyError> {
    let mut all = Vec::new();
    for (name, question) in QUESTIONS {
        let mut times = Vec::new();
        for n in 0..count {
            let start = Instant::now();
            index.read(|transaction| question(transaction, id, accounts, n))?;
            times.push(start.elapsed());
        }
        all.push((name, times));
    }
    Ok(all)
}
