//! Why a certificate and a key cannot be used.

use std::path::PathBuf;

/// Why a certificate and a key cannot be used. Each text says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or is not PEM.
    #[error("cannot read {}: {reason}: name a PEM file that this user can read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: Box<str>,
    },
    /// A file has no certificate.
    #[error("{} has no certificate: name a PEM file that begins with -----BEGIN CERTIFICATE-----", .0.display())]
    NoCertificate(PathBuf),
    /// The key does not fit the certificate, or is of a kind that is not supported.
    #[error("the key in {} does not fit the certificate in {}: {reason}: name the key for which it was issued", key.display(), certificate.display())]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        reason: Box<str>,
    },
}
