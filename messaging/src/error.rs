//! The errors of this crate, by what the caller can do next.

use std::error::Error;

use alloy::primitives::B256;

use crate::message_format::MessageFormatError;

/// An error of an implementation that this crate calls.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why a message was not sent, received or answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The receiver's key is not a valid public key, so nothing can be encrypted to it.
    #[error("{0} is not an x-only secp256k1 key: its owner must register a valid one")]
    InvalidKey(B256),
    /// The message cannot be written.
    #[error(transparent)]
    Format(#[from] MessageFormatError),
    /// The secret key is invalid, or cannot sign or encrypt.
    #[error("the secret key cannot sign or encrypt: {0}")]
    Key(BoxError),
    /// No relay has accepted the message within the timeout. It may still be delivered, so a retry must be a new
    /// request with a new nonce.
    #[error(
        "no relay has accepted the message: check that a relay can be reached; the message may still arrive"
    )]
    Unacknowledged,
    /// Every relay rejected the message. A retry over the same relays fails again.
    #[error("every relay rejected the message: use other relays")]
    Rejected,
    /// The transport has ended, or another inbox for the same key has replaced this one.
    #[error("the message transport is closed")]
    TransportClosed,
    /// The replay guard failed. The message is not delivered.
    #[error("the record of received messages cannot be read or written: {0}")]
    ReplayGuard(BoxError),
    /// The chain cannot be read. The same delivery can be answered later.
    #[error("the sender's right cannot be read from the chain: {0}")]
    Chain(BoxError),
    /// The issuer failed. The same delivery can be answered later.
    #[error("the endpoint cannot be issued: {0}")]
    Endpoint(BoxError),
    /// The client's jobs cannot be read. The same delivery can be answered later.
    #[error("the jobs for testers cannot be read: {0}")]
    Sample(BoxError),
    /// The text is not the URL of a relay.
    #[error("{0} is not the URL of a relay, such as wss://relay.example")]
    InvalidRelayUrl(Box<str>),
    /// The text is not the URL of a proxy. It is not repeated, because it may have a password.
    #[error("not the URL of a proxy, such as socks5://127.0.0.1:9050 or http://127.0.0.1:3128")]
    InvalidProxyUrl,
}
