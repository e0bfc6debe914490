//! TLS for connections that a server accepts.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::error::TlsError;
use crate::files::{Files, Stamp};

/// TLS for connections that a server accepts. Clones share the certificate.
#[derive(Clone, Debug)]
pub struct TlsServer(Arc<State>);

/// See [`TlsServer`].
#[derive(Debug)]
struct State {
    /// Where the certificate and its key are.
    files: Files,
    /// What was read of them.
    loaded: Mutex<Loaded>,
}

/// What was read of files.
#[derive(Debug)]
struct Loaded {
    /// The files when they were read last, with or without success.
    stamp: Stamp,
    /// The last that could be used.
    config: Arc<ServerConfig>,
}

impl TlsServer {
    /// Reads PEM files: the certificate with its chain, and the private key.
    ///
    /// # Errors
    /// All of [`TlsError`].
    pub fn open(
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Result<Self, TlsError> {
        let files = Files { certificate: certificate.into(), key: key.into() };
        let (stamp, config) = (files.stamp(), files.load()?);
        Ok(Self(Arc::new(State { files, loaded: Mutex::new(Loaded { stamp, config }) })))
    }

    /// The encrypted stream on a connection that was accepted, after its handshake. Files that have changed are read again first.
    /// Dropping the future ends the connection.
    ///
    /// # Errors
    /// The handshake's.
    pub async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptor::from(self.config()).accept(stream).await
    }

    /// How to speak TLS now.
    fn config(&self) -> Arc<ServerConfig> {
        let mut loaded = self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = self.0.files.stamp();
        if stamp != loaded.stamp {
            loaded.stamp = stamp;
            match self.0.files.load() {
                Ok(config) => {
                    loaded.config = config;
                    tracing::info!("the certificate was read again");
                }
                Err(error) => {
                    tracing::warn!(%error, "the certificate before is used until the files are right");
                }
            }
        }
        Arc::clone(&loaded.config)
    }
}
