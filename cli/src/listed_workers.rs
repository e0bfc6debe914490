//! Workers for sale that an order could buy.

use muster_client::Market;
use muster_client::protocol::abi::{Order, Worker};
use muster_client::protocol::order::satisfies;

use crate::error::CliError;

/// The most workers that are asked before a purchase, cheapest first.
const MAX_ASKED: usize = 16;

/// The cheapest listed workers that satisfy an order.
pub(crate) async fn cheapest(market: &Market, order: &Order) -> Result<Vec<Worker>, CliError> {
    let Order { application, length, minScore, minUptime, .. } = order;
    let (mut found, mut from) = (Vec::new(), 0);
    loop {
        let page = market.listed_workers(*application, from).await?;
        let next = page.last().map_or(0, |last| last.next);
        found.extend(
            page.into_iter().filter(|worker| satisfies(worker, *length, *minScore, *minUptime)),
        );
        if next == 0 || found.len() >= MAX_ASKED {
            found.truncate(MAX_ASKED);
            return Ok(found);
        }
        from = next;
    }
}
