//! What a token may do.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a token may do. Nothing follows from anything else: a token has the rights that it lists.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// See prices, and the account's agreements.
    Read,
    /// Buy, up to the token's limit.
    Buy,
    /// Run jobs in agreements of the account, and read blobs.
    Run,
    /// Bring, see and end services in agreements of the account.
    Serve,
    /// End an agreement of the account early.
    Cancel,
    /// Settle an agreement of the account.
    Settle,
    /// Withdraw the account's credit, to where the operator said.
    Withdraw,
}

/// The error of a text that names no right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a right is one of read, buy, run, serve, cancel, settle and withdraw")]
pub struct RightError;

impl Right {
    /// All rights.
    pub const ALL: [Self; 7] =
        [Self::Read, Self::Buy, Self::Run, Self::Serve, Self::Cancel, Self::Settle, Self::Withdraw];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Buy => "buy",
            Self::Run => "run",
            Self::Serve => "serve",
            Self::Cancel => "cancel",
            Self::Settle => "settle",
            Self::Withdraw => "withdraw",
        }
    }
}

impl Display for Right {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Right {
    type Err = RightError;

    fn from_str(text: &str) -> Result<Self, RightError> {
        Self::ALL.into_iter().find(|right| right.name() == text).ok_or(RightError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_has_the_same_name_everywhere() {
        for right in Right::ALL {
            assert_eq!(right.to_string().parse(), Ok(right));
            assert_eq!(serde_json::to_value(right).unwrap(), right.name());
        }
        assert_eq!("all".parse::<Right>(), Err(RightError));
    }
}
