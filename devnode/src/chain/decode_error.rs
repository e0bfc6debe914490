//! Why bytes are not a valid transaction, with geth's texts.

use alloy::primitives::U256;

use super::fee::MaxFee;
use crate::CHAIN_ID;

/// A field of a transaction that geth's decoder rejects.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "rlp: {message} for {go_type}{}{path}",
    if path.is_empty() { String::new() } else { format!(", decoding into ({root})") }
)]
pub(crate) struct RlpFieldError {
    /// What is wrong.
    pub(super) message: &'static str,
    /// Go type of the field.
    pub(super) go_type: &'static str,
    /// Go type of the transaction.
    pub(super) root: &'static str,
    /// Path of the field in the transaction; empty for the transaction itself.
    pub(super) path: String,
}

/// Why bytes are not a valid transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransactionDecodeError {
    /// Empty, or only a type byte.
    #[error("typed transaction too short")]
    TooShort,
    /// An unknown type, or one that the chain does not accept.
    #[error("transaction type not supported")]
    UnsupportedType,
    /// Bytes after the end of the transaction.
    #[error("rlp: input contains more than one value")]
    TrailingBytes,
    /// The encoding is truncated.
    #[error("rlp: value size exceeds available input length")]
    Truncated,
    /// Malformed RLP.
    #[error("rlp: {0}")]
    Rlp(alloy::rlp::Error),
    /// The gas price exceeds 128 bits, so the fee exceeds the cap.
    #[error("tx fee ({0}) exceeds the configured cap (1.00 ether)")]
    FeeCapExceeded(MaxFee),
    /// A field has a wrong form.
    #[error(transparent)]
    Field(#[from] RlpFieldError),
    /// An element ends after its list.
    #[error("rlp: element is larger than containing list")]
    ElementTooLarge,
    /// A length is not encoded in the shortest form.
    #[error("rlp: non-canonical size information")]
    NonCanonicalSize,
    /// The recovery value of a legacy transaction stands for another chain, or for none.
    #[error("invalid chain id for signer: have {0} want {CHAIN_ID}")]
    ChainId(U256),
    /// The signature is invalid.
    #[error("invalid transaction v, r, s values")]
    InvalidSignature,
}
