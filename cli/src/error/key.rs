//! Errors of accounts, their keys and keystores.

use std::path::PathBuf;

use muster_client::BoxError;

/// Why no account can sign.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// A text that is no private key. It is not repeated.
    #[error("a private key is 64 hexadecimal digits")]
    Invalid,
    /// A file that is not a keystore.
    #[error(
        "{0} is no keystore: it must be a V3 file, as `muster key new`, geth and cast write it"
    )]
    NotKeystore(PathBuf),
    /// A keystore that the password does not open.
    #[error("this password does not open the keystore {path}, or it is damaged: {source}")]
    Keystore {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: BoxError,
    },
    /// A keystore without a password.
    #[error("the keystore needs a password: give --password-file, or set MUSTER_PASSWORD")]
    NoPassword,
    /// A command that signs, without an account.
    #[error(
        "the command needs an account: give --keystore FILE, set MUSTER_KEY, or give --account dev:NAME on a dev chain"
    )]
    NoAccount,
    /// A dev account where money is real.
    #[error(
        "chain {0} is public, and everybody knows the keys of dev accounts: give --keystore FILE, or set MUSTER_KEY"
    )]
    DevAccountOnPublicChain(u64),
}
