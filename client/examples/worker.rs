//! Offers work, accepts purchases, and signs receipts: `MUSTER_KEY=0x… worker URL DISPATCHER PORT`.
//!
//! Its service is the smallest possible: whoever sends a line with an agreement and a session to
//! the port gets a receipt for the current window.

use std::collections::HashMap;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents::ContractBought;
use muster_client::protocol::receipt::part_of_window;
use muster_client::{
    Application, ChainUpdate, Market, MarketError, MarketEvent, Offer, ServiceReceipt, message_key,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The stake in wei: enough for a few agreements on a dev chain.
const STAKE: u128 = 1_000_000_000_000_000_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(dispatcher), Some(port)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: worker URL DISPATCHER PORT".into());
    };
    let key: PrivateKeySigner = std::env::var("MUSTER_KEY")?.parse()?;
    let market = Market::connect(&url, key.clone(), dispatcher.parse()?).await?;
    let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    work(&market, &key, listener).await?;
    Ok(())
}

/// Registers if this account is not registered, and works for ever.
pub(crate) async fn work(
    market: &Market,
    key: &PrivateKeySigner,
    listener: TcpListener,
) -> Result<(), MarketError> {
    let me = market.account()?;
    if market.key_of(me).await?.is_none() {
        let offer = Offer { price: 1_000, max_length: 100_000, promise: 9_000, capacity: 4 };
        market.register(Application::default(), &offer, message_key(key), STAKE).await?;
    }
    let mut watch = market.watch(0);
    let mut sessions = HashMap::new();
    loop {
        tokio::select! {
            update = watch.next() => accept(market, me, &update).await?,
            Ok((stream, _)) = listener.accept() => {
                // An invalid request, or one that breaks off, gets no answer.
                drop(serve(market, key, &mut sessions, stream).await);
            }
        }
    }
}

/// Accepts an agreement that was just bought, if this account is one of its workers.
async fn accept(market: &Market, me: Address, update: &ChainUpdate) -> Result<(), MarketError> {
    let ChainUpdate::Event(record) = update else { return Ok(()) };
    let MarketEvent::Dispatcher(ContractBought(bought)) = &record.event else { return Ok(()) };
    if !bought.workers.contains(&me) {
        return Ok(());
    }
    match market.agreement(bought.agreement).await?.accept().await {
        // It is too late, or it was accepted before a restart.
        Ok(_) | Err(MarketError::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Serves one request. The receipt covers every part of the window in which the session was served.
async fn serve(
    market: &Market,
    key: &PrivateKeySigner,
    sessions: &mut HashMap<(Address, B256), u32>,
    stream: TcpStream,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (mut reader, mut line) = (BufReader::new(stream), String::new());
    reader.read_line(&mut line).await?;
    let (agreement, session) = line.trim().split_once(' ').ok_or("two words")?;
    let (agreement, session) = (market.agreement(agreement.parse()?).await?, session.parse()?);
    let (progress, now) = (agreement.progress().await?, market.now().await?);
    let windows = agreement.windows(&progress);
    let current = windows.into_iter().find(|(_, ticks)| ticks.contains(&now));
    let (window, ticks) = current.ok_or("it does not run")?;
    let part =
        part_of_window(now.saturating_sub(ticks.start), ticks.end.saturating_sub(ticks.start));
    let parts = sessions.entry((agreement.address(), session)).or_default();
    *parts |= 1_u32.checked_shl(part.into()).unwrap_or(0);
    let domain = agreement.receipt_domain();
    let receipt = ServiceReceipt::sign(key, domain, session, window, *parts)?;
    reader.get_mut().write_all(format!("{receipt}\n").as_bytes()).await?;
    Ok(())
}
