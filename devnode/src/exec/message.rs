//! Messages: a transaction or a call, reduced to what the EVM needs.

use alloy::{
    eips::{eip2930::AccessList, eip7702::SignedAuthorization},
    primitives::{Address, Bytes, TxKind, U256},
};
use revm::context::{TxEnv, either::Either};

use crate::CHAIN_ID;

/// The gas price of a message.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GasPrice {
    /// Price paid, in wei per gas.
    pub(crate) paid: u64,
    /// Price offered in wei per gas, tip included; `None` for calls without a price, which also see
    /// a base fee of zero.
    pub(crate) offered: Option<u128>,
}

/// What a message pays for its data on the parent chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DataCharge {
    /// Units of data, sixteen per compressed byte.
    pub(crate) units: u64,
    /// Gas for them, taken before the message runs.
    pub(crate) gas: u64,
}

/// A transaction or a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    /// Sender.
    pub(crate) from: Address,
    /// Recipient, or a creation.
    pub(crate) to: TxKind,
    /// Value in wei.
    pub(crate) value: U256,
    /// Calldata or init code.
    pub(crate) data: Bytes,
    /// Nonce of the sender.
    pub(crate) nonce: u64,
    /// Gas limit of the execution.
    pub(crate) gas: u64,
    /// Gas paid for in advance beyond the limit of the execution, and refunded.
    pub(crate) held_gas: u64,
    /// Data on the parent chain; its gas is not part of [`Self::gas`].
    pub(crate) data_charge: DataCharge,
    /// Gas price.
    pub(crate) price: GasPrice,
    /// Accounts and slots that are warm from the start.
    pub(crate) access_list: AccessList,
    /// EIP-7702 authorizations.
    pub(crate) authorizations: Vec<SignedAuthorization>,
}

/// Fee in wei of `gas` at `price`.
pub(super) fn fee(gas: u64, price: u64) -> U256 {
    // 64 plus 64 bits cannot exceed 256.
    U256::from(gas).wrapping_mul(U256::from(price))
}

impl Message {
    /// Gas limit of the transaction: for the execution, the data and what is only held.
    pub(crate) const fn gas_limit(&self) -> u64 {
        self.gas.saturating_add(self.held_gas).saturating_add(self.data_charge.gas)
    }

    /// Takes the gas for data out of the gas of the execution.
    pub(crate) const fn charge_data(mut self, charge: DataCharge) -> Self {
        self.gas = self.gas.saturating_sub(charge.gas);
        self.data_charge = charge;
        self
    }

    /// The fee for data in wei.
    pub(crate) fn data_fee(&self) -> U256 {
        fee(self.data_charge.gas, self.price.paid)
    }

    /// Caps the gas limit of the execution; the rest is only paid for in advance.
    pub(crate) const fn cap_gas(mut self, cap: u64) -> Self {
        if self.gas > cap {
            self.held_gas = self.gas.saturating_sub(cap);
            self.gas = cap;
        }
        self
    }

    /// The message as revm takes it. Its gas price is the price paid: tips are never paid.
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
