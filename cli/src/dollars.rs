//! Amounts of dollars.

use std::fmt::{self, Display, Formatter};

use alloy::primitives::U256;
use alloy::primitives::utils::{ParseUnits, format_units, parse_units};

/// Decimals of an amount of dollars.
const DOLLAR_DECIMALS: u8 = 18;

/// Dollars, in units of 10^-18.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dollars(pub(crate) U256);

impl Display for Dollars {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = format_units(self.0, DOLLAR_DECIMALS).unwrap_or_default();
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A text that is no amount of dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an amount of dollars such as 0.02, more than 0 and with 18 decimals at most")]
pub(crate) struct DollarsError;

/// An amount of dollars such as `0.02`, more than none.
pub(crate) fn dollars(text: &str) -> Result<Dollars, DollarsError> {
    let has_digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match parse_units(text, DOLLAR_DECIMALS) {
        Ok(ParseUnits::U256(amount)) if has_digits && !amount.is_zero() => Ok(Dollars(amount)),
        _ => Err(DollarsError),
    }
}

#[cfg(test)]
mod tests {
    use super::{DollarsError, dollars};

    #[test]
    fn an_amount_keeps_every_decimal() {
        for text in ["3000", "0.02", "0.000000000000000001", "100"] {
            assert_eq!(dollars(text).unwrap().to_string(), text);
        }
        for wrong in ["", "0", "-1", "1e3", "0.0000000000000000001", "1,5", "."] {
            assert_eq!(dollars(wrong), Err(DollarsError), "{wrong}");
        }
    }
}
