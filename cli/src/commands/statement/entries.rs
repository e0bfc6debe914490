//! What the market's events say about one account's income and costs.

use alloy::primitives::{Address, B256};
use muster_client::{EventRecord, PaymentKind};

/// A kind of entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// What an event says.
    Payment(PaymentKind),
    /// Gas of a transaction.
    Gas,
}

impl Kind {
    /// All of them.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        PaymentKind::ALL.into_iter().map(Self::Payment).chain([Self::Gas])
    }

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Payment(kind) => kind.name(),
            Self::Gas => "gas",
        }
    }

    /// Whether the account gets the amount.
    pub(super) const fn is_income(self) -> bool {
        match self {
            Self::Payment(kind) => kind.is_income(),
            Self::Gas => false,
        }
    }
}

/// One amount that an account got or paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The block.
    pub(super) block: u64,
    /// The index of the event in the block.
    pub(super) log_index: u64,
    /// The transaction.
    pub(super) transaction: B256,
    /// The agreement that it was for, if it was for one.
    pub(super) agreement: Option<Address>,
    /// The kind.
    pub(super) kind: Kind,
    /// The amount in wei, more than 0.
    pub(super) amount: u128,
}

/// The entries of an account in these events, without gas.
pub(super) fn market_entries(history: &[EventRecord], account: Address) -> Vec<Entry> {
    let entries = history.iter().flat_map(|record| {
        let payments = record.event.payments().into_iter();
        payments.filter(|payment| payment.account == account).map(|payment| Entry {
            block: record.block,
            log_index: record.log_index,
            transaction: record.transaction,
            agreement: Some(payment.agreement),
            kind: Kind::Payment(payment.kind),
            amount: payment.amount,
        })
    });
    entries.collect()
}
