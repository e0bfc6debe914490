//! Methods that find logs, directly or through installed filters.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use alloy::{primitives::U64, rpc::types::Filter};
use serde_json::{Value, json};

use crate::chain::IncludedTransaction;

use super::{Args, MethodResult, NodeContext, RpcError, error::ArgumentError};

/// Maximum topics of a log.
const MAX_TOPICS: usize = 4;

/// Lifetime of a filter after its last use.
const FILTER_TTL: Duration = Duration::from_mins(5);

/// Maximum number of filters.
const MAX_FILTERS: usize = 1024;

/// What a filter reports.
#[derive(Clone, Debug)]
enum FilterKind {
    /// Logs.
    Logs(Box<Filter>),
    /// Hashes of blocks.
    Blocks,
    /// Hashes of transactions.
    Transactions,
}

/// An installed filter.
#[derive(Clone, Debug)]
struct InstalledFilter {
    /// What the filter reports.
    kind: FilterKind,
    /// First block that is not yet reported.
    next_block: u64,
    /// Time of the last use.
    last_polled: Instant,
}

/// Installed filters.
#[derive(Debug, Default)]
pub(super) struct Filters {
    /// Filters by id.
    installed: HashMap<u64, InstalledFilter>,
    /// Number of filters ever installed.
    count: u64,
}

impl Filters {
    /// Adjusts filters after the chain was reverted to block `height`.
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

/// `eth_newPendingTransactionFilter`: reports transactions of new blocks.
pub(super) fn new_transaction_filter(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    install(node, FilterKind::Transactions)
}

/// `eth_uninstallFilter`
pub(super) fn uninstall(node: &mut NodeContext, args: Args) -> MethodResult {
    let id = parse_filter_id(args)?;
    Ok(json!(node.filters.installed.remove(&id).is_some()))
}

/// `eth_getFilterChanges`
pub(super) fn changes(node: &mut NodeContext, args: Args) -> MethodResult {
    let id = parse_filter_id(args)?;
    let installed = node.filters.installed.get_mut(&id).ok_or(RpcError::FilterNotFound)?;
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
    let id = parse_filter_id(args)?;
    match node.filters.installed.get(&id).map(|installed| &installed.kind) {
        Some(FilterKind::Logs(filter)) => Ok(serde_json::to_value(node.chain.logs(filter)?)?),
        _ => Err(RpcError::FilterNotFound),
    }
}

/// Installs a filter that starts with the next block.
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

/// Parses the id of a filter.
fn parse_filter_id(mut args: Args) -> Result<u64, RpcError> {
    let id = args.number()?;
    args.finish()?;
    Ok(id)
}

/// Parses a filter.
fn parse_filter(mut args: Args) -> Result<Filter, RpcError> {
    let value: Value = args.take()?;
    args.finish()?;
    check_filter(&value)?;
    serde_json::from_value(value)
        .map_err(|error| RpcError::InvalidArgument { index: 0, why: error.into() })
}

/// Rejects filters that the deserializer would accept and Nitro rejects.
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
