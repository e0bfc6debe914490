//! What accounts own, and what they got and paid.

use alloy::primitives::Address;
use serde::Serialize;
use utoipa::ToSchema;

use super::values::{Account, Wei};
use crate::database::{Transaction, values};
use crate::error::IndexError;
use crate::market_id::MarketId;
use crate::projection::{AccountRow, Record};

/// The money of an account in a market, as events moved it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccountSummary {
    /// The account.
    pub account: Account,
    /// What it can withdraw.
    pub credit: Wei,
    /// What it paid as a client.
    pub paid: Wei,
    /// What it got back as a client, of what nobody earned.
    pub refunded: Wei,
    /// What it got out of workers' bonds as a client.
    pub compensated: Wei,
    /// What it was paid as a worker.
    pub earned: Wei,
    /// What it lost of its stake as a worker.
    pub slashed: Wei,
    /// What it was paid as a tester.
    pub fees: Wei,
    /// What it withdrew.
    pub withdrawn: Wei,
}

/// The money of an account; all zeros if no event moved any.
///
/// # Errors
/// [`IndexError::Database`].
pub fn account(
    transaction: &mut dyn Transaction,
    market: MarketId,
    account: Address,
) -> Result<AccountSummary, IndexError> {
    let row = transaction.first(&AccountRow::TABLE.select(), &values![market.0, account])?;
    let row = row.as_ref().map(AccountRow::from_row).transpose()?.unwrap_or_default();
    Ok(AccountSummary {
        account: Account(account),
        credit: Wei(row.credit),
        paid: Wei(row.paid),
        refunded: Wei(row.refunded),
        compensated: Wei(row.compensated),
        earned: Wei(row.earned),
        slashed: Wei(row.slashed),
        fees: Wei(row.fees),
        withdrawn: Wei(row.withdrawn),
    })
}
