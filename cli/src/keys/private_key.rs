//! A private key as text.

use alloy::primitives::B256;
use alloy::signers::local::PrivateKeySigner;
use secrecy::{ExposeSecret, SecretString};

/// A text that is no private key. It is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a private key is 64 hexadecimal digits")]
pub(crate) struct PrivateKeyError;

/// Parses 64 hexadecimal digits, with or without `0x`, and ignores blanks around them.
///
/// # Errors
/// [`PrivateKeyError`] if the text is anything else, or no key of the curve.
pub(crate) fn parse_private_key(text: &SecretString) -> Result<PrivateKeySigner, PrivateKeyError> {
    let bytes: B256 = text.expose_secret().trim().parse().map_err(|_| PrivateKeyError)?;
    PrivateKeySigner::from_bytes(&bytes).map_err(|_| PrivateKeyError)
}

#[cfg(test)]
mod tests {
    use super::{PrivateKeyError, parse_private_key};

    #[test]
    fn a_key_is_64_digits_with_or_without_a_prefix() {
        let digits = "b6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659";
        let address = |text: &str| parse_private_key(&text.into()).map(|signer| signer.address());
        assert!(address(digits).is_ok());
        assert_eq!(address(&format!(" 0x{digits}\n")), address(digits));
        assert_eq!(address(&"0".repeat(64)), Err(PrivateKeyError));
        assert_eq!(address("12"), Err(PrivateKeyError));
    }

    #[test]
    fn a_signer_does_not_show_its_key() {
        let digits = "b6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659";
        let signer = parse_private_key(&digits.into()).unwrap();
        assert!(!format!("{signer:?}").contains(&digits[..8]), "{signer:?}");
    }
}
