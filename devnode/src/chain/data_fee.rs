//! The data fee: what a transaction, or a call that might become one, is charged for its bytes on
//! the parent chain.

use alloy::{
    consensus::TxEnvelope,
    eips::{eip2718::Encodable2718, eip2930::AccessList},
    primitives::{Bytes, TxKind, U256, b256},
    rlp::Encodable,
    rpc::types::TransactionRequest,
};
use alloy_rlp::RlpEncodable;

use super::compression::compressed_size;
use crate::{
    exec::{DataCharge, Message},
    state::{
        l1_pricing::{MAX_BROTLI_LEVEL, UNITS_PER_BYTE},
        settings::Setting,
    },
};

/// Units added to those of a transaction that is not signed yet.
const PADDING_UNITS: u64 = 256;

/// Percent of the padded units that are charged for such a transaction.
const PADDED_PERCENT: u64 = 101;

/// Percent of the fee that an estimate assumes, in case the price rises.
const ESTIMATE_PERCENT: u64 = 110;

/// Eighths of the base fee that an estimate assumes, in case it falls.
const ESTIMATE_EIGHTHS: u64 = 7;

/// Fields of a transaction that is not signed yet, as Nitro assumes them: hashes of their names, cut
/// to a usual length. They compress badly, like those of a real transaction.
mod assumed {
    use super::{U256, b256};

    /// Nonce.
    pub(super) const NONCE: u64 = 0xa844_cbca_d86e_b849;
    /// Tip in wei per gas.
    pub(super) const TIP: u128 = 0x39ba_7d26;
    /// Fee cap in wei per gas.
    pub(super) const FEE_CAP: u128 = 0xf1aa_387f;
    /// Gas limit.
    pub(super) const GAS: u64 = 0xb848_0ca2;
    /// Parity of the signature, as on Arbitrum One before it was a bit.
    pub(super) const V: u64 = 126_483;
    /// First half of the signature.
    pub(super) const R: U256 = U256::from_be_bytes(
        b256!("ef22bddd350b943170a67d35191c27e310709a28c38b5762a152ff640108f5b2").0,
    );
    /// Second half of the signature.
    pub(super) const S: U256 = U256::from_be_bytes(
        b256!("a9463b19d1148abedba3d6925530d4465b271ce2cc61f80b1a0a80fd73eab881").0,
    );
}

/// The prices that a charge for data follows from.
#[derive(Clone, Copy, Debug)]
pub(super) struct DataPricing {
    /// Wei per unit of data.
    price: U256,
    /// Compression level.
    level: u8,
    /// Base fee of the block in wei per gas.
    base_fee: u64,
    /// Minimum base fee in wei per gas.
    minimum: u64,
}

impl DataPricing {
    /// The prices by these settings, in a block with this base fee; `None` if data is free.
    pub(super) fn load(mut setting: impl FnMut(Setting) -> U256, base_fee: u64) -> Option<Self> {
        let price = setting(Setting::L1PricePerUnit);
        if price.is_zero() || base_fee == 0 {
            return None;
        }
        let level = setting(Setting::BrotliLevel).min(U256::from(MAX_BROTLI_LEVEL));
        let minimum = setting(Setting::MinBaseFee).saturating_to();
        Some(Self { price, level: level.saturating_to(), base_fee, minimum })
    }

    /// The charge for a signed transaction.
    pub(super) fn transaction(&self, transaction: &TxEnvelope) -> DataCharge {
        let units = self.units(&transaction.encoded_2718());
        DataCharge { units, gas: gas_for(self.fee(units), self.base_fee) }
    }

    /// The charge for a call.
    pub(super) fn call(&self, request: &TransactionRequest, message: &Message) -> DataCharge {
        let units = self.unsigned_units(request, message, message.gas);
        DataCharge { units, gas: gas_for(self.fee(units), self.base_fee) }
    }

    /// The charge that an estimate assumes: enough if prices change a little.
    pub(super) fn estimate(&self, request: &TransactionRequest, message: &Message) -> DataCharge {
        let units = self.unsigned_units(request, message, assumed::GAS);
        let assumed_fee = self.base_fee.saturating_mul(ESTIMATE_EIGHTHS).checked_div(8);
        let base_fee = assumed_fee.unwrap_or_default().max(self.minimum);
        DataCharge { units, gas: gas_for(self.estimated_fee(units), base_fee) }
    }

    /// The gas that `NodeInterface` reports: the estimated fee at the current base fee.
    pub(super) fn component(&self, request: &TransactionRequest, message: &Message) -> u64 {
        let units = self.unsigned_units(request, message, assumed::GAS);
        gas_for(self.estimated_fee(units), self.base_fee)
    }

    /// The fee in wei for `units`.
    fn fee(&self, units: u64) -> U256 {
        self.price.saturating_mul(U256::from(units))
    }

    /// The fee that an estimate assumes.
    fn estimated_fee(&self, units: u64) -> U256 {
        let padded = self.fee(units).saturating_mul(U256::from(ESTIMATE_PERCENT));
        padded.checked_div(U256::from(100)).unwrap_or_default()
    }

    /// Units of these bytes.
    fn units(&self, bytes: &[u8]) -> u64 {
        compressed_size(bytes, self.level).saturating_mul(UNITS_PER_BYTE)
    }

    /// Padded units of a transaction with `gas` that is not signed yet.
    fn unsigned_units(&self, request: &TransactionRequest, message: &Message, gas: u64) -> u64 {
        let units = self.units(&UnsignedTransaction::new(request, message, gas).encoded());
        let padded = units.saturating_add(PADDING_UNITS).saturating_mul(PADDED_PERCENT);
        padded.checked_div(100).unwrap_or_default()
    }
}

/// Gas that pays a fee in wei, rounded down.
fn gas_for(fee: U256, base_fee: u64) -> u64 {
    fee.checked_div(U256::from(base_fee)).unwrap_or_default().saturating_to()
}

/// A transaction that is not signed yet, with assumed fields.
#[derive(RlpEncodable)]
struct UnsignedTransaction {
    /// Chain id; Nitro assumes none.
    chain_id: u64,
    /// Nonce.
    nonce: u64,
    /// Tip in wei per gas.
    tip: u128,
    /// Fee cap in wei per gas.
    fee_cap: u128,
    /// Gas limit.
    gas: u64,
    /// Recipient.
    to: TxKind,
    /// Value in wei.
    value: U256,
    /// Calldata or init code.
    data: Bytes,
    /// Access list.
    access_list: AccessList,
    /// Parity of the signature.
    v: u64,
    /// First half of the signature.
    r: U256,
    /// Second half of the signature.
    s: U256,
}

impl UnsignedTransaction {
    /// The transaction that a call might become.
    fn new(request: &TransactionRequest, message: &Message, gas: u64) -> Self {
        let given = |price: Option<u128>| price.filter(|&price| price > 0);
        let tip = given(request.gas_price.or(request.max_priority_fee_per_gas));
        let fee_cap = given(request.gas_price.or(request.max_fee_per_gas));
        let nonce = request.nonce.filter(|&nonce| nonce > 0);
        Self {
            chain_id: 0,
            nonce: nonce.unwrap_or(assumed::NONCE),
            tip: tip.unwrap_or(assumed::TIP),
            fee_cap: fee_cap.unwrap_or(assumed::FEE_CAP),
            gas,
            to: message.to,
            value: message.value,
            data: message.data.clone(),
            access_list: message.access_list.clone(),
            v: assumed::V,
            r: assumed::R,
            s: assumed::S,
        }
    }

    /// Its encoding: type 2, then a list.
    fn encoded(&self) -> Vec<u8> {
        let mut bytes = vec![2];
        self.encode(&mut bytes);
        bytes
    }
}
