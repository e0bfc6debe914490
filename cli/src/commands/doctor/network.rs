//! Relays, the service, and the gateway from outside.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy::primitives::Address;
use muster_messaging::{
    Content, InMemoryReplayGuard, Mailbox, Message, MessageError, MessageKey, ProxyUrl, RelayPool,
};
use reqwest::{Client, StatusCode};
use tokio::time::timeout;

use crate::commands::doctor::finding::Report;
use crate::context::Context;

/// How long a relay or a service may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends a message to itself through each relay.
pub(super) async fn check_relays(context: &Context, report: &mut Report) {
    for url in context.relays() {
        let started = Instant::now();
        let advice = "start one with `muster relay`, or name another with --relay";
        match timeout(TIMEOUT, round_trip(context.proxy(), url)).await {
            Ok(Ok(())) => {
                let millis = started.elapsed().as_millis();
                report.ok("relay", format_args!("{url}: a message came back in {millis} ms"));
            }
            Ok(Err(error)) => report.wrong("relay", format_args!("{url}: {error}"), advice),
            Err(_) => report.wrong("relay", format_args!("{url} does not answer"), advice),
        }
    }
}

/// Sends a message to a fresh key through one relay, and waits until it arrives.
async fn round_trip(proxy: Option<&ProxyUrl>, url: &str) -> Result<(), MessageError> {
    let pool = Arc::new(RelayPool::connect_through(proxy, [url])?);
    let guard = Arc::new(InMemoryReplayGuard::default());
    let mut mailbox = Mailbox::open(MessageKey::random(), pool, guard).await?;
    let nonce = MessageKey::random().public();
    let message = Message {
        chain_id: 0,
        agreement: Address::ZERO,
        nonce,
        content: Content::JobLimitsRequest {},
    };
    mailbox.send(mailbox.key(), &message).await?;
    while mailbox.next().await?.message.nonce != nonce {}
    Ok(())
}

/// The status of a GET request.
async fn status(url: &str) -> Result<StatusCode, reqwest::Error> {
    let client = Client::builder().timeout(TIMEOUT).build()?;
    Ok(client.get(url).send().await?.status())
}

/// Checks that the service answers.
pub(super) async fn check_upstream(url: &str, report: &mut Report) {
    match status(url).await {
        Ok(status) if !status.is_server_error() => {
            report.ok("upstream", format_args!("{url} answers with {status}"));
        }
        Ok(status) => {
            let found = format_args!("{url} answers with {status}");
            report.wrong("upstream", found, "look into the service's own log");
        }
        Err(error) => {
            let found = format_args!("{url}: {}", cause(&error));
            report.wrong("upstream", found, "start the service, or correct --upstream");
        }
    }
}

/// Checks that a gateway answers at its public URL, which refuses who has no token.
pub(super) async fn check_public_url(url: &str, report: &mut Report) {
    match status(url).await {
        Ok(StatusCode::UNAUTHORIZED) => {
            report.ok("public URL", format_args!("a gateway answers at {url}"));
        }
        Ok(status) => {
            let found =
                format_args!("{url} answers with {status}, and a gateway with 401 Unauthorized");
            report.wrong(
                "public URL",
                found,
                "point the URL, or the reverse proxy behind it, to the worker's gateway",
            );
        }
        Err(error) => {
            let advice = "start the worker, and see that its port is open (a router may not let you reach it from inside)";
            report.wrong("public URL", format_args!("{url}: {}", cause(&error)), advice);
        }
    }
}

/// The last cause of an error, which says most.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
