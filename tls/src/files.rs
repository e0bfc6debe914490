//! The files of a certificate and its key.

use std::fs::metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::TlsError;

/// The only protocol that is spoken inside: HTTP/1.1, with which a web socket begins too.
const PROTOCOL: &[u8] = b"http/1.1";

/// Two PEM files.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// The certificate, and the chain after it.
    pub(crate) certificate: PathBuf,
    /// The private key.
    pub(crate) key: PathBuf,
}

/// By what it is known whether files have changed: the time of their last change, and their sizes; `None` for one that is not there.
pub(crate) type Stamp = [Option<(SystemTime, u64)>; 2];

impl Files {
    /// What tells the files' contents of now from others.
    pub(crate) fn stamp(&self) -> Stamp {
        [&self.certificate, &self.key].map(|path| {
            let metadata = metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
    }

    /// How to speak TLS with them.
    ///
    /// # Errors
    /// All of [`TlsError`].
    pub(crate) fn load(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unreadable(&self.certificate, &error))?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate(self.certificate.clone()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| unreadable(&self.key, &error))?;
        let mismatch = |error: rustls::Error| TlsError::Mismatch {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            reason: error.to_string().into(),
        };
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(mismatch)?
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .map_err(mismatch)?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Arc::new(config))
    }
}

/// The error of a file.
fn unreadable(path: &Path, error: &PemError) -> TlsError {
    let reason = match error {
        PemError::Io(error) => error.to_string(),
        other => other.to_string(),
    };
    TlsError::File { path: path.to_owned(), reason: reason.into() }
}
