//! Short words for what contracts say: refusals by value, events in the order in which they came.

#![expect(clippy::needless_pass_by_value, reason = "expectations are written down and used once")]

use alloy::primitives::{Address, LogData};
use alloy::sol_types::{SolError, SolEvent, SolEventInterface, SolInterface};
use muster_client::protocol::abi::IWorkAgreement::{IWorkAgreementErrors, IWorkAgreementEvents};
use muster_client::protocol::abi::IWorkerDispatcher::{
    IWorkerDispatcherErrors, IWorkerDispatcherEvents,
};
use muster_client::{MarketEvent, Receipt, RevertReason};

use crate::harness::TestEnv;

/// A refusal of the dispatcher.
pub(crate) fn dispatcher_error<T>(error: impl SolError) -> Result<T, RevertReason> {
    let error = IWorkerDispatcherErrors::abi_decode_validate(&error.abi_encode());
    Err(RevertReason::Dispatcher(error.unwrap()))
}

/// A refusal of an agreement.
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
    /// Everything that the market's contracts said in a transaction, in order. Events that no
    /// agreement knows are none of it.
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
