//! Samples: who gets which.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alloy::primitives::{Address, B256};
use muster_messaging::{
    BoxError, Content, MAX_LISTED, Message, MessageError, MessageKey, RefusalReason, SampleInfo,
    SampleList, SamplePiece, SampleResponder, SampleSource,
};

use crate::harness::{CHAIN, Market, delivery, key};

/// The job that the source has.
const JOB: B256 = B256::repeat_byte(0x10);

/// A source of one blob, which counts questions.
#[derive(Debug, Default)]
struct MockSource {
    /// How often it was asked.
    asked: AtomicUsize,
}

impl MockSource {
    /// Counts a question; worker 9 is not known.
    fn ask(&self, worker: u8) -> Result<(), BoxError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if worker == 9 { Err("the disk is full".into()) } else { Ok(()) }
    }
}

impl SampleSource for MockSource {
    fn list(&self, _: Address, worker: u8) -> Result<SampleList, BoxError> {
        self.ask(worker)?;
        let info = SampleInfo { job: JOB, size: u32::from(worker) };
        Ok(SampleList { unseen: vec![info; MAX_LISTED + 1], sent: vec![info], service: None })
    }

    fn piece(
        &self,
        _: Address,
        job: B256,
        blob: B256,
        offset: u32,
    ) -> Result<Option<SamplePiece>, BoxError> {
        self.ask(0)?;
        let is_here = job == JOB && blob == JOB;
        Ok(is_here.then(|| SamplePiece { size: 3, bytes: vec![u8::try_from(offset).unwrap()] }))
    }
}

/// A responder of the client, and its source.
fn responder(market: &Market) -> (SampleResponder, Arc<MockSource>) {
    let source = Arc::new(MockSource::default());
    let client = market.client.address();
    (SampleResponder::new(client, market.chain.clone(), source.clone()), source)
}

/// A request for the list of a worker.
fn list_request(market: &Market, window: u8, place: u32, worker: u8) -> Message {
    let content = Content::SampleListRequest { window, place, worker };
    Message::request(CHAIN, market.agreement, content)
}

/// A request for a piece.
fn piece_request(market: &Market, window: u8, job: B256, blob: B256) -> Message {
    let content = Content::SamplePieceRequest { window, place: 5, job, blob, offset: 2 };
    Message::request(CHAIN, market.agreement, content)
}

/// What the sender gets for a request.
async fn reply(responder: &SampleResponder, sender: &MessageKey, request: &Message) -> Content {
    let reply = responder.respond(&delivery(sender, request)).await.unwrap().unwrap();
    assert!(reply.is_reply_to(request));
    reply.content
}

#[tokio::test]
async fn tester_with_a_seat_gets_lists_and_pieces() {
    let market = Market::new();
    let ((responder, _), tester) = (responder(&market), key(&market.tester));
    let Content::SampleList(list) =
        reply(&responder, &tester, &list_request(&market, 3, 5, 4)).await
    else {
        panic!("no list")
    };
    assert_eq!((list.unseen.len(), list.sent.len()), (MAX_LISTED, 1));
    assert_eq!(list.sent[0], SampleInfo { job: JOB, size: 4 });
    let piece = reply(&responder, &tester, &piece_request(&market, 2, JOB, JOB)).await;
    assert_eq!(piece, Content::SamplePiece(SamplePiece { size: 3, bytes: vec![2] }));
    let none = Content::Refusal { reason: RefusalReason::NoSample };
    for (job, blob) in [(JOB, B256::ZERO), (B256::ZERO, JOB)] {
        let request = piece_request(&market, 2, job, blob);
        assert_eq!(reply(&responder, &tester, &request).await, none);
    }
    let pass = Content::PassRequest { window: 2, place: 5, key: JOB };
    let pass = Message::request(CHAIN, market.agreement, pass);
    assert_eq!(responder.respond(&delivery(&tester, &pass)).await.unwrap(), None);
}

#[tokio::test]
async fn nobody_else_gets_any() {
    let market = Market::new();
    let ((responder, source), tester) = (responder(&market), key(&market.tester));
    let here = |window, place| list_request(&market, window, place, 0);
    let elsewhere = Message { chain_id: 1, ..here(2, 5) };
    let another = Message { agreement: Address::ZERO, ..here(2, 5) };
    for (sender, refused, reason) in [
        (&tester, elsewhere, RefusalReason::OtherChain),
        (&tester, another, RefusalReason::NotMine),
        (&tester, here(1, 5), RefusalReason::OtherWindow),
        (&tester, here(2, 4), RefusalReason::NoSeat),
        (&key(&market.worker), here(2, 5), RefusalReason::NoSeat),
        (&MessageKey::random(), piece_request(&market, 2, JOB, JOB), RefusalReason::NoSeat),
    ] {
        let expected = Content::Refusal { reason };
        assert_eq!(reply(&responder, sender, &refused).await, expected, "{refused:?}");
    }
    assert_eq!(source.asked.load(Ordering::Relaxed), 0, "the source is asked by nobody else");
}

#[tokio::test]
async fn chain_is_asked_once_about_a_seat_and_not_about_the_seat_of_another() {
    let market = Market::new();
    let ((responder, _), tester) = (responder(&market), key(&market.tester));
    let request = piece_request(&market, 2, JOB, JOB);
    reply(&responder, &tester, &request).await;
    market.chain.is_down.store(true, Ordering::Relaxed);
    let clone = responder.clone();
    let again = reply(&clone, &tester, &piece_request(&market, 2, JOB, JOB)).await;
    assert!(matches!(again, Content::SamplePiece(_)));
    let other_chain = Message { chain_id: 1, ..request.clone() };
    let other_agreement = Message { agreement: Address::ZERO, ..request.clone() };
    assert!(matches!(
        reply(&responder, &tester, &other_chain).await,
        Content::Refusal { reason: RefusalReason::OtherChain }
    ));
    for (sender, asked) in [
        (&MessageKey::random(), request),
        (&tester, other_agreement),
        (&tester, piece_request(&market, 3, JOB, JOB)),
        (&tester, list_request(&market, 2, 6, 0)),
    ] {
        let refused = responder.respond(&delivery(sender, &asked)).await;
        assert!(matches!(refused, Err(MessageError::Chain(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn source_that_fails_is_asked_again() {
    let market = Market::new();
    let ((responder, _), tester) = (responder(&market), key(&market.tester));
    let failing = delivery(&tester, &list_request(&market, 2, 5, 9));
    assert!(matches!(responder.respond(&failing).await, Err(MessageError::Sample(_))));
}
