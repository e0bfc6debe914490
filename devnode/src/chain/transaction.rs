//! Transactions: decoding, sender recovery, and their message.

use alloy::{
    consensus::{
        Signed, Transaction, TxEnvelope, TxLegacy, TypedTransaction, transaction::Recovered,
    },
    eips::eip2718::{Decodable2718, Eip2718Error, Encodable2718},
    primitives::{Address, B256, Signature, TxKind, U256},
};
use revm::precompile::crypto;

use super::{
    TransactionDecodeError,
    rlp_fields::{check_legacy_v, explain_rlp_error},
};
use crate::exec::{DataCharge, GasPrice, Message};

/// A transaction with its sender.
#[derive(Clone, Debug)]
pub(crate) struct RecoveredTransaction {
    /// The transaction and its sender.
    pub(crate) transaction: Recovered<TxEnvelope>,
    /// Length of the encoding in bytes.
    pub(super) size: usize,
}

impl RecoveredTransaction {
    /// Decodes a signed transaction and recovers its sender. CPU-bound; needs no chain.
    ///
    /// # Errors
    /// If the bytes are not a valid transaction.
    pub(crate) fn decode(raw: &[u8]) -> Result<Self, TransactionDecodeError> {
        let envelope = decode(raw)?;
        let signer = recover_signer(&envelope).ok_or(TransactionDecodeError::InvalidSignature)?;
        let transaction = Recovered::new_unchecked(envelope, signer);
        Ok(Self { transaction, size: raw.len() })
    }

    /// A transaction signed by `sender`.
    pub(crate) fn new(envelope: TxEnvelope, sender: Address) -> Self {
        let size = envelope.encode_2718_len();
        Self { transaction: Recovered::new_unchecked(envelope, sender), size }
    }

    /// A transaction that `sender` did not sign (impersonation). The signature field holds the
    /// sender's address, so that hashes differ between senders.
    pub(crate) fn unsigned(transaction: TypedTransaction, sender: Address) -> Self {
        let signature = Signature::new(U256::from_be_slice(sender.as_slice()), U256::ONE, false);
        Self::new(transaction.into_envelope(signature), sender)
    }

    /// Hash of the transaction.
    pub(crate) fn hash(&self) -> B256 {
        *self.transaction.hash()
    }

    /// Sender.
    pub(crate) const fn sender(&self) -> Address {
        self.transaction.signer()
    }

    /// Nonce.
    pub(crate) fn nonce(&self) -> u64 {
        self.transaction.nonce()
    }
}

/// The message of a transaction in a block with this base fee. Tips affect the offered price, and
/// are paid if the chain collects them.
pub(super) fn transaction_message(
    transaction: &Recovered<TxEnvelope>,
    base_fee: u64,
    collects_tips: bool,
) -> Message {
    let offered = transaction.effective_gas_price(Some(base_fee));
    Message {
        from: transaction.signer(),
        to: transaction.to().map_or(TxKind::Create, TxKind::Call),
        value: transaction.value(),
        data: transaction.input().clone(),
        nonce: transaction.nonce(),
        gas: transaction.gas_limit(),
        held_gas: 0,
        data_charge: DataCharge::default(),
        price: GasPrice {
            paid: if collects_tips { u64::try_from(offered).unwrap_or(u64::MAX) } else { base_fee },
            offered: Some(offered),
        },
        access_list: transaction.access_list().cloned().unwrap_or_default(),
        authorizations: transaction.authorization_list().unwrap_or_default().to_vec(),
    }
}

/// Decodes a transaction.
pub(super) fn decode(raw: &[u8]) -> Result<TxEnvelope, TransactionDecodeError> {
    let (&first, rest) = raw.split_first().ok_or(TransactionDecodeError::TooShort)?;
    if rest.is_empty() {
        return Err(TransactionDecodeError::TooShort);
    }
    let mut rest = raw;
    let envelope = match first {
        1 | 2 | 4 => TxEnvelope::decode_2718(&mut rest),
        0x80.. => {
            alloy::rlp::Header::decode(&mut &*raw)
                .map_err(|error| explain_rlp_error(raw, error))?;
            Signed::<TxLegacy>::fallback_decode(&mut rest).map(TxEnvelope::Legacy)
        }
        _ => return Err(TransactionDecodeError::UnsupportedType),
    }
    .map_err(|error| match error {
        Eip2718Error::RlpError(error) => explain_rlp_error(raw, error),
        _ => TransactionDecodeError::UnsupportedType,
    })?;
    if !rest.is_empty() {
        return Err(TransactionDecodeError::TrailingBytes);
    }
    if envelope.is_legacy() {
        check_legacy_v(raw)?;
    }
    Ok(envelope)
}

/// Recovers the signer with the ecrecover precompile's implementation; `None` if the signature is
/// invalid or has a high `s` (EIP-2).
fn recover_signer(envelope: &TxEnvelope) -> Option<Address> {
    let signature = envelope.signature();
    if signature.normalize_s().is_some() {
        return None;
    }
    let [r, s] = [signature.r(), signature.s()].map(|half| half.to_be_bytes::<32>());
    let mut halves = [0; 64];
    halves.iter_mut().zip(r.into_iter().chain(s)).for_each(|(byte, of)| *byte = of);
    let parity = u8::from(signature.v());
    let hash = envelope.signature_hash();
    let word = crypto().secp256k1_ecrecover(&halves, parity, &hash.0).ok()?;
    Some(Address::from_word(word.into()))
}

#[cfg(test)]
mod tests {
    use alloy::{
        consensus::{SignableTransaction, transaction::SignerRecoverable},
        primitives::b256,
        signers::{SignerSync, local::PrivateKeySigner},
    };

    use super::*;

    #[test]
    fn signers_are_recovered_only_from_low_s() {
        for number in 1..20_u64 {
            let key = B256::from(U256::from(number));
            let author = PrivateKeySigner::from_bytes(&key).unwrap();
            let transaction = TxLegacy { nonce: number, ..TxLegacy::default() };
            let signature = author.sign_hash_sync(&transaction.signature_hash()).unwrap();
            let signed = TxEnvelope::from(transaction.clone().into_signed(signature));
            assert_eq!(recover_signer(&signed), Some(author.address()));
            assert_eq!(signed.recover_signer().ok(), recover_signer(&signed));

            let order = b256!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
            let s = U256::from_be_bytes(order.0).wrapping_sub(signature.s());
            let other = Signature::new(signature.r(), s, !signature.v());
            let other = TxEnvelope::from(transaction.into_signed(other));
            assert_eq!(recover_signer(&other), None);
        }
    }

    #[test]
    fn a_zero_signature_is_invalid() {
        let signature = Signature::new(U256::ZERO, U256::ZERO, false);
        let transaction = TxEnvelope::from(TxLegacy::default().into_signed(signature));
        assert_eq!(recover_signer(&transaction), None);
    }
}
