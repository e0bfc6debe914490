//! Short words for what contracts say: refusals by value, events in the order in which they came.

#![expect(clippy::needless_pass_by_value, reason = "expectations are written down and used once")]

use alloy::primitives::{Address, LogData};
use alloy::sol_types::{SolError, SolEvent, SolEventInterface, SolInterface};
use muster_client::protocol::abi::IWorkAgreement::{IWorkAgreementErrors, IWorkAgreementEvents};
use muster_client::protocol::abi::IWorkerDispatcher::{
    IWorkerDispatcherErrors, IWorkerDispatcherEvents,
};
use muster_client::{Event, Receipt, Refusal};

use crate::harness::World;

/// A refusal of the dispatcher.
pub(crate) fn market<T>(error: impl SolError) -> Result<T, Refusal> {
    let error = IWorkerDispatcherErrors::abi_decode_validate(&error.abi_encode());
    Err(Refusal::Dispatcher(error.unwrap()))
}

/// A refusal of an agreement.
pub(crate) fn contract<T>(error: impl SolError) -> Result<T, Refusal> {
    let error = IWorkAgreementErrors::abi_decode_validate(&error.abi_encode());
    Err(Refusal::Agreement(error.unwrap()))
}

/// An event of the dispatcher.
pub(crate) fn said(event: impl SolEvent) -> Event {
    dispatcher(&event.encode_log_data())
}

/// An event of an agreement.
pub(crate) fn told(agreement: Address, event: impl SolEvent) -> Event {
    let log = event.encode_log_data();
    let event = IWorkAgreementEvents::decode_raw_log(log.topics(), &log.data).unwrap();
    Event::Agreement(agreement, event)
}

/// The dispatcher's event in a log.
fn dispatcher(log: &LogData) -> Event {
    Event::Dispatcher(IWorkerDispatcherEvents::decode_raw_log(log.topics(), &log.data).unwrap())
}

impl World {
    /// Everything that the market's contracts said in a transaction, in order. Events that no
    /// agreement knows are none of it.
    pub(crate) fn events(&self, receipt: &Receipt) -> Vec<Event> {
        let event = |log: &muster_client::Log| {
            if log.address == self.dispatcher {
                return Some(dispatcher(&log.data));
            }
            let (topics, data) = (log.data.topics(), &log.data.data);
            let event = IWorkAgreementEvents::decode_raw_log(topics, data).ok()?;
            Some(Event::Agreement(log.address, event))
        };
        receipt.logs.iter().filter_map(event).collect()
    }
}
