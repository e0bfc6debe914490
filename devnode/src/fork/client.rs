//! Fetches answers from a node, and waits for them.

use std::time::Duration;

use alloy::{
    primitives::U64,
    rpc::{
        client::{ClientBuilder, RpcClient},
        json_rpc::ErrorPayload,
    },
    transports::{
        RpcError, TransportError,
        layers::{RateLimitRetryPolicy, RetryBackoffLayer, RetryPolicy},
    },
};
use futures::future::join_all;
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::runtime::{self, Runtime};

use super::ForkError;
use crate::deadline;

/// How often a request is repeated that the node turns away because of its rate.
const RETRIES: u32 = 10;

/// Milliseconds before a repetition, if the node names no time.
const BACKOFF: u64 = 500;

/// What a usual provider allows, in its units of 20 per request.
const UNITS_PER_SECOND: u64 = 330;

/// Limit of time for one request.
const TIMEOUT: Duration = Duration::from_secs(45);

/// Repeats what a node turns away because of its rate. A missing block does not come back.
#[derive(Clone, Copy, Debug)]
struct RateLimits;

impl RetryPolicy for RateLimits {
    fn should_retry(&self, error: &TransportError) -> bool {
        let missing = |error: &ErrorPayload| error.message.contains("header not found");
        !error.as_error_resp().is_some_and(missing)
            && RateLimitRetryPolicy::default().should_retry(error)
    }

    fn backoff_hint(&self, error: &TransportError) -> Option<Duration> {
        RateLimitRetryPolicy::default().backoff_hint(error)
    }
}

/// A client of a node, with a runtime of its own: the chain's thread waits in it, so the server goes
/// on to accept requests.
#[derive(Debug)]
pub(super) struct Client {
    /// URL of the node.
    url: Url,
    /// Sends requests.
    rpc: RpcClient,
    /// Drives them.
    runtime: Runtime,
}

impl Client {
    /// A client of the node with this URL. Does not connect yet.
    ///
    /// # Errors
    /// If it is not a URL of HTTP.
    pub(super) fn new(url: &str) -> Result<Self, ForkError> {
        let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = parsed.ok_or_else(|| ForkError::Url(url.to_owned()))?;
        let http = reqwest::Client::builder().timeout(TIMEOUT).build();
        let http = http.map_err(|error| ForkError::Http(error.into()))?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let retry =
            RetryBackoffLayer::new_with_policy(RETRIES, BACKOFF, UNITS_PER_SECOND, RateLimits);
        Ok(Self {
            rpc: ClientBuilder::default().layer(retry).http_with_client(http, url.clone()),
            url,
            runtime: runtime.map_err(|error| ForkError::Http(error.into()))?,
        })
    }

    /// URL of the node.
    pub(super) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The answer to a request.
    ///
    /// # Errors
    /// If the node does not answer, or rejects the request.
    pub(super) fn ask<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<T, ForkError> {
        let answer = self.send_all(&[(method, params)]).pop().unwrap_or(Ok(Value::Null))?;
        super::parse(method, answer)
    }

    /// The answers to several requests, and to what chain the node is of: a URL may come to lead to
    /// another one.
    ///
    /// # Errors
    /// If the node is of another chain, does not answer, or rejects one of the requests.
    pub(super) fn ask_all(
        &self,
        chain_id: u64,
        requests: &[(&'static str, Value)],
    ) -> Result<Vec<Value>, ForkError> {
        let mut requests = requests.to_vec();
        requests.push(("eth_chainId", json!([])));
        let mut answers = self.send_all(&requests);
        let have = answers.pop().unwrap_or(Ok(Value::Null))?;
        let have: U64 = super::parse("eth_chainId", have)?;
        if have.to::<u64>() != chain_id {
            // Its other answers, errors too, are about that chain.
            return Err(ForkError::OtherChain { have: have.to(), want: chain_id });
        }
        answers.into_iter().collect()
    }

    /// The answers to several requests, which are sent at the same time.
    fn send_all(&self, requests: &[(&'static str, Value)]) -> Vec<Result<Value, ForkError>> {
        let answers = requests.iter().map(|(method, params)| async move {
            let answer = self.rpc.request::<_, Value>(*method, params.clone()).await;
            answer.map_err(|error| self.error(method, error))
        });
        deadline::wait(|| self.runtime.block_on(join_all(answers)))
    }

    /// The error of a request.
    fn error(&self, method: &'static str, error: TransportError) -> ForkError {
        // Paths and queries often hold a key.
        let node = self.url.host_str().unwrap_or_default();
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let node = format!("{}://{node}{port}", self.url.scheme());
        match error {
            RpcError::ErrorResp(error) => ForkError::Rejected { node, method, error },
            error => {
                let why = error.to_string().replace(self.url.as_str(), &node);
                ForkError::Unreachable { node, method, why }
            }
        }
    }
}
