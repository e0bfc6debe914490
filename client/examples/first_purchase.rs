//! Buys work, waits until it is due, and settles: `MUSTER_KEY=0x… first_purchase URL DISPATCHER`.

use std::time::Duration;

use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::State;
use muster_client::{Ether, Market, MarketError, OrderRequest, Settlement};

/// A timeout that no wait here reaches.
const TIMEOUT: Duration = Duration::from_hours(24);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(dispatcher)) = (args.next(), args.next()) else {
        return Err("usage: first_purchase URL DISPATCHER".into());
    };
    let key: PrivateKeySigner = std::env::var("MUSTER_KEY")?.parse()?;
    let market = Market::connect(&url, key, dispatcher.parse()?).await?;

    // One worker, for the market's shortest agreement, on the default terms.
    let request = OrderRequest::Default { redundancy: 1, length: market.settings().minLength };
    let settlement = purchase(&market, &request).await?;
    eprintln!("{} came back", Ether::from(settlement.refund));
    Ok(())
}

/// Buys at the quoted price, and settles once the agreement is due.
pub(crate) async fn purchase(
    market: &Market,
    request: &OrderRequest,
) -> Result<Settlement, MarketError> {
    let quote = market.quote(request).await?;
    // Pays the quoted price at most. If the order cannot be bought, this fails with the reason and
    // sends nothing.
    let purchase = market.buy(request, quote.price).await?;
    let agreement = market.agreement(purchase.agreement).await?;
    agreement.wait_for_accept(TIMEOUT).await?;
    agreement.wait_for_state(State::Due, TIMEOUT).await?;
    agreement.settle().await
}
