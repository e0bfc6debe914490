//! Finding notices.

use std::collections::BTreeSet;

use alloy::primitives::{Address, FixedBytes};
use muster_client::protocol::TESTER_APPLICATION;
use muster_client::protocol::abi::Clock;
use serde_json::json;

use super::notice::{Notice, NoticeKind, NoticeRules};
use crate::database::{Transaction, values};
use crate::error::IndexError;
use crate::index::{head, market_identity};
use crate::market_id::MarketId;
use crate::projection::{AccountRow, AgreementRow, Record, WorkerRow};
use crate::query::{Account, FeedPlace, Wei, feed};

/// The most notices about one market that are found at a time, of each kind.
const MAX_FOUND: u32 = 1_000;

/// How far notices have come in a market.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// The last event that was looked at.
    pub(super) place: FeedPlace,
    /// The epoch of then.
    pub(super) epoch: u64,
}

/// The notices since `before`, and how far they come. Without `before`, nothing that happened is a notice, only what will.
pub(super) fn collect(
    transaction: &mut dyn Transaction,
    market: MarketId,
    rules: &NoticeRules,
    before: Option<Progress>,
) -> Result<Option<(Vec<Notice>, Progress)>, IndexError> {
    let Some(block) = head(transaction, market)? else { return Ok(None) };
    let settings = market_identity(transaction, market)?.settings;
    let tick =
        if settings.clock == Clock::Second { block.time } else { block.number.saturating_add(1) };
    let epoch = tick.checked_div(settings.epochLength.into()).unwrap_or(0);
    let mut notices = ending(transaction, market, (tick, rules.ends_within))?;
    let now = FeedPlace::end_of(&block.into());
    let Some(Progress { mut place, epoch: last_epoch }) = before else {
        return Ok(Some((notices, Progress { place: now, epoch })));
    };
    let mut from = place.block();
    loop {
        let part = feed(transaction, market, (None, Some("Unlisted")), &mut place)?;
        from = from.min(part.reorg_after.unwrap_or(u64::MAX));
        for (event, _) in &part.events {
            if let Some(worker) = event.arguments.get("worker").and_then(|text| text.as_str()) {
                notices.push(Notice {
                    kind: NoticeKind::WorkerUnlisted,
                    key: format!("{}-{}", event.block_hash, event.log_index),
                    accounts: worker.parse().into_iter().collect(),
                    data: json!({
                        "worker": worker, "block": event.block, "time": event.time, "transaction": event.transaction,
                    }),
                });
            }
        }
        if part.head.is_some() {
            break;
        }
    }
    notices.extend(waiting_credits(transaction, market, from, rules.min_credit)?);
    let locked = u64::from(settings.lockEpochs).saturating_add(1);
    let epochs = (last_epoch.saturating_sub(locked), epoch.saturating_sub(locked));
    notices.extend(free_bonds(transaction, market, epochs)?);
    Ok(Some((notices, Progress { place, epoch: last_epoch.max(epoch) })))
}

/// Agreements that end within so many ticks.
fn ending(
    transaction: &mut dyn Transaction,
    market: MarketId,
    (tick, within): (u64, u64),
) -> Result<Vec<Notice>, IndexError> {
    let columns = AgreementRow::TABLE.columns.join(", ");
    let sql = format!(
        "SELECT {columns} FROM agreements WHERE market = ?1 AND outcome = 0 AND ends > ?2 AND ends <= ?3 ORDER BY ends LIMIT ?4"
    );
    let key = values![market.0, tick, tick.saturating_add(within), MAX_FOUND];
    let mut all = Vec::new();
    for row in transaction.query(&sql, &key)? {
        let row = AgreementRow::from_row(&row)?;
        let client = row.terms.header.client;
        let workers = row.terms.workers().map(|worker| worker.account);
        all.push(Notice {
            kind: NoticeKind::AgreementEndsSoon,
            key: row.address.to_string(),
            accounts: workers.chain([client]).collect(),
            data: json!({
                "agreement": Account(row.address), "client": Account(client), "end": row.ends(), "tick": tick,
            }),
        });
    }
    Ok(all)
}

/// Accounts that got something after a block, and now have so much credit.
fn waiting_credits(
    transaction: &mut dyn Transaction,
    market: MarketId,
    after: u64,
    min_credit: u128,
) -> Result<Vec<Notice>, IndexError> {
    let sql = "SELECT account FROM entries WHERE market = ?1 AND block > ?2";
    let mut accounts = BTreeSet::new();
    for row in transaction.query(sql, &values![market.0, after])? {
        accounts.insert(row.get::<Address>(0)?);
    }
    let mut all = Vec::new();
    for account in accounts {
        let row = transaction.first(&AccountRow::TABLE.select(), &values![market.0, account])?;
        let row = row.as_ref().map(AccountRow::from_row).transpose()?.unwrap_or_default();
        if row.credit == 0 || row.credit < min_credit {
            continue;
        }
        all.push(Notice {
            kind: NoticeKind::CreditWaits,
            key: format!("{account}-{}", row.withdrawn),
            accounts: vec![account],
            data: json!({"account": Account(account), "credit": Wei(row.credit)}),
        });
    }
    Ok(all)
}

/// Testers whose last list was that of one of these epochs, the first one apart.
fn free_bonds(
    transaction: &mut dyn Transaction,
    market: MarketId,
    (after, to): (u64, u64),
) -> Result<Vec<Notice>, IndexError> {
    let columns = WorkerRow::TABLE.columns.join(", ");
    let sql = format!(
        "SELECT {columns} FROM workers WHERE market = ?1 AND application = ?2 AND last_epoch > 0 AND last_epoch > ?3 AND last_epoch <= ?4 LIMIT ?5"
    );
    let application = FixedBytes::from(TESTER_APPLICATION);
    let key = values![market.0, application, after, to, MAX_FOUND];
    let mut all = Vec::new();
    for row in transaction.query(&sql, &key)? {
        let row = WorkerRow::from_row(&row)?;
        if row.stake == 0 {
            continue;
        }
        all.push(Notice {
            kind: NoticeKind::TesterBondFree,
            key: format!("{}-{}", row.account, row.last_epoch),
            accounts: vec![row.account],
            data: json!({
                "tester": Account(row.account), "bond": Wei(row.stake), "last_epoch": row.last_epoch,
            }),
        });
    }
    Ok(all)
}
