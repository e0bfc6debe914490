//! A worker that is named on the command line, by its number or its account.

use std::fmt::{self, Display, Formatter};

use alloy::primitives::Address;
use muster_client::Market;
use muster_client::protocol::abi::Worker;

use crate::error::CliError;
use crate::parse::{ParseError, account_address};

/// A worker to hire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HiredWorker {
    /// By its number.
    Number(u32),
    /// By its account.
    Account(Address),
}

impl HiredWorker {
    /// The registered worker with this number or account.
    ///
    /// # Errors
    /// [`CliError::NoWorker`], [`CliError::Market`].
    pub(crate) async fn find(self, market: &Market) -> Result<Worker, CliError> {
        let found = match self {
            Self::Number(number) => market.worker_by_number(number).await?,
            Self::Account(account) => match market.key_of(account).await? {
                Some(_) => Some(market.worker(account).await?),
                None => None,
            },
        };
        found.ok_or_else(|| CliError::NoWorker(self.to_string().into()))
    }
}

impl Display for HiredWorker {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Account(account) => write!(f, "{account}"),
        }
    }
}

/// A worker to hire: its number, its address, or a dev account.
pub(crate) fn hired_worker(text: &str) -> Result<HiredWorker, ParseError> {
    text.parse()
        .map(HiredWorker::Number)
        .or_else(|_| account_address(text).map(HiredWorker::Account))
}

#[cfg(test)]
mod tests {
    use super::{HiredWorker, hired_worker};
    use crate::parse::{ParseError, account_address};

    #[test]
    fn a_worker_is_hired_by_number_or_account() {
        assert_eq!(hired_worker("3"), Ok(HiredWorker::Number(3)));
        assert_eq!(
            hired_worker("dev:alice"),
            account_address("dev:alice").map(HiredWorker::Account)
        );
        assert_eq!(hired_worker("0x12"), Err(ParseError::Account));
    }
}
