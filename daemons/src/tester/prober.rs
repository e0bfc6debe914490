//! Asking a worker's service, as its client would, and judging the answer.

use std::fmt::{self, Debug, Formatter};
use std::process::Stdio;

use alloy::primitives::B256;
use muster_client::{Agreement, ServiceReceipt};
use muster_gateway::{RECEIPT_HEADER, SESSION_HEADER, TOKEN_HEADER};
use muster_messaging::RefusalReason;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use rustix::process::{Pid, Signal, kill_process_group};
use sha2::{Digest, Sha256};
use tokio::time::{Duration, timeout};

use super::check::{Check, CommandCheck, HttpCheck};
use super::factor::Factors;
use crate::rng::random_u64;

/// The longest answer that is read, in bytes.
const MAX_RESPONSE_BYTES: usize = 8 << 20;

/// What runs a command.
const SHELL: &str = "/bin/sh";

/// What a command sees of our environment, in which there may be keys.
const ENV_ALLOWLIST: [&str; 2] = ["PATH", "HOME"];

/// Why a worker did not serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeFailure {
    /// It could not be asked, which is not its fault.
    #[error("could not be asked")]
    Inconclusive,
    /// It did not say in time where its service is.
    #[error("no endpoint")]
    NoEndpoint,
    /// It would not say where its service is.
    #[error("no endpoint: {0}")]
    EndpointRefused(RefusalReason),
    /// Its service did not answer in time.
    #[error("no answer")]
    NoResponse,
    /// The answer has another status.
    #[error("refused")]
    UnexpectedStatus,
    /// The answer is not the right one.
    #[error("wrong answer")]
    WrongResponse,
    /// The answer came without a receipt.
    #[error("no receipt")]
    NoReceipt,
    /// The receipt is not this worker's, or not for this session, agreement and window.
    #[error("wrong receipt")]
    WrongReceipt,
}

/// A service, and as part of what it is asked.
#[derive(Clone, Copy)]
pub struct ServiceTarget<'a> {
    /// Where it is.
    pub url: &'a str,
    /// What lets one in; empty if nothing has to be shown.
    pub token: &'a str,
    /// The session.
    pub session: B256,
}

impl Debug for ServiceTarget<'_> {
    /// Tells the session only.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceTarget").field("session", &self.session).finish_non_exhaustive()
    }
}

impl ServiceTarget<'_> {
    /// The address of a page.
    fn url_for(&self, path: &str) -> String {
        format!("{}{path}", self.url.trim_end_matches('/'))
    }
}

/// Asks services.
#[derive(Clone, Debug)]
pub struct Prober {
    /// The connections.
    http: Client,
    /// How long to wait for an answer.
    timeout: Duration,
}

/// A group of processes, all of which end when this is dropped.
struct ProcessGroup(Option<Pid>);

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // They may have ended by themselves.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Prober {
    /// An asker that waits so long for each answer. It goes where it is told, and nowhere from there.
    ///
    /// # Errors
    /// If the system has no room for connections.
    pub fn new(timeout: Duration) -> Result<Self, reqwest::Error> {
        let http = Client::builder().timeout(timeout).redirect(Policy::none()).build()?;
        Ok(Self { http, timeout })
    }

    /// Looks whether a service gives the right answer, and returns the text of the receipt for it.
    ///
    /// # Errors
    /// Why it does not serve.
    pub async fn probe(
        &self,
        check: &Check,
        target: &ServiceTarget<'_>,
    ) -> Result<String, ProbeFailure> {
        let receipt = match check {
            Check::Http(page) => self.check_http(page, target).await?,
            Check::Factor => self.request_factors(target).await?.1,
            Check::Command(command) => self.check_command(command, target).await?,
        };
        receipt.ok_or(ProbeFailure::NoReceipt)
    }

    /// Asks for the prime factors of a random number, and returns them if they are right, with the text of
    /// the receipt.
    ///
    /// # Errors
    /// As [`Asker::look`].
    pub async fn request_factors(
        &self,
        target: &ServiceTarget<'_>,
    ) -> Result<(Factors, Option<String>), ProbeFailure> {
        let n = random_u64();
        let request = self.http.get(target.url_for(&format!("/factor?n={n}")));
        let response = send(request, target).await?;
        if !response.status().is_success() {
            return Err(ProbeFailure::UnexpectedStatus);
        }
        let (receipt, body) = (receipt_header(&response), read_body(response).await?);
        let factors: Factors =
            serde_json::from_slice(&body).map_err(|_| ProbeFailure::WrongResponse)?;
        if factors.is_factorization_of(n) {
            Ok((factors, receipt))
        } else {
            Err(ProbeFailure::WrongResponse)
        }
    }

    /// Gets or posts to a page that must be right.
    async fn check_http(
        &self,
        page: &HttpCheck,
        target: &ServiceTarget<'_>,
    ) -> Result<Option<String>, ProbeFailure> {
        let url = target.url_for(&page.path);
        let request = match &page.post {
            Some(text) => self.http.post(url).body(text.clone()),
            None => self.http.get(url),
        };
        let response = send(request, target).await?;
        let status = response.status();
        if page.status.map_or(!status.is_success(), |wanted| status.as_u16() != wanted) {
            return Err(ProbeFailure::UnexpectedStatus);
        }
        let (receipt, body) = (receipt_header(&response), read_body(response).await?);
        let contains = |text: &String| {
            text.is_empty() || body.windows(text.len()).any(|part| part == text.as_bytes())
        };
        let digest = |wanted: &B256| Sha256::digest(&body).as_slice() == wanted.as_slice();
        let right =
            page.contains.as_ref().is_none_or(contains) && page.sha256.as_ref().is_none_or(digest);
        if right { Ok(receipt) } else { Err(ProbeFailure::WrongResponse) }
    }

    /// Runs a command that must succeed, and then gets a receipt.
    async fn check_command(
        &self,
        command: &CommandCheck,
        target: &ServiceTarget<'_>,
    ) -> Result<Option<String>, ProbeFailure> {
        let passed_on = ENV_ALLOWLIST.map(|name| std::env::var_os(name).map(|value| (name, value)));
        let child = tokio::process::Command::new(SHELL)
            .args(["-c", &command.run])
            .env_clear()
            .envs(passed_on.into_iter().flatten())
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
        let id = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let mut group = ProcessGroup(id);
        let ended =
            timeout(self.timeout, child.wait()).await.map_err(|_| ProbeFailure::NoResponse)?;
        group.0 = None;
        if !ended.map_err(|_| ProbeFailure::Inconclusive)?.success() {
            return Err(ProbeFailure::WrongResponse);
        }
        let response = send(self.http.get(target.url_for(&command.path)), target).await?;
        Ok(receipt_header(&response))
    }
}

/// Sends a request as part of a session.
async fn send(
    request: RequestBuilder,
    target: &ServiceTarget<'_>,
) -> Result<Response, ProbeFailure> {
    let mut request = request.header(SESSION_HEADER, target.session.to_string());
    if !target.token.is_empty() {
        request = request.header(TOKEN_HEADER, target.token);
    }
    request.send().await.map_err(|_| ProbeFailure::NoResponse)
}

/// The text of the receipt that came with an answer.
fn receipt_header(response: &Response) -> Option<String> {
    response.headers().get(RECEIPT_HEADER)?.to_str().ok().map(str::to_owned)
}

/// An answer's body, if it is not too long.
async fn read_body(mut response: Response) -> Result<Vec<u8>, ProbeFailure> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|_| ProbeFailure::NoResponse)? {
        if body.len().saturating_add(part.len()) > MAX_RESPONSE_BYTES {
            return Err(ProbeFailure::WrongResponse);
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// The receipt in a text, if it is that of the worker at `index` for this session and covers the window.
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
    (signer == Some(worker) && receipt.covers(window)).then_some(receipt)
}

#[cfg(test)]
mod tests;
