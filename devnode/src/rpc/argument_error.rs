//! What is wrong with an argument, with geth's texts.

/// Why an argument is invalid.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArgumentError {
    /// The value has the wrong type.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The value is not a string.
    #[error("non-string")]
    NotAString,
    /// A hexadecimal value lacks its prefix.
    #[error("hex string without 0x prefix")]
    MissingPrefix,
    /// A hexadecimal number has no digits.
    #[error("hex string \"0x\"")]
    NoDigits,
    /// A hexadecimal number has leading zeros.
    #[error("hex number with leading zero digits")]
    LeadingZero,
    /// A hexadecimal value has other characters.
    #[error("invalid hex string")]
    InvalidHex,
    /// A number is too large.
    #[error("hex number > {0} bits")]
    TooLarge(usize),
    /// A block id has both a hash and a number.
    #[error("cannot specify both BlockHash and BlockNumber, choose one or the other")]
    HashAndNumber,
    /// A hexadecimal value is empty, without even a prefix.
    #[error("empty hex string")]
    EmptyHex,
    /// A hexadecimal value has half a byte.
    #[error("hex string of odd length")]
    OddLength,
    /// A hexadecimal value has the wrong length.
    #[error("hex has invalid length {length} after decoding; expected {expected} for {what}")]
    Length {
        /// Its length in bytes.
        length: usize,
        /// The right length in bytes.
        expected: usize,
        /// What it is.
        what: &'static str,
    },
    /// The value is not a filter for logs.
    #[error("the filter is not an object with a list of topics")]
    NotAFilter,
    /// The address of a filter is invalid.
    #[error("invalid address: {0}")]
    Address(Box<Self>),
    /// An address of a filter is invalid.
    #[error("invalid address at index {index}: {why}")]
    AddressAt {
        /// Its position.
        index: usize,
        /// The reason.
        why: Box<Self>,
    },
    /// An address of a filter is not a string.
    #[error("non-string address at index {0}")]
    NonStringAddress(usize),
    /// The address of a filter is neither a string nor a list.
    #[error("invalid addresses in query")]
    Addresses,
    /// A topic of a filter is neither a string nor null.
    #[error("invalid topic(s)")]
    Topics,
    /// A filter has both a hash and a range.
    #[error("cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other")]
    HashAndRange,
}
