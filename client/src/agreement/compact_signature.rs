//! Signatures over EIP-712 structures in the domain of an agreement's receipts, as text.

use std::fmt::{self, Display, Formatter};

use alloy::primitives::{Address, B256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolStruct;

use super::receipt::{recover_compact, sign_compact};
use crate::error::MarketError;

/// A compact signature (EIP-2098). Its text is hex: 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CompactSignature([B256; 2]);

impl CompactSignature {
    /// Signs a structure.
    pub(super) fn sign(
        signer: &PrivateKeySigner,
        domain: B256,
        structure: &impl SolStruct,
    ) -> Result<Self, MarketError> {
        sign_compact(signer, signing_hash(domain, structure)).map(Self)
    }

    /// The account that signed a structure; `None` if the signature is invalid.
    pub(super) fn signer(&self, domain: B256, structure: &impl SolStruct) -> Option<Address> {
        let Self([r, vs]) = *self;
        recover_compact(r, vs, signing_hash(domain, structure))
    }

    /// The signature of a text; `None` if it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0x")?;
        let bytes: [u8; 64] = alloy::hex::decode_to_array(digits).ok()?;
        let (halves, _) = bytes.as_chunks();
        let halves: [[u8; 32]; 2] = halves.try_into().ok()?;
        Some(Self(halves.map(B256::new)))
    }
}

impl Display for CompactSignature {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self([r, vs]) = self;
        f.write_str(&alloy::hex::encode_prefixed([r.0, vs.0].as_flattened()))
    }
}

/// The EIP-712 hash that is signed.
pub(super) fn signing_hash(domain: B256, structure: &impl SolStruct) -> B256 {
    let struct_hash = structure.eip712_hash_struct();
    keccak256([&[0x19, 0x01], domain.as_slice(), struct_hash.as_slice()].concat())
}
