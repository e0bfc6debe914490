//! Signed requests to a worker: to bring a service, to end it, and to read its log.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use alloy::primitives::B256;
use muster_client::{ServiceAction, ServiceRequestSignature};
use muster_compute::Digest;
use muster_messaging::ExposeSecret;
use muster_service_api::{ApiError, ErrorCode, SIGNATURE_HEADER, ServiceLogs, ServiceStatus};
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;

use super::access::ServiceWorker;
use super::failure::ServiceFailure;
use crate::failpoint::fail_point;
use crate::job_client::{BlobSource, JobClient, JobFailure, ResultSigner, printable};
use crate::service_client::service_url;

/// Status and body of a response.
type Reply = (StatusCode, Vec<u8>);

impl ServiceWorker {
    /// The worker's service; `None` if it has none.
    pub(super) async fn status(&self) -> Result<Option<ServiceStatus>, ServiceFailure> {
        match parse(&self.send(&Method::GET, "/service", &[], None).await?) {
            Err(ServiceFailure::Refused(refusal)) if refusal.error == ErrorCode::NoService => {
                Ok(None)
            }
            status => status.map(Some),
        }
    }

    /// Brings a service by its document, and uploads its component from a file if the worker lacks it.
    pub(super) async fn put(
        &self,
        document: &[u8],
        component: (Digest, PathBuf),
    ) -> Result<ServiceStatus, ServiceFailure> {
        let action = ServiceAction::Put(B256::new(*Digest::of(document).as_bytes()));
        let put = async || self.manage(&Method::PUT, "/service", document, action).await;
        match parse(&put().await?) {
            Err(ServiceFailure::Refused(refusal)) if refusal.error == ErrorCode::MissingBlob => {}
            status => return status,
        }
        let endpoint = self.endpoint(&self.management).await?;
        let (domain, worker) = (self.agreement.receipt_domain(), self.account);
        let (http, session) = (self.access.http.clone(), self.management.session());
        let blobs = JobClient::new(http, endpoint, session, ResultSigner { domain, worker });
        let (digest, path) = component;
        fail_point!("upload/pending");
        blobs.upload(&digest, BlobSource::File(path)).await?;
        fail_point!("upload/done");
        parse(&put().await?)
    }

    /// Ends the service.
    pub(super) async fn delete(&self) -> Result<(), ServiceFailure> {
        let reply = self.manage(&Method::DELETE, "/service", &[], ServiceAction::Delete).await?;
        accept(&reply)
    }

    /// The lines of the service's log from a number on.
    pub(super) async fn logs(&self, from: u64) -> Result<ServiceLogs, ServiceFailure> {
        let path = format!("/service/logs?from={from}");
        parse(&self.manage(&Method::GET, &path, &[], ServiceAction::Logs).await?)
    }

    /// Sends a signed request; again, if the worker has seen a higher number.
    async fn manage(
        &self,
        method: &Method,
        path: &str,
        body: &[u8],
        action: ServiceAction,
    ) -> Result<Reply, ServiceFailure> {
        let reply = self.send(method, path, body, Some((action, now()))).await?;
        match accept(&reply) {
            Err(ServiceFailure::Refused(refusal)) if refusal.error == ErrorCode::OldNumber => {
                let number = refusal.last.unwrap_or_default().saturating_add(1).max(now());
                self.send(method, path, body, Some((action, number))).await
            }
            _ => Ok(reply),
        }
    }

    /// Sends a request, with a signature if there is something to sign, and returns the response.
    async fn send(
        &self,
        method: &Method,
        path: &str,
        body: &[u8],
        statement: Option<(ServiceAction, u64)>,
    ) -> Result<Reply, ServiceFailure> {
        let (http, key) = (&self.access.http, &self.management);
        let endpoint = self.endpoint(key).await?;
        let url = service_url(endpoint.url.expose_secret(), path);
        let mut request = http.request(method.clone(), url);
        if !body.is_empty() {
            request = request.body(body.to_vec());
        }
        if let Some((action, number)) = statement {
            let (domain, signer) = (self.agreement.receipt_domain(), &self.access.signer);
            let signature =
                ServiceRequestSignature::sign(signer, domain, self.account, action, number)?;
            request = request.header(SIGNATURE_HEADER, format!("{number},{signature}"));
        }
        let sent = http.send(request, endpoint.token.expose_secret(), key.session()).await;
        let response = sent.inspect_err(|_| key.slot.forget(&endpoint))?;
        let status = response.status();
        let body = http.read_body(response).await.ok_or(JobFailure::Cut)?;
        Ok((status, body))
    }
}

/// Refuses a response that is an error.
fn accept((status, body): &Reply) -> Result<(), ServiceFailure> {
    if status.is_success() {
        return Ok(());
    }
    let error = serde_json::from_slice::<ApiError>(body);
    Err(error.map_or(ServiceFailure::Unexpected(*status), |error| {
        let message = printable(&error.message);
        ServiceFailure::Refused(Box::new(ApiError { message, ..error }))
    }))
}

/// What a response says.
fn parse<T: DeserializeOwned>(reply: &Reply) -> Result<T, ServiceFailure> {
    accept(reply)?;
    serde_json::from_slice(&reply.1).map_err(|_| ServiceFailure::Unexpected(reply.0))
}

/// The number of a request that is signed now: microseconds of the machine's clock, so that it grows from process to process.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}
