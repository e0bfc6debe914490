//! Transactions before they are in a block: the draft that is signed, and the signed bytes.

use alloy::consensus::transaction::SignerRecoverable;
use alloy::consensus::{Transaction, TxEnvelope};
use alloy::eips::{Decodable2718, Encodable2718};
use alloy::primitives::{Address, B256, Bytes};

use super::types::TxRequest;

/// The fees of a transaction, in wei for one unit of gas. `tx::fees` chooses them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fees {
    /// The most that it pays in all (`maxFeePerGas`).
    pub(crate) cap: u128,
    /// The most of that for whoever makes the block (`maxPriorityFeePerGas`).
    pub(crate) tip: u128,
}

/// An unsigned transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TxDraft {
    /// The call; its sender is the account that signs.
    pub(crate) request: TxRequest,
    /// The gas limit.
    pub(crate) gas_limit: u64,
    /// The account's nonce.
    pub(crate) nonce: u64,
    /// The fees.
    pub(crate) fees: Fees,
}

/// A signed transaction. Anybody who has it can send it, any number of times, and it is mined at most once.
/// Of all transactions of one account with the same nonce, only one is ever mined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTx {
    /// What was signed.
    pub(crate) draft: TxDraft,
    /// The account that signed.
    pub(crate) from: Address,
    /// The chain id that it is valid for.
    pub(crate) chain_id: u64,
    /// Its hash.
    pub(crate) hash: B256,
    /// Its encoding (EIP-2718).
    pub(crate) raw: Bytes,
}

impl SignedTx {
    /// Decodes what [`SignedTx::raw`] returned; `None` if the bytes are no signed transaction with a chain id.
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

    /// Its encoding (EIP-2718), as nodes take it. A journal needs to store nothing else.
    #[must_use]
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Its hash.
    #[must_use]
    pub const fn hash(&self) -> B256 {
        self.hash
    }

    /// The account that signed it.
    #[must_use]
    pub const fn from(&self) -> Address {
        self.from
    }

    /// The x coordinate of the public key that signed it.
    pub(crate) fn signer_key(&self) -> Option<B256> {
        let envelope = TxEnvelope::decode_2718_exact(&self.raw).ok()?;
        let signature = envelope.signature();
        let key = signature.recover_from_prehash(&envelope.signature_hash()).ok()?;
        key.to_encoded_point(true).as_bytes().get(1..).and_then(|x| B256::try_from(x).ok())
    }

    /// The account's nonce.
    #[must_use]
    pub const fn nonce(&self) -> u64 {
        self.draft.nonce
    }

    /// The chain id that it is valid for.
    #[must_use]
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The receiver; `None` if it creates a contract.
    #[must_use]
    pub const fn to(&self) -> Option<Address> {
        self.draft.request.to
    }

    /// Selector and arguments, or init code.
    #[must_use]
    pub const fn data(&self) -> &Bytes {
        &self.draft.request.data
    }

    /// The value in wei.
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
}
