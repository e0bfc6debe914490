//! Reverts of the market's own contracts.

use muster_protocol::abi::IWorkAgreement::IWorkAgreementErrors;
use muster_protocol::abi::IWorkerDispatcher::IWorkerDispatcherErrors;

use super::refusal_text::{agreement_text, dispatcher_text};

/// The decoded error with which a contract of the market reverted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevertReason {
    /// An error of the dispatcher.
    #[error("the market refused: {}", dispatcher_text(.0))]
    Dispatcher(IWorkerDispatcherErrors),
    /// An error of an agreement.
    #[error("the agreement refused: {}", agreement_text(.0))]
    Agreement(IWorkAgreementErrors),
}
