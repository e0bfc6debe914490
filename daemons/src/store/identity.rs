//! Whose state a file holds.

use std::fmt::{self, Display, Formatter};

use alloy::primitives::Address;

/// What a daemon does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sells work.
    Worker,
    /// Tests work.
    Tester,
    /// Buys work.
    Client,
}

impl Display for Role {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Worker => "worker",
            Self::Tester => "tester",
            Self::Client => "client",
        })
    }
}

/// Whose state a file holds. It is fixed when the file is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What the daemon does.
    pub role: Role,
    /// The chain's id.
    pub chain: u64,
    /// The market's contract.
    pub dispatcher: Address,
    /// The daemon's account.
    pub account: Address,
}

impl Display for Identity {
    /// The text that the state file stores; it must not change.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { role, chain, dispatcher, account } = self;
        write!(f, "{role} {account} of the market {dispatcher} on chain {chain}")
    }
}
