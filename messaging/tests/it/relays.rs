//! Letters over relays that come and go.

use std::sync::Arc;

use muster_messaging::{
    Claim, Content, Hidden, LETTER_LIMIT, Letter, Limits, MessageError, MessageKey, PostBox, Relay,
    RelayConfig, Relays, Transport, seal,
};
use nostr::event::{EventBuilder, FinalizeEvent, Kind, Tag};
use nostr::key::Keys;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::harness::{CHAIN, Market, Raw, TOKEN, key, now, post_box, until};
use crate::relay::relay;

/// A transport over these relays.
fn over(relays: &[&Relay]) -> Arc<Relays> {
    Arc::new(Relays::connect(relays.iter().map(|relay| relay.url())).unwrap())
}

/// A request that nobody has made before.
fn letter() -> Letter {
    let content = Content::EndpointRequest { claim: Claim::Client {} };
    Letter::request(CHAIN, alloy::primitives::Address::ZERO, content)
}

/// Sends a letter and sees it come in.
async fn passes(sender: &PostBox, receiver: &mut PostBox) {
    let letter = letter();
    sender.send(receiver.key(), &letter).await.unwrap();
    let delivery = receiver.next().await.unwrap();
    assert_eq!((delivery.sender, delivery.letter), (sender.key(), letter));
}

#[tokio::test]
async fn a_client_learns_its_workers_endpoint_over_a_relay() {
    let (market, relay) = (Market::new(), relay(Limits::default()).await);
    let mut client = post_box(&key(&market.client), &over(&[&relay])).await;
    let mut worker = post_box(&key(&market.worker), &over(&[&relay])).await;
    let content = Content::EndpointRequest { claim: Claim::Client {} };
    let request = Letter::request(CHAIN, market.agreement, content);
    client.send(worker.key(), &request).await.unwrap();
    let asked = worker.next().await.unwrap();
    let reply = market.worker_desk().answer(&asked, now()).await.unwrap().unwrap();
    worker.send(asked.sender, &reply).await.unwrap();
    let answered = client.next().await.unwrap();
    assert!(answered.answers(worker.key(), &request));
    let Content::EndpointReply { token, .. } = answered.letter.content else { panic!("refused") };
    assert_eq!(token.reveal(), TOKEN);
}

#[tokio::test]
async fn a_letter_waits_for_its_receiver() {
    let relay = relay(Limits::default()).await;
    let [sender, receiver] = [(); 2].map(|()| MessageKey::random());
    let letter = letter();
    post_box(&sender, &over(&[&relay])).await.send(receiver.public(), &letter).await.unwrap();
    let mut receiving = post_box(&receiver, &over(&[&relay])).await;
    assert_eq!(receiving.next().await.unwrap().letter, letter);
}

#[tokio::test]
async fn the_longest_letter_passes() {
    let relay = relay(Limits::default()).await;
    let [sender, receiver] = [(); 2].map(|()| MessageKey::random());
    let reply = |length| {
        // Nothing grows more on its way than what is escaped in both layers.
        let (url, token) = (Hidden::new("\"".repeat(length)), Hidden::new(""));
        letter().reply(Content::EndpointReply { url, token })
    };
    let room = LETTER_LIMIT - reply(0).to_json().unwrap().len();
    let longest = reply(room.div_euclid(2));
    assert!(longest.to_json().unwrap().len() >= LETTER_LIMIT - 1);
    let transport = over(&[&relay]);
    let mut receiving = post_box(&receiver, &transport).await;
    let sending = post_box(&sender, &transport).await;
    sending.send(receiver.public(), &longest).await.unwrap();
    assert_eq!(receiving.next().await.unwrap().letter, longest);
}

#[tokio::test]
async fn a_second_inbox_for_a_key_gets_what_waits_again() {
    let relay = relay(Limits::default()).await;
    let [sender, receiver] = [(); 2].map(|()| MessageKey::random());
    let transport = over(&[&relay]);
    let sending = post_box(&sender, &transport).await;
    let mut first = post_box(&receiver, &transport).await;
    let letter = letter();
    sending.send(receiver.public(), &letter).await.unwrap();
    assert_eq!(first.next().await.unwrap().letter, letter);
    let mut second = post_box(&receiver, &transport).await;
    assert_eq!(second.next().await.unwrap().letter, letter);
    assert!(matches!(first.next().await, Err(MessageError::Ended)));
    passes(&sending, &mut second).await;
}

#[tokio::test]
async fn with_one_relay_dead_the_other_is_enough() {
    let [alive, dead] = [relay(Limits::default()).await, relay(Limits::default()).await];
    let urls = [dead.url(), alive.url()];
    dead.stop().await;
    let transport = Arc::new(Relays::connect(&urls).unwrap());
    let [sender, receiver] = [(); 2].map(|()| MessageKey::random());
    let sending = post_box(&sender, &transport).await;
    let mut receiving = post_box(&receiver, &transport).await;
    for _ in 0..3 {
        passes(&sending, &mut receiving).await;
    }
    let up: Vec<_> = transport.states().iter().map(|state| state.is_up).collect();
    assert_eq!(up, [false, true]);
}

#[tokio::test]
async fn two_relays_deliver_once() {
    let [one, other] = [relay(Limits::default()).await, relay(Limits::default()).await];
    let key = MessageKey::random();
    let transport = over(&[&one, &other]);
    let mut inbox = transport.subscribe(&key).await.unwrap();
    let wraps = [(); 4].map(|()| seal(&MessageKey::random(), key.public(), &letter()).unwrap());
    for wrap in &wraps {
        // Both have it before anybody reads.
        for relay in [&one, &other] {
            Raw::connect(relay).await.publish(wrap).await;
        }
    }
    let mut ids = Vec::new();
    for _ in &wraps {
        ids.push(inbox.next().await.unwrap().id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), wraps.len());
}

#[tokio::test]
async fn a_relay_that_is_killed_and_comes_back_delivers() {
    let relay = relay(Limits::default()).await;
    let config = RelayConfig { listen: relay.address(), ..RelayConfig::default() };
    let [sending, receiving] = [over(&[&relay]), over(&[&relay])];
    let sender = post_box(&MessageKey::random(), &sending).await;
    let mut receiver = post_box(&MessageKey::random(), &receiving).await;
    passes(&sender, &mut receiver).await;
    relay.stop().await;

    let (letter, to) = (letter(), receiver.key());
    let back = async {
        // The sender notices first that nobody is there.
        until(async || sending.states().iter().all(|state| !state.is_up)).await;
        Relay::start(config).await.unwrap()
    };
    let (sent, _relay) = tokio::join!(sender.send(to, &letter), back);
    sent.unwrap();
    assert_eq!(receiver.next().await.unwrap().letter, letter);
}

#[tokio::test]
async fn a_relay_that_wants_keys_proven_gets_the_proof() {
    let config = RelayConfig { login: true, ..RelayConfig::default() };
    let relay = Relay::start(config).await.unwrap();
    let [sender, receiver, late] = [(); 3].map(|()| MessageKey::random());
    let transport = over(&[&relay]);
    let sending = post_box(&sender, &over(&[&relay])).await;
    let mut receiving = post_box(&receiver, &transport).await;
    passes(&sending, &mut receiving).await;
    // A key that is added later is proven then.
    let mut another = post_box(&late, &transport).await;
    passes(&sending, &mut another).await;
    passes(&sending, &mut receiving).await;
}

#[tokio::test]
async fn a_wrap_that_every_relay_refuses_is_refused() {
    let relay = relay(Limits::default()).await;
    let to = Tag::public_key(Keys::generate().public_key());
    let note = EventBuilder::new(Kind::TextNote, "").tags([to]).finalize(&Keys::generate());
    let refused = over(&[&relay]).publish(&note.unwrap()).await;
    assert!(matches!(refused, Err(MessageError::Refused)), "{refused:?}");
}

#[tokio::test]
async fn what_is_no_relay_is_said() {
    let failed = Relays::connect(["ws://127.0.0.1:1", "http://127.0.0.1:1"]);
    let Err(MessageError::BadRelay(url)) = failed else { panic!("{failed:?}") };
    assert_eq!(&*url, "http://127.0.0.1:1");
    let none = Relays::connect([""; 0]).unwrap();
    let wrap = crate::relay::wrap(&MessageKey::random());
    assert!(matches!(none.publish(&wrap).await, Err(MessageError::Unsent)));
}

#[tokio::test]
async fn a_relay_is_spoken_to_in_tls_where_its_url_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://{}", listener.local_addr().unwrap());
    let _relays = Relays::connect([url]).unwrap();
    let (mut socket, _) = listener.accept().await.unwrap();
    // Every TLS connection begins with a handshake record.
    assert_eq!(socket.read_u8().await.unwrap(), 0x16);
}
