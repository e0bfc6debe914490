//! Options of a server's certificate.

use std::path::PathBuf;

use clap::Args;
use muster_gateway::{TlsError, TlsServer};

use crate::options::heading;

/// The certificate of a server.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = heading::TLS)]
pub(crate) struct TlsOptions {
    /// PEM file of the certificate and its chain, for TLS; it is read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,

    /// PEM file of the certificate's private key
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
}

impl TlsOptions {
    /// TLS with the certificate; `None` without one.
    ///
    /// # Errors
    /// All of [`TlsError`].
    pub(crate) fn server(self) -> Result<Option<TlsServer>, TlsError> {
        let files = self.tls_certificate.zip(self.tls_key);
        files.map(|(certificate, key)| TlsServer::open(certificate, key)).transpose()
    }
}
