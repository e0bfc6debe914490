//! Requests to a worker's service, as its client makes them, and the check of the response.

use std::fmt::{self, Debug, Formatter};
use std::process::Stdio;

use alloy::primitives::B256;
use muster_client::{Agreement, ServiceReceipt};
use muster_gateway::RECEIPT_HEADER;
use muster_messaging::ProxyUrl;
use rand::seq::IndexedRandom;
use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, StatusCode};
use sha2::{Digest, Sha256};
use tokio::time::{Duration, timeout};

use super::check::{Check, CommandCheck, HttpCheck};
use super::factor::Factors;
use super::probe_failure::ProbeFailure;
use super::process_group::ProcessGroup;
use crate::error::DaemonError;
use crate::service_client::{RequestFailure, ServiceClient, service_url};

/// The shell that runs a command check.
const SHELL: &str = "/bin/sh";

/// The variables that a command check inherits; others may hold keys.
const ENV_ALLOWLIST: [&str; 2] = ["PATH", "HOME"];

/// A service, and the session that requests belong to.
#[derive(Clone, Copy)]
pub struct ServiceTarget<'a> {
    /// The service's URL.
    pub url: &'a str,
    /// The token for it; empty if it needs none.
    pub token: &'a str,
    /// The session.
    pub session: B256,
}

impl Debug for ServiceTarget<'_> {
    /// Shows the session only: URL and token are secret.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceTarget").field("session", &self.session).finish_non_exhaustive()
    }
}

/// What a check needs of a response.
pub(crate) struct WholeResponse {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body; `None` if it is too long, or did not end in time.
    pub(crate) body: Option<Vec<u8>>,
}

impl WholeResponse {
    /// The text of the receipt.
    pub(crate) fn receipt(&self) -> Option<String> {
        self.headers.get(RECEIPT_HEADER)?.to_str().ok().map(str::to_owned)
    }
}

/// Checks services.
#[derive(Clone, Debug)]
pub struct Prober {
    /// The HTTP client.
    pub(crate) http: ServiceClient,
    /// The timeout of a command.
    timeout: Duration,
}

impl Prober {
    /// A prober with this timeout for each response and each command, through a proxy if there is one. It follows no
    /// redirects.
    ///
    /// # Errors
    /// [`DaemonError::Http`]; [`DaemonError::Listen`] if a proxy needs a port of this machine and there is none.
    ///
    /// # Panics
    /// Outside a Tokio runtime, if there is a proxy.
    pub fn new(timeout: Duration, proxy: Option<&ProxyUrl>) -> Result<Self, DaemonError> {
        Ok(Self { http: ServiceClient::new(timeout, proxy)?, timeout })
    }

    /// Makes one check of a service, and returns the text of the receipt that came with the response. It does not verify the
    /// receipt: [`verify_receipt`] does. Only a request whose connection was cut is repeated, once, if its method is
    /// idempotent. Dropping the future kills a command that runs.
    ///
    /// # Errors
    /// Why the check failed. Only [`ProbeFailure::Inconclusive`] is the prober's own failure.
    pub async fn probe(
        &self,
        check: &Check,
        target: &ServiceTarget<'_>,
    ) -> Result<String, ProbeFailure> {
        self.check(check, target).await?.ok_or(ProbeFailure::NoReceipt)
    }

    /// Makes the request that every service owes an answer, whatever its application is: GET of `/` is answered, with any status
    /// that has a receipt. Returns the text of the receipt.
    ///
    /// # Errors
    /// As [`Prober::probe`].
    pub async fn probe_presence(&self, target: &ServiceTarget<'_>) -> Result<String, ProbeFailure> {
        let request = self.http.get(service_url(target.url, "/"));
        self.send(request, target).await?.receipt().ok_or(ProbeFailure::NoReceipt)
    }

    /// The status with which GET of `/` is answered.
    pub(crate) async fn presence_status(
        &self,
        target: &ServiceTarget<'_>,
    ) -> Result<StatusCode, ProbeFailure> {
        Ok(self.send(self.http.get(service_url(target.url, "/")), target).await?.status)
    }

    /// As [`Prober::probe`], of a service that may give no receipt.
    ///
    /// # Errors
    /// As [`Prober::probe`], but never [`ProbeFailure::NoReceipt`].
    pub async fn check(
        &self,
        check: &Check,
        target: &ServiceTarget<'_>,
    ) -> Result<Option<String>, ProbeFailure> {
        match check {
            Check::Http(page) => self.check_http(page, target).await,
            Check::Factor => Ok(self.request_factors(target).await?.1),
            Check::Command(command) => self.check_command(command, target).await,
        }
    }

    /// Requests the prime factors of a random number, and returns them if they are right, with the text of the receipt.
    ///
    /// # Errors
    /// As [`Prober::probe`].
    pub async fn request_factors(
        &self,
        target: &ServiceTarget<'_>,
    ) -> Result<(Factors, Option<String>), ProbeFailure> {
        let n: u64 = rand::random();
        let request = self.http.get(service_url(target.url, &format!("/factor?n={n}")));
        let response = self.send(request, target).await?;
        let receipt = response.receipt();
        if !response.status.is_success() {
            return Err(ProbeFailure::UnexpectedStatus);
        }
        let body = response.body.ok_or(ProbeFailure::WrongResponse)?;
        let factors: Factors =
            serde_json::from_slice(&body).map_err(|_| ProbeFailure::WrongResponse)?;
        if factors.is_factorization_of(n) {
            Ok((factors, receipt))
        } else {
            Err(ProbeFailure::WrongResponse)
        }
    }

    /// Makes one of a check's requests at random, and checks its response.
    async fn check_http(
        &self,
        check: &HttpCheck,
        target: &ServiceTarget<'_>,
    ) -> Result<Option<String>, ProbeFailure> {
        let requests = check.requests();
        // There is always one.
        let page = requests.choose(&mut rand::rng()).unwrap_or(check);
        let url = service_url(target.url, &page.path);
        let request = match &page.post {
            Some(text) => self.http.post(url).body(text.clone()),
            None => self.http.get(url),
        };
        let response = self.send(request, target).await?;
        let (status, receipt) = (response.status, response.receipt());
        if page.status.map_or(!status.is_success(), |wanted| status.as_u16() != wanted) {
            return Err(ProbeFailure::UnexpectedStatus);
        }
        let body = response.body.ok_or(ProbeFailure::WrongResponse)?;
        let contains = |text: &String| {
            text.is_empty() || body.windows(text.len()).any(|part| part == text.as_bytes())
        };
        let digest = |wanted: &B256| Sha256::digest(&body).as_slice() == wanted.as_slice();
        let is_right =
            page.contains.as_ref().is_none_or(contains) && page.sha256.as_ref().is_none_or(digest);
        if is_right { Ok(receipt) } else { Err(ProbeFailure::WrongResponse) }
    }

    /// Runs a command that must succeed, and then makes a request for a receipt.
    async fn check_command(
        &self,
        command: &CommandCheck,
        target: &ServiceTarget<'_>,
    ) -> Result<Option<String>, ProbeFailure> {
        let inherited = ENV_ALLOWLIST.map(|name| std::env::var_os(name).map(|value| (name, value)));
        let child = tokio::process::Command::new(SHELL)
            .args(["-c", &command.run])
            .env_clear()
            .envs(inherited.into_iter().flatten())
            .env("MUSTER_URL", target.url)
            .env("MUSTER_TOKEN", target.token)
            .env("MUSTER_SESSION", target.session.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        let mut child = child.map_err(|_| ProbeFailure::Inconclusive)?;
        let group = ProcessGroup::of(&child);
        let ended =
            timeout(self.timeout, child.wait()).await.map_err(|_| ProbeFailure::NoResponse)?;
        group.release();
        if !ended.map_err(|_| ProbeFailure::Inconclusive)?.success() {
            return Err(ProbeFailure::WrongResponse);
        }
        let request = self.http.get(service_url(target.url, &command.path));
        Ok(self.send(request, target).await?.receipt())
    }

    /// Sends a request as part of a session, and reads the whole response, whatever it is: clients do.
    pub(crate) async fn send(
        &self,
        request: RequestBuilder,
        target: &ServiceTarget<'_>,
    ) -> Result<WholeResponse, RequestFailure> {
        let response = self.http.send(request, target.token, target.session).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(WholeResponse { status, headers, body: self.http.read_body(response).await })
    }
}

/// Parses and verifies a receipt: `None` unless the worker at `index` signed it for this session and window.
#[must_use]
pub fn verify_receipt(
    agreement: &Agreement,
    session: B256,
    index: u8,
    window: u8,
    text: &str,
) -> Option<ServiceReceipt> {
    let receipt: ServiceReceipt = text.parse().ok()?;
    let worker = agreement.terms().worker(index)?.account;
    let signer = receipt.signer(agreement.receipt_domain(), session);
    (signer == Some(worker) && receipt.window == window).then_some(receipt)
}

#[cfg(test)]
mod tests;
