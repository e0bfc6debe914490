//! What is written down before anything is sent, and that nothing happens twice.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy::primitives::{Address, Bytes};
use alloy::sol_types::SolCall;
use muster_protocol::abi::IWorkerDispatcher::withdrawCall;

use crate::error::{Contract, MarketError, NodeError, Source};
use crate::fake::{Fake, Fate, ME};
use crate::node::Node;
use crate::outbox::{Outbox, Outcome};
use crate::signed::Signed;
use crate::transport::Receipt;

/// The dispatcher of these tests.
const MARKET: Contract = Contract::Dispatcher(Address::repeat_byte(0xaa));

/// The call that they send.
const CALL: withdrawCall = withdrawCall { to: ME };

/// An outbox that keeps everything, unless it is full.
#[derive(Debug, Default)]
struct Notes {
    /// Whether nothing more can be kept.
    full: bool,
    /// What was remembered, and for what.
    remembered: Mutex<Vec<(String, Signed)>>,
    /// What became of which nonce.
    outcomes: Mutex<Vec<(u64, Outcome)>>,
}

impl Outbox for Notes {
    fn remember(&self, purpose: &str, signed: &Signed) -> Result<(), Source> {
        if self.full {
            return Err(Box::new(io::Error::other("full")));
        }
        self.remembered.lock().unwrap().push((purpose.to_owned(), signed.clone()));
        Ok(())
    }

    fn outcome(&self, signed: &Signed, outcome: &Outcome) {
        self.outcomes.lock().unwrap().push((signed.nonce(), outcome.clone()));
    }
}

impl Notes {
    /// What was remembered, without what for.
    fn signed(&self) -> Vec<Signed> {
        self.remembered.lock().unwrap().iter().map(|(_, signed)| signed.clone()).collect()
    }

    /// What became of which nonce.
    fn outcomes(&self) -> Vec<(u64, Outcome)> {
        self.outcomes.lock().unwrap().clone()
    }
}

/// A receipt of success.
fn success() -> Outcome {
    Outcome::InBlock(Receipt { success: true, ..Receipt::default() })
}

/// A chain on which transactions have these fates, in order.
fn fated(fates: &[Fate]) -> Fake {
    let paid = Bytes::from(withdrawCall::abi_encode_returns(&5));
    Fake { fates: fates.to_vec(), ..Fake::new(move |_, _| Ok(paid.clone())) }
}

/// A node in front of such a chain, with an outbox.
fn noted(fake: Fake, notes: Notes) -> (Node, Arc<Fake>, Arc<Notes>) {
    let (node, chain) = fake.node();
    let notes = Arc::new(notes);
    (node.with_outbox(notes.clone()).with_purpose("rent"), chain, notes)
}

#[tokio::test]
async fn what_is_sent_was_written_down_and_its_outcome_is() {
    let (node, chain, notes) = noted(fated(&[]), Notes::default());
    node.write(MARKET, &CALL, 3).await.unwrap();
    let sent = chain.sent.lock().unwrap().clone();
    assert_eq!(*notes.remembered.lock().unwrap(), [("rent".to_owned(), sent[0].clone())]);
    assert_eq!(notes.outcomes(), [(0, success())]);
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_sent() {
    let (node, chain, _) = noted(fated(&[]), Notes { full: true, ..Notes::default() });
    let error = node.write(MARKET, &CALL, 0).await.unwrap_err();
    assert!(matches!(error, MarketError::Outbox(_)), "{error}");
    assert!(chain.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_the_node_does_not_want_is_over() {
    let (node, _, notes) = noted(fated(&[Fate::Unwanted]), Notes::default());
    let error = node.write(MARKET, &CALL, 0).await.unwrap_err();
    assert!(matches!(error, MarketError::Node(NodeError::Answered { .. })), "{error}");
    assert_eq!(notes.outcomes(), [(0, Outcome::Refused)]);
}

#[tokio::test]
async fn what_another_one_robbed_of_its_nonce_is_done_again() {
    let (node, chain, notes) = noted(fated(&[Fate::Robbed]), Notes::default());
    node.write(MARKET, &CALL, 0).await.unwrap();
    assert_eq!(chain.sent.lock().unwrap().len(), 2);
    assert_eq!(notes.outcomes(), [(0, Outcome::NonceTaken), (1, success())]);
}

#[tokio::test]
async fn what_is_robbed_every_time_is_given_up() {
    let (node, chain, _) = noted(fated(&[Fate::Robbed; 9]), Notes::default());
    let error = node.write(MARKET, &CALL, 0).await.unwrap_err();
    assert!(matches!(error, MarketError::NonceTaken { nonce: 3, .. }), "{error}");
    assert_eq!(chain.sent.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn what_is_too_cheap_is_replaced_at_the_same_nonce() {
    let (node, chain, notes) =
        noted(Fake { surge: Some(100), ..fated(&[Fate::Stuck]) }, Notes::default());
    node.write(MARKET, &CALL, 0).await.unwrap();
    let sent = chain.sent.lock().unwrap().clone();
    let fees = |n: usize| (sent[n].draft.fees.cap, sent[n].draft.fees.tip);
    assert_eq!((sent.len(), fees(0), fees(1)), (2, (2, 0), (200, 1)));
    assert_eq!((sent[0].nonce(), sent[1].nonce()), (0, 0));
    assert_eq!(notes.signed(), sent);
    assert_eq!(notes.outcomes(), [(0, success())]);
}

#[tokio::test]
async fn a_replacement_does_not_hide_that_the_first_got_into_a_block() {
    let (node, _, notes) = noted(fated(&[Fate::InBlock, Fate::Stuck]), Notes::default());
    let (_, first) = (node.write(MARKET, &CALL, 0).await.unwrap(), notes.signed().remove(0));
    let mut dearer = first.clone();
    dearer.draft.fees.cap = 9;
    dearer.hash = Address::repeat_byte(9).into_word();
    for both in [[first.clone(), dearer.clone()], [dearer, first]] {
        let resumed = node.resume(both.to_vec()).await;
        assert_eq!((resumed.len(), resumed[0].signed.draft.fees.cap), (1, 9));
        assert!(resumed[0].end.is_ok());
    }
}

#[tokio::test]
async fn what_is_handed_back_is_sent_again_and_not_made_again() {
    let (first, _, notes) = noted(fated(&[Fate::Stuck]), Notes::default());
    let error = first.with_patience(Duration::ZERO).write(MARKET, &CALL, 0).await.unwrap_err();
    assert!(matches!(error, MarketError::Unconfirmed(_)), "{error}");
    assert_eq!(notes.outcomes(), []);
    let (second, chain, later) = noted(fated(&[]), Notes::default());
    let resumed = second.resume(notes.signed()).await;
    assert!(resumed[0].end.is_ok());
    assert_eq!(*chain.sent.lock().unwrap(), notes.signed());
    assert_eq!(later.outcomes(), [(0, success())]);
}

#[tokio::test]
async fn what_was_robbed_while_nobody_looked_is_told_so() {
    let (first, _, notes) = noted(fated(&[Fate::Stuck]), Notes::default());
    drop(first.with_patience(Duration::ZERO).write(MARKET, &CALL, 0).await);
    let (second, _, later) = noted(fated(&[Fate::Robbed]), Notes::default());
    let resumed = second.resume(notes.signed()).await;
    assert!(matches!(resumed[0].end, Err(MarketError::NonceTaken { account: ME, nonce: 0 })));
    assert_eq!(later.outcomes(), [(0, Outcome::NonceTaken)]);
}

#[tokio::test]
async fn what_is_for_another_chain_stays_unsent_and_open() {
    let (node, chain, notes) = noted(fated(&[]), Notes::default());
    node.write(MARKET, &CALL, 0).await.unwrap();
    let foreign = Signed { chain_id: 2, ..notes.signed().remove(0) };
    let resumed = node.resume(vec![foreign]).await;
    assert!(matches!(
        resumed[0].end,
        Err(MarketError::Node(NodeError::WrongChain { expected: 1, found: 2, .. }))
    ));
    assert_eq!((chain.sent.lock().unwrap().len(), notes.outcomes().len()), (1, 1));
}

#[tokio::test]
async fn two_at_once_get_two_nonces() {
    let (node, _, notes) = noted(fated(&[]), Notes::default());
    let (a, b) = tokio::join!(node.write(MARKET, &CALL, 0), node.write(MARKET, &CALL, 1));
    assert!(a.is_ok() && b.is_ok());
    let nonces: Vec<_> = notes.signed().iter().map(Signed::nonce).collect();
    assert_eq!(nonces, [0, 1]);
}

#[tokio::test]
async fn a_node_that_forgot_what_is_under_way_does_not_have_it_overwritten() {
    let (node, chain, notes) = noted(fated(&[Fate::Stuck, Fate::Stuck]), Notes::default());
    let node = node.with_patience(Duration::from_secs(1));
    let (a, b) = tokio::join!(node.write(MARKET, &CALL, 0), node.write(MARKET, &CALL, 1));
    assert!(a.is_err() && b.is_err());
    let nonces: Vec<_> = notes.signed().iter().map(Signed::nonce).collect();
    assert_eq!((nonces, chain.sent.lock().unwrap().len()), (vec![0, 1], 2));
    // Nobody follows them any more: the next one takes the first free place.
    drop(node.with_patience(Duration::ZERO).write(MARKET, &CALL, 2).await);
    assert_eq!(notes.signed().last().map(Signed::nonce), Some(0));
}
