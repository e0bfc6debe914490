//! What parties get from each other.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use muster_messaging::{
    Admission, Claim, Content, Letter, Local, MessageError, MessageKey, Party, PostBox, Reason,
};

use crate::harness::{CHAIN, Market, TOKEN, URL, delivery, key, now, post_box};

/// Asks the worker for its endpoint and gives its reply.
async fn ask(market: &Market, who: &MessageKey, claim: Claim) -> Letter {
    let transport = &Arc::new(Local::default());
    let mut worker = post_box(&key(&market.worker), transport).await;
    let mut asking = post_box(who, transport).await;
    let content = Content::EndpointRequest { claim };
    let request = Letter::request(CHAIN, market.agreement, content);
    asking.send(worker.key(), &request).await.unwrap();

    let asked = worker.next().await.unwrap();
    assert_eq!((asked.sender, &asked.letter), (who.public(), &request));
    let reply = market.worker_desk().answer(&asked, now()).await.unwrap().unwrap();
    worker.send(asked.sender, &reply).await.unwrap();

    let answered = asking.next().await.unwrap();
    assert!(answered.answers(worker.key(), &request));
    answered.letter
}

/// Whom the worker has let in, at last.
fn admitted(market: &Market) -> Option<Admission> {
    market.door.0.lock().unwrap().last().copied()
}

#[tokio::test]
async fn the_client_learns_where_its_worker_serves() {
    let market = Market::new();
    let client = key(&market.client);
    let reply = ask(&market, &client, Claim::Client {}).await;
    let Content::EndpointReply { url, token } = reply.content else { panic!("{reply:?}") };
    assert_eq!((url.reveal(), token.reveal()), (URL, TOKEN));
    let (agreement, key) = (market.agreement, client.public());
    assert_eq!(admitted(&market), Some(Admission { agreement, key, party: Party::Client }));
}

/// Asks the client for a pass as the tester, and gives the reply.
async fn pass(market: &Market, fresh: &MessageKey) -> Content {
    let transport = &Arc::new(Local::default());
    let desk = market.client_desk();
    let mut client = post_box(&key(&market.client), transport).await;
    let mut tester: PostBox = post_box(&key(&market.tester), transport).await;
    let content = Content::PassRequest { window: 2, place: 5, key: fresh.public() };
    let request = Letter::request(CHAIN, market.agreement, content);
    tester.send(client.key(), &request).await.unwrap();

    let asked = client.next().await.unwrap();
    let reply = desk.answer(&asked, now()).await.unwrap().unwrap();
    client.send(asked.sender, &reply).await.unwrap();
    let answered = tester.next().await.unwrap();
    assert!(answered.answers(client.key(), &request));
    answered.letter.content
}

#[tokio::test]
async fn a_tester_with_a_pass_cannot_be_told_from_a_program_of_the_client() {
    let market = Market::new();
    let [testers, clients] = [(); 2].map(|()| MessageKey::random());
    let Content::Pass { delegation } = pass(&market, &testers).await else { panic!("no pass") };
    let own = market.client_desk().delegate(market.agreement, clients.public(), now()).unwrap();
    assert_eq!((delegation.key, delegation.until), (testers.public(), own.until));

    for (key, delegation) in [(testers, delegation), (clients, own)] {
        let claim = Claim::Delegate { delegation };
        let reply = ask(&market, &key, claim).await;
        assert!(matches!(reply.content, Content::EndpointReply { .. }), "{reply:?}");
        let party = Party::Delegate { until: delegation.until };
        let (agreement, key) = (market.agreement, key.public());
        assert_eq!(admitted(&market), Some(Admission { agreement, key, party }));
    }
}

#[tokio::test]
async fn a_tester_without_a_pass_shows_its_seat() {
    let market = Market::new();
    let tester = key(&market.tester);
    let claim = Claim::Seat { window: 2, place: 5 };
    let reply = ask(&market, &tester, claim).await;
    assert!(matches!(reply.content, Content::EndpointReply { .. }), "{reply:?}");
    let (agreement, key) = (market.agreement, tester.public());
    let party = Party::Tester { window: 2 };
    assert_eq!(admitted(&market), Some(Admission { agreement, key, party }));
}

#[tokio::test]
async fn a_delegation_lasts_one_to_two_days_and_does_not_say_when_it_was_made() {
    let desk = Market::new().client_desk();
    let until = |now| {
        let key = MessageKey::random().public();
        desk.delegate(alloy::primitives::Address::ZERO, key, now).unwrap().until
    };
    let day = 86_400;
    assert_eq!(until(1), 2 * day);
    assert_eq!(until(day), 2 * day);
    assert_eq!(until(day + 1), 3 * day);
    assert_eq!(until(u64::MAX), u64::MAX);
}

#[tokio::test]
async fn what_is_no_request_to_a_desk_gets_no_answer() {
    let market = Market::new();
    let refusal = Content::Refusal { reason: Reason::NotMine };
    let letter = Letter::request(CHAIN, market.agreement, refusal);
    let asked = delivery(&MessageKey::random(), &letter);
    assert_eq!(market.worker_desk().answer(&asked, now()).await.unwrap(), None);
    assert_eq!(market.client_desk().answer(&asked, now()).await.unwrap(), None);
}

#[tokio::test]
async fn a_letter_can_be_answered_when_the_chain_is_back() {
    let market = Market::new();
    let content = Content::EndpointRequest { claim: Claim::Client {} };
    let request = Letter::request(CHAIN, market.agreement, content);
    let asked = delivery(&key(&market.client), &request);
    market.chain.is_down.store(true, Ordering::Relaxed);
    let failed = market.worker_desk().answer(&asked, now()).await;
    assert!(matches!(failed, Err(MessageError::Chain(_))), "{failed:?}");
    market.chain.is_down.store(false, Ordering::Relaxed);
    let reply = market.worker_desk().answer(&asked, now()).await.unwrap().unwrap();
    assert!(matches!(reply.content, Content::EndpointReply { .. }), "{reply:?}");
}
