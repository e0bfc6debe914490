//! Prints every event of a market: `watch_market URL DISPATCHER`.

use muster_client::{ChainUpdate, Market, MarketEvent};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(dispatcher)) = (args.next(), args.next()) else {
        return Err("usage: watch_market URL DISPATCHER".into());
    };
    let market = Market::connect(&url, None, dispatcher.parse()?).await?;
    watch(&market, |line| {
        #[expect(clippy::print_stdout, reason = "printing events is its purpose")]
        {
            println!("{line}");
        }
        true
    })
    .await;
    Ok(())
}

/// Formats every update, from the first block on, and calls `on_event` until it returns false.
pub(crate) async fn watch(market: &Market, mut on_event: impl FnMut(String) -> bool) {
    let mut watch = market.watch(0);
    loop {
        let line = match watch.next().await {
            ChainUpdate::Event(record) => match record.event {
                MarketEvent::Dispatcher(event) => format!("block {}: {event:?}", record.block),
                MarketEvent::Agreement(agreement, event) => {
                    format!("block {}: {agreement}: {event:?}", record.block)
                }
            },
            ChainUpdate::Reorg(block) => format!("a reorg: events after block {block} are undone"),
        };
        if !on_event(line) {
            return;
        }
    }
}
