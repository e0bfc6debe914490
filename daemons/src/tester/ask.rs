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

use super::check::{Check, Command, Page};
use super::factor::Factors;
use crate::chance::random;

/// The longest answer that is read, in bytes.
const LONGEST: usize = 8 << 20;

/// What runs a command.
const SHELL: &str = "/bin/sh";

/// What a command sees of our environment, in which there may be keys.
const PASSED_ON: [&str; 2] = ["PATH", "HOME"];

/// Why a worker did not serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// It could not be asked, which is not its fault.
    #[error("could not be asked")]
    Unasked,
    /// It did not say in time where its service is.
    #[error("no endpoint")]
    NoEndpoint,
    /// It would not say where its service is.
    #[error("no endpoint: {0}")]
    Declined(RefusalReason),
    /// Its service did not answer in time.
    #[error("no answer")]
    NoAnswer,
    /// The answer has another status.
    #[error("refused")]
    Refused,
    /// The answer is not the right one.
    #[error("wrong answer")]
    Wrong,
    /// The answer came without a receipt.
    #[error("no receipt")]
    NoReceipt,
    /// The receipt is not this worker's, or not for this session, agreement and window.
    #[error("wrong receipt")]
    WrongReceipt,
}

/// A service, and as part of what it is asked.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Where it is.
    pub url: &'a str,
    /// What lets one in; empty if nothing has to be shown.
    pub token: &'a str,
    /// The session.
    pub session: B256,
}

impl Debug for Place<'_> {
    /// Tells the session only.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Place<'_> {
    /// The address of a page.
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url.trim_end_matches('/'))
    }
}

/// Asks services.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The connections.
    http: Client,
    /// How long to wait for an answer.
    patience: Duration,
}

/// A group of processes, all of which end when this is dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // They may have ended by themselves.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Asker {
    /// An asker that waits so long for each answer. It goes where it is told, and nowhere from there.
    ///
    /// # Errors
    /// If the system has no room for connections.
    pub fn new(patience: Duration) -> Result<Self, reqwest::Error> {
        let http = Client::builder().timeout(patience).redirect(Policy::none()).build()?;
        Ok(Self { http, patience })
    }

    /// Looks whether a service gives the right answer, and returns the text of the receipt for it.
    ///
    /// # Errors
    /// Why it does not serve.
    pub async fn look(&self, check: &Check, place: &Place<'_>) -> Result<String, Failure> {
        let receipt = match check {
            Check::Http(page) => self.page(page, place).await?,
            Check::Factor => self.factor(place).await?.1,
            Check::Command(command) => self.command(command, place).await?,
        };
        receipt.ok_or(Failure::NoReceipt)
    }

    /// Asks for the prime factors of a random number, and returns them if they are right, with the text of
    /// the receipt.
    ///
    /// # Errors
    /// As [`Asker::look`].
    pub async fn factor(&self, place: &Place<'_>) -> Result<(Factors, Option<String>), Failure> {
        let n = random();
        let asked = self.http.get(place.at(&format!("/factor?n={n}")));
        let answer = send(asked, place).await?;
        if !answer.status().is_success() {
            return Err(Failure::Refused);
        }
        let (receipt, body) = (receipt(&answer), body(answer).await?);
        let factors: Factors = serde_json::from_slice(&body).map_err(|_| Failure::Wrong)?;
        if factors.are_those_of(n) { Ok((factors, receipt)) } else { Err(Failure::Wrong) }
    }

    /// Gets or posts to a page that must be right.
    async fn page(&self, page: &Page, place: &Place<'_>) -> Result<Option<String>, Failure> {
        let url = place.at(&page.path);
        let asked = match &page.post {
            Some(text) => self.http.post(url).body(text.clone()),
            None => self.http.get(url),
        };
        let answer = send(asked, place).await?;
        let status = answer.status();
        if page.status.map_or(!status.is_success(), |wanted| status.as_u16() != wanted) {
            return Err(Failure::Refused);
        }
        let (receipt, body) = (receipt(&answer), body(answer).await?);
        let contains = |text: &String| {
            text.is_empty() || body.windows(text.len()).any(|part| part == text.as_bytes())
        };
        let digest = |wanted: &B256| Sha256::digest(&body).as_slice() == wanted.as_slice();
        let right =
            page.contains.as_ref().is_none_or(contains) && page.sha256.as_ref().is_none_or(digest);
        if right { Ok(receipt) } else { Err(Failure::Wrong) }
    }

    /// Runs a command that must succeed, and then gets a receipt.
    async fn command(
        &self,
        command: &Command,
        place: &Place<'_>,
    ) -> Result<Option<String>, Failure> {
        let passed_on = PASSED_ON.map(|name| std::env::var_os(name).map(|value| (name, value)));
        let child = tokio::process::Command::new(SHELL)
            .args(["-c", &command.run])
            .env_clear()
            .envs(passed_on.into_iter().flatten())
            .env("MUSTER_URL", place.url)
            .env("MUSTER_TOKEN", place.token)
            .env("MUSTER_SESSION", place.session.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        let mut child = child.map_err(|_| Failure::Unasked)?;
        let id = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let mut group = Group(id);
        let ended = timeout(self.patience, child.wait()).await.map_err(|_| Failure::NoAnswer)?;
        group.0 = None;
        if !ended.map_err(|_| Failure::Unasked)?.success() {
            return Err(Failure::Wrong);
        }
        let answer = send(self.http.get(place.at(&command.path)), place).await?;
        Ok(receipt(&answer))
    }
}

/// Sends a request as part of a session.
async fn send(request: RequestBuilder, place: &Place<'_>) -> Result<Response, Failure> {
    let mut request = request.header(SESSION_HEADER, place.session.to_string());
    if !place.token.is_empty() {
        request = request.header(TOKEN_HEADER, place.token);
    }
    request.send().await.map_err(|_| Failure::NoAnswer)
}

/// The text of the receipt that came with an answer.
fn receipt(answer: &Response) -> Option<String> {
    answer.headers().get(RECEIPT_HEADER)?.to_str().ok().map(str::to_owned)
}

/// An answer's body, if it is not too long.
async fn body(mut answer: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|_| Failure::NoAnswer)? {
        if body.len().saturating_add(part.len()) > LONGEST {
            return Err(Failure::Wrong);
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// The receipt in a text, if it is that of the worker at `index` for this session and covers the window.
#[must_use]
pub fn verified(
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
