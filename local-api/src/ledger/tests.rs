//! Tests of the ledger.

use std::collections::HashMap;
use std::path::Path;
use std::thread;

use alloy::primitives::Address;
use muster_compute::Digest;
use muster_daemons::client::Hired;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::*;
use crate::limit::{Period, SpendingLimit};
use crate::run_wire::{RunOutcome, RunState, RunVerdict};
use crate::token::TokenDigest;

/// The tokens of these tests.
const TOKENS: [TokenDigest; 2] = [TokenDigest([1; 32]), TokenDigest([2; 32])];

/// A ledger in a folder.
fn open(folder: &Path) -> Ledger {
    Ledger::open(&folder.join("ledger.db")).unwrap()
}

/// A request without a key.
fn request(ledger: &Ledger, token: TokenDigest, day: u32) -> Request {
    match ledger.begin(token, None, &[0; 32], day).unwrap() {
        Begun::Open(request) => request,
        Begun::Done(response) => panic!("{response:?}"),
    }
}

#[test]
fn a_key_stands_for_one_request_of_a_token_also_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let response = StoredResponse { status: 201, body: "{}".to_owned() };
    let (first, other);
    {
        let ledger = open(folder.path());
        first = ledger.begin(TOKENS[0], Some("a"), &[7; 32], 1).unwrap();
        assert_eq!(ledger.begin(TOKENS[0], Some("a"), &[7; 32], 2).unwrap(), first);
        other = ledger.begin(TOKENS[1], Some("a"), &[7; 32], 1).unwrap();
        assert_ne!(first, other, "another token's key");
        assert_ne!(request(&ledger, TOKENS[0], 1), request(&ledger, TOKENS[0], 1));
        let reused = ledger.begin(TOKENS[0], Some("a"), &[8; 32], 1);
        assert!(matches!(reused, Err(LedgerError::KeyReused)));
    }
    let ledger = open(folder.path());
    assert_eq!(ledger.begin(TOKENS[0], Some("a"), &[7; 32], 3).unwrap(), first);
    let Begun::Open(first) = first else { panic!("{first:?}") };
    ledger.finish(&first, &response).unwrap();
    drop(ledger);
    let ledger = open(folder.path());
    let begun = ledger.begin(TOKENS[0], Some("a"), &[7; 32], 3).unwrap();
    assert_eq!(begun, Begun::Done(response));
    assert_eq!(ledger.begin(TOKENS[1], Some("a"), &[7; 32], 1).unwrap(), other);
    let second = Ledger::open(&folder.path().join("ledger.db")).unwrap_err();
    assert!(second.to_string().contains("no two daemons"), "{second}");
}

/// A run that has not ended.
fn open_run(id: Digest, started: u64) -> StoredRun {
    let hired = Hired { agreement: Address::repeat_byte(1), replicas: 2 };
    let (name, document, state) = ("a.wasm".to_owned(), b"{}".to_vec(), RunState::Running);
    StoredRun { id, hired, name, document, started, state, outcome: None, failure: None }
}

#[test]
fn a_run_ends_once_and_is_known_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = [Digest::of(b"1"), Digest::of(b"2")];
    let outcome = RunOutcome { verdict: RunVerdict::Disputed, result: None, evidence: Some(two) };
    {
        let ledger = open(folder.path());
        ledger.start_run(&open_run(one, 1)).unwrap();
        ledger.start_run(&open_run(two, 2)).unwrap();
        assert!(ledger.end_run(one, RunState::Finished, Some(&outcome), None).unwrap());
        assert!(!ledger.end_run(one, RunState::Cancelled, None, None).unwrap(), "it has ended");
    }
    let ledger = open(folder.path());
    let ended = StoredRun { state: RunState::Finished, outcome: Some(outcome), ..open_run(one, 1) };
    assert_eq!(ledger.run(one).unwrap().as_ref(), Some(&ended));
    assert_eq!(ledger.run(Digest::of(b"3")).unwrap(), None);
    assert_eq!(ledger.open_runs().unwrap(), [open_run(two, 2)]);
    assert_eq!(ledger.latest_runs(9).unwrap(), [open_run(two, 2), ended]);
    assert_eq!(ledger.latest_runs(1).unwrap(), [open_run(two, 2)]);
    assert!(ledger.end_run(two, RunState::Failed, None, Some("why")).unwrap());
    assert_eq!(ledger.run(two).unwrap().unwrap().failure.as_deref(), Some("why"));
    // Started again, it has no end.
    ledger.start_run(&open_run(two, 3)).unwrap();
    assert_eq!(ledger.open_runs().unwrap(), [open_run(two, 3)]);
}

#[test]
fn a_ledger_of_version_1_gets_runs_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let ledger = open(folder.path());
    let begun = ledger.begin(TOKENS[0], Some("a"), &[7; 32], 1).unwrap();
    drop(ledger);
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch("DROP TABLE runs; PRAGMA user_version = 1").unwrap();
    drop(old);
    let ledger = open(folder.path());
    assert_eq!(ledger.begin(TOKENS[0], Some("a"), &[7; 32], 1).unwrap(), begun);
    assert_eq!(ledger.open_runs().unwrap(), []);
    drop(ledger);
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.execute_batch("PRAGMA user_version = 3").unwrap();
    drop(newer);
    assert!(matches!(Ledger::open(&path), Err(LedgerError::Version { found: 3, known: 2, .. })));
}

#[test]
fn concurrent_purchases_do_not_pass_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, limit) = (open(folder.path()), SpendingLimit { most: 100, period: Period::Day });
    let granted: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let grants = (0..8).filter(|_| {
                        let request = request(&ledger, TOKENS[0], 5);
                        ledger.reserve(&request, limit, 5, 7).is_ok()
                    });
                    grants.count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(granted, 14, "14 times 7 wei are 98");
    let spending = ledger.spending(TOKENS[0], limit, 5).unwrap();
    assert_eq!((spending.spent.0, spending.reserved.0, spending.left()), (0, 98, 2));
    assert_eq!(ledger.spending(TOKENS[0], limit, 6).unwrap().left(), 100, "another day");
}

#[test]
fn the_error_says_what_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, limit) =
        (open(folder.path()), SpendingLimit { most: 9, ..SpendingLimit::default() });
    let bought = request(&ledger, TOKENS[0], 1);
    ledger.reserve(&bought, limit, 1, 5).unwrap();
    ledger.charge(&bought, 4).unwrap();
    ledger.charge(&bought, 4).unwrap();
    let next = request(&ledger, TOKENS[0], 2);
    let error = ledger.reserve(&next, limit, 2, 6).unwrap_err().to_string();
    assert!(error.contains("6 wei, and the token has 5 wei left: it spent 4"), "{error}");
    ledger.reserve(&next, limit, 2, 5).unwrap();
    assert_eq!(ledger.open_reservations().unwrap(), std::slice::from_ref(&next));
    ledger.release(&next).unwrap();
    assert_eq!(ledger.open_reservations().unwrap(), []);
}

/// What happens to a ledger.
#[derive(Clone, Debug)]
enum Step {
    /// A request of a token wants so much.
    Reserve(usize, u128),
    /// The purchase of an open request cost so many of 255 parts of what was reserved.
    Charge(usize, u8),
    /// The purchase of an open request came to nothing.
    Release(usize),
    /// An open request is repeated, and wants so much.
    Again(usize, u128),
    /// The process ends and starts again.
    Restart,
    /// A day passes.
    NextDay,
}

/// Steps of every kind.
fn step() -> impl Strategy<Value = Step> {
    let amount = prop_oneof![4 => 0..60_u128, 1 => any::<u128>()];
    prop_oneof![
        4 => (0..2_usize, amount.clone()).prop_map(|(token, wei)| Step::Reserve(token, wei)),
        3 => (any::<usize>(), any::<u8>()).prop_map(|(open, part)| Step::Charge(open, part)),
        1 => any::<usize>().prop_map(Step::Release),
        1 => (any::<usize>(), amount).prop_map(|(open, wei)| Step::Again(open, wei)),
        1 => Just(Step::Restart),
        1 => Just(Step::NextDay),
    ]
}

/// A request for which something is reserved.
struct Open {
    request: Request,
    token: usize,
    day: u32,
    wei: u128,
}

/// What one should know of a ledger.
#[derive(Default)]
struct Model {
    open: Vec<Open>,
    charged: HashMap<(usize, u32), u128>,
}

impl Model {
    /// What a token spent and reserved in a period.
    fn total(&self, token: usize, period: Period, day: u32) -> (u128, u128) {
        let counts = |other: u32| period == Period::Lifetime || other == day;
        let charged =
            self.charged.iter().filter(|((owner, day), _)| *owner == token && counts(*day));
        let open = self.open.iter().filter(|open| open.token == token && counts(open.day));
        (charged.map(|(_, wei)| wei).sum(), open.map(|open| open.wei).sum())
    }
}

proptest! {
    #[test]
    fn no_token_ever_spends_more_than_its_limit(
        steps in vec(step(), 1..60),
        most in prop_oneof![4 => 0..200_u128, 1 => Just(u128::MAX)],
        daily in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let period = if daily { Period::Day } else { Period::Lifetime };
        let limit = SpendingLimit { most, period };
        let (mut ledger, mut model, mut day) = (Some(open(folder.path())), Model::default(), 0);
        for step in steps {
            let current = ledger.as_ref().unwrap();
            let picked = |index: usize| index.checked_rem(model.open.len());
            match step {
                Step::Reserve(token, wei) => {
                    let request = request(current, TOKENS[token], day);
                    let (spent, reserved) = model.total(token, period, day);
                    let fits = spent.checked_add(reserved).and_then(|sum| sum.checked_add(wei));
                    let granted = current.reserve(&request, limit, day, wei).is_ok();
                    prop_assert_eq!(granted, fits.is_some_and(|sum| sum <= most));
                    if granted {
                        model.open.push(Open { request, token, day, wei });
                    }
                }
                Step::Charge(index, part) => if let Some(index) = picked(index) {
                    let Open { request, token, day, wei } = model.open.remove(index);
                    let paid = wei.div_euclid(255).saturating_mul(part.into());
                    current.charge(&request, paid).unwrap();
                    let charged = model.charged.entry((token, day)).or_default();
                    *charged = charged.checked_add(paid).unwrap();
                },
                Step::Release(index) => if let Some(index) = picked(index) {
                    current.release(&model.open.remove(index).request).unwrap();
                },
                Step::Again(index, wei) => if let Some(index) = picked(index) {
                    let Open { request, token, day: before, wei: old } = model.open.remove(index);
                    let (spent, reserved) = model.total(token, period, day);
                    let fits = spent.checked_add(reserved).and_then(|sum| sum.checked_add(wei));
                    let granted = current.reserve(&request, limit, day, wei).is_ok();
                    prop_assert_eq!(granted, fits.is_some_and(|sum| sum <= most));
                    let (day, wei) = if granted { (day, wei) } else { (before, old) };
                    model.open.push(Open { request, token, day, wei });
                },
                Step::Restart => {
                    drop(ledger.take());
                    ledger = Some(open(folder.path()));
                }
                Step::NextDay => day = day.saturating_add(1),
            }
            for (token, digest) in TOKENS.into_iter().enumerate() {
                let spending = ledger.as_ref().unwrap().spending(digest, limit, day).unwrap();
                let (spent, reserved) = model.total(token, period, day);
                prop_assert_eq!((spending.spent.0, spending.reserved.0), (spent, reserved));
                prop_assert!(spent.checked_add(reserved).is_some_and(|sum| sum <= most));
            }
        }
    }
}
