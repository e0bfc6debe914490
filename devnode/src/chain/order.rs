//! The order in which pooled transactions are mined, and what the chain prints.

use std::fmt;

use super::Chain;
use crate::exec::Output;

/// Order of the transactions that wait for a block. Those of one account always run in order of their
/// nonces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum TransactionOrder {
    /// First come, first served, as Arbitrum's sequencer does
    #[default]
    Fifo,
    /// By the highest fee per gas that they offer
    Fees,
}

impl fmt::Display for TransactionOrder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Fifo => "fifo",
            Self::Fees => "fees",
        })
    }
}

impl Chain {
    /// Order in which pooled transactions are mined.
    pub(crate) const fn order(&self) -> TransactionOrder {
        self.order
    }

    /// Sets the order in which pooled transactions are mined.
    pub(crate) const fn set_order(&mut self, order: TransactionOrder) {
        self.order = order;
    }

    /// Sets whether the calls of transactions and of `eth_call` are logged.
    pub(crate) const fn print_traces(&mut self, prints: bool) {
        self.prints_traces = prints;
    }

    /// What transactions and `eth_call` print.
    pub(super) const fn output(&self) -> Output {
        Output { console: true, calls: self.prints_traces }
    }
}
