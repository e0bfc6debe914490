//! The services of an account and what runs where: a file that all processes of the account share.
//!
//! A state file belongs to one process at a time, and a service is ended while another process serves it. So this is a file
//! of its own, which is read, changed and replaced under a lock; a crash leaves the old file or the new one.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use alloy::primitives::Address;
use muster_compute::Digest;
use muster_compute_http::ServiceDocument;
use serde::{Deserialize, Serialize};

use crate::failpoint::fail_point;
#[cfg(feature = "failpoints")]
use crate::failpoint::{FailPoint, STORE_STAGES};
use crate::unix_time::unix_now;

/// The points of an agreement that becomes one for a service.
#[cfg(feature = "failpoints")]
pub(crate) const CLAIM: FailPoint = FailPoint::new("claim", STORE_STAGES);

/// Why the services of an account are not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file cannot be used.
    #[error("cannot use {path}: {source}: name another file, or repair it")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// There is no such service.
    #[error("service {0} is not in this file: list the services, or name the file")]
    NoService(Digest),
}

/// A service of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredService {
    /// The SHA-256 of its document.
    pub id: Digest,
    /// What people call it.
    pub label: String,
    /// The document.
    pub document: ServiceDocument,
    /// The Unix second in which it was brought first.
    pub created: u64,
    /// Whether it was ended.
    pub is_ended: bool,
    /// The agreements that are for it. Each is for one service.
    pub agreements: Vec<Address>,
    /// The workers that run it, as far as is known here.
    pub places: Vec<ServicePlace>,
}

/// A worker that runs a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ServicePlace {
    /// The agreement.
    pub agreement: Address,
    /// The worker's account.
    pub worker: Address,
}

/// The file with the services of an account. Every method blocks for as long as another process writes.
#[derive(Clone, Debug)]
pub struct ServiceRecord {
    /// Where it is.
    path: PathBuf,
}

impl StoredService {
    /// The document as it is sent and signed.
    #[must_use]
    pub fn canonical(document: &ServiceDocument) -> Vec<u8> {
        // A struct of texts and numbers.
        serde_json::to_vec(document).unwrap_or_default()
    }

    /// The id of a document.
    #[must_use]
    pub fn id_of(document: &ServiceDocument) -> Digest {
        Digest::of(&Self::canonical(document))
    }
}

impl ServiceRecord {
    /// The record in this file, which need not exist.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// All services, the oldest first.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn services(&self) -> Result<Vec<StoredService>, RecordError> {
        read(&self.path).map_err(|source| self.failed(source))
    }

    /// The service with an id.
    ///
    /// # Errors
    /// [`RecordError::NoService`], [`RecordError::File`].
    pub fn service(&self, id: Digest) -> Result<StoredService, RecordError> {
        let mut services = self.services()?.into_iter();
        services.find(|service| service.id == id).ok_or(RecordError::NoService(id))
    }

    /// Adds a service. One that is known keeps its agreements, and is no longer ended.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn bring(&self, document: ServiceDocument, label: &str) -> Result<Digest, RecordError> {
        let id = StoredService::id_of(&document);
        self.change(|services| {
            if let Some(known) = services.iter_mut().find(|service| service.id == id) {
                label.clone_into(&mut known.label);
                known.is_ended = false;
                return;
            }
            services.push(StoredService {
                id,
                label: label.to_owned(),
                document,
                created: unix_now(),
                is_ended: false,
                agreements: Vec::new(),
                places: Vec::new(),
            });
        })?;
        Ok(id)
    }

    /// Makes an agreement one for this service; returns whether it is, and not for another service.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn claim(&self, id: Digest, agreement: Address) -> Result<bool, RecordError> {
        #[cfg(feature = "failpoints")]
        crate::failpoint::declare(&[CLAIM]);
        fail_point!("claim/pending");
        let claimed = self.change(|services| {
            let is_taken =
                |other: &StoredService| other.id != id && other.agreements.contains(&agreement);
            if services.iter().any(is_taken) {
                return false;
            }
            let Some(service) = services.iter_mut().find(|service| service.id == id) else {
                return false;
            };
            if !service.agreements.contains(&agreement) {
                service.agreements.push(agreement);
            }
            true
        })?;
        fail_point!("claim/stored");
        Ok(claimed)
    }

    /// Adds a worker that runs a service.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn add_place(&self, id: Digest, place: ServicePlace) -> Result<(), RecordError> {
        self.change_service(id, |service| {
            if !service.places.contains(&place) {
                service.places.push(place);
            }
        })
    }

    /// Removes a worker that runs a service no more.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn remove_place(&self, id: Digest, place: ServicePlace) -> Result<(), RecordError> {
        self.change_service(id, |service| service.places.retain(|other| *other != place))
    }

    /// Removes an agreement that is over, and its workers.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn release(&self, id: Digest, agreement: Address) -> Result<(), RecordError> {
        self.change_service(id, |service| {
            service.agreements.retain(|other| *other != agreement);
            service.places.retain(|place| place.agreement != agreement);
        })
    }

    /// Says that a service is ended, so that no process starts it at a worker again.
    ///
    /// # Errors
    /// [`RecordError::NoService`], [`RecordError::File`].
    pub fn end(&self, id: Digest) -> Result<StoredService, RecordError> {
        self.change_service(id, |service| service.is_ended = true)?;
        self.service(id)
    }

    /// Changes one service, if there is such a one.
    fn change_service(
        &self,
        id: Digest,
        change: impl FnOnce(&mut StoredService),
    ) -> Result<(), RecordError> {
        self.change(|services| {
            services.iter_mut().find(|service| service.id == id).map(change);
        })
    }

    /// Changes the file under its lock.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<StoredService>) -> T,
    ) -> Result<T, RecordError> {
        let changed = || {
            let mut lock = self.path.clone().into_os_string();
            lock.push(".lock");
            let lock = File::options().create(true).append(true).open(lock)?;
            lock.lock()?;
            let mut services = read(&self.path)?;
            let before = services.clone();
            let done = change(&mut services);
            if services != before {
                replace(&self.path, &serde_json::to_vec_pretty(&services)?)?;
            }
            io::Result::Ok(done)
        };
        changed().map_err(|source| self.failed(source))
    }

    /// The error of this file.
    fn failed(&self, source: io::Error) -> RecordError {
        RecordError::File { path: self.path.clone(), source }
    }
}

/// Reads the file; nothing if it does not exist.
fn read(path: &Path) -> io::Result<Vec<StoredService>> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        text => Ok(serde_json::from_slice(&text?)?),
    }
}

/// Replaces the file, which only its owner can read: environments can hold secrets.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file =
        tempfile::NamedTempFile::new_in(Path::new(".").join(path).parent().unwrap_or(path))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests;
