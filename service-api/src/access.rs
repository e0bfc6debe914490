//! Who may manage a service: whoever shows the client's signature for this very request, once.

use crate::{error::RequestError, wire::SIGNATURE_HEADER};
use axum::http::HeaderMap;
use muster_compute::Digest;
use std::{
    fmt::Debug,
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// The name of the file that holds the last number.
const FILE: &str = "service.number";

/// What a signature is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagementAction {
    /// To run the service whose document, byte by byte as it is sent, has this digest.
    Put(Digest),
    /// To end the service.
    Delete,
    /// To read its log.
    Logs,
}

/// Knows the client's signatures.
pub trait ClientVerifier: Debug + Send + Sync {
    /// Whether the client has signed that this worker shall do this, under this number.
    fn is_signed(&self, action: ManagementAction, number: u64, signature: &str) -> bool;
}

/// Lets the client's requests through.
#[derive(Debug)]
pub(crate) struct Access {
    /// Knows the client.
    verifier: Box<dyn ClientVerifier>,
    /// Where the last number is.
    file: PathBuf,
    /// The last number that was accepted; 0 before the first.
    last: Mutex<u64>,
}

impl Access {
    /// Goes on after the last number in the folder.
    pub(crate) fn open(folder: &Path, verifier: Box<dyn ClientVerifier>) -> io::Result<Self> {
        let file = folder.join(FILE);
        let last = match fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            text => text?.trim().parse().map_err(io::Error::other)?,
        };
        Ok(Self { verifier, file, last: Mutex::new(last) })
    }

    /// Accepts a request, if the client has signed it under a number above all before. Blocks until the number is on disk.
    pub(crate) fn admit(
        &self,
        headers: &HeaderMap,
        action: ManagementAction,
    ) -> Result<(), RequestError> {
        let text = headers.get(SIGNATURE_HEADER).ok_or(RequestError::NotSigned)?;
        let parts = text.to_str().ok().and_then(|text| text.split_once(','));
        let parts = parts.and_then(|(number, signature)| Some((number.parse().ok()?, signature)));
        let (number, signature) = parts.ok_or(RequestError::WrongSignature)?;
        if !self.verifier.is_signed(action, number, signature) {
            return Err(RequestError::WrongSignature);
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if number <= *last {
            return Err(RequestError::OldNumber { number, last: *last });
        }
        replace(&self.file, number.to_string().as_bytes())?;
        *last = number;
        Ok(())
    }
}

/// Replaces a file: there is the old one, or the new one, but never half of it.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(ErrorKind::NotFound)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
