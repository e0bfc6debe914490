//! Lists of agreements.

use alloy::primitives::{Address, FixedBytes};
use muster_client::protocol::abi::State;
use muster_client::state_text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::filter::Filter;
use super::page::{Page, PageSize, cursor_number, parse_cursor};
use super::values::{Account, ApplicationName, Wei};
use crate::batch::Block;
use crate::database::Transaction;
use crate::error::IndexError;
use crate::index::head;
use crate::market_id::MarketId;
use crate::projection::{AgreementRow, Record};

/// A state that agreements are filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AgreementState {
    /// Paid; no worker has accepted yet.
    Offered,
    /// Between start and end.
    Running,
    /// Ended; testers may report.
    Reporting,
    /// Anyone may settle it.
    Due,
    /// Paid out.
    Settled,
    /// No worker accepted.
    Void,
    /// Neither settled nor void.
    Open,
}

impl AgreementState {
    /// Whether it is, or covers, the state of an agreement.
    fn covers(self, state: State) -> bool {
        match self {
            Self::Offered => state == State::Offered,
            Self::Running => state == State::Running,
            Self::Reporting => state == State::Reporting,
            Self::Due => state == State::Due,
            Self::Settled => state == State::Settled,
            Self::Void => state == State::Void,
            Self::Open => !matches!(state, State::Settled | State::Void),
        }
    }

    /// What is stored of it.
    const fn outcome(self) -> u8 {
        match self {
            Self::Settled => 1,
            Self::Void => 2,
            _ => 0,
        }
    }
}

/// An agreement in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgreementSummary {
    /// Its contract.
    pub agreement: Account,
    /// 1 for the first of the market.
    pub number: u32,
    /// The state that a transaction after the answer's block finds.
    pub state: &'static str,
    /// Who bought it.
    pub client: Account,
    /// What is served.
    pub application: ApplicationName,
    /// What the client paid.
    pub escrow: Wei,
    /// How many workers were hired.
    pub redundancy: u8,
    /// Ticks from start to end, as they were bought.
    pub length: u32,
    /// The tick of the first accept; 0 before it.
    pub start: u64,
    /// The first tick after it; 0 before the first accept.
    pub end: u64,
    /// The Unix second of the purchase.
    pub bought: u64,
}

/// Which agreements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgreementFilter {
    /// Of this client alone.
    pub client: Option<Address>,
    /// In which this worker was hired.
    pub worker: Option<Address>,
    /// Of this application alone.
    pub application: Option<FixedBytes<8>>,
    /// In this state.
    pub state: Option<AgreementState>,
    /// The most of them.
    pub limit: Option<u32>,
    /// After this place in the list: [`Page::next`] of the page before.
    pub after: Option<String>,
}

impl AgreementFilter {
    /// Whether an agreement is one of these. That its worker is, the database sees to.
    fn includes(&self, row: &AgreementRow, block: &Block) -> bool {
        let header = &row.terms.header;
        let state = state_at(row, tick_after(row, block));
        self.client.is_none_or(|client| client == header.client)
            && self.application.is_none_or(|application| application == header.application)
            && self.state.is_none_or(|wanted| wanted.covers(state))
    }

    /// Whether the rows that the database finds may be none of these.
    const fn is_partial(&self) -> bool {
        self.client.is_some() || self.application.is_some() || self.state.is_some()
    }
}

/// The tick that a transaction after this block finds, at the earliest.
pub(super) const fn tick_after(row: &AgreementRow, block: &Block) -> u64 {
    if row.terms.header.seconds { block.time } else { block.number.saturating_add(1) }
}

/// The state of an agreement in a tick.
pub(super) fn state_at(row: &AgreementRow, tick: u64) -> State {
    match row.outcome {
        1 => State::Settled,
        2 => State::Void,
        _ => row.course.times(&row.terms).state(tick),
    }
}

/// An agreement, as a transaction after this block finds it.
pub(super) fn summary(row: &AgreementRow, block: &Block) -> AgreementSummary {
    let header = &row.terms.header;
    AgreementSummary {
        agreement: Account(row.address),
        number: header.number,
        state: state_text(state_at(row, tick_after(row, block))),
        client: Account(header.client),
        application: ApplicationName(header.application),
        escrow: Wei(row.escrow),
        redundancy: header.redundancy,
        length: header.length,
        start: row.course.start,
        end: row.ends(),
        bought: row.bought,
    }
}

/// A list of agreements, the latest first.
///
/// # Errors
/// [`IndexError::Query`] if the page is out of range; [`IndexError::Database`].
pub fn agreements(
    transaction: &mut dyn Transaction,
    market: MarketId,
    wanted: &AgreementFilter,
) -> Result<Page<AgreementSummary>, IndexError> {
    let size = PageSize::of_all(wanted.limit)?;
    let size = if wanted.is_partial() { size.some_of() } else { size };
    let mut filter = Filter::new(market.0);
    // The condition of the fewest agreements leads to the rows, and the others are looked at row by row.
    let (table, address) = if let Some(worker) = wanted.worker {
        filter.and("account = {}", worker);
        ("seats", "agreement")
    } else {
        if let Some(client) = wanted.client {
            filter.and("client = {}", client);
        } else if let Some(application) = wanted.application {
            filter.and("application = {}", application);
        } else {
            filter.and_some("outcome = {}", wanted.state.map(AgreementState::outcome));
        }
        ("agreements", "address")
    };
    if let Some(after) = &wanted.after {
        let [number] = parse_cursor(after)?;
        filter.and("number < {}", cursor_number::<u32>(number, after)?);
    }
    let place = filter.add(size.rows_to_read());
    let columns: Vec<_> =
        AgreementRow::TABLE.columns.iter().map(|column| format!("a.{column}")).collect();
    let (columns, conditions) = (columns.join(", "), filter.sql());
    let sql = format!(
        "SELECT {columns} FROM (SELECT {address} AS found FROM {table} WHERE {conditions} ORDER BY number DESC LIMIT {place}) AS f \
         CROSS JOIN agreements AS a WHERE a.market = ?1 AND a.address = found ORDER BY a.number DESC"
    );
    let block = head(transaction, market)?.unwrap_or_default();
    let rows = transaction.query(&sql, &filter.values)?;
    let rows = rows.iter().map(AgreementRow::from_row).collect::<Result<Vec<_>, _>>()?;
    let cursor = |row: &AgreementRow| row.terms.header.number.to_string();
    Ok(Page::of(rows, size, cursor, |row| {
        wanted.includes(&row, &block).then(|| summary(&row, &block))
    }))
}
