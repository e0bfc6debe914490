//! One request to the job API, and what its response says.

use muster_compute::Digest;
use muster_gateway::RECEIPT_HEADER;
use muster_job_api::{ApiError, JobStatus};
use muster_messaging::ExposeSecret;
use reqwest::{RequestBuilder, Response};
use tokio::time::Duration;

use super::failure::{JobFailure, printable};
use super::{JobClient, Received};
use crate::service_client::{MAX_BODY, service_url};

/// A successful response whose body is not read yet, and the text of its receipt.
type WithReceipt = (Response, Option<String>);

impl JobClient {
    /// The URL of a path of the API.
    pub(super) fn url(&self, path_and_query: &str) -> String {
        service_url(self.endpoint.url.expose_secret(), path_and_query)
    }

    /// Sends a request, and returns its response if the API has not refused it.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<WithReceipt, JobFailure> {
        self.send_long(request, Duration::ZERO).await
    }

    /// As [`JobClient::send`], for a request whose body needs this time in addition.
    pub(super) async fn send_long(
        &self,
        request: RequestBuilder,
        body_time: Duration,
    ) -> Result<WithReceipt, JobFailure> {
        let response = self.send_any(request, body_time).await?;
        let receipt = response.headers().get(RECEIPT_HEADER);
        let receipt = receipt.and_then(|text| text.to_str().ok()).map(str::to_owned);
        let status = response.status();
        if status.is_success() {
            return Ok((response, receipt));
        }
        let body = self.read_rest(response).await?;
        match serde_json::from_slice::<ApiError>(&body) {
            Ok(error) => {
                let message = printable(&error.message);
                Err(JobFailure::Refused(Box::new(ApiError { message, ..error })))
            }
            Err(_) => Err(JobFailure::UnexpectedStatus(status)),
        }
    }

    /// Sends a request, and returns its response, whatever the API says.
    pub(super) async fn send_any(
        &self,
        request: RequestBuilder,
        body_time: Duration,
    ) -> Result<Response, JobFailure> {
        let token = self.endpoint.token.expose_secret();
        Ok(self.http.send_long(request, token, self.session, body_time).await?)
    }

    /// Reads the status of a job from a response.
    pub(super) async fn status(
        &self,
        (response, receipt): WithReceipt,
        job: Digest,
    ) -> Result<Received<JobStatus>, JobFailure> {
        let body = self.read_rest(response).await?;
        let malformed = |_| JobFailure::Malformed("the status of a job");
        let body: JobStatus = serde_json::from_slice(&body).map_err(malformed)?;
        if body.id == job {
            Ok(Received { body, receipt })
        } else {
            Err(JobFailure::WrongJob { expected: job, actual: body.id })
        }
    }

    /// Reads a body into memory.
    pub(super) async fn read_rest(&self, mut response: Response) -> Result<Vec<u8>, JobFailure> {
        let mut body = Vec::new();
        while let Some(part) = self.http.next_part(&mut response).await? {
            if body.len().saturating_add(part.len()) > MAX_BODY {
                return Err(JobFailure::Malformed("a body that is not too long"));
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }
}
