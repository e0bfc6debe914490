//! Messages over relays that stop and restart.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alloy::primitives::Address;
use muster_messaging::{
    Claim, Content, Endpoint, ExposeSecret, MESSAGE_LIMIT, Mailbox, Message, MessageError,
    MessageKey, PIECE_SIZE, ProxyUrl, RelayPool, SamplePiece, Transport, seal,
};
use muster_relay::{Relay, RelayConfig};
use nostr::event::{EventBuilder, FinalizeEvent, Kind, Tag};
use nostr::key::Keys;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{CHAIN, Market, TOKEN, key, mailbox, now, relay, until};

/// A pool of these relays.
fn pool_over(relays: &[&Relay]) -> Arc<RelayPool> {
    Arc::new(RelayPool::connect(relays.iter().map(|relay| relay.url())).unwrap())
}

/// A new request.
fn message() -> Message {
    let content = Content::EndpointRequest { claim: Claim::Client {} };
    Message::request(CHAIN, Address::ZERO, content)
}

/// Checks that a message is delivered.
async fn assert_delivers(sender: &Mailbox, receiver: &mut Mailbox) {
    let message = message();
    sender.send(receiver.key(), &message).await.unwrap();
    let delivery = receiver.next().await.unwrap();
    assert_eq!((delivery.sender, delivery.message), (sender.key(), message));
}

#[tokio::test]
async fn a_client_learns_its_workers_endpoint_over_a_relay() {
    let (market, relay) = (Market::new(), relay().await);
    let mut client = mailbox(&key(&market.client), &pool_over(&[&relay])).await;
    let mut worker = mailbox(&key(&market.worker), &pool_over(&[&relay])).await;
    let content = Content::EndpointRequest { claim: Claim::Client {} };
    let request = Message::request(CHAIN, market.agreement, content);
    client.send(worker.key(), &request).await.unwrap();
    let delivery = worker.next().await.unwrap();
    let reply = market.endpoint_responder().respond(&delivery, now()).await.unwrap().unwrap();
    worker.send(delivery.sender, &reply).await.unwrap();
    let reply = client.next().await.unwrap();
    assert!(reply.is_reply_to(worker.key(), &request));
    let Content::EndpointReply(endpoint) = reply.message.content else { panic!("refused") };
    assert_eq!(endpoint.token.expose_secret(), TOKEN);
}

#[tokio::test]
async fn a_message_waits_for_its_receiver() {
    let relay = relay().await;
    let [sender, receiver] = [(); 2].map(|()| MessageKey::random());
    let message = message();
    mailbox(&sender, &pool_over(&[&relay])).await.send(receiver.public(), &message).await.unwrap();
    let mut receiving = mailbox(&receiver, &pool_over(&[&relay])).await;
    assert_eq!(receiving.next().await.unwrap().message, message);
}

#[tokio::test]
async fn the_longest_message_is_delivered() {
    let relay = relay().await;
    let [sender, receiver] = [(); 2].map(|()| MessageKey::random());
    let reply = |length| {
        // A quotation mark grows the most, because both layers escape it.
        let (url, token) = ("\"".repeat(length).into(), "".into());
        message().reply(Content::EndpointReply(Endpoint { url, token, application: None }))
    };
    let room = MESSAGE_LIMIT - reply(0).to_json().unwrap().len();
    let longest = reply(room.div_euclid(2));
    assert!(longest.to_json().unwrap().len() >= MESSAGE_LIMIT - 1);
    let transport = pool_over(&[&relay]);
    let mut receiving = mailbox(&receiver, &transport).await;
    let sending = mailbox(&sender, &transport).await;
    sending.send(receiver.public(), &longest).await.unwrap();
    assert_eq!(receiving.next().await.unwrap().message, longest);
}

#[tokio::test]
async fn the_longest_piece_of_a_sample_is_delivered() {
    let relay = relay().await;
    let [sender, receiver] = [(); 2].map(|()| MessageKey::random());
    let bytes = vec![255; usize::try_from(PIECE_SIZE).unwrap()];
    let piece = message().reply(Content::SamplePiece(SamplePiece { size: u32::MAX, bytes }));
    let transport = pool_over(&[&relay]);
    let mut receiving = mailbox(&receiver, &transport).await;
    let sending = mailbox(&sender, &transport).await;
    sending.send(receiver.public(), &piece).await.unwrap();
    assert_eq!(receiving.next().await.unwrap().message, piece);
}

#[tokio::test]
async fn a_second_inbox_for_a_key_gets_stored_wraps_again() {
    let relay = relay().await;
    let [sender, receiver] = [(); 2].map(|()| MessageKey::random());
    let transport = pool_over(&[&relay]);
    let sending = mailbox(&sender, &transport).await;
    let mut first = mailbox(&receiver, &transport).await;
    let message = message();
    sending.send(receiver.public(), &message).await.unwrap();
    assert_eq!(first.next().await.unwrap().message, message);
    let mut second = mailbox(&receiver, &transport).await;
    assert_eq!(second.next().await.unwrap().message, message);
    assert!(matches!(first.next().await, Err(MessageError::TransportClosed)));
    assert_delivers(&sending, &mut second).await;
}

#[tokio::test]
async fn with_one_relay_dead_the_other_is_enough() {
    let [alive, dead] = [relay().await, relay().await];
    let urls = [dead.url(), alive.url()];
    dead.stop().await;
    let transport = Arc::new(RelayPool::connect(&urls).unwrap());
    let [sender, receiver] = [(); 2].map(|()| MessageKey::random());
    let sending = mailbox(&sender, &transport).await;
    let mut receiving = mailbox(&receiver, &transport).await;
    for _ in 0..3 {
        assert_delivers(&sending, &mut receiving).await;
    }
    let is_connected: Vec<_> =
        transport.statuses().iter().map(|status| status.is_connected).collect();
    assert_eq!(is_connected, [false, true]);
}

#[tokio::test]
async fn two_relays_deliver_once() {
    let [one, other] = [relay().await, relay().await];
    let key = MessageKey::random();
    let transport = pool_over(&[&one, &other]);
    let mut inbox = transport.subscribe(&key).await.unwrap();
    let wraps = [(); 4].map(|()| seal(&MessageKey::random(), key.public(), &message()).unwrap());
    for wrap in &wraps {
        // Both relays have the wrap before the inbox is read.
        for relay in [&one, &other] {
            pool_over(&[relay]).publish(wrap).await.unwrap();
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
    let relay = relay().await;
    let config = RelayConfig { listen: relay.address(), ..RelayConfig::default() };
    let [sending, receiving] = [pool_over(&[&relay]), pool_over(&[&relay])];
    let sender = mailbox(&MessageKey::random(), &sending).await;
    let mut receiver = mailbox(&MessageKey::random(), &receiving).await;
    assert_delivers(&sender, &mut receiver).await;
    relay.stop().await;

    let (message, to) = (message(), receiver.key());
    let restart = async {
        // The sender notices first that the relay is gone.
        until(async || sending.statuses().iter().all(|status| !status.is_connected)).await;
        Relay::start(config).await.unwrap()
    };
    let (sent, _relay) = tokio::join!(sender.send(to, &message), restart);
    sent.unwrap();
    assert_eq!(receiver.next().await.unwrap().message, message);
}

#[tokio::test]
async fn a_full_queue_reaches_a_relay_that_limits_the_rate() {
    let relay = relay().await;
    let config = RelayConfig { listen: relay.address(), ..RelayConfig::default() };
    let pool = pool_over(&[&relay]);
    let keys = [(); 60].map(|()| MessageKey::random());
    let mut inboxes = Vec::new();
    for key in &keys {
        inboxes.push(pool.subscribe(key).await.unwrap());
    }
    relay.stop().await;
    // With the subscriptions they are more messages than the relay lets one connection send at once.
    let wraps = [(); 256].map(|()| seal(&MessageKey::random(), keys[0].public(), &message()));
    let publish = wraps.map(|wrap| {
        let (pool, wrap) = (pool.clone(), wrap.unwrap());
        tokio::spawn(async move { pool.publish(&wrap).await })
    });
    until(async || pool.statuses().iter().all(|status| !status.is_connected)).await;
    let _relay = Relay::start(config).await.unwrap();
    let mut ids = BTreeSet::new();
    while ids.len() < publish.len() {
        ids.insert(inboxes[0].next().await.unwrap().id);
    }
}

#[tokio::test]
async fn a_pool_proves_its_keys_to_a_relay_that_requires_it() {
    let config = RelayConfig { require_auth: true, ..RelayConfig::default() };
    let relay = Relay::start(config).await.unwrap();
    let [sender, receiver, late] = [(); 3].map(|()| MessageKey::random());
    let transport = pool_over(&[&relay]);
    let sending = mailbox(&sender, &pool_over(&[&relay])).await;
    let mut receiving = mailbox(&receiver, &transport).await;
    assert_delivers(&sending, &mut receiving).await;
    // A key that is added later is proven when it is added.
    let mut another = mailbox(&late, &transport).await;
    assert_delivers(&sending, &mut another).await;
    assert_delivers(&sending, &mut receiving).await;
}

#[tokio::test]
async fn a_wrap_that_every_relay_rejects_is_rejected() {
    let relay = relay().await;
    let to = Tag::public_key(Keys::generate().public_key());
    let note = EventBuilder::new(Kind::TextNote, "").tags([to]).finalize(&Keys::generate());
    let rejected = pool_over(&[&relay]).publish(&note.unwrap()).await;
    assert!(matches!(rejected, Err(MessageError::Rejected)), "{rejected:?}");
}

#[tokio::test]
async fn an_invalid_relay_url_is_an_error() {
    let failed = RelayPool::connect(["ws://127.0.0.1:1", "http://127.0.0.1:1"]);
    let Err(MessageError::InvalidRelayUrl(url)) = failed else { panic!("{failed:?}") };
    assert_eq!(&*url, "http://127.0.0.1:1");
    let none = RelayPool::connect([""; 0]).unwrap();
    let wrap = seal(&MessageKey::random(), MessageKey::random().public(), &message()).unwrap();
    assert!(matches!(none.publish(&wrap).await, Err(MessageError::Unacknowledged)));
}

#[tokio::test]
async fn a_wss_url_is_connected_with_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://{}", listener.local_addr().unwrap());
    let _pool = RelayPool::connect([url]).unwrap();
    let (mut socket, _) = listener.accept().await.unwrap();
    // A TLS connection begins with a handshake record.
    assert_eq!(socket.read_u8().await.unwrap(), 0x16);
}

/// An HTTP proxy that only connects, and counts that.
async fn connect_proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::<AtomicUsize>::default();
    let connected = count.clone();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(client.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
            let mut server = TcpStream::connect(target.unwrap()).await.unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            connected.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
        }
    });
    (url, count)
}

#[tokio::test]
async fn relays_are_reached_through_a_proxy() {
    let (relay, (proxy, count)) = (relay().await, connect_proxy().await);
    let proxy = ProxyUrl::parse(&proxy).unwrap();
    let relays = Arc::new(RelayPool::connect_through(Some(&proxy), [relay.url()]).unwrap());
    let mut mailbox = mailbox(&MessageKey::random(), &relays).await;
    let message = message();
    mailbox.send(mailbox.key(), &message).await.unwrap();
    assert_eq!(mailbox.next().await.unwrap().message, message);
    assert_eq!(count.load(Ordering::Relaxed), 1);
}
