//! Blocks and their times.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use futures::stream::{self, StreamExt, TryStreamExt};
use muster_client::{Market, Node};

use crate::error::CliError;

/// How many blocks are asked for at once.
const CONCURRENT_REQUESTS: usize = 4;

/// The first and the last block of these Unix seconds that can have an event of the market; `None` if there is none.
pub(super) async fn blocks_between(
    market: &Market,
    seconds: Range<u64>,
) -> Result<Option<(u64, u64)>, CliError> {
    let node = market.node();
    let created = market.created_at().await?;
    let end = node.head().await?.number.saturating_add(1);
    let from = first_block_at(node, seconds.start, created..end).await?;
    let after = first_block_at(node, seconds.end, from..end).await?;
    Ok((from < after).then(|| (from, after.saturating_sub(1))))
}

/// The first of these blocks whose time is `second` or later; the end if there is none. Times never fall from block to block.
async fn first_block_at(node: &Node, second: u64, blocks: Range<u64>) -> Result<u64, CliError> {
    let Range { mut start, mut end } = blocks;
    while start < end {
        let middle = start.midpoint(end);
        let is_before = node.block(middle).await?.is_some_and(|block| block.timestamp < second);
        if is_before {
            start = middle.saturating_add(1);
        } else {
            end = middle;
        }
    }
    Ok(start)
}

/// The Unix seconds of blocks.
pub(super) async fn block_times(
    node: &Node,
    blocks: impl Iterator<Item = u64>,
) -> Result<BTreeMap<u64, u64>, CliError> {
    let blocks: BTreeSet<_> = blocks.collect();
    let requests = blocks.into_iter().map(async |number| {
        let block = node.block(number).await?;
        Ok((number, block.map_or(0, |block| block.timestamp)))
    });
    stream::iter(requests).buffered(CONCURRENT_REQUESTS).try_collect().await
}
