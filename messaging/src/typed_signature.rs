//! Signatures of typed data (EIP-712), in their compact form (EIP-2098).

use alloy::primitives::{Address, B256, Signature};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::{Eip712Domain, SolStruct, eip712_domain};

use crate::error::MessageError;

/// The hash of typed data that is signed for a contract on a chain. Its domain has the name "Muster messages" and version "1".
pub(crate) fn signing_hash(chain_id: u64, contract: Address, data: &impl SolStruct) -> B256 {
    let domain: Eip712Domain = eip712_domain! {
        name: "Muster messages",
        version: "1",
        chain_id: chain_id,
        verifying_contract: contract,
    };
    data.eip712_signing_hash(&domain)
}

/// Signs a hash: the halves of the compact signature.
///
/// # Errors
/// [`MessageError::Key`] if the account cannot sign.
pub(crate) fn sign_compact(
    signer: &PrivateKeySigner,
    hash: B256,
) -> Result<[B256; 2], MessageError> {
    let signature = signer.sign_hash_sync(&hash);
    let compact = signature.map_err(|error| MessageError::Key(error.into()))?.as_erc2098();
    // Both halves of 64 bytes are there.
    Ok([compact.first_chunk(), compact.last_chunk()]
        .map(|half| half.copied().map(B256::new).unwrap_or_default()))
}

/// The account that signed a hash, by the halves of its compact signature; `None` if that is invalid.
pub(crate) fn recover_compact(r: B256, vs: B256, hash: B256) -> Option<Address> {
    let signature = Signature::from_erc2098([r.0, vs.0].as_flattened());
    signature.recover_address_from_prehash(&hash).ok()
}
