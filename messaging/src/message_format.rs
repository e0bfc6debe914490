//! The limits of a message's JSON, and the errors of reading and writing it.

/// The longest message, in bytes of JSON.
pub const MESSAGE_LIMIT: usize = 4096;

/// The longest message with a piece of a sample, in bytes of JSON.
pub(crate) const PIECE_MESSAGE_LIMIT: usize = 12 << 10;

/// The version of the message format that this crate reads and writes.
pub(crate) const VERSION: u8 = 1;

/// Why a message cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageFormatError {
    /// The message has so many bytes, more than [`MESSAGE_LIMIT`], or 12 KiB for a piece of a sample.
    #[error(
        "a message of {0} bytes exceeds the limit for its kind: {MESSAGE_LIMIT} bytes, or {PIECE_MESSAGE_LIMIT} for a piece"
    )]
    TooLong(usize),
    /// The JSON is not a message.
    #[error("malformed message")]
    Malformed,
    /// The message has this version.
    #[error("message version {0} is not supported: this program reads version {VERSION}")]
    UnsupportedVersion(u8),
}
