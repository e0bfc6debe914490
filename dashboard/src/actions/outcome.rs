//! What became of a transaction, as the node of the dashboard knows it, whatever a wallet says.

use alloy::primitives::B256;
use muster_client::protocol::abi::IWorkAgreement::{Cancelled, Released};
use muster_client::protocol::abi::IWorkerDispatcher::{
    AgreementSettled, AvailabilityChanged, ContractBought, PurchaseRefused, Withdrawn,
    WorkerUpdated,
};
use muster_client::{Ether, Market, MarketError, Receipt, reason_text};
use serde_json::{Value, json};

/// A transaction as JSON: whether the node has it, what was signed, and what it did.
///
/// # Errors
/// [`MarketError::Node`].
pub(crate) async fn transaction(market: &Market, hash: B256) -> Result<Value, MarketError> {
    let Some(signed) = market.node().transaction(hash).await? else {
        return Ok(json!({"state": "unknown"}));
    };
    let receipt = market.node().receipt(hash).await?;
    let (state, block) = match &receipt {
        None => ("pending", None),
        Some(receipt) if receipt.success => ("done", Some(receipt.block)),
        Some(receipt) => ("reverted", Some(receipt.block)),
    };
    let (says, link) = receipt.map_or((Vec::new(), None), |receipt| events(market, &receipt));
    Ok(json!({
        "state": state,
        "chain": signed.chain_id(),
        "from": signed.from().to_string(),
        "to": signed.to().map(|to| to.to_string()),
        "value": format!("0x{:x}", signed.value()),
        "data": signed.data().to_string(),
        "block": block,
        "says": says,
        "link": link,
    }))
}

/// What the events of a receipt say, and the page of what came about.
fn events(market: &Market, receipt: &Receipt) -> (Vec<String>, Option<String>) {
    let dispatcher = market.dispatcher();
    let (mut says, mut link) = (Vec::new(), None);
    if let Some(event) = receipt.event::<ContractBought>(dispatcher) {
        let escrow = Ether::from(event.escrow);
        says.push(format!("Agreement {} was bought for {escrow}.", event.agreement));
        link = Some(format!("/agreement/{}", event.agreement));
    }
    if let Some(event) = receipt.event::<PurchaseRefused>(dispatcher) {
        let reason = reason_text(event.reason);
        says.push(format!("Nothing was bought, and all money came back: {reason}."));
    }
    if let Some(event) = receipt.event::<AgreementSettled>(dispatcher) {
        says.push(format!("Agreement {} is settled.", event.agreement));
        link = Some(format!("/agreement/{}", event.agreement));
    }
    if let Some(event) = receipt.event::<Withdrawn>(dispatcher) {
        let amount = Ether::from(event.amount);
        says.push(format!("{} was paid {amount}.", event.to));
        link = Some(format!("/account/{}", event.account));
    }
    if let Some(event) = receipt.event::<WorkerUpdated>(dispatcher) {
        let price = Ether::from(event.price);
        says.push(format!("The price of {} is {price} per tick.", event.worker));
        link = Some(format!("/worker/{}", event.worker));
    }
    if let Some(event) = receipt.event::<AvailabilityChanged>(dispatcher) {
        let takes = if event.available { "takes" } else { "does not take" };
        says.push(format!("{} {takes} new work.", event.worker));
        link = Some(format!("/worker/{}", event.worker));
    }
    // Another contract can emit the same events; the page compares the receiver with the one that was asked for.
    for log in &receipt.logs {
        if receipt.event::<Cancelled>(log.address).is_some() {
            says.push(format!("Agreement {} ends early.", log.address));
            link = Some(format!("/agreement/{}", log.address));
        }
        if receipt.event::<Released>(log.address).is_some() {
            says.push(format!("Workers of agreement {} were released.", log.address));
            link = Some(format!("/agreement/{}", log.address));
        }
    }
    says.dedup();
    (says, link)
}
