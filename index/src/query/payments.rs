//! Who gets what of whom in an agreement.

use std::collections::BTreeMap;

use alloy::primitives::Address;
use muster_client::protocol::abi::IWorkAgreement::Reported;
use muster_client::protocol::course::has;
use muster_client::protocol::money;
use muster_client::{PaymentKind, Progress, WindowShares, pay_and_slash};
use serde::Serialize;
use utoipa::ToSchema;

use super::values::{Account, Wei};
use crate::database::{Transaction, values};
use crate::error::IndexError;
use crate::market_id::MarketId;
use crate::projection::AgreementRow;

/// An amount that an account gets, or loses of its bond.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Payment {
    /// Who gets or loses it.
    pub account: Account,
    /// `pay` of a worker and `fees` of a tester, out of the escrow; `slash` of a worker's bond; `compensation` of the client, out of
    /// bonds; `refund` of the client, what nobody earned.
    pub entry: &'static str,
    /// How much.
    pub amount: Wei,
}

/// A payment of this kind.
const fn payment(account: Address, kind: PaymentKind, amount: u128) -> Payment {
    Payment { account: Account(account), entry: kind.name(), amount: Wei(amount) }
}

/// What would be paid if the agreement were settled by the reports so far, beyond what a release has paid. What absent workers
/// would lose is left out: it depends on their other agreements.
pub(super) fn expected_payments(
    row: &AgreementRow,
    progress: &Progress,
    shares: &[Vec<WindowShares>],
    reports: &[Reported],
) -> Vec<Payment> {
    let header = &row.terms.header;
    let (mut all, mut left, mut compensation) = (Vec::new(), row.escrow, 0_u128);
    let mut fees: BTreeMap<Address, u128> = BTreeMap::new();
    for ((index, worker), windows) in (0..).zip(row.terms.workers()).zip(shares) {
        if has(row.released, index) {
            let (length, windows, testers) = (header.length, header.windows, header.testers);
            let part = money::escrow(worker.price, length, worker.fee, windows, testers);
            left = left.saturating_sub(part.unwrap_or(0));
        }
        if !row.course.has_accepted(index) {
            continue;
        }
        let (pay, slash) = pay_and_slash(&row.terms, progress, (index, worker), windows);
        left = left.saturating_sub(pay);
        compensation = compensation.saturating_add(money::compensation(slash, pay));
        all.push(payment(worker.account, PaymentKind::Pay, pay));
        all.push(payment(worker.account, PaymentKind::Slash, slash));
        for place in windows.iter().flat_map(WindowShares::paid) {
            let found = reports.iter().find(|report| report.place == place);
            let tester = found.map(|report| report.tester).unwrap_or_default();
            let sum = fees.entry(tester).or_default();
            *sum = sum.saturating_add(worker.fee);
            left = left.saturating_sub(worker.fee);
        }
    }
    all.extend(fees.into_iter().map(|(tester, fee)| payment(tester, PaymentKind::Fees, fee)));
    let client = header.client;
    all.push(payment(client, PaymentKind::Compensation, compensation));
    all.push(payment(client, PaymentKind::Refund, left));
    all.retain(|payment| payment.amount.0 != 0);
    all
}

/// What was paid, in the order of the chain.
pub(super) fn made_payments(
    transaction: &mut dyn Transaction,
    market: MarketId,
    row: &AgreementRow,
) -> Result<Vec<Payment>, IndexError> {
    let sql = "SELECT account, kind, amount FROM entries WHERE market = ?1 AND agreement = ?2 AND kind <> 'purchase' \
        ORDER BY block, log_index, position";
    let mut all = Vec::new();
    for entry in transaction.query(sql, &values![market.0, row.address])? {
        all.push(payment(entry.get(0)?, entry.get(1)?, entry.get(2)?));
    }
    Ok(all)
}
