//! What a relay accepts, stores and sends.

use std::num::NonZeroU32;

use muster_relay::{Limits, Relay, RelayConfig, RelayError};
use nostr::event::{Event, EventBuilder, FinalizeEvent, Kind, Tag};
use nostr::key::Keys;
use nostr::types::Timestamp;
use serde_json::{Value, json};

use crate::harness::{RawConnection, custom_event, key, now, relay, until, wrap};

#[tokio::test]
async fn only_valid_and_recent_wraps_for_one_receiver_are_accepted() {
    let relay = relay(Limits::default()).await;
    let mut raw = RawConnection::connect(&relay).await;
    let to = || Tag::public_key(Keys::generate().public_key());
    let gift = Kind::GiftWrap;
    let expired = Tag::expiration(Timestamp::from_secs(now() - 1));
    let many = (0..9).map(|_| Tag::custom("x", ["y"]));
    let mut altered = custom_event(gift, now(), [to()]);
    altered.content.push('!');
    for (event, reason) in [
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
        assert_eq!(raw.publish(&event).await, (reason.is_empty(), reason.to_owned()));
    }
}

#[tokio::test]
async fn stored_wraps_are_sent_before_wraps_that_arrive_later() {
    let relay = relay(Limits::default()).await;
    let receiver_key = key();
    let [before, after, other] = [wrap(receiver_key), wrap(receiver_key), wrap(key())];
    let mut sender = RawConnection::connect(&relay).await;
    assert_eq!(sender.publish(&before).await, (true, String::new()));
    let again = sender.publish(&before).await;
    assert_eq!(again, (true, "duplicate: it is here".to_owned()));

    let mut receiver = RawConnection::connect(&relay).await;
    let first = receiver.request(&json!(["REQ", "s", { "#p": [receiver_key] }])).await;
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
    let receiver = key();
    let filter = json!({ "#p": [receiver] });
    let mut raw = RawConnection::connect(&relay).await;
    for name in ["open", "closed"] {
        assert_eq!(raw.request(&json!(["REQ", name, filter])).await, json!(["EOSE", name]));
    }
    raw.send(&json!(["CLOSE", "closed"])).await;
    let wrap = wrap(receiver);
    let mut messages =
        vec![raw.request(&json!(["EVENT", wrap])).await, raw.receive().await.unwrap()];
    messages.sort_by_key(|message| message[0].to_string());
    assert_eq!(messages, [json!(["EVENT", "open", wrap]), json!(["OK", wrap.id, true, ""])]);
}

#[tokio::test]
async fn stored_wraps_are_sent_newest_first_up_to_the_limit_of_the_filter() {
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
    for empty in ["ids", "authors", "kinds", "#p"] {
        let mut filter = json!({ "#p": to });
        filter[empty] = json!([]);
        assert_eq!(raw.stored(&filter).await, [""; 0], "{empty}");
    }
}

#[tokio::test]
async fn a_subscription_must_name_its_receivers() {
    let relay = relay(Limits { subscriptions: 1, ..Limits::default() }).await;
    let mut raw = RawConnection::connect(&relay).await;
    let receiver = key();
    let filter = json!({ "#p": [receiver] });
    let many: Vec<_> = (0..5).map(|_| key()).collect();
    let long = "s".repeat(65);
    let other = "unsupported: receivers, ids, authors, kinds and times only";
    for (request, reason) in [
        (json!(["REQ", "s", {}]), "restricted: name the receivers by #p"),
        (json!(["REQ", "s", { "kinds": [1059] }]), "restricted: name the receivers by #p"),
        (json!(["REQ", "s", filter, {}]), "restricted: name the receivers by #p"),
        (json!(["REQ", "s", { "#p": [receiver, "x"] }]), "restricted: name the receivers by #p"),
        (json!(["REQ", "s", { "#p": many }]), "invalid: too many values"),
        (json!(["REQ", "s", { "#p": [receiver], "ids": many }]), "invalid: too many values"),
        (json!(["REQ", "s", { "#p": [receiver], "#e": ["x"] }]), other),
        (json!(["REQ", "s", { "#p": [receiver], "search": "x" }]), other),
        (json!(["REQ", "s", filter, filter, filter, filter, filter]), "invalid: too many filters"),
        (json!(["REQ", long, filter]), "invalid: a subscription's name has 1 to 64 bytes"),
    ] {
        let id = &request[1];
        assert_eq!(raw.request(&request).await, json!(["CLOSED", id, reason]));
    }
    assert_eq!(raw.request(&json!(["REQ", "s", filter])).await, json!(["EOSE", "s"]));
    // The same id again replaces the first subscription.
    assert_eq!(raw.request(&json!(["REQ", "s", filter])).await, json!(["EOSE", "s"]));
    let more = raw.request(&json!(["REQ", "t", filter])).await;
    assert_eq!(more, json!(["CLOSED", "t", "restricted: too many subscriptions"]));
}

#[tokio::test]
async fn a_wrap_is_stored_until_it_expires() {
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
    // Both are stored, and after a second only one of them.
    until(async || raw.stored(&filter).await == [long.id.to_hex()]).await;
}

/// A NIP-42 proof of a key.
fn proof(keys: &Keys, relay: &str, challenge: &Value) -> Event {
    let challenge = Tag::custom("challenge", [challenge.as_str().unwrap()]);
    let tags = [Tag::custom("relay", [relay]), challenge];
    EventBuilder::new(Kind::Authentication, "").tags(tags).finalize(keys).unwrap()
}

#[tokio::test]
async fn with_nip42_required_nobody_reads_messages_for_other_keys() {
    let config = RelayConfig { require_auth: true, ..RelayConfig::default() };
    let relay = Relay::start(config).await.unwrap();
    let [owner, stranger] = [(); 2].map(|()| Keys::generate());
    let request = json!(["REQ", "s", { "#p": [owner.public_key().to_hex()] }]);
    let refused = json!(["CLOSED", "s", "auth-required: prove that you hold these keys"]);

    let mut raw = RawConnection::connect(&relay).await;
    let hello = raw.receive().await.unwrap();
    assert_eq!(hello[0], "AUTH");
    let challenge = &hello[1];
    assert_eq!(raw.request(&request).await, refused);
    let wrong = json!(["OK", null, false, "invalid: another relay, challenge or time"]);
    for (proof, expected) in [
        (proof(&owner, "wss://elsewhere.example", challenge), &wrong),
        (proof(&owner, &relay.url(), &json!("guessed")), &wrong),
        (proof(&stranger, &relay.url(), challenge), &json!(["OK", null, true, ""])),
    ] {
        let mut reply = raw.request(&json!(["AUTH", proof])).await;
        reply[1] = Value::Null;
        assert_eq!(&reply, expected);
        assert_eq!(raw.request(&request).await, refused);
    }
    let mut forged = proof(&stranger, &relay.url(), challenge);
    forged.pubkey = owner.public_key();
    let reply = raw.request(&json!(["AUTH", forged])).await;
    assert_eq!(reply, json!(["OK", forged.id, false, "invalid: id or signature"]));

    let proven = proof(&owner, &relay.url(), challenge);
    assert_eq!(raw.request(&json!(["AUTH", proven])).await, json!(["OK", proven.id, true, ""]));
    assert_eq!(raw.request(&request).await, json!(["EOSE", "s"]));
}

#[tokio::test]
async fn an_address_in_use_is_an_error() {
    let relay = relay(Limits::default()).await;
    let config = RelayConfig { listen: relay.address(), ..RelayConfig::default() };
    let failed = Relay::start(config.clone()).await;
    assert!(matches!(failed, Err(RelayError::Listen { .. })), "{failed:?}");
    relay.stop().await;
    Relay::start(config).await.unwrap();
}
