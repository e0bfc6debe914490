//! The messages and transactions that simulated calls stand for.

use alloy::{
    consensus::{TxEnvelope, transaction::Recovered},
    primitives::{Signature, U256},
    rpc::types::{BlockOverrides, TransactionRequest, state::StateOverride},
};
use revm::Database;

use super::{
    CallRequest, ChainError, TransactionDecodeError, call_gas::Purpose, data_fee::DataPricing,
    simulate::Simulation, submit::MAX_INIT_CODE,
};
use crate::exec::{self, GasPrice, Message};

impl Simulation<'_> {
    /// The message of a call. Its base fee is visible even if it offers no price.
    pub(super) fn message(
        &mut self,
        call: &TransactionRequest,
        gas: u64,
        base_fee: u64,
    ) -> Result<Message, ChainError> {
        let whole = CallRequest::new(
            call.clone(),
            self.request.parent,
            StateOverride::default(),
            BlockOverrides::default(),
        );
        let mut message = self.chain.call_message(&whole, gas)?;
        let offered = call.gas_price.or(call.max_fee_per_gas).unwrap_or_default();
        let paid = if offered == 0 { 0 } else { base_fee };
        message.price = GasPrice { paid, offered: Some(offered) };
        let Ok(sender) = self.state.basic(message.from);
        message.nonce = call.nonce.unwrap_or_else(|| sender.unwrap_or_default().nonce);
        Ok(message)
    }

    /// Checks whether a message may run; returns it with its charge for data.
    pub(super) fn validate(
        &mut self,
        call: &TransactionRequest,
        message: Message,
        base_fee: u64,
    ) -> Result<Message, ChainError> {
        let from = message.from;
        let Ok(sender) = self.state.basic(from);
        let sender = sender.unwrap_or_default();
        let offered = message.price.offered.unwrap_or_default();
        if self.request.validation {
            let (have, want) = (message.nonce, sender.nonce);
            if have < want {
                return Err(ChainError::NonceTooLow { from, have, want });
            }
            if have > want {
                return Err(ChainError::NonceTooHigh { from, have, want });
            }
            if offered < u128::from(base_fee) {
                let (cap, base) = (offered, base_fee);
                return Err(ChainError::MaxFeeBelowBaseFee { from, cap, base, call: true });
            }
        }
        let fee = U256::from(offered).saturating_mul(U256::from(call.gas.unwrap_or(message.gas)));
        let (have, want) = (sender.balance, fee.saturating_add(message.value));
        if have < want {
            return Err(ChainError::InsufficientFunds { from, have, want });
        }
        let least = exec::intrinsic_gas(&message);
        if message.gas < least {
            return Err(ChainError::CallIntrinsicGasTooLow { have: message.gas, want: least });
        }
        let state = &mut self.state;
        let pricing = DataPricing::load(|setting| setting.get(state), base_fee);
        let charge = Purpose::Call.data_charge(pricing, call, &message);
        if message.gas < least.saturating_add(charge.gas) {
            return Err(ChainError::IntrinsicGasTooLow);
        }
        if message.to.is_create() && message.data.len() > MAX_INIT_CODE {
            return Err(ChainError::InitCodeTooLarge(message.data.len()));
        }
        Ok(message.charge_data(charge))
    }
}

/// The transaction that a call stands for, with an empty signature.
///
/// # Errors
/// If the fields of the call fit no transaction that the chain accepts.
pub(super) fn simulated_transaction(
    call: &TransactionRequest,
    message: &Message,
    chain_id: u64,
) -> Result<Recovered<TxEnvelope>, ChainError> {
    let mut request = call.clone();
    request.chain_id = Some(chain_id);
    request.to = Some(message.to);
    request.nonce = Some(message.nonce);
    request.gas = Some(message.gas_limit());
    request.value = Some(message.value);
    if request.gas_price.is_none() {
        request.max_fee_per_gas = request.max_fee_per_gas.or(Some(0));
        request.max_priority_fee_per_gas = request.max_priority_fee_per_gas.or(Some(0));
    }
    let transaction =
        request.build_typed_tx().map_err(|_| TransactionDecodeError::UnsupportedType)?;
    let envelope = transaction.into_envelope(Signature::new(U256::ZERO, U256::ZERO, false));
    Ok(Recovered::new_unchecked(envelope, message.from))
}
