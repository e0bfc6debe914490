//! Which contract was called, and so what its revert data means.

use alloy::primitives::{Address, Bytes};
use alloy::sol_types::SolInterface;
use muster_protocol::abi::IWorkAgreement::IWorkAgreementErrors;
use muster_protocol::abi::IWorkerDispatcher::IWorkerDispatcherErrors;

use super::market::MarketError;
use super::node::BackendError;
use super::revert::RevertReason;

/// A contract that is called, by the interface that its reverts belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contract {
    /// The dispatcher.
    Dispatcher(Address),
    /// An agreement.
    Agreement(Address),
    /// Neither: a precompile of the chain, or a plain account.
    Other(Address),
}

impl Contract {
    /// Its address.
    pub(crate) const fn address(self) -> Address {
        match self {
            Self::Dispatcher(address) | Self::Agreement(address) | Self::Other(address) => address,
        }
    }

    /// The error of a request that called this contract.
    pub(crate) fn market_error(self, error: BackendError) -> MarketError {
        match error {
            BackendError::Reverted(data) => self.decode_revert(data),
            BackendError::Node(error) => MarketError::Node(error),
        }
    }

    /// The error that this contract's revert data stands for.
    pub(crate) fn decode_revert(self, data: Bytes) -> MarketError {
        let reason = match self {
            Self::Dispatcher(_) => {
                IWorkerDispatcherErrors::abi_decode(&data).ok().map(RevertReason::Dispatcher)
            }
            Self::Agreement(_) => {
                IWorkAgreementErrors::abi_decode(&data).ok().map(RevertReason::Agreement)
            }
            Self::Other(_) => None,
        };
        match reason {
            Some(reason) => MarketError::Refused(reason),
            None => MarketError::Reverted { contract: self.address(), data },
        }
    }
}

/// The error of a request that called no contract.
pub(crate) fn lookup_error(error: BackendError) -> MarketError {
    Contract::Other(Address::ZERO).market_error(error)
}
