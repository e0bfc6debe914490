//! Why an undecodable transaction cannot be decoded, with the texts of geth's decoder, which names
//! the Go types of the fields.

use alloy::{
    primitives::U256,
    rlp::{Error, Header},
};

use super::{
    TransactionDecodeError,
    decode_error::RlpFieldError,
    fee::MaxFee,
    rlp_layout::{FieldKind, Layout, NumberKind},
};

/// Type byte of EIP-7702 transactions.
const SET_CODE_TX_TYPE: u8 = 4;

/// The element is no byte string.
const EXPECTED_STRING: &str = "expected input string or byte";

/// The element is no list.
const EXPECTED_LIST: &str = "expected input list";

/// The element is too long.
const TOO_LONG: &str = "input string too long";

/// The element is too short.
const TOO_SHORT: &str = "input string too short";

/// One element of a list.
struct Element<'a> {
    /// Whether it is a list.
    is_list: bool,
    /// Its payload.
    payload: &'a [u8],
}

/// Why `raw` cannot be decoded, given the decoder's error.
pub(super) fn explain_rlp_error(raw: &[u8], error: Error) -> TransactionDecodeError {
    if error == Error::InputTooShort && outer_list(raw).is_none() {
        return TransactionDecodeError::Truncated;
    }
    if let Some(found) = outer_list(raw).and_then(|list| check_fields(list, raw).err()) {
        return found;
    }
    // geth decodes the rest: prices of more than 128 bits, and any signature.
    if let Some(fee) = max_fee(raw).filter(|fee| fee.exceeds_cap()) {
        return TransactionDecodeError::FeeCapExceeded(fee);
    }
    match legacy_v(raw) {
        Some(v) => v,
        None if error == Error::Overflow => TransactionDecodeError::Rlp(error),
        None => TransactionDecodeError::InvalidSignature,
    }
}

/// Rejects a legacy transaction whose recovery value is 0 or 1, which the decoder accepts.
///
/// # Errors
/// If it has such a value.
pub(super) fn check_legacy_v(raw: &[u8]) -> Result<(), TransactionDecodeError> {
    let v = outer_list(raw).and_then(elements).and_then(|fields| Some(fields.get(6)?.payload));
    match v {
        Some([] | [1]) => Err(TransactionDecodeError::InvalidSignature),
        _ => Ok(()),
    }
}

/// What geth says about the recovery value of a legacy transaction: it stands for a chain, even if
/// it is too small for one; `None` for other transactions.
fn legacy_v(raw: &[u8]) -> Option<TransactionDecodeError> {
    let fields = outer_list(raw).filter(|_| is_legacy(raw)).and_then(elements)?;
    let v = U256::try_from_be_slice(fields.get(6)?.payload)?;
    Some(match u64::try_from(v) {
        Ok(0 | 1 | 27 | 28) => TransactionDecodeError::InvalidSignature,
        Ok(small) => {
            TransactionDecodeError::ChainId(U256::from(small.wrapping_sub(35).wrapping_shr(1)))
        }
        Err(_) => TransactionDecodeError::ChainId(v.saturating_sub(U256::from(35)).wrapping_shr(1)),
    })
}

/// Whether this is a legacy transaction.
fn is_legacy(raw: &[u8]) -> bool {
    raw.first().is_some_and(|&first| first >= 0xc0)
}

/// The payload of the list of fields; `None` if it is truncated or no list.
fn outer_list(raw: &[u8]) -> Option<&[u8]> {
    let mut list = if is_legacy(raw) { raw } else { raw.split_first()?.1 };
    Header::decode_bytes(&mut list, true).ok()
}

/// The elements of a list; `None` if one is malformed.
fn elements(list: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut rest = list;
    let mut elements = Vec::new();
    while !rest.is_empty() {
        elements.push(element(&mut rest).ok()?);
    }
    Some(elements)
}

/// Splits the first element off a list.
fn element<'a>(rest: &mut &'a [u8]) -> Result<Element<'a>, TransactionDecodeError> {
    let header = Header::decode(rest).map_err(|error| match error {
        Error::InputTooShort => TransactionDecodeError::ElementTooLarge,
        Error::NonCanonicalSize | Error::NonCanonicalSingleByte | Error::LeadingZero => {
            TransactionDecodeError::NonCanonicalSize
        }
        other => TransactionDecodeError::Rlp(other),
    })?;
    let (payload, others) = rest
        .split_at_checked(header.payload_length)
        .ok_or(TransactionDecodeError::ElementTooLarge)?;
    *rest = others;
    Ok(Element { is_list: header.list, payload })
}

/// The maximum fee of a transaction.
fn max_fee(raw: &[u8]) -> Option<MaxFee> {
    let price = match raw.first()? {
        0xc0.. => 1,
        1 => 2,
        _ => 3,
    };
    let fields = elements(outer_list(raw)?)?;
    let mut numbers = fields.iter().skip(price).map(|field| U256::try_from_be_slice(field.payload));
    let (price, gas) = (numbers.next()??, numbers.next()??);
    Some(MaxFee::new(price, gas.try_into().ok()?))
}

/// Checks the fields of a transaction in order.
fn check_fields(list: &[u8], raw: &[u8]) -> Result<(), TransactionDecodeError> {
    let layout = match raw.first() {
        Some(1) => Layout::ACCESS_LIST,
        Some(2) => Layout::DYNAMIC_FEE,
        Some(&SET_CODE_TX_TYPE) => Layout::SET_CODE,
        _ => Layout::LEGACY,
    };
    Checker { root: layout.go_type, path: String::new() }.check_struct(list, &layout)
}

/// Checks elements, and keeps where it is.
struct Checker {
    /// Go type of the transaction.
    root: &'static str,
    /// Path of the current element.
    path: String,
}

impl Checker {
    /// The error of the current element.
    fn error(&self, message: &'static str, go_type: &'static str) -> TransactionDecodeError {
        RlpFieldError { message, go_type, root: self.root, path: self.path.clone() }.into()
    }

    /// Runs a check one step further down the path.
    fn nested(
        &mut self,
        step: &str,
        check: impl FnOnce(&mut Self) -> Result<(), TransactionDecodeError>,
    ) -> Result<(), TransactionDecodeError> {
        let length = self.path.len();
        self.path.push_str(step);
        check(self)?;
        self.path.truncate(length);
        Ok(())
    }

    /// Checks the fields of a struct.
    fn check_struct(&mut self, list: &[u8], layout: &Layout) -> Result<(), TransactionDecodeError> {
        let mut rest = list;
        for &(name, kind) in layout.fields {
            if rest.is_empty() {
                return Err(self.error("too few elements", layout.go_type));
            }
            let element = element(&mut rest)?;
            self.nested(&format!(".{name}"), |checker| checker.check(&element, kind))?;
        }
        if rest.is_empty() {
            Ok(())
        } else {
            Err(self.error("input list has too many elements", layout.go_type))
        }
    }

    /// Checks one element.
    fn check(
        &mut self,
        element: &Element<'_>,
        kind: FieldKind,
    ) -> Result<(), TransactionDecodeError> {
        match kind {
            FieldKind::List { layout, go_type } => {
                if !element.is_list {
                    return Err(self.error(EXPECTED_LIST, go_type));
                }
                self.check_items(element.payload, |checker, item| {
                    if item.is_list {
                        checker.check_struct(item.payload, layout)
                    } else {
                        Err(checker.error(EXPECTED_LIST, layout.go_type))
                    }
                })
            }
            FieldKind::Hashes => {
                if !element.is_list {
                    return Err(self.error(EXPECTED_LIST, "[]common.Hash"));
                }
                self.check_items(element.payload, |checker, item| {
                    checker.check_array(item, 32, "common.Hash")
                })
            }
            FieldKind::Bytes if element.is_list => Err(self.error(EXPECTED_STRING, "[]uint8")),
            FieldKind::Bytes => Ok(()),
            FieldKind::OptionalAddress if element.payload.is_empty() && !element.is_list => Ok(()),
            FieldKind::OptionalAddress | FieldKind::Address => {
                self.check_array(element, 20, "common.Address")
            }
            FieldKind::Number(number) => self.check_number(element, number),
        }
    }

    /// Checks each item of a list.
    fn check_items(
        &mut self,
        list: &[u8],
        check: impl Fn(&mut Self, &Element<'_>) -> Result<(), TransactionDecodeError>,
    ) -> Result<(), TransactionDecodeError> {
        let (mut rest, mut index) = (list, 0_usize);
        while !rest.is_empty() {
            let item = element(&mut rest)?;
            self.nested(&format!("[{index}]"), |checker| check(checker, &item))?;
            index = index.saturating_add(1);
        }
        Ok(())
    }

    /// Checks a byte string of fixed length.
    fn check_array(
        &self,
        element: &Element<'_>,
        length: usize,
        go_type: &'static str,
    ) -> Result<(), TransactionDecodeError> {
        if element.is_list {
            return Err(self.error(EXPECTED_STRING, go_type));
        }
        match element.payload.len().cmp(&length) {
            std::cmp::Ordering::Less => Err(self.error(TOO_SHORT, go_type)),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(self.error(TOO_LONG, go_type)),
        }
    }

    /// Checks a number.
    fn check_number(
        &self,
        element: &Element<'_>,
        number: NumberKind,
    ) -> Result<(), TransactionDecodeError> {
        let (go_type, bytes) = (number.go_type(), number.max_bytes());
        if element.is_list {
            return Err(self.error(EXPECTED_STRING, go_type));
        }
        if element.payload.len() > bytes {
            return Err(self.error(TOO_LONG, go_type));
        }
        if element.payload.first() == Some(&0) {
            return Err(self.error("non-canonical integer (leading zero bytes)", go_type));
        }
        Ok(())
    }
}
