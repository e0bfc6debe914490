//! Functions that precompiles have only from ArbOS 60 on. Before, their selectors are unknown.

use alloy::{primitives::Address, sol_types::SolCall};

use super::abi::{
    ArbGasInfo::{getMultiGasBaseFeeCall, getMultiGasPricingConstraintsCall},
    ArbOwner::{
        addTransactionFiltererCall, getAllTransactionFilterersCall, getFilteredFundsRecipientCall,
        isTransactionFiltererCall, removeTransactionFiltererCall, setCollectTipsCall,
        setFilteredFundsRecipientCall, setMaxStylusContractFragmentsCall,
        setMultiGasPricingConstraintsCall, setTransactionFilteringFromCall,
        setWasmActivationGasCall,
    },
    ArbOwnerPublic::{
        getCollectTipsCall, getMaxStylusContractFragmentsCall, getTransactionFilteringFromCall,
    },
    ArbWasm::activationGasCall,
};
use crate::state::arbos_version::ArbosVersion;

/// Last byte of a precompile's address, and a selector.
const SINCE_60: [(u8, [u8; 4]); 20] = [
    (0x6b, getMaxStylusContractFragmentsCall::SELECTOR),
    (0x6b, getCollectTipsCall::SELECTOR),
    (0x6b, getTransactionFilteringFromCall::SELECTOR),
    (0x6b, isTransactionFiltererCall::SELECTOR),
    (0x6b, getAllTransactionFilterersCall::SELECTOR),
    (0x6b, getFilteredFundsRecipientCall::SELECTOR),
    (0x6c, getMultiGasPricingConstraintsCall::SELECTOR),
    (0x6c, getMultiGasBaseFeeCall::SELECTOR),
    (0x70, setCollectTipsCall::SELECTOR),
    (0x70, setMaxStylusContractFragmentsCall::SELECTOR),
    (0x70, setTransactionFilteringFromCall::SELECTOR),
    (0x70, addTransactionFiltererCall::SELECTOR),
    (0x70, removeTransactionFiltererCall::SELECTOR),
    (0x70, isTransactionFiltererCall::SELECTOR),
    (0x70, getAllTransactionFilterersCall::SELECTOR),
    (0x70, setFilteredFundsRecipientCall::SELECTOR),
    (0x70, getFilteredFundsRecipientCall::SELECTOR),
    (0x70, setMultiGasPricingConstraintsCall::SELECTOR),
    (0x70, setWasmActivationGasCall::SELECTOR),
    (0x71, activationGasCall::SELECTOR),
];

/// Whether the precompile at `address` has the function that `input` names only in a later version.
pub(super) fn is_newer(address: Address, input: &[u8], arbos: ArbosVersion) -> bool {
    let function = address.0.0.last().zip(input.first_chunk());
    !arbos.has_functions_of_60()
        && function.is_some_and(|(&low, &selector)| SINCE_60.contains(&(low, selector)))
}
