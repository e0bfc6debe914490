//! Forged wraps.

use alloy::primitives::Address;
use muster_messaging::{
    Claim, Content, Event, MESSAGE_TTL, Message, MessageFormatError, MessageKey, OpenError, open,
    seal,
};
use nostr::event::{EventBuilder, EventId, FinalizeEvent, Kind, Tag, UnsignedEvent};
use nostr::key::{Keys, PublicKey};
use nostr::nips::nip44::Nip44;
use nostr::types::Timestamp;

use crate::harness::now;

/// What a forger can choose.
struct Forgery {
    /// The key that signs the seal.
    sealer: Keys,
    /// The rumor in the seal.
    rumor: UnsignedEvent,
    /// The seal's kind.
    seal: Kind,
    /// The wrap's kind.
    wrap: Kind,
    /// The Unix second at which the wrap expires.
    until: u64,
}

impl Forgery {
    /// A valid message, sent now.
    fn new() -> Self {
        let sealer = Keys::generate();
        let content = Content::EndpointRequest { claim: Claim::Client {} };
        let message = Message::request(1, Address::ZERO, content).to_json().unwrap();
        let kind = Kind::Custom(2015);
        let rumor = UnsignedEvent::new(sealer.public_key(), Timestamp::now(), kind, [], message);
        let until = now() + 100;
        Self { sealer, rumor, seal: Kind::Seal, wrap: Kind::GiftWrap, until }
    }

    /// Opens the wrap as its receiver.
    fn open(self) -> Result<(), OpenError> {
        let receiver = MessageKey::random();
        open(&receiver, &self.wrap(&receiver), now()).map(drop)
    }

    /// The wrap.
    fn wrap(self, receiver: &MessageKey) -> Event {
        let to = PublicKey::from_slice(receiver.public().as_slice()).unwrap();
        let encrypt = |keys: &Keys, text: &str| keys.nip44_encrypt(&to, text).unwrap();
        let rumor = encrypt(&self.sealer, &self.rumor.as_json());
        let seal = EventBuilder::new(self.seal, rumor).finalize(&self.sealer).unwrap();
        let one_time = Keys::generate();
        let tags = [Tag::public_key(to), Tag::expiration(Timestamp::from_secs(self.until))];
        let content = encrypt(&one_time, &seal.as_json());
        EventBuilder::new(self.wrap, content).tags(tags).finalize(&one_time).unwrap()
    }
}

/// A valid message with a changed rumor.
fn with_rumor(change: impl FnOnce(&mut UnsignedEvent)) -> Forgery {
    let mut forgery = Forgery::new();
    change(&mut forgery.rumor);
    forgery
}

#[test]
fn a_valid_wrap_opens() {
    assert_eq!(Forgery::new().open(), Ok(()));
}

#[test]
fn nobody_writes_in_another_name() {
    let victim = Keys::generate().public_key();
    assert_eq!(with_rumor(|rumor| rumor.pubkey = victim).open(), Err(OpenError::Forged));
}

#[test]
fn an_id_that_is_not_the_messages_is_forged() {
    let id = EventId::from_slice(&[7; 32]).unwrap();
    assert_eq!(with_rumor(|rumor| rumor.id = Some(id)).open(), Err(OpenError::Forged));
}

#[test]
fn each_layer_has_its_kind() {
    let note = Kind::TextNote;
    assert_eq!(with_rumor(|rumor| rumor.kind = note).open(), Err(OpenError::Forged));
    assert_eq!(Forgery { seal: note, ..Forgery::new() }.open(), Err(OpenError::Forged));
    assert_eq!(Forgery { wrap: note, ..Forgery::new() }.open(), Err(OpenError::NotAGiftWrap));
}

#[test]
fn a_message_is_accepted_for_a_day() {
    let life = MESSAGE_TTL.as_secs();
    let sent = |at: u64| with_rumor(|rumor| rumor.created_at = Timestamp::from_secs(at)).open();
    assert_eq!(sent(now() - life + 60), Ok(()));
    assert_eq!(sent(now() - life - 60), Err(OpenError::Expired));
    assert_eq!(sent(now() + 3_600), Err(OpenError::FromTheFuture));
    assert_eq!(Forgery { until: now() - 1, ..Forgery::new() }.open(), Err(OpenError::Expired));
}

#[test]
fn the_content_of_a_wrap_is_a_message() {
    let malformed = Err(OpenError::Format(MessageFormatError::Malformed));
    assert_eq!(with_rumor(|rumor| rumor.content = "hello".to_owned()).open(), malformed);
    let long = " ".repeat(13_000);
    let too_long = Err(OpenError::Format(MessageFormatError::TooLong(long.len())));
    assert_eq!(with_rumor(|rumor| rumor.content = long).open(), too_long);
    let huge = " ".repeat(30_000);
    assert_eq!(with_rumor(|rumor| rumor.content = huge).open(), Err(OpenError::TooLarge));
}

#[test]
fn a_wrap_is_for_its_receiver_and_cannot_be_changed() {
    let receiver = MessageKey::random();
    let wrap = Forgery::new().wrap(&receiver);
    assert_eq!(open(&MessageKey::random(), &wrap, now()), Err(OpenError::Unreadable));
    let mut changed = wrap.clone();
    changed.created_at = Timestamp::from_secs(1);
    assert_eq!(open(&receiver, &changed, now()), Err(OpenError::Forged));
    let mut swapped = wrap;
    swapped.sig = Forgery::new().wrap(&receiver).sig;
    assert_eq!(open(&receiver, &swapped, now()), Err(OpenError::Forged));
}

#[test]
fn a_wrap_hides_its_sender_and_outlives_its_message() {
    let [sender, receiver] = [(); 2].map(|()| MessageKey::random());
    let content = Content::EndpointRequest { claim: Claim::Client {} };
    let message = Message::request(1, Address::ZERO, content);
    let wrap = seal(&sender, receiver.public(), &message).unwrap();
    assert!(!wrap.as_json().contains(&alloy::hex::encode(sender.public())));
    assert!(wrap.created_at.as_secs() <= now());
    let until = wrap.tags.expiration().unwrap().as_secs();
    assert!(until >= now() + MESSAGE_TTL.as_secs() - 1);
    assert_eq!(open(&receiver, &wrap, now()).unwrap().message, message);
}
