//! What a relay takes, keeps and gives out.

use std::num::NonZeroU32;

use alloy::primitives::Address;
use muster_messaging::{
    Claim, Content, Event, Limits, Message, MessageError, MessageKey, Relay, RelayConfig, seal,
};
use nostr::event::{EventBuilder, FinalizeEvent, Kind, Tag};
use nostr::key::Keys;
use nostr::types::Timestamp;
use serde_json::{Value, json};

use crate::harness::{RawConnection, now, until};

/// A relay with these limits.
pub(crate) async fn relay(limits: Limits) -> Relay {
    Relay::start(RelayConfig { limits, ..RelayConfig::default() }).await.unwrap()
}

/// A wrap for a key.
pub(crate) fn wrap(receiver: &MessageKey) -> Event {
    let content = Content::EndpointRequest { claim: Claim::Client {} };
    let message = Message::request(1, Address::ZERO, content);
    seal(&MessageKey::random(), receiver.public(), &message).unwrap()
}

/// A key as filters have it.
pub(crate) fn hex(key: &MessageKey) -> String {
    alloy::hex::encode(key.public())
}

/// A wrap made by hand.
fn custom_event(kind: Kind, at: u64, tags: impl IntoIterator<Item = Tag>) -> Event {
    let event = EventBuilder::new(kind, "x").tags(tags);
    event.custom_created_at(Timestamp::from_secs(at)).finalize(&Keys::generate()).unwrap()
}

#[tokio::test]
async fn only_genuine_wraps_of_now_for_one_receiver_are_taken() {
    let relay = relay(Limits::default()).await;
    let mut raw = RawConnection::connect(&relay).await;
    let to = || Tag::public_key(Keys::generate().public_key());
    let gift = Kind::GiftWrap;
    let expired = Tag::expiration(Timestamp::from_secs(now() - 1));
    let many = (0..9).map(|_| Tag::custom("x", ["y"]));
    let mut altered = custom_event(gift, now(), [to()]);
    altered.content.push('!');
    for (event, said) in [
        (custom_event(gift, now(), [to()]), ""),
        (custom_event(gift, now() - 5 * 86_400, [to()]), ""),
        (custom_event(Kind::TextNote, now(), [to()]), "blocked: gift wraps only"),
        (custom_event(gift, now(), []), "invalid: one receiver, please"),
        (custom_event(gift, now(), [to(), to()]), "invalid: one receiver, please"),
        (custom_event(gift, now(), many), "invalid: too many tags"),
        (
            custom_event(gift, now(), [to(), Tag::custom("x", ["y".repeat(2_000)])]),
            "invalid: too many tags",
        ),
        (custom_event(gift, now() + 3_600, [to()]), "invalid: made in the future"),
        (custom_event(gift, now() - 7 * 86_400, [to()]), "invalid: made too long ago"),
        (custom_event(gift, now(), [to(), expired]), "invalid: expired"),
        (altered, "invalid: id or signature"),
    ] {
        assert_eq!(raw.publish(&event).await, (said.is_empty(), said.to_owned()));
    }
}

#[tokio::test]
async fn wraps_wait_for_their_receiver_and_then_come_as_they_are_sent() {
    let relay = relay(Limits::default()).await;
    let key = MessageKey::random();
    let [before, after, other] = [wrap(&key), wrap(&key), wrap(&MessageKey::random())];
    let mut sender = RawConnection::connect(&relay).await;
    assert_eq!(sender.publish(&before).await, (true, String::new()));
    let again = sender.publish(&before).await;
    assert_eq!(again, (true, "duplicate: it is here".to_owned()));

    let mut receiver = RawConnection::connect(&relay).await;
    let first = receiver.request(&json!(["REQ", "s", { "#p": [hex(&key)] }])).await;
    assert_eq!(first, json!(["EVENT", "s", before]));
    assert_eq!(receiver.receive().await, Some(json!(["EOSE", "s"])));
    for wrap in [&other, &after] {
        sender.publish(wrap).await;
    }
    assert_eq!(receiver.receive().await, Some(json!(["EVENT", "s", after])));
}

#[tokio::test]
async fn a_closed_subscription_gets_no_more_events() {
    let relay = relay(Limits::default()).await;
    let key = MessageKey::random();
    let filter = json!({ "#p": [hex(&key)] });
    let mut raw = RawConnection::connect(&relay).await;
    for name in ["kept", "closed"] {
        assert_eq!(raw.request(&json!(["REQ", name, filter])).await, json!(["EOSE", name]));
    }
    raw.send(&json!(["CLOSE", "closed"])).await;
    let wrap = wrap(&key);
    let mut heard = vec![raw.request(&json!(["EVENT", wrap])).await, raw.receive().await.unwrap()];
    heard.sort_by_key(|said| said[0].to_string());
    assert_eq!(heard, [json!(["EVENT", "kept", wrap]), json!(["OK", wrap.id, true, ""])]);
}

#[tokio::test]
async fn the_newest_come_first_and_no_more_than_asked_for() {
    let relay = relay(Limits::default()).await;
    let keys = Keys::generate();
    let mut raw = RawConnection::connect(&relay).await;
    let mut ids = Vec::new();
    for age in [30, 10, 20] {
        let event = custom_event(Kind::GiftWrap, now() - age, [Tag::public_key(keys.public_key())]);
        raw.publish(&event).await;
        ids.push(event.id.to_hex());
    }
    let to = [keys.public_key().to_hex()];
    let all = raw.stored(&json!({ "#p": to })).await;
    assert_eq!(all, [ids[1].clone(), ids[2].clone(), ids[0].clone()]);
    assert_eq!(raw.stored(&json!({ "#p": to, "limit": 1 })).await, all[..1]);
    assert_eq!(raw.stored(&json!({ "#p": to, "since": now() - 25 })).await, all[..2]);
    assert_eq!(raw.stored(&json!({ "#p": to, "kinds": [1] })).await, [""; 0]);
}

#[tokio::test]
async fn nobody_reads_without_naming_receivers() {
    let relay = relay(Limits { subscriptions: 1, ..Limits::default() }).await;
    let mut raw = RawConnection::connect(&relay).await;
    let key = hex(&MessageKey::random());
    let filter = json!({ "#p": [key] });
    let many: Vec<_> = (0..5).map(|_| hex(&MessageKey::random())).collect();
    let long = "s".repeat(65);
    let other = "unsupported: receivers, ids, authors, kinds and times only";
    for (request, said) in [
        (json!(["REQ", "s", {}]), "restricted: name the receivers by #p"),
        (json!(["REQ", "s", { "kinds": [1059] }]), "restricted: name the receivers by #p"),
        (json!(["REQ", "s", filter, {}]), "restricted: name the receivers by #p"),
        (json!(["REQ", "s", { "#p": [key, "x"] }]), "restricted: name the receivers by #p"),
        (json!(["REQ", "s", { "#p": many }]), "invalid: too many values"),
        (json!(["REQ", "s", { "#p": [key], "ids": many }]), "invalid: too many values"),
        (json!(["REQ", "s", { "#p": [key], "#e": ["x"] }]), other),
        (json!(["REQ", "s", { "#p": [key], "search": "x" }]), other),
        (json!(["REQ", "s", filter, filter, filter, filter, filter]), "invalid: too many filters"),
        (json!(["REQ", long, filter]), "invalid: a subscription's name has 1 to 64 bytes"),
    ] {
        let name = &request[1];
        assert_eq!(raw.request(&request).await, json!(["CLOSED", name, said]));
    }
    assert_eq!(raw.request(&json!(["REQ", "s", filter])).await, json!(["EOSE", "s"]));
    // The same name again takes the place of the first.
    assert_eq!(raw.request(&json!(["REQ", "s", filter])).await, json!(["EOSE", "s"]));
    let more = raw.request(&json!(["REQ", "t", filter])).await;
    assert_eq!(more, json!(["CLOSED", "t", "restricted: too many subscriptions"]));
}

#[tokio::test]
async fn what_expires_is_kept_until_then() {
    let relay = relay(Limits { messages_per_second: NonZeroU32::MAX, ..Limits::default() }).await;
    let keys = Keys::generate();
    let to = || Tag::public_key(keys.public_key());
    let soon = Tag::expiration(Timestamp::from_secs(now() + 1));
    let [short, long] = [
        custom_event(Kind::GiftWrap, now(), [to(), soon]),
        custom_event(Kind::GiftWrap, now(), [to()]),
    ];
    let mut raw = RawConnection::connect(&relay).await;
    for event in [&short, &long] {
        assert!(raw.publish(event).await.0);
    }
    let filter = json!({ "#p": [keys.public_key().to_hex()] });
    // Both are there, and after its second only one.
    until(async || raw.stored(&filter).await == [long.id.to_hex()]).await;
}

/// What a reader says to prove that it holds a key.
fn proof(key: &Keys, relay: &str, challenge: &Value) -> Event {
    let challenge = Tag::custom("challenge", [challenge.as_str().unwrap()]);
    let tags = [Tag::custom("relay", [relay]), challenge];
    EventBuilder::new(Kind::Authentication, "").tags(tags).finalize(key).unwrap()
}

#[tokio::test]
async fn with_nip42_required_nobody_reads_messages_for_other_keys() {
    let config = RelayConfig { require_auth: true, ..RelayConfig::default() };
    let relay = Relay::start(config).await.unwrap();
    let [owner, stranger] = [(); 2].map(|()| Keys::generate());
    let request = json!(["REQ", "s", { "#p": [owner.public_key().to_hex()] }]);
    let refused = json!(["CLOSED", "s", "auth-required: prove that you hold these keys"]);

    let mut raw = RawConnection::connect(&relay).await;
    let asked = raw.receive().await.unwrap();
    assert_eq!(asked[0], "AUTH");
    let challenge = &asked[1];
    assert_eq!(raw.request(&request).await, refused);
    let wrong = json!(["OK", null, false, "invalid: another relay, challenge or time"]);
    for (who, said) in [
        (proof(&owner, "wss://elsewhere.example", challenge), &wrong),
        (proof(&owner, &relay.url(), &json!("guessed")), &wrong),
        (proof(&stranger, &relay.url(), challenge), &json!(["OK", null, true, ""])),
    ] {
        let mut answer = raw.request(&json!(["AUTH", who])).await;
        answer[1] = Value::Null;
        assert_eq!(&answer, said);
        assert_eq!(raw.request(&request).await, refused);
    }
    let mut forged = proof(&stranger, &relay.url(), challenge);
    forged.pubkey = owner.public_key();
    let answer = raw.request(&json!(["AUTH", forged])).await;
    assert_eq!(answer, json!(["OK", forged.id, false, "invalid: id or signature"]));

    let proven = proof(&owner, &relay.url(), challenge);
    assert_eq!(raw.request(&json!(["AUTH", proven])).await, json!(["OK", proven.id, true, ""]));
    assert_eq!(raw.request(&request).await, json!(["EOSE", "s"]));
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error() {
    let relay = relay(Limits::default()).await;
    let config = RelayConfig { listen: relay.address(), ..RelayConfig::default() };
    let failed = Relay::start(config.clone()).await;
    assert!(matches!(failed, Err(MessageError::Listen { .. })), "{failed:?}");
    relay.stop().await;
    Relay::start(config).await.unwrap();
}
