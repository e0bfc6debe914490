//! Gift wraps (NIP-59, encrypted with NIP-44): a message in a seal that its sender signs, in a wrap that a one-time
//! key signs. A relay sees the receiver's key and the size.

use std::time::Duration;

use alloy::primitives::B256;
use nostr::event::{Event, FinalizeEvent, Kind, UnsignedEvent};
use nostr::nips::nip44::Nip44;
use nostr::nips::nip59::GiftWrapBuilder;
use nostr::types::Timestamp;

use crate::error::MessageError;
use crate::keys::{MessageKey, public_key};
use crate::message::Message;
use crate::message_format::MessageFormatError;

/// How long after it was sent a message is accepted.
pub const MESSAGE_TTL: Duration = Duration::from_hours(24);

/// How far the date of a wrap is moved back at most, which hides when it was sent (NIP-59).
pub(crate) const MAX_TIMESTAMP_TWEAK: Duration = Duration::from_hours(48);

/// How far a sender's clock may be ahead.
pub(crate) const MAX_CLOCK_SKEW: Duration = Duration::from_mins(10);

/// The longest encrypted content, in bytes. A message needs 27 484 bytes at most.
pub(crate) const CONTENT_LIMIT: usize = 32 * 1024;

/// The kind of the innermost event (the rumor), which only the receiver sees.
const MESSAGE_KIND: Kind = Kind::Custom(2015);

/// A decrypted message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedMessage {
    /// The key that signed the seal.
    pub sender: B256,
    /// The Unix second at which it was sent, by the sender's clock.
    pub sent_at: u64,
    /// The message.
    pub message: Message,
}

/// Why a wrap cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The event is not a gift wrap.
    #[error("not a gift wrap")]
    NotAGiftWrap,
    /// The content is longer than that of any message.
    #[error("the wrap is too large")]
    TooLarge,
    /// A layer cannot be decrypted with the receiver's key, or is not an event.
    #[error("the wrap cannot be decrypted")]
    Unreadable,
    /// A kind, id, signature or author is wrong.
    #[error("a kind, id, signature or author is wrong")]
    Forged,
    /// The wrap has expired, or the message is older than [`MESSAGE_TTL`].
    #[error("the message has expired")]
    Expired,
    /// The message is dated too far in the future.
    #[error("the message is dated in the future")]
    FromTheFuture,
    /// The decrypted content is not a message.
    #[error(transparent)]
    Format(#[from] MessageFormatError),
}

/// Encrypts a message for the holder of a key, dated now.
///
/// # Errors
/// [`MessageError::InvalidKey`], [`MessageError::Format`], [`MessageError::Key`].
pub fn seal(sender: &MessageKey, receiver: B256, message: &Message) -> Result<Event, MessageError> {
    seal_at(sender, receiver, message, Timestamp::now())
}

/// Encrypts a message, dated `at`.
pub(crate) fn seal_at(
    sender: &MessageKey,
    receiver: B256,
    message: &Message,
    at: Timestamp,
) -> Result<Event, MessageError> {
    let author = sender.keys().public_key();
    let rumor = UnsignedEvent::new(author, at, MESSAGE_KIND, [], message.to_json()?);
    // A wrap expires relative to its date, which is up to `MAX_TIMESTAMP_TWEAK` too early.
    let life = MAX_TIMESTAMP_TWEAK.saturating_add(MESSAGE_TTL);
    let wrap = GiftWrapBuilder::new(public_key(receiver)?, rumor).expiration(life);
    wrap.finalize(sender.keys()).map_err(|error| MessageError::Key(error.into()))
}

/// Decrypts a wrap as its receiver at the Unix second `now`. It checks kind, id, signature and author of every layer,
/// and the date. It does not detect replays: [`Mailbox`](crate::Mailbox) does.
///
/// # Errors
/// [`OpenError`].
pub fn open(receiver: &MessageKey, wrap: &Event, now: u64) -> Result<OpenedMessage, OpenError> {
    if wrap.kind != Kind::GiftWrap {
        return Err(OpenError::NotAGiftWrap);
    }
    if wrap.content.len() > CONTENT_LIMIT {
        return Err(OpenError::TooLarge);
    }
    if wrap.is_expired_at(Timestamp::from_secs(now)) {
        return Err(OpenError::Expired);
    }
    wrap.verify().map_err(|_| OpenError::Forged)?;

    let decrypt = |event: &Event| receiver.keys().nip44_decrypt(&event.pubkey, &event.content);
    let seal = decrypt(wrap).map_err(|_| OpenError::Unreadable)?;
    let seal = Event::from_json(seal).map_err(|_| OpenError::Unreadable)?;
    if seal.kind != Kind::Seal || seal.verify().is_err() {
        return Err(OpenError::Forged);
    }
    let rumor = decrypt(&seal).map_err(|_| OpenError::Unreadable)?;
    let rumor = UnsignedEvent::from_json(rumor).map_err(|_| OpenError::Unreadable)?;
    if rumor.pubkey != seal.pubkey || rumor.kind != MESSAGE_KIND || rumor.verify_id().is_err() {
        return Err(OpenError::Forged);
    }

    let sent_at = rumor.created_at.as_secs();
    if sent_at.saturating_add(MESSAGE_TTL.as_secs()) < now {
        return Err(OpenError::Expired);
    }
    if sent_at > now.saturating_add(MAX_CLOCK_SKEW.as_secs()) {
        return Err(OpenError::FromTheFuture);
    }
    let message = Message::from_json(&rumor.content)?;
    Ok(OpenedMessage { sender: B256::new(rumor.pubkey.to_bytes()), sent_at, message })
}
