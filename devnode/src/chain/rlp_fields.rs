//! Fields of an undecodable transaction, to report what is wrong with it.

use alloy::{
    primitives::U256,
    rlp::{Error, Header},
};

use super::{TransactionDecodeError, fee::MaxFee};

/// Type byte of EIP-7702 transactions.
const SET_CODE_TX_TYPE: u8 = 4;

/// Index of the recipient in an EIP-7702 transaction.
const RECIPIENT_FIELD: usize = 5;

/// Why `raw` cannot be decoded, given the decoder's error.
pub(super) fn explain_rlp_error(raw: &[u8], error: Error) -> TransactionDecodeError {
    let explained = match error {
        Error::InputTooShort => Some(TransactionDecodeError::Truncated),
        // The decoder reads prices as 128-bit numbers.
        Error::Overflow => {
            max_fee(raw).filter(|fee| fee.exceeds_cap()).map(TransactionDecodeError::FeeCapExceeded)
        }
        Error::UnexpectedLength => {
            lacks_recipient(raw).then_some(TransactionDecodeError::MissingRecipient)
        }
        _ => None,
    };
    explained.unwrap_or(TransactionDecodeError::Rlp(error))
}

/// The maximum fee of a transaction.
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

/// Whether this is an EIP-7702 transaction without a recipient.
fn lacks_recipient(raw: &[u8]) -> bool {
    let recipient = || rlp_fields(raw)?.get(RECIPIENT_FIELD).copied();
    raw.first() == Some(&SET_CODE_TX_TYPE) && recipient() == Some(&[])
}

/// The payloads of all fields; `None` if the list is malformed.
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
