//! Requests and the replies to them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use alloy::primitives::Address;
use muster_messaging::{
    AccessGrant, Claim, Content, ExposeSecret, InMemoryTransport, Mailbox, Message, MessageError,
    MessageKey, Party, Pass, RefusalReason,
};

use crate::harness::{CHAIN, Market, PLANNED_END, TOKEN, URL, delivery, key, mailbox, now};

/// Requests the worker's endpoint and returns the reply.
async fn request_endpoint(market: &Market, sender: &MessageKey, claim: Claim) -> Message {
    let transport = &Arc::new(InMemoryTransport::default());
    let mut worker = mailbox(&key(&market.worker), transport).await;
    let mut requester = mailbox(sender, transport).await;
    let content = Content::EndpointRequest { claim };
    let request = Message::request(CHAIN, market.agreement, content);
    requester.send(worker.key(), &request).await.unwrap();

    let delivery = worker.next().await.unwrap();
    assert_eq!((delivery.sender, &delivery.message), (sender.public(), &request));
    let reply = market.endpoint_responder().respond(&delivery, now()).await.unwrap().unwrap();
    worker.send(delivery.sender, &reply).await.unwrap();

    let reply = requester.next().await.unwrap();
    assert!(reply.is_reply_to(worker.key(), &request));
    reply.message
}

/// The worker's latest grant.
fn last_grant(market: &Market) -> Option<AccessGrant> {
    market.issuer.0.lock().unwrap().last().copied()
}

#[tokio::test]
async fn the_client_gets_its_workers_endpoint() {
    let market = Market::new();
    let client = key(&market.client);
    let reply = request_endpoint(&market, &client, Claim::Client {}).await;
    let Content::EndpointReply(endpoint) = reply.content else { panic!("{reply:?}") };
    let (url, token) = (endpoint.url.expose_secret(), endpoint.token.expose_secret());
    assert_eq!((url, token), (URL, TOKEN));
    let (agreement, key) = (market.agreement, client.public());
    assert_eq!(last_grant(&market), Some(AccessGrant { agreement, key, party: Party::Client }));
}

/// Requests a pass from the client as the tester, and returns the reply.
async fn request_pass(market: &Market, fresh: &MessageKey) -> Content {
    let transport = &Arc::new(InMemoryTransport::default());
    let responder = market.pass_responder();
    let mut client = mailbox(&key(&market.client), transport).await;
    let mut tester: Mailbox = mailbox(&key(&market.tester), transport).await;
    let content = Content::PassRequest { window: 2, place: 5, key: fresh.public() };
    let request = Message::request(CHAIN, market.agreement, content);
    tester.send(client.key(), &request).await.unwrap();

    let delivery = client.next().await.unwrap();
    let reply = responder.respond(&delivery).await.unwrap().unwrap();
    client.send(delivery.sender, &reply).await.unwrap();
    let reply = tester.next().await.unwrap();
    assert!(reply.is_reply_to(client.key(), &request));
    reply.message.content
}

#[tokio::test]
async fn a_tester_with_a_pass_cannot_be_told_from_a_program_of_the_client() {
    let market = Market::new();
    let [testers, clients] = [(); 2].map(|()| MessageKey::random());
    let Content::Pass(Pass { delegation, .. }) = request_pass(&market, &testers).await else {
        panic!("no pass")
    };
    let responder = market.pass_responder();
    let own = responder.delegate(market.agreement, clients.public(), PLANNED_END).unwrap();
    assert_eq!((delegation.key, delegation.until), (testers.public(), own.until));

    for (key, delegation) in [(testers, delegation), (clients, own)] {
        let claim = Claim::Delegate { delegation };
        let reply = request_endpoint(&market, &key, claim).await;
        assert!(matches!(reply.content, Content::EndpointReply(_)), "{reply:?}");
        let party = Party::Delegate { until: delegation.until };
        let (agreement, key) = (market.agreement, key.public());
        assert_eq!(last_grant(&market), Some(AccessGrant { agreement, key, party }));
    }
}

#[tokio::test]
async fn a_tester_without_a_pass_names_its_seat() {
    let market = Market::new();
    let tester = key(&market.tester);
    let claim = Claim::Seat { window: 2, place: 5 };
    let reply = request_endpoint(&market, &tester, claim).await;
    assert!(matches!(reply.content, Content::EndpointReply(_)), "{reply:?}");
    let (agreement, key) = (market.agreement, tester.public());
    let party = Party::Tester { window: 2 };
    assert_eq!(last_grant(&market), Some(AccessGrant { agreement, key, party }));
}

#[tokio::test]
async fn a_delegation_outlives_the_agreement_and_hides_when_it_was_signed() {
    let responder = Market::new().pass_responder();
    let until = |planned_end| {
        let key = MessageKey::random().public();
        responder.delegate(Address::ZERO, key, planned_end).unwrap().until
    };
    let day = 86_400;
    assert_eq!([1, day, day + 1].map(until), [2 * day, 2 * day, 3 * day]);
    assert_eq!(until(u64::MAX), u64::MAX);
}

#[tokio::test]
async fn a_responder_ignores_a_message_that_is_not_its_request() {
    let market = Market::new();
    let refusal = Content::Refusal { reason: RefusalReason::NotMine };
    let message = Message::request(CHAIN, market.agreement, refusal);
    let delivery = delivery(&MessageKey::random(), &message);
    assert_eq!(market.endpoint_responder().respond(&delivery, now()).await.unwrap(), None);
    assert_eq!(market.pass_responder().respond(&delivery).await.unwrap(), None);
}

#[tokio::test]
async fn a_message_can_be_answered_when_the_chain_is_back() {
    let market = Market::new();
    let content = Content::EndpointRequest { claim: Claim::Client {} };
    let request = Message::request(CHAIN, market.agreement, content);
    let delivery = delivery(&key(&market.client), &request);
    market.chain.is_down.store(true, Ordering::Relaxed);
    let failed = market.endpoint_responder().respond(&delivery, now()).await;
    assert!(matches!(failed, Err(MessageError::Chain(_))), "{failed:?}");
    market.chain.is_down.store(false, Ordering::Relaxed);
    let reply = market.endpoint_responder().respond(&delivery, now()).await.unwrap().unwrap();
    assert!(matches!(reply.content, Content::EndpointReply(_)), "{reply:?}");
}
