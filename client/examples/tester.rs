//! Tests workers and reports: `MUSTER_KEY=0x… tester URL DISPATCHER PORT`, with the port of the
//! example `worker`.

use std::time::Duration;

use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents::ContractBought;
use muster_client::protocol::abi::State;
use muster_client::{
    Agreement, ChainUpdate, Market, MarketError, MarketEvent, ServiceReceipt, Session,
    failed_entry, message_key,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A timeout that no wait here reaches.
const TIMEOUT: Duration = Duration::from_hours(24);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(dispatcher), Some(port)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: tester URL DISPATCHER PORT".into());
    };
    let key: PrivateKeySigner = std::env::var("MUSTER_KEY")?.parse()?;
    let market = Market::connect(&url, key.clone(), dispatcher.parse()?).await?;
    run(&market, &key, port.parse()?).await?;
    Ok(())
}

/// Checks in, and tests every agreement that is bought from then on.
pub(crate) async fn run(
    market: &Market,
    key: &PrivateKeySigner,
    port: u16,
) -> Result<(), MarketError> {
    register(market, key).await?;
    let mut watch = market.watch(market.node().head().await?.number);
    loop {
        let ChainUpdate::Event(record) = watch.next().await else { continue };
        if let MarketEvent::Dispatcher(ContractBought(bought)) = record.event {
            match test(&market.agreement(bought.agreement).await?, port).await {
                // This account is not in its list of testers, or no worker accepted it.
                Ok(()) | Err(MarketError::NotListed { .. } | MarketError::Impossible(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Registers if this account is not registered, and checks in.
async fn register(market: &Market, key: &PrivateKeySigner) -> Result<(), MarketError> {
    if market.key_of(market.account()?).await?.is_none() {
        market.register_tester(message_key(key), market.settings().testerBond).await?;
    }
    match market.check_in().await {
        Ok(_) | Err(MarketError::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Probes the first worker in every window in which this account holds a seat, each time at random moments, and
/// reports how often it was served.
async fn test(agreement: &Agreement, port: u16) -> Result<(), MarketError> {
    let me = agreement.market().account()?;
    agreement.place(me).await?;
    let progress = agreement.wait_for_accept(TIMEOUT).await?;
    let seats = agreement.seats(me).await?;
    let (session, probes) = (Session::random(), agreement.terms().header.probes);
    let mut entries = Vec::new();
    for (window, ticks) in agreement.windows(&progress) {
        if seats.checked_shr(window.into()).is_none_or(|bits| bits & 1 == 0) {
            continue;
        }
        let mut moments: Vec<_> = (0..probes).map(|_| rand::random_range(ticks.clone())).collect();
        moments.sort_unstable();
        let (mut newest, mut served) = (None, 0_u8);
        for moment in moments {
            agreement.market().wait_until(moment).await?;
            match request_receipt(agreement, &session, window, port).await {
                Ok(receipt) if receipt.window == window => {
                    (newest, served) = (Some(receipt), served.saturating_add(1));
                }
                _ => {}
            }
        }
        let failed = failed_entry(0, window, probes);
        entries.push(newest.map_or(failed, |receipt| receipt.entry(0, probes, served)));
    }
    agreement.wait_for_state(State::Reporting, TIMEOUT).await?;
    if !entries.is_empty() {
        agreement.report(&session, &entries).await?;
    }
    Ok(())
}

/// Requests a receipt from the worker.
async fn request_receipt(
    agreement: &Agreement,
    session: &Session,
    window: u8,
    port: u16,
) -> Result<ServiceReceipt, Box<dyn std::error::Error + Send + Sync>> {
    let session = session.id(agreement.market().account()?, window);
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).await?);
    let line = format!("{} {session}\n", agreement.address());
    stream.get_mut().write_all(line.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_line(&mut answer).await?;
    Ok(answer.trim().parse()?)
}
