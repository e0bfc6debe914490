//! Methods that find logs, directly or through installed filters.

use alloy::{
    primitives::U64,
    rpc::types::{FilterBlockOption, Log},
};
use serde_json::{Value, json};

use super::{Args, MethodResult, NodeContext, RpcError, filters::FilterKind, log_filter};
use crate::chain::{IncludedTransaction, LogFilter};

/// `eth_getLogs`
pub(super) fn logs(node: &mut NodeContext, args: Args) -> MethodResult {
    Ok(serde_json::to_value(find(node, args)?)?)
}

/// The logs that match the filter in the first argument.
pub(super) fn find(node: &NodeContext, args: Args) -> Result<Vec<Log>, RpcError> {
    let filter = parse_filter(args)?;
    Ok(node.chain.logs(&filter)?)
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
    Ok(json!(node.filters.uninstall(id)))
}

/// `eth_getFilterChanges`
pub(super) fn changes(node: &mut NodeContext, args: Args) -> MethodResult {
    let id = parse_filter_id(args)?;
    let height = node.chain.height();
    let (kind, first) = node.filters.poll(id, height).ok_or(RpcError::FilterNotFound)?;
    let blocks = node.chain.block_range(first, height);
    Ok(match kind {
        FilterKind::Logs(filter) => {
            let (from, to) = match &filter.blocks {
                FilterBlockOption::Range { from_block, to_block } => (
                    from_block.and_then(|from| from.as_number()),
                    to_block.and_then(|to| to.as_number()),
                ),
                FilterBlockOption::AtBlockHash(_) => (None, None),
            };
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
    match node.filters.get(id) {
        Some(FilterKind::Logs(filter)) => Ok(serde_json::to_value(node.chain.logs(filter)?)?),
        _ => Err(RpcError::FilterNotFound),
    }
}

/// Installs a filter that starts with the next block.
fn install(node: &mut NodeContext, kind: FilterKind) -> MethodResult {
    let id = node.filters.install(kind, node.chain.height())?;
    Ok(serde_json::to_value(U64::from(id))?)
}

/// Parses the id of a filter.
fn parse_filter_id(mut args: Args) -> Result<u64, RpcError> {
    let id = args.number()?;
    args.finish()?;
    Ok(id)
}

/// Parses a filter.
fn parse_filter(mut args: Args) -> Result<LogFilter, RpcError> {
    let value: Value = args.take()?;
    args.finish()?;
    log_filter::parse(&value, 0)
}
