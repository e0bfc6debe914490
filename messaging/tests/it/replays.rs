//! Letters that come twice, and what else does not come at all.

use std::sync::Arc;

use alloy::primitives::Address;
use muster_messaging::{
    Claim, Content, Event, Letter, Local, MessageError, MessageKey, PostBox, RecentlySeen, Seen,
    Source, Transport, seal,
};
use nostr::event::{EventBuilder, FinalizeEvent, Kind, Tag};
use nostr::key::{Keys, PublicKey};

use crate::harness::post_box;

/// A request that nobody has made before.
fn letter() -> Letter {
    let content = Content::EndpointRequest { claim: Claim::Client {} };
    Letter::request(1, Address::ZERO, content)
}

/// Sends wraps and then an honest letter, and counts what is delivered before that letter.
async fn delivered_of(wraps: &[Event], receiver: &MessageKey) -> usize {
    let transport = Arc::new(Local::default());
    let mut reading = post_box(receiver, &transport).await;
    for wrap in wraps {
        transport.publish(wrap).await.unwrap();
    }
    let last = letter();
    let writing = post_box(&MessageKey::random(), &transport).await;
    writing.send(receiver.public(), &last).await.unwrap();
    let mut count = 0;
    while reading.next().await.unwrap().letter != last {
        count += 1;
    }
    count
}

#[tokio::test]
async fn a_letter_comes_once_however_often_it_is_sent() {
    let [sender, receiver] = [(); 2].map(|()| MessageKey::random());
    let letter = letter();
    let [wrap, again] = [(); 2].map(|()| seal(&sender, receiver.public(), &letter).unwrap());
    assert_ne!(wrap.id, again.id);
    assert_eq!(delivered_of(&[wrap.clone(), wrap, again], &receiver).await, 1);
}

#[tokio::test]
async fn a_nonce_is_its_senders_and_its_agreements() {
    let [sender, other, receiver] = [(); 3].map(|()| MessageKey::random());
    let letter = letter();
    let elsewhere = Letter { agreement: Address::repeat_byte(1), ..letter.clone() };
    let chain = Letter { chain_id: 2, ..letter.clone() };
    let wraps = [(&sender, &letter), (&other, &letter), (&sender, &elsewhere), (&sender, &chain)]
        .map(|(key, letter)| seal(key, receiver.public(), letter).unwrap());
    assert_eq!(delivered_of(&wraps, &receiver).await, 4);
}

#[tokio::test]
async fn junk_is_passed_over() {
    let receiver = MessageKey::random();
    let to = Tag::public_key(PublicKey::from_slice(receiver.public().as_slice()).unwrap());
    let junk = [Kind::GiftWrap, Kind::TextNote].map(|kind| {
        EventBuilder::new(kind, "junk").tags([to.clone()]).finalize(&Keys::generate()).unwrap()
    });
    assert_eq!(delivered_of(&junk, &receiver).await, 0);
}

#[tokio::test]
async fn a_letter_is_not_delivered_again_after_a_restart() {
    let [sender, receiver] = [(); 2].map(|()| MessageKey::random());
    let (transport, seen) = (Arc::new(Local::default()), Arc::new(RecentlySeen::default()));
    let open = async || PostBox::open(receiver.clone(), transport.clone(), seen.clone()).await;
    let writing = post_box(&sender, &transport).await;
    let [first, second] = [letter(), letter()];
    writing.send(receiver.public(), &first).await.unwrap();
    assert_eq!(open().await.unwrap().next().await.unwrap().letter, first);
    writing.send(receiver.public(), &second).await.unwrap();
    assert_eq!(open().await.unwrap().next().await.unwrap().letter, second);
}

/// A memory that fails.
#[derive(Debug)]
struct Broken;

impl Seen for Broken {
    fn knows(&self, _: alloy::primitives::B256) -> Result<bool, Source> {
        Ok(false)
    }

    fn remember(&self, _: alloy::primitives::B256, _: u64) -> Result<bool, Source> {
        Err("the disk is full".into())
    }
}

#[tokio::test]
async fn nothing_is_delivered_that_cannot_be_remembered() {
    let receiver = MessageKey::random();
    let transport = Arc::new(Local::default());
    let reading = PostBox::open(receiver.clone(), transport.clone(), Arc::new(Broken)).await;
    let writing = post_box(&MessageKey::random(), &transport).await;
    writing.send(receiver.public(), &letter()).await.unwrap();
    let failed = reading.unwrap().next().await;
    assert!(matches!(failed, Err(MessageError::Seen(_))), "{failed:?}");
}

#[tokio::test]
async fn a_key_that_is_none_is_told_to_the_sender() {
    let writing = post_box(&MessageKey::random(), &Arc::new(Local::default())).await;
    let nowhere = alloy::primitives::B256::with_last_byte(5);
    let failed = writing.send(nowhere, &letter()).await;
    assert!(matches!(failed, Err(MessageError::BadKey(key)) if key == nowhere), "{failed:?}");
}
