//! Prints everything that happens on a market: `watch_market URL DISPATCHER`.

use muster_client::{Event, Market, Sighting};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(dispatcher)) = (args.next(), args.next()) else {
        return Err("usage: watch_market URL DISPATCHER".into());
    };
    let market = Market::connect(&url, None, dispatcher.parse()?).await?;
    watch(&market, |line| {
        #[expect(clippy::print_stdout, reason = "what was seen is what this prints")]
        {
            println!("{line}");
        }
        true
    })
    .await;
    Ok(())
}

/// Hands each thing that happens, from the first block on, to `see`, until it has seen enough.
pub(crate) async fn watch(market: &Market, mut see: impl FnMut(String) -> bool) {
    let mut watch = market.watch(0);
    loop {
        let line = match watch.next().await {
            Sighting::Happened(happening) => match happening.event {
                Event::Dispatcher(event) => format!("block {}: {event:?}", happening.block),
                Event::Agreement(agreement, event) => {
                    format!("block {}: {agreement}: {event:?}", happening.block)
                }
            },
            Sighting::MovedBack(block) => format!("the chain moved back to block {block}"),
        };
        if !see(line) {
            return;
        }
    }
}
