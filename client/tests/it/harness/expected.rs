//! Short names for expected results: errors by value, events in order.

#![expect(clippy::needless_pass_by_value, reason = "expectations are written down and used once")]

use alloy::primitives::{Address, LogData};
use alloy::sol_types::{SolError, SolEvent, SolEventInterface, SolInterface};
use muster_client::protocol::abi::IWorkAgreement::{IWorkAgreementErrors, IWorkAgreementEvents};
use muster_client::protocol::abi::IWorkerDispatcher::{
    IWorkerDispatcherErrors, IWorkerDispatcherEvents,
};
use muster_client::{MarketEvent, Receipt, RevertReason};

use crate::harness::TestEnv;

/// An error of the dispatcher.
pub(crate) fn dispatcher_error<T>(error: impl SolError) -> Result<T, RevertReason> {
    let error = IWorkerDispatcherErrors::abi_decode_validate(&error.abi_encode());
    Err(RevertReason::Dispatcher(error.unwrap()))
}

/// An error of an agreement.
pub(crate) fn agreement_error<T>(error: impl SolError) -> Result<T, RevertReason> {
    let error = IWorkAgreementErrors::abi_decode_validate(&error.abi_encode());
    Err(RevertReason::Agreement(error.unwrap()))
}

/// An event of the dispatcher.
pub(crate) fn dispatcher_event(event: impl SolEvent) -> MarketEvent {
    decode_dispatcher_event(&event.encode_log_data())
}

/// An event of an agreement.
pub(crate) fn agreement_event(agreement: Address, event: impl SolEvent) -> MarketEvent {
    let log = event.encode_log_data();
    let event = IWorkAgreementEvents::decode_raw_log(log.topics(), &log.data).unwrap();
    MarketEvent::Agreement(agreement, event)
}

/// The dispatcher's event in a log.
fn decode_dispatcher_event(log: &LogData) -> MarketEvent {
    MarketEvent::Dispatcher(
        IWorkerDispatcherEvents::decode_raw_log(log.topics(), &log.data).unwrap(),
    )
}

impl TestEnv {
    /// All events of the market's contracts in a transaction, in order. Other events are left out.
    pub(crate) fn events(&self, receipt: &Receipt) -> Vec<MarketEvent> {
        let event = |log: &muster_client::Log| {
            if log.address == self.dispatcher {
                return Some(decode_dispatcher_event(&log.data));
            }
            let (topics, data) = (log.data.topics(), &log.data.data);
            let event = IWorkAgreementEvents::decode_raw_log(topics, data).ok()?;
            Some(MarketEvent::Agreement(log.address, event))
        };
        receipt.logs.iter().filter_map(event).collect()
    }
}
