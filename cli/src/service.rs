//! Asking a worker's service a question with an answer that can be checked, as part of a session.

use std::time::Duration;

use alloy::primitives::B256;
use alloy::signers::local::PrivateKeySigner;
use reqwest::Client;

use crate::error::CliError;
use crate::factor::Factors;

/// The header in which a session is named.
pub(crate) const SESSION: &str = "x-muster-session";

/// The header in which the session's newest receipt comes back.
pub(crate) const RECEIPT: &str = "x-muster-receipt";

/// What was wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// There was none in time.
    #[error("no answer")]
    NoAnswer,
    /// It was not 200.
    #[error("refused")]
    Refused,
    /// It was not the right one.
    #[error("wrong answer")]
    Wrong,
    /// It came without a receipt.
    #[error("no receipt")]
    NoReceipt,
    /// Its receipt is not this worker's, or not for this session, agreement and window.
    #[error("wrong receipt")]
    WrongReceipt,
}

/// What came back, and the text of the receipt that came with it.
pub(crate) type Answer<T> = Result<(T, Option<String>), Failure>;

/// Asks services.
#[derive(Debug)]
pub(crate) struct Asker {
    /// The connections.
    http: Client,
    /// What every question is part of.
    session: B256,
}

impl Asker {
    /// An asker that waits so many milliseconds for an answer.
    pub(crate) fn new(timeout: u64, session: B256) -> Result<Self, CliError> {
        let http = Client::builder().timeout(Duration::from_millis(timeout)).build()?;
        Ok(Self { http, session })
    }

    /// Asks for the prime factors of a random number, and checks them.
    pub(crate) async fn factor(&self, url: &str) -> Answer<Factors> {
        let n = random();
        let (answer, receipt) =
            self.get(&format!("{}/factor?n={n}", url.trim_end_matches('/'))).await?;
        let factors: Factors = serde_json::from_str(&answer).map_err(|_| Failure::Wrong)?;
        if factors.are_those_of(n) { Ok((factors, receipt)) } else { Err(Failure::Wrong) }
    }

    /// Asks for a page that must contain a text.
    pub(crate) async fn page(&self, url: &str, path: &str, text: &str) -> Answer<()> {
        let (answer, receipt) = self.get(&format!("{}{path}", url.trim_end_matches('/'))).await?;
        if answer.contains(text) { Ok(((), receipt)) } else { Err(Failure::Wrong) }
    }

    /// The body of a page.
    async fn get(&self, url: &str) -> Answer<String> {
        let asked = self.http.get(url).header(SESSION, self.session.to_string());
        let answer = asked.send().await.map_err(|_| Failure::NoAnswer)?;
        if !answer.status().is_success() {
            return Err(Failure::Refused);
        }
        let receipt = answer.headers().get(RECEIPT).and_then(|text| text.to_str().ok());
        let receipt = receipt.map(str::to_owned);
        Ok((answer.text().await.map_err(|_| Failure::NoAnswer)?, receipt))
    }
}

/// A number that the service cannot know before: the beginning of a fresh key.
fn random() -> u64 {
    let key = PrivateKeySigner::random().to_bytes();
    key.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}
