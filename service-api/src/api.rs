//! The one service of an agreement: kept on disk, started, exchanged, ended.

use crate::{
    access::{Access, ClientVerifier, ManagementAction, replace},
    error::RequestError,
    wire::ServiceStatus,
};
use axum::http::HeaderMap;
use muster_compute::{BlobError, BlobStore};
use muster_compute_http::{SendError, Service, ServiceDocument, Settings, Status};
use std::{
    fs,
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// The name of the file that holds the document.
const FILE: &str = "service.json";

/// The one service of an agreement, or none.
#[derive(Debug)]
pub struct ServiceApi {
    /// How services run here.
    settings: Settings,
    /// Where components are.
    blobs: BlobStore,
    /// Where the document is.
    file: PathBuf,
    /// Who may manage it.
    access: Access,
    /// Held while the service is exchanged.
    change: Mutex<()>,
    /// The service, if there is one.
    service: Mutex<Option<Arc<Service>>>,
}

impl ServiceApi {
    /// No service, until a client brings one or [`ServiceApi::restore`] finds one. Its document is kept in the folder.
    /// Whoever `verifier` knows may manage it.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn open(
        settings: Settings,
        blobs: BlobStore,
        folder: &Path,
        verifier: Box<dyn ClientVerifier>,
    ) -> io::Result<Self> {
        Ok(Self {
            settings,
            blobs,
            file: folder.join(FILE),
            access: Access::open(folder, verifier)?,
            change: Mutex::default(),
            service: Mutex::default(),
        })
    }

    /// Accepts a request that manages the service, if the client has signed it. Blocks.
    pub(crate) fn admit(
        &self,
        headers: &HeaderMap,
        action: ManagementAction,
    ) -> Result<(), RequestError> {
        self.access.admit(headers, action)
    }

    /// Starts the service that an earlier process had, if there was one. Blocks for as long as it takes to read the component.
    ///
    /// # Errors
    /// If it cannot be started any more: then there is none until the client brings it again.
    pub fn restore(&self) -> Result<(), RequestError> {
        let changing = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let document = match fs::read(&self.file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            text => serde_json::from_slice(&text?),
        };
        let document = document.map_err(|error| RequestError::Malformed(error.to_string()))?;
        self.set(Some(self.start(document)?));
        drop(changing);
        Ok(())
    }

    /// Runs what a document says, in place of what ran before. Blocks.
    pub(crate) fn put(&self, document: ServiceDocument) -> Result<ServiceStatus, RequestError> {
        let changing = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(service) = self.service()
            && *service.document() == sorted(&document)
            && !matches!(service.status(), Status::Failed(_))
        {
            return Ok(status(&service));
        }
        let service = self.start(document)?;
        replace(&self.file, &serde_json::to_vec(service.document()).map_err(io::Error::from)?)?;
        let told = status(&service);
        // What ran before ends here; responses that it still sends break off.
        self.set(Some(service));
        drop(changing);
        Ok(told)
    }

    /// Ends the service, if there is one. Blocks.
    pub(crate) fn delete(&self) -> Result<(), RequestError> {
        let changing = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        self.set(None);
        drop(changing);
        Ok(())
    }

    /// The service.
    pub(crate) fn get(&self) -> Result<Arc<Service>, RequestError> {
        self.service().ok_or(RequestError::NoService)
    }

    /// Whether the service runs; `None` if there is none.
    #[must_use]
    pub fn status(&self) -> Option<ServiceStatus> {
        self.service().map(|service| status(&service))
    }

    /// Waits until the service runs.
    ///
    /// # Errors
    /// If it will not. Without a service it returns at once.
    pub async fn ready(&self) -> Result<(), SendError> {
        match self.service() {
            Some(service) => service.ready().await,
            None => Ok(()),
        }
    }

    /// The service, if there is one.
    fn service(&self) -> Option<Arc<Service>> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Exchanges the service. The old one ends when no request waits for it any more.
    fn set(&self, service: Option<Service>) {
        let service = service.map(Arc::new);
        let old = std::mem::replace(
            &mut *self.service.lock().unwrap_or_else(PoisonError::into_inner),
            service,
        );
        drop(old);
    }

    /// Starts a service.
    fn start(&self, document: ServiceDocument) -> Result<Service, RequestError> {
        let mut wasm = Vec::new();
        match self.blobs.read(&document.component) {
            Ok(mut blob) => blob.read_to_end(&mut wasm)?,
            Err(BlobError::Missing(digest)) => return Err(RequestError::MissingBlob(digest)),
            Err(error) => return Err(error.into()),
        };
        Ok(Service::start(&self.settings, document, &wasm)?)
    }
}

/// What is told of a service.
fn status(service: &Service) -> ServiceStatus {
    ServiceStatus::new(service.document().clone(), service.status())
}

/// The document as a service holds it.
fn sorted(document: &ServiceDocument) -> ServiceDocument {
    let mut document = document.clone();
    document.environment.sort();
    document
}
