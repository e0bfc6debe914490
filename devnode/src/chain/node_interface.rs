//! `NodeInterface`, a virtual contract that Nitro's RPC server answers itself. This chain answers
//! what does not need a parent chain.

use alloy::{
    primitives::{Address, Bytes, TxKind, U256},
    rpc::types::{BlockOverrides, TransactionRequest, state::StateOverride},
    sol_types::{SolCall, SolInterface},
};

use super::{CallRequest, Chain, ChainError, Estimate, call_gas::GAS_CAP};
use crate::{
    precompiles::abi::NodeInterface::{
        NodeInterfaceCalls as Function, blockL1NumCall, gasEstimateComponentsCall,
        gasEstimateComponentsReturn, gasEstimateL1ComponentCall, gasEstimateL1ComponentReturn,
        l2BlockRangeForL1Call, l2BlockRangeForL1Return, nitroGenesisBlockCall,
    },
    precompiles::{NODE_INTERFACE_DEBUG, is_node_interface},
    state::{arbos::ARBOS, settings::Setting},
};

impl Chain {
    /// Answers a call to `NodeInterface`; `None` if the call goes elsewhere. The gas of the call is
    /// not counted.
    ///
    /// # Errors
    /// If the call is invalid, if Nitro would revert, or if the function is not implemented.
    pub(crate) fn node_interface(
        &mut self,
        call: &CallRequest,
    ) -> Result<Option<Bytes>, ChainError> {
        let to = match call.request.to {
            Some(TxKind::Call(to)) if is_node_interface(to) => to,
            _ => return Ok(None),
        };
        let message = self.call_message(call, GAS_CAP)?;
        if to == NODE_INTERFACE_DEBUG {
            return Err(ChainError::NotImplemented("NodeInterfaceDebug"));
        }
        let function = decode_call(&message.data).ok_or(ChainError::NodeInterfaceReverted)?;
        let payable = matches!(
            function,
            Function::gasEstimateComponents(_) | Function::gasEstimateL1Component(_)
        );
        if !payable && !message.value.is_zero() {
            return Err(ChainError::NodeInterfaceReverted);
        }
        self.call_node_interface(call, function).map(Some)
    }

    /// Answers one function.
    fn call_node_interface(
        &mut self,
        call: &CallRequest,
        function: Function,
    ) -> Result<Bytes, ChainError> {
        let missing = |name| Err(ChainError::NotImplemented(name));
        let output = match function {
            Function::nitroGenesisBlock(_) => {
                let height = Setting::GenesisBlock.slot();
                nitroGenesisBlockCall::abi_encode_returns(&self.latest_state().slot(ARBOS, height))
            }
            Function::blockL1Num(args) => {
                let block = self.block(args.height).ok_or(ChainError::NodeInterfaceReverted)?;
                blockL1NumCall::abi_encode_returns(&block.l1_height())
            }
            Function::l2BlockRangeForL1(args) => {
                let (first, last) = self
                    .blocks_at_l1_height(args.parentHeight)
                    .ok_or(ChainError::NodeInterfaceReverted)?;
                let range = l2BlockRangeForL1Return { first, last };
                l2BlockRangeForL1Call::abi_encode_returns(&range)
            }
            Function::gasEstimateComponents(args) => {
                let inner = component_call(call, args.to, args.isCreation, args.data);
                let gas = self.estimate_components(&inner)?;
                let [base_fee, parent_price] = self.prices(call)?;
                gasEstimateComponentsCall::abi_encode_returns(&gasEstimateComponentsReturn {
                    gas,
                    parentGas: self.data_component(&inner, base_fee)?,
                    baseFee: base_fee,
                    parentPrice: parent_price,
                })
            }
            Function::gasEstimateL1Component(args) => {
                let inner = component_call(call, args.to, args.isCreation, args.data);
                let [base_fee, parent_price] = self.prices(call)?;
                gasEstimateL1ComponentCall::abi_encode_returns(&gasEstimateL1ComponentReturn {
                    parentGas: self.data_component(&inner, base_fee)?,
                    baseFee: base_fee,
                    parentPrice: parent_price,
                })
            }
            // Only chains older than Nitro have such proofs.
            Function::legacyLookupMessageBatchProof(_) => {
                return Err(ChainError::NodeInterfaceReverted);
            }
            Function::findBatchContainingBlock(_) => {
                return missing("NodeInterface.findBatchContainingBlock");
            }
            Function::getL1Confirmations(_) => return missing("NodeInterface.getL1Confirmations"),
            Function::constructOutboxProof(_) => {
                return missing("NodeInterface.constructOutboxProof");
            }
            Function::estimateRetryableTicket(_) => {
                return missing("NodeInterface.estimateRetryableTicket");
            }
        };
        Ok(output.into())
    }

    /// Heights of the first and the last block while the parent chain was at `l1_height`; `None` if
    /// there is none.
    fn blocks_at_l1_height(&self, l1_height: u64) -> Option<(u64, u64)> {
        let first = self.blocks.partition_point(|block| block.l1_height() < l1_height);
        let end = self.blocks.partition_point(|block| block.l1_height() <= l1_height);
        let last = end.checked_sub(1).filter(|&last| last >= first)?;
        Some((self.blocks.get(first)?.height(), self.blocks.get(last)?.height()))
    }

    /// Estimates the gas of a transaction.
    fn estimate_components(&mut self, inner: &CallRequest) -> Result<u64, ChainError> {
        match self.estimate(inner) {
            Ok(Estimate::Gas(gas)) => Ok(gas),
            _ => Err(ChainError::NodeInterfaceReverted),
        }
    }

    /// Estimates the gas for the data of a transaction.
    fn data_component(&self, inner: &CallRequest, base_fee: U256) -> Result<u64, ChainError> {
        let height = self.require_block(inner.block)?.height();
        let Some(pricing) = self.data_pricing(height, base_fee.saturating_to()) else {
            return Ok(0);
        };
        Ok(pricing.component(&inner.request, &self.call_message(inner, GAS_CAP)?))
    }

    /// Base fee in wei per gas, and wei per unit of data on the parent chain.
    fn prices(&self, call: &CallRequest) -> Result<[U256; 2], ChainError> {
        let view = self.state_at(call.block)?;
        Ok([Setting::BaseFee, Setting::L1PricePerUnit]
            .map(|setting| view.slot(ARBOS, setting.slot())))
    }
}

/// The transaction that an estimate is about.
fn component_call(call: &CallRequest, to: Address, is_creation: bool, data: Bytes) -> CallRequest {
    let request = TransactionRequest {
        to: Some(if is_creation { TxKind::Create } else { TxKind::Call(to) }),
        gas: call.request.gas.map(|gas| gas.min(GAS_CAP)),
        input: data.into(),
        access_list: None,
        ..call.request.clone()
    };
    let (state, overrides) = (StateOverride::default(), BlockOverrides::default());
    CallRequest { request, state_overrides: state, block_overrides: overrides, ..call.clone() }
}

/// Decodes the called function with its arguments. Numbers must fit their types; the padding of an
/// address is ignored, as in Nitro.
fn decode_call(input: &[u8]) -> Option<Function> {
    let mut clean = input.to_vec();
    let selectors = [gasEstimateComponentsCall::SELECTOR, gasEstimateL1ComponentCall::SELECTOR];
    if selectors.iter().any(|selector| clean.starts_with(selector)) {
        clean.get_mut(4..16)?.fill(0);
    }
    Function::abi_decode_validate(&clean).ok()
}
