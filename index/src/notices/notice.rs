//! Notices, and who wants them.

use std::collections::BTreeSet;

use alloy::primitives::Address;
use serde::{Deserialize, Serialize};

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// An agreement ends soon.
    AgreementEndsSoon,
    /// A worker is out of its book.
    WorkerUnlisted,
    /// An account has credit to withdraw. The next such notice comes after a withdrawal.
    CreditWaits,
    /// A tester's bond is free.
    TesterBondFree,
}

impl NoticeKind {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::AgreementEndsSoon, Self::WorkerUnlisted, Self::CreditWaits, Self::TesterBondFree];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AgreementEndsSoon => "agreement_ends_soon",
            Self::WorkerUnlisted => "worker_unlisted",
            Self::CreditWaits => "credit_waits",
            Self::TesterBondFree => "tester_bond_free",
        }
    }
}

/// When there is a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeRules {
    /// An agreement ends soon if it ends within so many ticks.
    pub ends_within: u64,
    /// A credit of so many wei waits.
    pub min_credit: u128,
}

/// Somebody who wants notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where they are sent to.
    pub url: String,
    /// What they are about.
    pub kinds: BTreeSet<NoticeKind>,
    /// Whom they must concern; all if none is named.
    pub accounts: BTreeSet<Address>,
}

impl Webhook {
    /// Whether a notice is wanted.
    pub(super) fn wants(&self, notice: &Notice) -> bool {
        self.kinds.contains(&notice.kind)
            && (self.accounts.is_empty()
                || notice.accounts.iter().any(|account| self.accounts.contains(account)))
    }
}

/// A notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    /// What it is about.
    pub(super) kind: NoticeKind,
    /// Tells it from others of its kind and market: there is one for each such text.
    pub(super) key: String,
    /// Whom it concerns.
    pub(super) accounts: Vec<Address>,
    /// What is to be known.
    pub(super) data: serde_json::Value,
}
