//! Asking a worker's service a question with an answer that can be checked.

use std::time::Duration;

use alloy::signers::local::PrivateKeySigner;
use reqwest::Client;

use crate::error::CliError;
use crate::factor::Factors;

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
}

/// Asks services.
#[derive(Debug)]
pub(crate) struct Asker(Client);

impl Asker {
    /// An asker that waits so many milliseconds for an answer.
    pub(crate) fn new(timeout: u64) -> Result<Self, CliError> {
        Ok(Self(Client::builder().timeout(Duration::from_millis(timeout)).build()?))
    }

    /// Asks for the prime factors of a random number, and checks them.
    pub(crate) async fn factor(&self, url: &str) -> Result<Factors, Failure> {
        let n = random();
        let answer = self.get(&format!("{}/factor?n={n}", url.trim_end_matches('/'))).await?;
        let factors: Factors = serde_json::from_str(&answer).map_err(|_| Failure::Wrong)?;
        if factors.are_those_of(n) { Ok(factors) } else { Err(Failure::Wrong) }
    }

    /// Asks for a page that must contain a text.
    pub(crate) async fn page(&self, url: &str, path: &str, text: &str) -> Result<(), Failure> {
        let answer = self.get(&format!("{}{path}", url.trim_end_matches('/'))).await?;
        if answer.contains(text) { Ok(()) } else { Err(Failure::Wrong) }
    }

    /// The body of a page.
    async fn get(&self, url: &str) -> Result<String, Failure> {
        let answer = self.0.get(url).send().await.map_err(|_| Failure::NoAnswer)?;
        if !answer.status().is_success() {
            return Err(Failure::Refused);
        }
        answer.text().await.map_err(|_| Failure::NoAnswer)
    }
}

/// A number that the service cannot know before: the beginning of a fresh key.
fn random() -> u64 {
    let key = PrivateKeySigner::random().to_bytes();
    key.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}
