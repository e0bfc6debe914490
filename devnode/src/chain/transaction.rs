//! A transaction that comes in: reading it, who sent it, and what it runs.

use alloy::{
    consensus::{
        Signed, Transaction, TxEnvelope, TxLegacy, TypedTransaction,
        transaction::{Recovered, SignerRecoverable},
    },
    eips::eip2718::{Decodable2718, Eip2718Error, Encodable2718},
    primitives::{Address, B256, Signature, TxKind, U256},
};

use super::{DecodeError, fields::explain};
use crate::exec::{Message, Price};

/// A transaction whose sender is known.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    /// The transaction and its sender.
    pub(crate) transaction: Recovered<TxEnvelope>,
    /// Bytes of its encoding.
    pub(super) size: usize,
}

impl Incoming {
    /// Reads a signed transaction and finds out who signed it. Needs no chain, and takes a while.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn decode(raw: &[u8]) -> Result<Self, DecodeError> {
        let envelope = decode(raw)?;
        let signer = envelope.recover_signer().map_err(|_| DecodeError::Signature)?;
        let transaction = Recovered::new_unchecked(envelope, signer);
        Ok(Self { transaction, size: raw.len() })
    }

    /// A transaction that `sender` signed.
    pub(crate) fn new(envelope: TxEnvelope, sender: Address) -> Self {
        let size = envelope.encode_2718_len();
        Self { transaction: Recovered::new_unchecked(envelope, sender), size }
    }

    /// A transaction that `sender` did not sign. What stands for the signature is the sender's
    /// address, so that no two senders' transactions have the same hash.
    pub(crate) fn unsigned(transaction: TypedTransaction, sender: Address) -> Self {
        let signature = Signature::new(U256::from_be_slice(sender.as_slice()), U256::ONE, false);
        Self::new(transaction.into_envelope(signature), sender)
    }

    /// Its hash.
    pub(crate) fn hash(&self) -> B256 {
        *self.transaction.hash()
    }

    /// Who sent it.
    pub(crate) const fn sender(&self) -> Address {
        self.transaction.signer()
    }

    /// Its number among those of its sender.
    pub(crate) fn nonce(&self) -> u64 {
        self.transaction.nonce()
    }
}

/// What a transaction runs in a block with this base fee. Its tip is offered, and never paid.
pub(super) fn message(transaction: &Recovered<TxEnvelope>, base_fee: u64) -> Message {
    Message {
        from: transaction.signer(),
        to: transaction.to().map_or(TxKind::Create, TxKind::Call),
        value: transaction.value(),
        data: transaction.input().clone(),
        nonce: transaction.nonce(),
        gas: transaction.gas_limit(),
        held_gas: 0,
        price: Price {
            paid: base_fee,
            offered: Some(transaction.effective_gas_price(Some(base_fee))),
        },
        access_list: transaction.access_list().cloned().unwrap_or_default(),
        authorizations: transaction.authorization_list().unwrap_or_default().to_vec(),
    }
}

/// Reads a transaction.
pub(super) fn decode(raw: &[u8]) -> Result<TxEnvelope, DecodeError> {
    let (&first, rest) = raw.split_first().ok_or(DecodeError::TooShort)?;
    if rest.is_empty() {
        return Err(DecodeError::TooShort);
    }
    let mut rest = raw;
    let envelope = match first {
        1 | 2 | 4 => TxEnvelope::decode_2718(&mut rest),
        0x80.. => {
            alloy::rlp::Header::decode(&mut &*raw).map_err(|error| explain(raw, error))?;
            Signed::<TxLegacy>::fallback_decode(&mut rest).map(TxEnvelope::Legacy)
        }
        _ => return Err(DecodeError::Type),
    }
    .map_err(|error| match error {
        Eip2718Error::RlpError(error) => explain(raw, error),
        _ => DecodeError::Type,
    })?;
    if rest.is_empty() { Ok(envelope) } else { Err(DecodeError::Trailing) }
}
