//! The fields of a transaction that cannot be read as a whole, to tell what is wrong with it.

use alloy::{
    primitives::U256,
    rlp::{Error, Header},
};

use super::{TransactionDecodeError, fee::MaxFee};

/// Type of transactions that delegate.
const SET_CODE_TX_TYPE: u8 = 4;

/// Which field of a transaction that delegates is its recipient.
const RECIPIENT_FIELD: usize = 5;

/// Why `raw` cannot be read, if `error` is what its reader says.
pub(super) fn explain_rlp_error(raw: &[u8], error: Error) -> TransactionDecodeError {
    let told = match error {
        Error::InputTooShort => Some(TransactionDecodeError::Truncated),
        // Prices are read as numbers of 128 bits.
        Error::Overflow => {
            max_fee(raw).filter(|fee| fee.exceeds_cap()).map(TransactionDecodeError::FeeCapExceeded)
        }
        Error::UnexpectedLength => {
            lacks_recipient(raw).then_some(TransactionDecodeError::MissingRecipient)
        }
        _ => None,
    };
    told.unwrap_or(TransactionDecodeError::Rlp(error))
}

/// What a transaction pays at most for its gas.
fn max_fee(raw: &[u8]) -> Option<MaxFee> {
    let price = match raw.first()? {
        0x80.. => 1,
        1 => 2,
        _ => 3,
    };
    let fields = rlp_fields(raw)?;
    let mut numbers = fields.iter().skip(price).map(|field| U256::try_from_be_slice(field));
    let (price, gas) = (numbers.next()??, numbers.next()??);
    Some(MaxFee::new(price, gas.try_into().ok()?))
}

/// Whether a transaction delegates and has an empty recipient.
fn lacks_recipient(raw: &[u8]) -> bool {
    let recipient = || rlp_fields(raw)?.get(RECIPIENT_FIELD).copied();
    raw.first() == Some(&SET_CODE_TX_TYPE) && recipient() == Some(&[])
}

/// The contents of all fields; `None` if they cannot be told apart.
fn rlp_fields(raw: &[u8]) -> Option<Vec<&[u8]>> {
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
