//! The gas that an account paid for transactions in which the market's events name it.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256};
use futures::stream::{self, StreamExt, TryStreamExt};
use muster_client::protocol::abi::IWorkAgreement::IWorkAgreementEvents as Agreement;
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents as Dispatcher;
use muster_client::{EventRecord, MarketEvent, Node};

use super::entries::{Entry, Kind};
use crate::error::CliError;

/// How many receipts are asked for at once.
const CONCURRENT_REQUESTS: usize = 4;

/// An entry for each transaction that the account sent and that one of these events could come from.
pub(super) async fn gas_entries(
    node: &Node,
    history: &[EventRecord],
    account: Address,
) -> Result<Vec<Entry>, CliError> {
    let mut found: BTreeMap<B256, &EventRecord> = BTreeMap::new();
    for record in history.iter().filter(|record| may_concern(&record.event, account)) {
        found.entry(record.transaction).or_insert(record);
    }
    let requests = found.into_values().map(async |record| {
        let receipt = node.receipt(record.transaction).await?;
        let own = receipt.filter(|receipt| receipt.sender == account);
        Ok::<_, CliError>(own.map(|receipt| Entry {
            block: record.block,
            log_index: record.log_index,
            transaction: record.transaction,
            agreement: None,
            kind: Kind::Gas,
            amount: receipt.gas_price.saturating_mul(receipt.gas_used.into()),
        }))
    });
    let entries: Vec<_> =
        stream::iter(requests).buffered(CONCURRENT_REQUESTS).try_collect().await?;
    Ok(entries.into_iter().flatten().filter(|entry| entry.amount != 0).collect())
}

/// Whether the account may have sent the transaction of an event: the event names it, or names nobody who could have.
fn may_concern(event: &MarketEvent, account: Address) -> bool {
    match event {
        MarketEvent::Dispatcher(event) => dispatcher_event_concerns(event, account),
        MarketEvent::Agreement(_, event) => match event {
            Agreement::Accepted(e) => e.worker == account,
            Agreement::Reported(e) => e.tester == account,
            Agreement::Resigned(e) => e.worker == account,
            Agreement::Started(_) => false,
            Agreement::Cancelled(_)
            | Agreement::Released(_)
            | Agreement::ReportSkipped(_)
            | Agreement::Closed(_) => true,
        },
    }
}

/// [`may_concern`] for the dispatcher's events.
fn dispatcher_event_concerns(event: &Dispatcher, account: Address) -> bool {
    match event {
        Dispatcher::WorkerRegistered(e) => e.worker == account,
        Dispatcher::WorkerUpdated(e) => e.worker == account,
        Dispatcher::KeyChanged(e) => e.worker == account,
        Dispatcher::AvailabilityChanged(e) => e.worker == account,
        Dispatcher::Listed(e) => e.worker == account,
        Dispatcher::StakeChanged(e) => e.worker == account,
        Dispatcher::CheckedIn(e) => e.tester == account,
        Dispatcher::ContractBought(e) => e.client == account,
        Dispatcher::PurchaseRefused(e) => e.client == account,
        Dispatcher::Withdrawn(e) => e.account == account,
        // A settlement or release has an event of the agreement too.
        Dispatcher::Unlisted(_)
        | Dispatcher::AgreementSettled(_)
        | Dispatcher::AbsentReleased(_)
        | Dispatcher::Burned(_)
        | Dispatcher::ReputationChanged(_)
        | Dispatcher::Credited(_) => false,
    }
}
