//! Transactions before they are in a block: what is to be signed, and what was.

use alloy::consensus::transaction::SignerRecoverable;
use alloy::consensus::{Transaction, TxEnvelope};
use alloy::eips::{Decodable2718, Encodable2718};
use alloy::primitives::{Address, B256, Bytes};

use crate::backend::TxRequest;

/// What one unit of gas may cost, in wei.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fees {
    /// At most, whatever it is for.
    pub(crate) cap: u128,
    /// Of that, for whoever makes the block.
    pub(crate) tip: u128,
}

impl Fees {
    /// With room for the base fee to double. Arbitrum charges the base fee alone and drops tips.
    pub(crate) const fn from_base_fee(base: u128) -> Self {
        Self { cap: base.saturating_mul(2), tip: 0 }
    }

    /// What replaces a transaction of these fees at this base fee: nodes want a tenth more of both.
    pub(crate) fn bumped(self, base: u128) -> Self {
        let more = |fee: u128| fee.saturating_add(fee.div_ceil(8)).saturating_add(1);
        Self { cap: more(self.cap).max(Self::from_base_fee(base).cap), tip: more(self.tip) }
    }
}

/// All that a signature is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TxDraft {
    /// The message; its sender is who signs.
    pub(crate) request: TxRequest,
    /// The most gas that it may use.
    pub(crate) gas_limit: u64,
    /// How many transactions the account had sent before.
    pub(crate) nonce: u64,
    /// What the gas may cost.
    pub(crate) fees: Fees,
}

/// A transaction that is signed: whoever has it can send it, any number of times, and it happens at most
/// once. Of all transactions of one account with the same nonce only one can ever happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTx {
    /// What was signed.
    pub(crate) draft: TxDraft,
    /// Who signed.
    pub(crate) from: Address,
    /// The chain that it is for.
    pub(crate) chain_id: u64,
    /// What it is known by.
    pub(crate) hash: B256,
    /// As it is sent, and kept.
    pub(crate) raw: Bytes,
}

impl SignedTx {
    /// Reads what [`Signed::raw`] gave; `None` if it is no signed transaction for one chain.
    #[must_use]
    pub fn decode(raw: &[u8]) -> Option<Self> {
        let envelope = TxEnvelope::decode_2718_exact(raw).ok()?;
        let from = envelope.recover_signer().ok()?;
        let call = TxRequest {
            from: Some(from),
            to: envelope.to(),
            data: envelope.input().clone(),
            value: u128::try_from(envelope.value()).ok()?,
        };
        let tip = envelope.max_priority_fee_per_gas().unwrap_or_default();
        let fees = Fees { cap: envelope.max_fee_per_gas(), tip };
        let draft = TxDraft {
            request: call,
            gas_limit: envelope.gas_limit(),
            nonce: envelope.nonce(),
            fees,
        };
        let (chain_id, hash) = (envelope.chain_id()?, *envelope.tx_hash());
        Some(Self { draft, from, chain_id, hash, raw: envelope.encoded_2718().into() })
    }

    /// As it is sent to a node: all there is to keep.
    #[must_use]
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// What it is known by.
    #[must_use]
    pub const fn hash(&self) -> B256 {
        self.hash
    }

    /// Who signed it.
    #[must_use]
    pub const fn from(&self) -> Address {
        self.from
    }

    /// The x coordinate of the key that signed it.
    pub(crate) fn signer_key(&self) -> Option<B256> {
        let envelope = TxEnvelope::decode_2718_exact(&self.raw).ok()?;
        let signature = envelope.signature();
        let key = signature.recover_from_prehash(&envelope.signature_hash()).ok()?;
        key.to_encoded_point(true).as_bytes().get(1..).and_then(|x| B256::try_from(x).ok())
    }

    /// How many transactions that account had sent before.
    #[must_use]
    pub const fn nonce(&self) -> u64 {
        self.draft.nonce
    }

    /// The chain that it is for.
    #[must_use]
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Whom it calls; `None` if it creates a contract.
    #[must_use]
    pub const fn to(&self) -> Option<Address> {
        self.draft.request.to
    }

    /// Selector and arguments of the call.
    #[must_use]
    pub const fn data(&self) -> &Bytes {
        &self.draft.request.data
    }

    /// Wei that go along.
    #[must_use]
    pub const fn value(&self) -> u128 {
        self.draft.request.value
    }
}

#[cfg(test)]
mod tests {
    use alloy::consensus::{SignableTransaction, TxEip1559};
    use alloy::eips::Encodable2718;
    use alloy::primitives::{Address, Bytes, TxKind, U256};
    use alloy::signers::{SignerSync, local::PrivateKeySigner};

    use super::{Fees, SignedTx, TxDraft};
    use crate::backend::TxRequest;

    /// A transaction of a random account, and the account.
    fn signed() -> (Vec<u8>, Address) {
        let signer = PrivateKeySigner::random();
        let transaction = TxEip1559 {
            chain_id: 9,
            nonce: 8,
            gas_limit: 7,
            max_fee_per_gas: 6,
            max_priority_fee_per_gas: 5,
            to: TxKind::Call(Address::repeat_byte(4)),
            value: U256::from(3),
            input: Bytes::from_static(&[2, 1]),
            ..TxEip1559::default()
        };
        let signature = signer.sign_hash_sync(&transaction.signature_hash()).unwrap();
        (transaction.into_signed(signature).encoded_2718(), signer.address())
    }

    #[test]
    fn decode_restores_every_field() {
        let (raw, from) = signed();
        let signed = SignedTx::decode(&raw).unwrap();
        let call = TxRequest {
            from: Some(from),
            to: Some(Address::repeat_byte(4)),
            data: Bytes::from_static(&[2, 1]),
            value: 3,
        };
        let draft =
            TxDraft { request: call, gas_limit: 7, nonce: 8, fees: Fees { cap: 6, tip: 5 } };
        assert_eq!((&signed.draft, signed.from(), signed.chain_id()), (&draft, from, 9));
        assert_eq!(signed.raw(), &raw);
    }

    #[test]
    fn decode_rejects_truncated_and_extended_bytes() {
        let (mut raw, _) = signed();
        assert_eq!(SignedTx::decode(&raw[..raw.len() - 1]), None);
        raw.push(0);
        assert_eq!(SignedTx::decode(&raw), None);
        assert_eq!(SignedTx::decode(&[]), None);
    }

    #[test]
    fn bumped_fees_exceed_the_old_ones_and_the_base_fee() {
        let fees = Fees { cap: 100, tip: 0 };
        assert_eq!(fees.bumped(1), Fees { cap: 114, tip: 1 });
        assert_eq!(fees.bumped(90), Fees { cap: 180, tip: 1 });
    }
}
