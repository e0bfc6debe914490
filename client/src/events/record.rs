//! Events as typed values.

use alloy::primitives::{Address, B256};
use alloy::sol_types::SolEventInterface;
use muster_protocol::abi::IWorkAgreement::IWorkAgreementEvents;
use muster_protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents;

use crate::backend::Log;

/// An event of the market, and where in the chain it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// The event.
    pub event: MarketEvent,
    /// The block that has it.
    pub block: u64,
    /// Its index among the logs of that block.
    pub log_index: u64,
    /// The transaction that emitted it.
    pub transaction: B256,
}

/// An event of one of the market's contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarketEvent {
    /// Of the dispatcher.
    Dispatcher(IWorkerDispatcherEvents),
    /// Of the agreement at this address.
    Agreement(Address, IWorkAgreementEvents),
}

impl EventRecord {
    /// Decodes a log of the market with this dispatcher; `None` if it is no event of the interface.
    pub(super) fn decode(log: &Log, dispatcher: Address) -> Option<Self> {
        let (topics, data) = (log.data.topics(), &log.data.data);
        let event = if log.address == dispatcher {
            MarketEvent::Dispatcher(IWorkerDispatcherEvents::decode_raw_log(topics, data).ok()?)
        } else {
            let event = IWorkAgreementEvents::decode_raw_log(topics, data).ok()?;
            MarketEvent::Agreement(log.address, event)
        };
        let Log { block, log_index, transaction, .. } = *log;
        Some(Self { event, block, log_index, transaction })
    }
}
