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

/// Requests a receipt from the first worker in every window in which this account holds a seat, and
/// reports.
async fn test(agreement: &Agreement, port: u16) -> Result<(), MarketError> {
    let me = agreement.market().account()?;
    agreement.place(me).await?;
    let progress = agreement.wait_for_accept(TIMEOUT).await?;
    let seats = agreement.seats(me).await?;
    let session = Session::random();
    let (mut receipt, mut failed) = (None, 0_u32);
    for (window, _) in agreement.windows(&progress) {
        let bit = 1_u32.checked_shl(window.into()).unwrap_or(0);
        if seats & bit == 0 {
            continue;
        }
        agreement.wait_for_window(window, TIMEOUT).await?;
        match request_receipt(agreement, &session, port).await {
            Ok(newest) if newest.covers(window) => receipt = Some(newest),
            _ => failed |= bit,
        }
    }
    agreement.wait_for_state(State::Reporting, TIMEOUT).await?;
    let entry = receipt.map_or(failed_entry(0, failed), |receipt| receipt.entry(0, failed));
    if entry.checked != 0 {
        agreement.report(&session, vec![entry]).await?;
    }
    Ok(())
}

/// Requests a receipt from the worker.
async fn request_receipt(
    agreement: &Agreement,
    session: &Session,
    port: u16,
) -> Result<ServiceReceipt, Box<dyn std::error::Error + Send + Sync>> {
    let session = session.id(agreement.market().account()?);
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).await?);
    let line = format!("{} {session}\n", agreement.address());
    stream.get_mut().write_all(line.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_line(&mut answer).await?;
    Ok(answer.trim().parse()?)
}
