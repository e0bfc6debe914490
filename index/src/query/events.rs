//! Events, as the chain has them and decoded.

use std::fmt::{self, Display, Formatter};

use alloy::primitives::{Address, B256};
use alloy::sol_types::SolEventInterface;
use muster_client::MarketEvent;
use muster_client::protocol::abi::IWorkAgreement::IWorkAgreementEvents;
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents;
use serde::Serialize;
use utoipa::ToSchema;

use super::event_json::event_json;
use super::filter::Filter;
use super::page::{Page, PageSize, cursor_number, parse_cursor};
use super::values::{Account, Hash};
use crate::database::{DatabaseError, Row, Transaction};
use crate::error::IndexError;
use crate::index::market_identity;
use crate::market_id::MarketId;
use crate::query_error::QueryError;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Event {
    /// The block that has it.
    pub block: u64,
    /// The hash of that block.
    pub block_hash: Hash,
    /// The Unix second of that block.
    pub time: u64,
    /// Its index among the logs of the block.
    pub log_index: u64,
    /// The transaction that emitted it.
    pub transaction: Hash,
    /// The contract that emitted it: the market or an agreement.
    pub contract: Account,
    /// Its name in the interface.
    pub event: String,
    /// Its arguments, by their names; amounts as texts.
    #[schema(value_type = Object)]
    pub arguments: serde_json::Value,
}

/// Where an event is in the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPlace {
    /// The block.
    pub block: u64,
    /// The index among its logs.
    pub log_index: u64,
}

impl EventPlace {
    /// A place as [`Page::next`] has it.
    ///
    /// # Errors
    /// [`QueryError::Cursor`] if it is none.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let [block, log_index] = parse_cursor(text)?;
        Ok(Self { block: cursor_number(block, text)?, log_index: cursor_number(log_index, text)? })
    }
}

impl Display for EventPlace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.block, self.log_index)
    }
}

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// About this account or agreement alone.
    pub subject: Option<Address>,
    /// Of this name alone.
    pub name: Option<String>,
    /// The latest first; otherwise the oldest.
    pub latest_first: bool,
    /// The most of them.
    pub limit: Option<u32>,
    /// After this place in the list: [`Page::next`] of the page before, or an [`EventPlace`].
    pub after: Option<String>,
}

/// A list of events.
///
/// # Errors
/// [`IndexError::Query`] if the page is out of range; [`IndexError::Database`].
pub fn events(
    transaction: &mut dyn Transaction,
    market: MarketId,
    wanted: &EventFilter,
) -> Result<Page<Event>, IndexError> {
    let size = PageSize::of_all(wanted.limit)?;
    let mut filter = Filter::new(market.0);
    let (order, than) = if wanted.latest_first { (" DESC", "<") } else { ("", ">") };
    if let Some(after) = &wanted.after {
        let place = EventPlace::parse(after)?;
        let (block, index) = (filter.add(place.block), filter.add(place.log_index));
        filter.and_that(&format!("(block, log_index) {than} ({block}, {index})"));
    }
    let (table, size) = if let Some(subject) = wanted.subject {
        filter.and("subject = {}", subject);
        ("subjects", if wanted.name.is_some() { size.some_of() } else { size })
    } else {
        filter.and_some("name = {}", wanted.name.as_deref());
        ("events", size)
    };
    let place = filter.add(size.rows_to_read());
    let conditions = filter.sql();
    let sql = format!(
        "SELECT e.block, e.log_index, e.transaction_hash, e.contract, e.name, e.topics, e.data, b.hash, b.time FROM \
         (SELECT block, log_index FROM {table} WHERE {conditions} ORDER BY block{order}, log_index{order} LIMIT {place}) AS f \
         CROSS JOIN events AS e CROSS JOIN blocks AS b \
         WHERE e.market = ?1 AND e.block = f.block AND e.log_index = f.log_index AND b.market = ?1 AND b.number = f.block \
         ORDER BY e.block{order}, e.log_index{order}"
    );
    let dispatcher = market_identity(transaction, market)?.dispatcher;
    let rows = transaction.query(&sql, &filter.values)?;
    let mut all = Vec::new();
    for row in rows {
        let place = EventPlace { block: row.get(0)?, log_index: row.get(1)? };
        let name: String = row.get(4)?;
        let is_wanted = wanted.name.as_ref().is_none_or(|wanted| *wanted == name);
        all.push((place, if is_wanted { Some(event(&row, name, dispatcher)?) } else { None }));
    }
    Ok(Page::of(all, size, |(place, _)| place.to_string(), |(_, event)| event))
}

/// An event of a row.
fn event(row: &Row, name: String, dispatcher: Address) -> Result<Event, DatabaseError> {
    let contract: Address = row.get(3)?;
    let (topics, data): (Vec<u8>, Vec<u8>) = (row.get(5)?, row.get(6)?);
    let topics: Vec<_> =
        topics.as_chunks::<32>().0.iter().map(|topic| B256::from(*topic)).collect();
    let decoded = if contract.is_zero() {
        IWorkerDispatcherEvents::decode_raw_log(&topics, &data).map(MarketEvent::Dispatcher)
    } else {
        let event = IWorkAgreementEvents::decode_raw_log(&topics, &data);
        event.map(|event| MarketEvent::Agreement(contract, event))
    };
    let decoded =
        decoded.map_err(|_| DatabaseError::Damaged { column: 6, expected: "data of an event" })?;
    Ok(Event {
        block: row.get(0)?,
        block_hash: Hash(row.get(7)?),
        time: row.get(8)?,
        log_index: row.get(1)?,
        transaction: Hash(row.get(2)?),
        contract: Account(if contract.is_zero() { dispatcher } else { contract }),
        event: name,
        arguments: event_json(&decoded),
    })
}
