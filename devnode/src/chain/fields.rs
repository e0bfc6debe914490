//! The fields of a transaction that cannot be read as a whole, to tell what is wrong with it.

use alloy::{
    primitives::U256,
    rlp::{Error, Header},
};

use super::{DecodeError, fee::Fee};

/// Type of transactions that delegate.
const DELEGATING: u8 = 4;

/// Which field of a transaction that delegates is its recipient.
const RECIPIENT: usize = 5;

/// Why `raw` cannot be read, if `error` is what its reader says.
pub(super) fn explain(raw: &[u8], error: Error) -> DecodeError {
    let told = match error {
        Error::InputTooShort => Some(DecodeError::Cut),
        // Prices are read as numbers of 128 bits.
        Error::Overflow => fee(raw).filter(|fee| fee.is_absurd()).map(DecodeError::Fee),
        Error::UnexpectedLength => lacks_recipient(raw).then_some(DecodeError::Recipient),
        _ => None,
    };
    told.unwrap_or(DecodeError::Rlp(error))
}

/// What a transaction pays at most for its gas.
fn fee(raw: &[u8]) -> Option<Fee> {
    let price = match raw.first()? {
        0x80.. => 1,
        1 => 2,
        _ => 3,
    };
    let fields = fields(raw)?;
    let mut numbers = fields.iter().skip(price).map(|field| U256::try_from_be_slice(field));
    let (price, gas) = (numbers.next()??, numbers.next()??);
    Some(Fee::new(price, gas.try_into().ok()?))
}

/// Whether a transaction delegates and has an empty recipient.
fn lacks_recipient(raw: &[u8]) -> bool {
    let recipient = || fields(raw)?.get(RECIPIENT).copied();
    raw.first() == Some(&DELEGATING) && recipient() == Some(&[])
}

/// The contents of all fields; `None` if they cannot be told apart.
fn fields(raw: &[u8]) -> Option<Vec<&[u8]>> {
    let mut list = match raw.split_first()? {
        (0x80.., _) => raw,
        (_, list) => list,
    };
    let mut rest = Header::decode_bytes(&mut list, true).ok()?;
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let length = Header::decode(&mut rest).ok()?.payload_length;
        let (field, others) = rest.split_at_checked(length)?;
        fields.push(field);
        rest = others;
    }
    Some(fields)
}
