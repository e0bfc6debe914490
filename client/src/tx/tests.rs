//! The journal, replacements, and that no transaction is mined twice.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy::primitives::{Address, Bytes};
use alloy::sol_types::SolCall;
use muster_protocol::abi::IWorkerDispatcher::withdrawCall;

use super::{TxJournal, TxOutcome, TxSender};
use crate::backend::mock::{MOCK_ACCOUNT, MockBackend, TxFate};
use crate::backend::{Receipt, SignedTx};
use crate::chain::ChainReader;
use crate::error::{BoxError, Contract, MarketError, NodeError};

/// The dispatcher of these tests.
const MARKET: Contract = Contract::Dispatcher(Address::repeat_byte(0xaa));

/// The call that they send.
const CALL: withdrawCall = withdrawCall { to: MOCK_ACCOUNT };

/// A journal in memory, which may fail.
#[derive(Debug, Default)]
struct MockJournal {
    /// Whether `record` fails.
    failing: bool,
    /// What was recorded, with its purpose.
    recorded: Mutex<Vec<(String, SignedTx)>>,
    /// Nonces and their outcomes.
    outcomes: Mutex<Vec<(u64, TxOutcome)>>,
}

impl TxJournal for MockJournal {
    fn record(&self, purpose: &str, signed: &SignedTx) -> Result<(), BoxError> {
        if self.failing {
            return Err(Box::new(io::Error::other("full")));
        }
        self.recorded.lock().unwrap().push((purpose.to_owned(), signed.clone()));
        Ok(())
    }

    fn record_outcome(&self, signed: &SignedTx, outcome: &TxOutcome) {
        self.outcomes.lock().unwrap().push((signed.nonce(), outcome.clone()));
    }
}

impl MockJournal {
    /// What was recorded, without its purpose.
    fn signed(&self) -> Vec<SignedTx> {
        self.recorded.lock().unwrap().iter().map(|(_, signed)| signed.clone()).collect()
    }

    /// Nonces and their outcomes.
    fn outcomes(&self) -> Vec<(u64, TxOutcome)> {
        self.outcomes.lock().unwrap().clone()
    }
}

/// The outcome of success.
fn success() -> TxOutcome {
    TxOutcome::Mined(Receipt { success: true, ..Receipt::default() })
}

/// A backend on which transactions have these fates, in order.
fn backend_with_fates(tx_fates: &[TxFate]) -> MockBackend {
    let output = Bytes::from(withdrawCall::abi_encode_returns(&5));
    MockBackend { tx_fates: tx_fates.to_vec(), ..MockBackend::new(move |_, _| Ok(output.clone())) }
}

/// A sender on this backend, with a journal.
fn sender_with_journal(
    mock: MockBackend,
    journal: MockJournal,
) -> (TxSender, Arc<MockBackend>, Arc<MockJournal>) {
    let (backend, journal) = (Arc::new(mock), Arc::new(journal));
    let mut sender = TxSender::new(ChainReader::new(backend.clone()));
    sender.set_journal(journal.clone());
    sender.set_purpose("rent");
    (sender, backend, journal)
}

/// The same sender with another timeout.
fn with_timeout(mut sender: TxSender, timeout: Duration) -> TxSender {
    sender.set_timeout(timeout);
    sender
}

#[tokio::test]
async fn a_transaction_and_its_outcome_are_journaled() {
    let (sender, backend, journal) =
        sender_with_journal(backend_with_fates(&[]), MockJournal::default());
    sender.send(MARKET, &CALL, 3).await.unwrap();
    let sent = backend.sent.lock().unwrap().clone();
    assert_eq!(*journal.recorded.lock().unwrap(), [("rent".to_owned(), sent[0].clone())]);
    assert_eq!(journal.outcomes(), [(0, success())]);
}

#[tokio::test]
async fn a_transaction_that_cannot_be_journaled_is_not_sent() {
    let (sender, backend, _) = sender_with_journal(
        backend_with_fates(&[]),
        MockJournal { failing: true, ..MockJournal::default() },
    );
    let error = sender.send(MARKET, &CALL, 0).await.unwrap_err();
    assert!(matches!(error, MarketError::Journal(_)), "{error}");
    assert!(backend.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_rejected_transaction_is_journaled_as_rejected() {
    let (sender, _, journal) =
        sender_with_journal(backend_with_fates(&[TxFate::Rejected]), MockJournal::default());
    let error = sender.send(MARKET, &CALL, 0).await.unwrap_err();
    assert!(matches!(error, MarketError::Node(NodeError::Rpc { .. })), "{error}");
    assert_eq!(journal.outcomes(), [(0, TxOutcome::Rejected)]);
}

#[tokio::test]
async fn a_transaction_whose_nonce_was_taken_is_retried() {
    let (sender, backend, journal) =
        sender_with_journal(backend_with_fates(&[TxFate::NonceTaken]), MockJournal::default());
    sender.send(MARKET, &CALL, 0).await.unwrap();
    assert_eq!(backend.sent.lock().unwrap().len(), 2);
    assert_eq!(journal.outcomes(), [(0, TxOutcome::NonceTaken), (1, success())]);
}

#[tokio::test]
async fn retries_stop_after_the_maximum() {
    let (sender, backend, _) =
        sender_with_journal(backend_with_fates(&[TxFate::NonceTaken; 9]), MockJournal::default());
    let error = sender.send(MARKET, &CALL, 0).await.unwrap_err();
    assert!(matches!(error, MarketError::NonceTaken { nonce: 3, .. }), "{error}");
    assert_eq!(backend.sent.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn an_underpriced_transaction_is_replaced_at_the_same_nonce() {
    let (sender, backend, journal) = sender_with_journal(
        MockBackend { base_fee_after_send: Some(100), ..backend_with_fates(&[TxFate::Stuck]) },
        MockJournal::default(),
    );
    sender.send(MARKET, &CALL, 0).await.unwrap();
    let sent = backend.sent.lock().unwrap().clone();
    let fees = |n: usize| (sent[n].draft.fees.cap, sent[n].draft.fees.tip);
    assert_eq!((sent.len(), fees(0), fees(1)), (2, (2, 0), (200, 1)));
    assert_eq!((sent[0].nonce(), sent[1].nonce()), (0, 0));
    assert_eq!(journal.signed(), sent);
    assert_eq!(journal.outcomes(), [(0, success())]);
}

#[tokio::test]
async fn a_rejected_transaction_is_signed_anew_if_its_gas_no_longer_suffices() {
    for (gas_after_send, attempts) in [(150_000, 1), (300_000, 2)] {
        let gas_after_send = Some(gas_after_send);
        let mock = MockBackend { gas_after_send, ..backend_with_fates(&[TxFate::Rejected]) };
        let (sender, backend, journal) = sender_with_journal(mock, MockJournal::default());
        let result = sender.send(MARKET, &CALL, 0).await;
        let sent = backend.sent.lock().unwrap().clone();
        assert_eq!((sent.len(), result.is_ok()), (attempts, attempts == 2), "{result:?}");
        assert_eq!(journal.outcomes()[0], (0, TxOutcome::Rejected));
        // The first limit had room for a quarter more, and two words.
        assert!(sent.iter().skip(1).all(|tx| tx.draft.gas_limit > 300_000 && tx.nonce() == 0));
    }
}

#[tokio::test]
async fn a_transaction_whose_gas_no_longer_suffices_is_replaced() {
    let mock =
        MockBackend { gas_after_send: Some(300_000), ..backend_with_fates(&[TxFate::Dropped]) };
    let (sender, backend, journal) = sender_with_journal(mock, MockJournal::default());
    sender.send(MARKET, &CALL, 0).await.unwrap();
    let sent = backend.sent.lock().unwrap().clone();
    assert_eq!(sent.len(), 2);
    assert!(sent[1].draft.gas_limit > 300_000 && sent[1].draft.fees.cap > sent[0].draft.fees.cap);
    assert_eq!((sent[0].nonce(), sent[1].nonce()), (0, 0));
    assert_eq!(journal.signed(), sent);
    assert_eq!(journal.outcomes(), [(0, success())]);
}

#[tokio::test]
async fn a_mined_original_is_found_despite_its_replacement() {
    let (sender, _, journal) = sender_with_journal(
        backend_with_fates(&[TxFate::Mined, TxFate::Stuck]),
        MockJournal::default(),
    );
    let (_, first) = (sender.send(MARKET, &CALL, 0).await.unwrap(), journal.signed().remove(0));
    let mut bumped = first.clone();
    bumped.draft.fees.cap = 9;
    bumped.hash = Address::repeat_byte(9).into_word();
    for both in [[first.clone(), bumped.clone()], [bumped, first]] {
        let resumed = sender.resume(both.to_vec()).await;
        assert_eq!((resumed.len(), resumed[0].tx.draft.fees.cap), (1, 9));
        assert!(resumed[0].result.is_ok());
    }
}

#[tokio::test]
async fn resume_rebroadcasts_the_same_transaction() {
    let (first, _, journal) =
        sender_with_journal(backend_with_fates(&[TxFate::Stuck]), MockJournal::default());
    let error = with_timeout(first, Duration::ZERO).send(MARKET, &CALL, 0).await.unwrap_err();
    assert!(matches!(error, MarketError::Unconfirmed(_)), "{error}");
    assert_eq!(journal.outcomes(), []);
    let (second, backend, later) =
        sender_with_journal(backend_with_fates(&[]), MockJournal::default());
    let resumed = second.resume(journal.signed()).await;
    assert!(resumed[0].result.is_ok());
    assert_eq!(*backend.sent.lock().unwrap(), journal.signed());
    assert_eq!(later.outcomes(), [(0, success())]);
}

#[tokio::test]
async fn resume_reports_a_taken_nonce() {
    let (first, _, journal) =
        sender_with_journal(backend_with_fates(&[TxFate::Stuck]), MockJournal::default());
    drop(with_timeout(first, Duration::ZERO).send(MARKET, &CALL, 0).await);
    let (second, _, later) =
        sender_with_journal(backend_with_fates(&[TxFate::NonceTaken]), MockJournal::default());
    let resumed = second.resume(journal.signed()).await;
    assert!(matches!(
        resumed[0].result,
        Err(MarketError::NonceTaken { account: MOCK_ACCOUNT, nonce: 0 })
    ));
    assert_eq!(later.outcomes(), [(0, TxOutcome::NonceTaken)]);
}

#[tokio::test]
async fn resume_rejects_transactions_of_another_chain() {
    let (sender, backend, journal) =
        sender_with_journal(backend_with_fates(&[]), MockJournal::default());
    sender.send(MARKET, &CALL, 0).await.unwrap();
    let foreign = SignedTx { chain_id: 2, ..journal.signed().remove(0) };
    let resumed = sender.resume(vec![foreign]).await;
    assert!(matches!(
        resumed[0].result,
        Err(MarketError::Node(NodeError::WrongChain { expected: 1, found: 2, .. }))
    ));
    assert_eq!((backend.sent.lock().unwrap().len(), journal.outcomes().len()), (1, 1));
}

#[tokio::test]
async fn concurrent_transactions_get_different_nonces() {
    let (sender, _, journal) = sender_with_journal(backend_with_fates(&[]), MockJournal::default());
    let (a, b) = tokio::join!(sender.send(MARKET, &CALL, 0), sender.send(MARKET, &CALL, 1));
    assert!(a.is_ok() && b.is_ok());
    let nonces: Vec<_> = journal.signed().iter().map(SignedTx::nonce).collect();
    assert_eq!(nonces, [0, 1]);
}

#[tokio::test]
async fn nonces_in_flight_are_not_reused() {
    let (sender, backend, journal) = sender_with_journal(
        backend_with_fates(&[TxFate::Stuck, TxFate::Stuck]),
        MockJournal::default(),
    );
    let sender = with_timeout(sender, Duration::from_secs(1));
    let (a, b) = tokio::join!(sender.send(MARKET, &CALL, 0), sender.send(MARKET, &CALL, 1));
    assert!(a.is_err() && b.is_err());
    let nonces: Vec<_> = journal.signed().iter().map(SignedTx::nonce).collect();
    assert_eq!((nonces, backend.sent.lock().unwrap().len()), (vec![0, 1], 2));
    // Nobody follows them any more, so the next one takes the first nonce that the node expects.
    drop(with_timeout(sender, Duration::ZERO).send(MARKET, &CALL, 2).await);
    assert_eq!(journal.signed().last().map(SignedTx::nonce), Some(0));
}
