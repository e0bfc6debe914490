//! Amounts of wei as text.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use alloy::primitives::U256;
use alloy::primitives::utils::{ParseUnits, Unit};

/// An amount in wei, which parses and prints with a unit: `1.5eth`, `20gwei`, `7wei`. Only 0 needs none: whoever writes `20` may
/// mean 20 of any of them.
///
/// Always exact: an amount prints in the largest unit that needs few digits, and is never rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ether(pub U256);

/// The error of a text that is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The text does not begin with a plain number.
    #[error("an amount is a number with a unit, such as 1.5eth, 20gwei or 7wei")]
    NotANumber,
    /// The number has no unit.
    #[error("an amount needs its unit, eth, gwei or wei: 20gwei, for example, is 0.00000002eth")]
    NoUnit,
    /// The number is followed by an unknown unit.
    #[error("an amount's unit is eth, gwei or wei")]
    UnknownUnit,
    /// The amount has a fraction of a wei.
    #[error("an amount cannot have a fraction of a wei: give a unit, such as 0.1eth")]
    BelowOneWei,
    /// The amount does not fit into the market's 128 bits.
    #[error("an amount must be below 2^128 wei")]
    TooLarge,
}

impl Ether {
    /// The amount in wei.
    ///
    /// # Errors
    /// [`AmountError::TooLarge`] if it does not fit into 128 bits.
    pub fn wei(self) -> Result<u128, AmountError> {
        u128::try_from(self.0).map_err(|_| AmountError::TooLarge)
    }
}

impl From<u128> for Ether {
    fn from(wei: u128) -> Self {
        Self(U256::from(wei))
    }
}

impl From<U256> for Ether {
    fn from(wei: U256) -> Self {
        Self(wei)
    }
}

impl FromStr for Ether {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(end).ok_or(AmountError::NotANumber)?;
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        if whole.is_empty() || decimals.is_empty() || decimals.contains('.') {
            return Err(AmountError::NotANumber);
        }
        let unit = match unit.trim() {
            "" if number.contains(|digit| matches!(digit, '1'..='9')) => {
                return Err(AmountError::NoUnit);
            }
            "" | "wei" => Unit::WEI,
            "gwei" => Unit::GWEI,
            "eth" | "ether" => Unit::ETHER,
            _ => return Err(AmountError::UnknownUnit),
        };
        let decimals = decimals.trim_end_matches('0');
        if decimals.len() > usize::from(unit.get()) {
            return Err(AmountError::BelowOneWei);
        }
        let parsed = ParseUnits::parse_units(&format!("{whole}.{decimals}"), unit);
        let amount = Self(parsed.map_err(|_| AmountError::TooLarge)?.into());
        amount.wei().map(|_| amount)
    }
}

impl Display for Ether {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // From a thousandth of the next unit on, that unit is used.
        let (unit, name) = if self.0 >= U256::from(1_000_000_000_000_000_u64) {
            (Unit::ETHER, "eth")
        } else if self.0 >= U256::from(1_000_000_u64) {
            (Unit::GWEI, "gwei")
        } else {
            (Unit::WEI, "wei")
        };
        let text = ParseUnits::from(self.0).format_units(unit);
        let text = if text.contains('.') { text.trim_end_matches('0') } else { &text };
        write!(f, "{}{name}", text.trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::{AmountError, Ether};

    #[test]
    fn amounts_parse_with_every_unit() {
        let wei = |text: &str| text.parse::<Ether>().and_then(Ether::wei);
        assert_eq!(wei("1eth"), Ok(1_000_000_000_000_000_000));
        assert_eq!(wei("0.5 eth"), Ok(500_000_000_000_000_000));
        assert_eq!(wei("20gwei"), Ok(20_000_000_000));
        assert_eq!([wei("0"), wei("0.0"), wei("7wei")], [Ok(0), Ok(0), Ok(7)]);
        assert_eq!(wei("1.0wei"), Ok(1));
        assert_eq!(wei("0.000000000000000001eth"), Ok(1));
        assert_eq!(wei("340282366920938463463374607431768211455wei"), Ok(u128::MAX));
    }

    #[test]
    fn invalid_amounts_fail_with_their_reason() {
        let error = |text: &str| text.parse::<Ether>().unwrap_err();
        assert_eq!(error(""), AmountError::NotANumber);
        assert_eq!(error("eth"), AmountError::NotANumber);
        assert_eq!(error(".5eth"), AmountError::NotANumber);
        assert_eq!(error("1.2.3eth"), AmountError::NotANumber);
        assert_eq!(error("-1eth"), AmountError::NotANumber);
        assert_eq!(error("1btc"), AmountError::UnknownUnit);
        assert_eq!([error("7"), error("0.05"), error("1000000000")], [AmountError::NoUnit; 3]);
        assert_eq!(error("0.5wei"), AmountError::BelowOneWei);
        assert_eq!(error("0.0000000000000000001eth"), AmountError::BelowOneWei);
        assert_eq!(error("340282366920938463463374607431768211456wei"), AmountError::TooLarge);
        assert_eq!(error("340282366920938463464eth"), AmountError::TooLarge);
        let endless = format!("{}wei", "9".repeat(100));
        assert_eq!(error(&endless), AmountError::TooLarge);
    }

    #[test]
    fn amounts_print_in_the_largest_short_unit() {
        let text = |wei: u128| Ether::from(wei).to_string();
        assert_eq!(text(0), "0wei");
        assert_eq!(text(999_999), "999999wei");
        assert_eq!(text(20_000_000_000), "20gwei");
        assert_eq!(text(1_500_000_000_000_000_000), "1.5eth");
        assert_eq!(text(1_000_000_000_000_000_001), "1.000000000000000001eth");
    }

    proptest! {
        #[test]
        fn text_round_trips(wei: u128) {
            let amount = Ether::from(wei);
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        }
    }
}
