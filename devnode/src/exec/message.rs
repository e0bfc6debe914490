//! What is run: a transaction or a call, reduced to what the EVM needs.

use alloy::{
    eips::{eip2930::AccessList, eip7702::SignedAuthorization},
    primitives::{Address, Bytes, TxKind, U256},
};
use revm::context::{TxEnv, either::Either};

use crate::CHAIN_ID;

/// What gas costs in a message.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GasPrice {
    /// Wei per gas that is paid.
    pub(crate) paid: u64,
    /// Wei per gas that is offered, tip included; `None` in calls that name no price, where the
    /// block shows no base fee either.
    pub(crate) offered: Option<u128>,
}

/// A transaction or a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    /// Who sends it.
    pub(crate) from: Address,
    /// Who receives it, unless it creates a contract.
    pub(crate) to: TxKind,
    /// Wei sent along.
    pub(crate) value: U256,
    /// Calldata or init code.
    pub(crate) data: Bytes,
    /// Number of the transaction among those of its sender.
    pub(crate) nonce: u64,
    /// Gas that it runs with.
    pub(crate) gas: u64,
    /// Gas that is paid for in advance on top, and given back unused.
    pub(crate) held_gas: u64,
    /// What gas costs.
    pub(crate) price: GasPrice,
    /// Accounts and slots that are warm from the start.
    pub(crate) access_list: AccessList,
    /// Delegations of accounts to code.
    pub(crate) authorizations: Vec<SignedAuthorization>,
}

impl Message {
    /// Limits the gas to run with; the rest is only paid for in advance.
    pub(crate) const fn cap_gas(mut self, cap: u64) -> Self {
        if self.gas > cap {
            self.held_gas = self.gas.saturating_sub(cap);
            self.gas = cap;
        }
        self
    }

    /// The form that revm wants. The price in it is the one that is paid: tips do not exist.
    pub(super) fn tx_env(&self) -> TxEnv {
        TxEnv {
            tx_type: if self.authorizations.is_empty() { 1 } else { 4 },
            caller: self.from,
            gas_limit: self.gas,
            gas_price: self.price.paid.into(),
            kind: self.to,
            value: self.value,
            data: self.data.clone(),
            nonce: self.nonce,
            chain_id: Some(CHAIN_ID),
            access_list: self.access_list.clone(),
            gas_priority_fee: None,
            blob_hashes: Vec::new(),
            max_fee_per_blob_gas: 0,
            authorization_list: self.authorizations.iter().cloned().map(Either::Left).collect(),
        }
    }
}
