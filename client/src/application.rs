//! Applications by name, and keys for messages.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use alloy::primitives::{B256, FixedBytes};
use alloy::signers::local::PrivateKeySigner;

/// A kind of work: eight bytes on chain, written as a short name. `0` is the application that
/// `buyContract(redundancy, length)` buys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Application(pub FixedBytes<8>);

/// The error of a text that names no application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an application is a name of up to 8 bytes, or 0x and 16 hexadecimal digits")]
pub struct ApplicationError;

impl Application {
    /// The application of testers.
    pub const TESTER: Self = Self(FixedBytes(muster_protocol::TESTER_APPLICATION));
    /// The application of workers that run clients' programs under the profile `wasm1`.
    pub const WASM1: Self = Self(FixedBytes(*b"wasm1\0\0\0"));
}

impl From<FixedBytes<8>> for Application {
    fn from(bytes: FixedBytes<8>) -> Self {
        Self(bytes)
    }
}

impl FromStr for Application {
    type Err = ApplicationError;

    fn from_str(name: &str) -> Result<Self, ApplicationError> {
        if name == "0" {
            return Ok(Self::default());
        }
        if name.starts_with("0x") {
            return name.parse().map(Self).map_err(|_| ApplicationError);
        }
        let mut bytes = FixedBytes::ZERO;
        let prefix = bytes.get_mut(..name.len()).ok_or(ApplicationError)?;
        prefix.copy_from_slice(name.as_bytes());
        Ok(Self(bytes))
    }
}

impl Display for Application {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let end =
            self.0.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
        let name = self.0.get(..end).and_then(|name| str::from_utf8(name).ok());
        match name {
            Some("") => f.write_str("0"),
            Some(name)
                if name.parse() == Ok(*self) && name.chars().all(|c| c.is_ascii_graphic()) =>
            {
                f.write_str(name)
            }
            _ => write!(f, "{}", self.0),
        }
    }
}

/// The key for messages to an account that uses its own: the x coordinate of its public key.
#[must_use]
pub fn message_key(signer: &PrivateKeySigner) -> B256 {
    // 64 bytes have a first half.
    signer.public_key().first_chunk().copied().map(B256::new).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{FixedBytes, b256};
    use alloy::signers::local::PrivateKeySigner;
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::{Application, ApplicationError, message_key};

    #[test]
    fn names_are_padded_with_zeros() {
        assert_eq!("factor".parse(), Ok(Application(FixedBytes(*b"factor\0\0"))));
        assert_eq!("tester".parse(), Ok(Application::TESTER));
        assert_eq!("".parse(), Ok(Application::default()));
        assert_eq!("too-long-".parse::<Application>(), Err(ApplicationError));
        assert_eq!("0x00".parse::<Application>(), Err(ApplicationError));
    }

    #[test]
    fn names_that_are_not_printable_print_as_hex() {
        let text = |bytes: [u8; 8]| Application(FixedBytes(bytes)).to_string();
        assert_eq!(text(*b"factor\0\0"), "factor");
        assert_eq!(text([0; 8]), "0");
        assert_eq!(text([0xff; 8]), "0xffffffffffffffff");
        assert_eq!(text(*b"a b\0\0\0\0\0"), "0x6120620000000000");
    }

    #[test]
    fn the_message_key_is_the_x_coordinate() {
        // The generator of secp256k1 is the public key of the private key 1.
        let one = b256!("0x0000000000000000000000000000000000000000000000000000000000000001");
        let x = b256!("0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
        assert_eq!(message_key(&PrivateKeySigner::from_bytes(&one).unwrap()), x);
    }

    proptest! {
        #[test]
        fn text_round_trips(bytes: [u8; 8]) {
            let application = Application(FixedBytes(bytes));
            prop_assert_eq!(application.to_string().parse(), Ok(application));
        }
    }
}
