//! The server of an agreement's jobs, and of the service that its client brings, on a port of this machine behind the
//! gateway.

use std::future::IntoFuture;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::{Agreement, ResultSignature, ServiceAction, ServiceRequestSignature};
use muster_compute::{BlobStore, Digest};
use muster_compute_http::Settings;
use muster_gateway::Upstream;
use muster_job_api::{JobHost, JobServer, OpenError, ResultSigner, SignError};
use muster_service_api::{ClientVerifier, ManagementAction, ServiceApi};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Duration, timeout};
use tokio_util::sync::CancellationToken;

use crate::error::DaemonError;

/// How long responses in progress have to end when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Signs results as the worker of an agreement.
struct WorkerSigner {
    /// The worker's key.
    signer: PrivateKeySigner,
    /// The domain of the agreement's receipts.
    domain: B256,
}

impl ResultSigner for WorkerSigner {
    fn sign(&self, job: &Digest, result: &Digest) -> Result<String, SignError> {
        let [job, result] = [job, result].map(|digest| B256::new(*digest.as_bytes()));
        Ok(ResultSignature::sign(&self.signer, self.domain, job, result)?.to_string())
    }
}

/// Knows the client of an agreement by its signature, because its keys look like those of testers.
#[derive(Debug)]
struct ClientSignatures {
    /// The client.
    client: Address,
    /// This worker.
    worker: Address,
    /// The domain of the agreement's receipts.
    domain: B256,
}

impl ClientVerifier for ClientSignatures {
    fn is_signed(&self, action: ManagementAction, number: u64, signature: &str) -> bool {
        let action = match action {
            ManagementAction::Put(document) => ServiceAction::Put(B256::new(*document.as_bytes())),
            ManagementAction::Delete => ServiceAction::Delete,
            ManagementAction::Logs => ServiceAction::Logs,
        };
        signature.parse().is_ok_and(|signature: ServiceRequestSignature| {
            signature.signer(self.domain, self.worker, action, number) == Some(self.client)
        })
    }
}

/// A running server of jobs.
#[derive(Debug)]
pub(super) struct JobService {
    /// The jobs.
    server: JobServer,
    /// Where it listens.
    upstream: Upstream,
    /// Cancelled when no more connections are accepted.
    shutdown: CancellationToken,
    /// Serves connections.
    http: JoinHandle<io::Result<()>>,
}

impl JobService {
    /// Serves the jobs and the service of an agreement in a folder on any free port. Results are signed by `signer`, the worker.
    pub(super) async fn start(
        host: &JobHost,
        folder: &Path,
        signer: PrivateKeySigner,
        agreement: &Agreement,
    ) -> Result<Self, DaemonError> {
        let (client, domain) = (agreement.terms().header.client, agreement.receipt_domain());
        let client = ClientSignatures { client, worker: signer.address(), domain };
        let server = JobServer::open(host, folder, WorkerSigner { signer, domain }).await?;
        let (blobs, own_folder) = (server.blobs().clone(), folder.to_owned());
        let opened = spawn_blocking(move || open_service(blobs, &own_folder, client)).await;
        let service = opened.map_err(io::Error::other).flatten().map_err(OpenError::Io)?;
        let router = server.router().merge(muster_service_api::router(Arc::new(service)));
        #[cfg(feature = "failpoints")]
        let router = super::failpoints::with_failpoints(router);
        let listen = async || {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let address = listener.local_addr()?;
            io::Result::Ok((listener, address))
        };
        let (listener, address) = listen().await.map_err(OpenError::Io)?;
        let shutdown = CancellationToken::new();
        let serve = axum::serve(listener, router)
            .with_graceful_shutdown(shutdown.clone().cancelled_owned());
        let http = tokio::spawn(serve.into_future());
        Ok(Self { server, upstream: address.try_into()?, shutdown, http })
    }

    /// Where it listens.
    pub(super) fn upstream(&self) -> Upstream {
        self.upstream.clone()
    }

    /// Stops it. Jobs that run are ended, and run again when their folder is served again.
    pub(super) async fn stop(mut self) {
        self.shutdown.cancel();
        self.server.close().await;
        if timeout(STOP_TIMEOUT, &mut self.http).await.is_err() {
            self.http.abort();
        }
    }
}

/// The service of an agreement, running if there was one when the process last ended. Blocks.
fn open_service(
    blobs: BlobStore,
    folder: &Path,
    client: ClientSignatures,
) -> io::Result<ServiceApi> {
    // What a process that was killed has left there is of no use.
    let scratch: PathBuf = folder.join("service");
    match fs::remove_dir_all(&scratch) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir(&scratch)?,
    }
    let service = ServiceApi::open(Settings::new(scratch), blobs, folder, Box::new(client))?;
    if let Err(error) = service.restore() {
        tracing::warn!(%error, folder = %folder.display(), "a client's service is not started again");
    }
    Ok(service)
}
