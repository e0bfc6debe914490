//! Methods that look for events: once, or again and again through filters that the node remembers.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use alloy::{primitives::U64, rpc::types::Filter};
use serde_json::{Value, json};

use crate::chain::IncludedTransaction;

use super::{Args, MethodResult, NodeContext, RpcError, error::ArgumentError};

/// The most topics of an event.
const MAX_TOPICS: usize = 4;

/// How long a filter is kept that nobody asks for.
const FILTER_TTL: Duration = Duration::from_mins(5);

/// The most filters.
const MAX_FILTERS: usize = 1024;

/// What a filter reports.
#[derive(Clone, Debug)]
enum FilterKind {
    /// Events.
    Logs(Box<Filter>),
    /// Hashes of blocks.
    Blocks,
    /// Hashes of transactions.
    Transactions,
}

/// A filter that a client has installed.
#[derive(Clone, Debug)]
struct InstalledFilter {
    /// What it reports.
    kind: FilterKind,
    /// The first block that it has not reported.
    next_block: u64,
    /// When it was asked for last.
    last_polled: Instant,
}

/// All filters, by their number.
#[derive(Debug, Default)]
pub(super) struct Filters {
    /// The filters.
    installed: HashMap<u64, InstalledFilter>,
    /// How many there ever were.
    count: u64,
}

impl Filters {
    /// Begins again after block `height`, for filters that are ahead of it.
    pub(super) fn rewind(&mut self, height: u64) {
        for filter in self.installed.values_mut() {
            filter.next_block = filter.next_block.min(height.saturating_add(1));
        }
    }
}

/// `eth_getLogs`
pub(super) fn logs(node: &mut NodeContext, args: Args) -> MethodResult {
    let filter = parse_filter(args)?;
    Ok(serde_json::to_value(node.chain.logs(&filter)?)?)
}

/// `eth_newFilter`
pub(super) fn new_filter(node: &mut NodeContext, args: Args) -> MethodResult {
    let filter = parse_filter(args)?;
    install(node, FilterKind::Logs(Box::new(filter)))
}

/// `eth_newBlockFilter`
pub(super) fn new_block_filter(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    install(node, FilterKind::Blocks)
}

/// `eth_newPendingTransactionFilter`: a transaction is never pending, so those of new blocks count.
pub(super) fn new_transaction_filter(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    install(node, FilterKind::Transactions)
}

/// `eth_uninstallFilter`
pub(super) fn uninstall(node: &mut NodeContext, args: Args) -> MethodResult {
    let number = parse_filter_id(args)?;
    Ok(json!(node.filters.installed.remove(&number).is_some()))
}

/// `eth_getFilterChanges`
pub(super) fn changes(node: &mut NodeContext, args: Args) -> MethodResult {
    let number = parse_filter_id(args)?;
    let installed = node.filters.installed.get_mut(&number).ok_or(RpcError::FilterNotFound)?;
    let height = node.chain.height();
    let first = installed.next_block;
    installed.next_block = height.saturating_add(1);
    installed.last_polled = Instant::now();
    let blocks = node.chain.block_range(first, height);
    Ok(match &installed.kind {
        FilterKind::Logs(filter) => {
            let (from, to) = filter.extract_block_range();
            let mut logs = node.chain.logs_since(first, filter);
            logs.retain(|log| {
                log.block_number.is_some_and(|at| {
                    from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to)
                })
            });
            serde_json::to_value(logs)?
        }
        FilterKind::Blocks => json!(blocks.iter().map(|block| block.hash()).collect::<Vec<_>>()),
        FilterKind::Transactions => {
            let transactions = blocks.iter().flat_map(|block| &block.transactions);
            json!(transactions.map(IncludedTransaction::hash).collect::<Vec<_>>())
        }
    })
}

/// `eth_getFilterLogs`
pub(super) fn all_logs(node: &mut NodeContext, args: Args) -> MethodResult {
    let number = parse_filter_id(args)?;
    match node.filters.installed.get(&number).map(|installed| &installed.kind) {
        Some(FilterKind::Logs(filter)) => Ok(serde_json::to_value(node.chain.logs(filter)?)?),
        _ => Err(RpcError::FilterNotFound),
    }
}

/// Installs a filter that begins with the next block.
fn install(node: &mut NodeContext, kind: FilterKind) -> MethodResult {
    let next = node.chain.height().saturating_add(1);
    let filters = &mut node.filters;
    filters.installed.retain(|_, filter| filter.last_polled.elapsed() < FILTER_TTL);
    if filters.installed.len() >= MAX_FILTERS {
        return Err(RpcError::TooManyFilters(MAX_FILTERS));
    }
    filters.count = filters.count.saturating_add(1);
    filters.installed.insert(
        filters.count,
        InstalledFilter { kind, next_block: next, last_polled: Instant::now() },
    );
    Ok(serde_json::to_value(U64::from(filters.count))?)
}

/// The number of a filter, the only argument.
fn parse_filter_id(mut args: Args) -> Result<u64, RpcError> {
    let number = args.number()?;
    args.finish()?;
    Ok(number)
}

/// A filter, the only argument.
fn parse_filter(mut args: Args) -> Result<Filter, RpcError> {
    let value: Value = args.take()?;
    args.finish()?;
    check_filter(&value)?;
    serde_json::from_value(value)
        .map_err(|error| RpcError::InvalidArgument { index: 0, why: error.into() })
}

/// Refuses what the wire type would read in another way than a node does.
pub(super) fn check_filter(filter: &Value) -> Result<(), RpcError> {
    let named = |name| filter.get(name).is_some_and(|value: &Value| !value.is_null());
    if named("blockHash") && (named("fromBlock") || named("toBlock")) {
        return Err(RpcError::InvalidArgument { index: 0, why: ArgumentError::HashAndRange });
    }
    let topics = filter.get("topics").and_then(Value::as_array);
    if topics.is_some_and(|topics| topics.len() > MAX_TOPICS) {
        return Err(RpcError::TooManyTopics);
    }
    Ok(())
}
