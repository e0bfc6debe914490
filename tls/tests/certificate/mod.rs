//! A certificate for tests of servers, in this crate and in others.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// A certificate for `localhost`, and its key.
pub(crate) struct TestCertificate {
    /// The certificate as PEM.
    pub(crate) pem: String,
    /// The key as PEM.
    pub(crate) key: String,
    /// The certificate as clients compare it.
    der: CertificateDer<'static>,
}

impl TestCertificate {
    /// Makes a new one.
    pub(crate) fn new() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Self { pem: cert.pem(), key: signing_key.serialize_pem(), der: cert.der().clone() }
    }

    /// Writes certificate and key to a folder; returns where they are.
    pub(crate) fn write(&self, folder: &Path) -> [PathBuf; 2] {
        [("certificate.pem", &self.pem), ("key.pem", &self.key)].map(|(name, text)| {
            let path = folder.join(name);
            fs::write(&path, text).unwrap();
            path
        })
    }

    /// How a client speaks TLS that trusts this certificate alone.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }
}
