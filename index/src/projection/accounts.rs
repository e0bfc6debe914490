//! Accounts: their credits, and what they got and paid in all.

use alloy::primitives::Address;
use muster_client::PaymentKind;

use super::records::{MutableTable, Record};
use crate::database::{DatabaseError, FromValue, Row, Value, values};

impl FromValue for PaymentKind {
    const NAME: &'static str = "kind of an entry";

    fn from_value(value: &Value) -> Option<Self> {
        let Value::Text(name) = value else { return None };
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The money of an account, in wei.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AccountRow {
    /// The account.
    pub(crate) account: Address,
    /// What it can withdraw.
    pub(crate) credit: u128,
    /// What it paid as a client.
    pub(crate) paid: u128,
    /// What it got back as a client.
    pub(crate) refunded: u128,
    /// What it got out of workers' bonds as a client.
    pub(crate) compensated: u128,
    /// What it was paid as a worker.
    pub(crate) earned: u128,
    /// What it lost of its stake as a worker.
    pub(crate) slashed: u128,
    /// What it was paid as a tester.
    pub(crate) fees: u128,
    /// What it withdrew.
    pub(crate) withdrawn: u128,
}

impl AccountRow {
    /// Adds an entry.
    pub(crate) const fn add(&mut self, kind: PaymentKind, amount: u128) {
        let sum = match kind {
            PaymentKind::Purchase => &mut self.paid,
            PaymentKind::Refund => &mut self.refunded,
            PaymentKind::Compensation => &mut self.compensated,
            PaymentKind::Pay => &mut self.earned,
            PaymentKind::Slash => &mut self.slashed,
            PaymentKind::Fees => &mut self.fees,
        };
        *sum = sum.saturating_add(amount);
        if kind.is_income() {
            self.credit = self.credit.saturating_add(amount);
        }
    }
}

impl Record for AccountRow {
    const TABLE: MutableTable = MutableTable {
        name: "accounts",
        columns: &[
            "account",
            "credit",
            "paid",
            "refunded",
            "compensated",
            "earned",
            "slashed",
            "fees",
            "withdrawn",
        ],
    };

    fn values(&self) -> Vec<Value> {
        values![
            self.account,
            self.credit,
            self.paid,
            self.refunded,
            self.compensated,
            self.earned,
            self.slashed,
            self.fees,
            self.withdrawn,
        ]
        .into()
    }

    fn from_row(row: &Row) -> Result<Self, DatabaseError> {
        Ok(Self {
            account: row.get(0)?,
            credit: row.get(1)?,
            paid: row.get(2)?,
            refunded: row.get(3)?,
            compensated: row.get(4)?,
            earned: row.get(5)?,
            slashed: row.get(6)?,
            fees: row.get(7)?,
            withdrawn: row.get(8)?,
        })
    }
}
