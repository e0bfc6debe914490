//! Notices on their way: kept until whom they are for has taken them.

use alloy::primitives::keccak256;
use serde_json::json;

use super::collect::{Progress, collect};
use super::notice::{Notice, NoticeRules, Webhook};
use crate::database::{Transaction, values};
use crate::error::IndexError;
use crate::index::{head, market_identity};
use crate::market_id::{MarketId, MarketIdentity};
use crate::query::{Account, BlockRef, FeedPlace};

/// Deliveries that were taken, or given up, are forgotten after so many seconds.
const REMEMBERED: u64 = 90 * 86_400;

/// A notice for a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id: the same for every attempt.
    pub id: String,
    /// Where it is sent to.
    pub url: String,
    /// Its JSON.
    pub body: String,
    /// How often it was tried before.
    pub attempts: u32,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken.
    Taken,
    /// It is to be tried again at this Unix second.
    Retry(u64),
    /// It is not tried again.
    GivenUp,
}

/// Queues the notices of a market that there are since this was called last, at this Unix second. Returns how many deliveries were
/// queued. The first call queues nothing about what happened before it.
///
/// # Errors
/// [`IndexError::Database`].
pub fn queue_notices(
    transaction: &mut dyn Transaction,
    market: MarketId,
    rules: &NoticeRules,
    webhooks: &[Webhook],
    now: u64,
) -> Result<usize, IndexError> {
    let sql = "SELECT place, epoch FROM notice_progress WHERE market = ?1";
    let before = transaction.first(sql, &values![market.0])?;
    let before = before.map(|row| -> Result<_, IndexError> {
        let place: String = row.get(0)?;
        Ok(Progress { place: FeedPlace::parse(&place)?, epoch: row.get(1)? })
    });
    let found = collect(transaction, market, rules, before.transpose()?)?;
    let Some((notices, progress)) = found else { return Ok(0) };
    let sql = "INSERT INTO notice_progress (market, place, epoch) VALUES (?1, ?2, ?3) \
        ON CONFLICT (market) DO UPDATE SET place = excluded.place, epoch = excluded.epoch";
    transaction.execute(sql, &values![market.0, progress.place.to_string(), progress.epoch])?;
    let identity = market_identity(transaction, market)?;
    let block = head(transaction, market)?.unwrap_or_default();
    let mut queued = 0_usize;
    for notice in &notices {
        for webhook in webhooks.iter().filter(|webhook| webhook.wants(notice)) {
            let delivery = delivery(&identity, &block.into(), notice, webhook);
            queued = queued.saturating_add(insert(transaction, &delivery, now)?);
        }
    }
    let sql = "DELETE FROM deliveries WHERE next IS NULL AND changed < ?1";
    transaction.execute(sql, &values![now.saturating_sub(REMEMBERED)])?;
    Ok(queued)
}

/// A notice for a webhook. Its id is made of what it is about, so it is queued once.
fn delivery(
    identity: &MarketIdentity,
    block: &BlockRef,
    notice: &Notice,
    webhook: &Webhook,
) -> Delivery {
    let (chain, market, event) = (identity.chain, identity.dispatcher, notice.kind.name());
    let text = format!("{chain} {market} {event} {} {}", notice.key, webhook.url);
    let hash = keccak256(text).to_string();
    let id = hash.trim_start_matches("0x").chars().take(32).collect::<String>();
    let body = json!({
        "id": id, "event": event, "chain_id": chain, "market": Account(market), "block": block, "data": notice.data,
    });
    Delivery { id, url: webhook.url.clone(), body: body.to_string(), attempts: 0 }
}

/// Adds a delivery, unless it is there.
fn insert(
    transaction: &mut dyn Transaction,
    delivery: &Delivery,
    now: u64,
) -> Result<usize, IndexError> {
    let sql = "INSERT INTO deliveries (id, url, body, attempts, next, changed) VALUES (?1, ?2, ?3, 0, ?4, ?4) \
        ON CONFLICT DO NOTHING";
    let Delivery { id, url, body, .. } = delivery;
    Ok(transaction.execute(sql, &values![id.as_str(), url.as_str(), body.as_str(), now])?)
}

/// Deliveries that are due at this Unix second, the longest due first.
///
/// # Errors
/// [`IndexError::Database`].
pub fn due_deliveries(
    transaction: &mut dyn Transaction,
    now: u64,
    limit: u32,
) -> Result<Vec<Delivery>, IndexError> {
    let sql = "SELECT id, url, body, attempts FROM deliveries WHERE next <= ?1 ORDER BY next, id LIMIT ?2";
    let mut all = Vec::new();
    for row in transaction.query(sql, &values![now, limit])? {
        let (id, url, body) = (row.get(0)?, row.get(1)?, row.get(2)?);
        all.push(Delivery { id, url, body, attempts: row.get(3)? });
    }
    Ok(all)
}

/// Notes how an attempt ended at this Unix second.
///
/// # Errors
/// [`IndexError::Database`].
pub fn record_attempt(
    transaction: &mut dyn Transaction,
    id: &str,
    outcome: Outcome,
    now: u64,
) -> Result<(), IndexError> {
    let next = match outcome {
        Outcome::Retry(next) => Some(next),
        Outcome::Taken | Outcome::GivenUp => None,
    };
    let sql =
        "UPDATE deliveries SET attempts = attempts + 1, next = ?2, changed = ?3 WHERE id = ?1";
    transaction.execute(sql, &values![id, next, now])?;
    Ok(())
}
