//! Gift wraps (NIP-59, encrypted by NIP-44): a letter inside a seal, signed by its sender, inside a wrap that is
//! signed by a key used once. A relay sees the receiver's key and the size.

use std::time::Duration;

use alloy::primitives::B256;
use nostr::event::{Event, FinalizeEvent, Kind, UnsignedEvent};
use nostr::nips::nip44::Nip44;
use nostr::nips::nip59::GiftWrapBuilder;
use nostr::types::Timestamp;

use crate::error::MessageError;
use crate::keys::{MessageKey, public_key};
use crate::message::{Message, MessageFormatError};

/// How long after it was sent a letter is still taken.
pub const MESSAGE_TTL: Duration = Duration::from_hours(24);

/// How far a wrap's time is moved back at most, so that nobody sees when it was made.
pub(crate) const MAX_TIMESTAMP_TWEAK: Duration = Duration::from_hours(48);

/// How much a sender's clock may be ahead.
pub(crate) const MAX_CLOCK_SKEW: Duration = Duration::from_mins(10);

/// The longest encrypted content; the letter that grows most on its way takes 19 204 bytes.
pub(crate) const CONTENT_LIMIT: usize = 32 * 1024;

/// The kind of the innermost event, which nobody but the parties sees.
const MESSAGE_KIND: Kind = Kind::Custom(2015);

/// A letter as it came out of its wrap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedMessage {
    /// The key that signed it.
    pub sender: B256,
    /// The Unix second at which it was written, by its sender's clock.
    pub sent_at: u64,
    /// The letter.
    pub message: Message,
}

/// Why a wrap is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It is no gift wrap.
    #[error("no gift wrap")]
    NotAGiftWrap,
    /// It is longer than that of any letter.
    #[error("too large")]
    TooLarge,
    /// It does not decrypt, or not to what belongs into a wrap.
    #[error("unreadable")]
    Unreadable,
    /// A signature, an id or an author is not what it has to be.
    #[error("forged")]
    Forged,
    /// It is past its time.
    #[error("too old")]
    Expired,
    /// It is from a time to come.
    #[error("from the future")]
    FromTheFuture,
    /// What is in it is no letter.
    #[error(transparent)]
    Format(#[from] MessageFormatError),
}

/// Encrypts a letter for the holder of a key, now.
///
/// # Errors
/// [`MessageError::InvalidKey`], [`MessageError::Format`], [`MessageError::Key`].
pub fn seal(sender: &MessageKey, receiver: B256, message: &Message) -> Result<Event, MessageError> {
    seal_at(sender, receiver, message, Timestamp::now())
}

/// Encrypts a letter that is written at this time.
pub(crate) fn seal_at(
    sender: &MessageKey,
    receiver: B256,
    message: &Message,
    at: Timestamp,
) -> Result<Event, MessageError> {
    let author = sender.keys().public_key();
    let rumor = UnsignedEvent::new(author, at, MESSAGE_KIND, [], message.to_json()?);
    // The wrap's time is up to `MAX_TIMESTAMP_TWEAK` too early, and it expires by that time.
    let life = MAX_TIMESTAMP_TWEAK.saturating_add(MESSAGE_TTL);
    let wrap = GiftWrapBuilder::new(public_key(receiver)?, rumor).expiration(life);
    wrap.finalize(sender.keys()).map_err(|error| MessageError::Key(error.into()))
}

/// Opens a wrap as its receiver at the Unix second `now`, believing nothing that is not signed.
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
