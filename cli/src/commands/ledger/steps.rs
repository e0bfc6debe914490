//! What the events of a market say about the steps of an agreement and about money.

use alloy::primitives::Address;
use muster_client::protocol::abi::IWorkAgreement::IWorkAgreementEvents as AgreementEvents;
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents as DispatcherEvents;
use muster_client::protocol::abi::{TesterResult, WorkerResult};
use muster_client::{EventRecord, MarketEvent};

/// The sum of amounts.
pub(super) fn total(amounts: impl Iterator<Item = u128>) -> u128 {
    amounts.fold(0, u128::saturating_add)
}

/// What one agreement burned, or all of them.
pub(super) fn burned(history: &[EventRecord], agreement: Option<Address>) -> u128 {
    total(history.iter().filter_map(|record| match &record.event {
        MarketEvent::Dispatcher(DispatcherEvents::Burned(e))
            if agreement.is_none_or(|agreement| agreement == e.agreement) =>
        {
            Some(e.amount)
        }
        _ => None,
    }))
}

/// What was settled of one agreement: by releases of absent workers, and at last.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// What the client got back of the escrow.
    pub(super) refund: u128,
    /// What the client got of bonds.
    pub(super) compensation: u128,
    /// The results of all workers.
    pub(super) workers: Vec<WorkerResult>,
    /// The results of all testers.
    pub(super) testers: Vec<TesterResult>,
}

impl Settled {
    /// Adds up the events of an agreement.
    pub(super) fn of(history: &[EventRecord], agreement: Address) -> Self {
        let mut all = Self::default();
        for record in history {
            match &record.event {
                MarketEvent::Dispatcher(DispatcherEvents::AbsentReleased(e))
                    if e.agreement == agreement =>
                {
                    all.refund = all.refund.saturating_add(e.refund);
                    all.workers.extend(&e.workers);
                }
                MarketEvent::Dispatcher(DispatcherEvents::AgreementSettled(e))
                    if e.agreement == agreement =>
                {
                    all.refund = all.refund.saturating_add(e.refund);
                    all.compensation = e.compensation;
                    all.workers.extend(&e.workers);
                    all.testers.extend(&e.testers);
                }
                _ => {}
            }
        }
        all
    }
}

/// The step of this agreement that an event belongs to, and the account that took it, if the event names it.
pub(super) fn step(
    event: &MarketEvent,
    agreement: Address,
) -> Option<(&'static str, Option<Address>)> {
    match event {
        MarketEvent::Dispatcher(DispatcherEvents::ContractBought(e))
            if e.agreement == agreement =>
        {
            Some(("purchase", Some(e.client)))
        }
        MarketEvent::Dispatcher(DispatcherEvents::AgreementSettled(e))
            if e.agreement == agreement =>
        {
            Some(("settle", None))
        }
        MarketEvent::Agreement(address, AgreementEvents::Accepted(e)) if *address == agreement => {
            Some(("accept", Some(e.worker)))
        }
        MarketEvent::Agreement(address, AgreementEvents::Resigned(e)) if *address == agreement => {
            Some(("resign", Some(e.worker)))
        }
        MarketEvent::Agreement(address, AgreementEvents::Cancelled(_)) if *address == agreement => {
            Some(("cancel", None))
        }
        MarketEvent::Agreement(address, AgreementEvents::Released(_)) if *address == agreement => {
            Some(("release", None))
        }
        MarketEvent::Agreement(address, AgreementEvents::Reported(e)) if *address == agreement => {
            Some(("report", Some(e.tester)))
        }
        _ => None,
    }
}

/// The account that may have credit because of an event, without being registered.
pub(super) const fn creditor(event: &MarketEvent) -> Option<Address> {
    match event {
        MarketEvent::Dispatcher(DispatcherEvents::ContractBought(e)) => Some(e.client),
        MarketEvent::Dispatcher(DispatcherEvents::Credited(e)) => Some(e.account),
        _ => None,
    }
}
