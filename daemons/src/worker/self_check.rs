//! The worker's own checks: its service by the document of its application, its relays, its public URL and its clock, beside the
//! steps.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use muster_gateway::{Claims, Secret, ServiceConfig, ServiceProcess, Upstream};
use muster_messaging::MessageKey;
use reqwest::{StatusCode, Url};
use tokio::time::{Duration, Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::agreement_table::AgreementTable;
use super::fitness::Fitness;
use super::options::{SelfCheckOptions, ServiceSource, WorkerOptions};
use crate::checks::{ApplicationDocument, Check, ProbeFailure, Prober, ServiceTarget};
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::request_client::is_connected;
use crate::unix_time::unix_now;

/// The pause after a check that found something, if the usual one is not shorter.
const PAUSE_AFTER_PROBLEM: Duration = Duration::from_secs(15);

/// How long an answer may take, as for testers by default.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a command may take until it listens.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// Between two looks whether a command listens.
const START_POLL: Duration = Duration::from_millis(100);

/// The most seconds between the machine's clock and a block that has just come.
const CLOCK_TOLERANCE: u64 = 15;

/// How long blocks are awaited to compare clocks.
const BLOCK_WAIT: Duration = Duration::from_secs(2);

/// Who asks, in the worker's own requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnKey(pub(super) B256);

impl OwnKey {
    /// A key that nobody knows.
    pub(super) fn random() -> Self {
        Self(MessageKey::random().public())
    }

    /// The claims of the worker's own token: no agreement has the address zero.
    pub(super) const fn claims(self) -> Claims {
        Claims { agreement: [0; 20], key: self.0.0, expires_at: u64::MAX }
    }
}

/// What the checks need.
#[derive(Debug)]
struct SelfCheck {
    /// The account, its market and its transport.
    context: DaemonContext,
    /// What the operator chose.
    options: SelfCheckOptions,
    /// Where the service is.
    source: ServiceSource,
    /// By which document it serves.
    document: Option<ApplicationDocument>,
    /// The URL by which others reach the gateway, if the operator named one.
    public_url: Option<Box<str>>,
    /// The token for the gateway.
    token: Box<str>,
    /// The services of agreements.
    agreement_table: Arc<AgreementTable>,
    /// Makes requests.
    prober: Prober,
}

/// Checks until the returned handle is dropped, and records what is found.
///
/// # Errors
/// [`DaemonError::Http`].
pub(super) fn spawn_self_check(
    context: &DaemonContext,
    options: &WorkerOptions,
    agreement_table: Arc<AgreementTable>,
    (secret, key): (&Secret, OwnKey),
    fitness: Fitness,
) -> Result<AbortOnDropHandle<()>, DaemonError> {
    let checks = SelfCheck {
        context: context.clone(),
        options: options.self_check,
        source: options.source.clone(),
        document: options.document.clone(),
        public_url: options.public_url.clone(),
        token: secret.issue(&key.claims()).reveal().into(),
        agreement_table,
        prober: Prober::new(ANSWER_TIMEOUT, None)?,
    };
    Ok(AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            let problem = checks.find_problem().await.err();
            let interval = checks.options.interval;
            let pause =
                if problem.is_some() { interval.min(PAUSE_AFTER_PROBLEM) } else { interval };
            fitness.record(problem);
            sleep(pause).await;
        }
    })))
}

impl SelfCheck {
    /// Makes all checks.
    ///
    /// # Errors
    /// The first problem, and what to do.
    async fn find_problem(&self) -> Result<(), Box<str>> {
        self.check_service().await?;
        self.check_public_url().await?;
        self.check_relays().await?;
        if self.options.compares_clocks { self.check_clock().await } else { Ok(()) }
    }

    /// Checks the service itself: that of an agreement, or the one of all, or a command that is started for the check.
    async fn check_service(&self) -> Result<(), Box<str>> {
        match &self.source {
            ServiceSource::Compute { .. } => Ok(()),
            ServiceSource::Upstream(upstream) => self.check_upstream(upstream).await,
            ServiceSource::Command { command, limits } => {
                if let Some(upstream) = self.agreement_table.any_upstream() {
                    return self.check_upstream(&upstream).await;
                }
                let (command, agreement) = (command.as_ref().into(), [0; 20]);
                let config = ServiceConfig { command, agreement, limits: *limits };
                let process = ServiceProcess::start(config)
                    .map_err(|error| format!("the command of --exec does not start: {error}"))?;
                let checked = self.check_process(&process).await;
                process.stop().await;
                checked
            }
        }
    }

    /// Checks a command that was just started.
    async fn check_process(&self, process: &ServiceProcess) -> Result<(), Box<str>> {
        let started = Instant::now();
        while !process.upstream().is_up().await {
            if started.elapsed() > START_TIMEOUT {
                let seconds = START_TIMEOUT.as_secs();
                return Err(format!(
                    "the command of --exec does not listen on 127.0.0.1 and the port in PORT within {seconds} s: see its output"
                )
                .into());
            }
            sleep(START_POLL).await;
        }
        self.check_upstream(&process.upstream()).await
    }

    /// Checks that a service listens, and answers as the document says.
    async fn check_upstream(&self, upstream: &Upstream) -> Result<(), Box<str>> {
        if !upstream.is_up().await {
            return Err(
                "the service accepts no connections: start it, or correct --upstream".into()
            );
        }
        let Some(document) = &self.document else { return Ok(()) };
        let url = upstream.url();
        let target = ServiceTarget { url: &url, token: "", session: B256::ZERO };
        for check in document.check().requests() {
            if let Err(failure) = self.prober.check(&check, &target).await {
                return Err(not_passed(document, &check, failure));
            }
        }
        // Testers that do not know the document ask for this.
        match self.prober.presence_status(&target).await {
            Ok(status) if status.is_server_error() => Err(format!(
                "GET / of the service answers with {status}: testers that do not know document {} count that as failed",
                document.digest()
            )
            .into()),
            Ok(_) => Ok(()),
            Err(failure) => Err(format!("GET / of the service fails: {failure}").into()),
        }
    }

    /// Checks that the public URL leads to this gateway, as far as that can be known from here: many routers do not let a machine
    /// reach itself by its public address.
    async fn check_public_url(&self) -> Result<(), Box<str>> {
        let Some(url) = &self.public_url else { return Ok(()) };
        if let Some((host, port)) = host_and_port(url)
            && tokio::net::lookup_host((host.as_str(), port)).await.is_err()
        {
            return Err(format!("the host {host} of the public URL has no address: correct the name's records, or --public-url").into());
        }
        let target = ServiceTarget { url, token: &self.token, session: B256::ZERO };
        match self.prober.presence_status(&target).await {
            Ok(status) if !status.is_server_error() => Ok(()),
            Ok(status) if self.is_own_answer(status).await => Ok(()),
            Ok(status) => Err(format!(
                "the public URL answers with {status}, and the service does not: see the reverse proxy before the gateway"
            )
            .into()),
            Err(ProbeFailure::NoResponse | ProbeFailure::Cut) => {
                tracing::info!(
                    "the public URL does not answer from here, which is no failure if a router does not let this machine reach \
                     itself; `muster doctor worker --public-url URL` says from elsewhere whether it is open"
                );
                Ok(())
            }
            Err(failure) => Err(format!(
                "the public URL does not lead to this gateway: {failure}: point it, or the reverse proxy behind it, to the gateway"
            )
            .into()),
        }
    }

    /// Whether the service itself answers with this status, or could not be asked: the gateway knows no service of a command or of
    /// jobs between agreements.
    async fn is_own_answer(&self, status: StatusCode) -> bool {
        let ServiceSource::Upstream(upstream) = &self.source else { return true };
        let url = upstream.url();
        let target = ServiceTarget { url: &url, token: "", session: B256::ZERO };
        self.prober.presence_status(&target).await == Ok(status)
    }

    /// Checks that a message to itself comes back.
    async fn check_relays(&self) -> Result<(), Box<str>> {
        let (transport, chain_id) =
            (self.context.transport(), self.context.market().node().chain_id());
        if is_connected(transport, chain_id, Address::ZERO).await {
            Ok(())
        } else {
            Err("no relay brings back a message of the worker to itself, so nobody can ask for its endpoint: see --relay".into())
        }
    }

    /// Compares the machine's clock with the chain's. A quiet chain says only whether the machine is behind; a node that does
    /// not answer says nothing.
    async fn check_clock(&self) -> Result<(), Box<str>> {
        let node = self.context.market().node();
        let Ok(first) = node.head().await else { return Ok(()) };
        sleep(BLOCK_WAIT).await;
        let Ok(last) = node.head().await else { return Ok(()) };
        let is_fresh = last.number > first.number;
        clock_problem(last.timestamp, unix_now(), is_fresh).map_or(Ok(()), Err)
    }
}

/// What is wrong with the machine's clock, which shows the second `now` when the latest block is from `block`; `is_fresh` if that
/// block has just come.
fn clock_problem(block: u64, now: u64, is_fresh: bool) -> Option<Box<str>> {
    let (behind, ahead) = (block.saturating_sub(now), now.saturating_sub(block));
    let (seconds, way) = if behind > CLOCK_TOLERANCE {
        (behind, "behind")
    } else if is_fresh && ahead > CLOCK_TOLERANCE {
        (ahead, "ahead of")
    } else {
        return None;
    };
    let text = format!(
        "the machine's clock is {seconds} s {way} the chain's: set it, for example with an NTP service"
    );
    Some(text.into())
}

/// The host and the port of a URL.
fn host_and_port(url: &str) -> Option<(String, u16)> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
    Some((host.to_owned(), url.port_or_known_default()?))
}

/// The text of a check that the service does not pass.
fn not_passed(document: &ApplicationDocument, check: &Check, failure: ProbeFailure) -> Box<str> {
    let name = document.name();
    format!("the service does not pass the check of {name}: {check}: {failure}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_behind_any_block_and_ahead_of_a_fresh_one() {
        let problem = |block, now, is_fresh| clock_problem(block, now, is_fresh).is_some();
        assert!(!problem(1_000, 985, false) && problem(1_000, 984, false));
        assert!(!problem(1_000, 1_015, true) && problem(1_000, 1_016, true));
        assert!(!problem(1_000, 5_000, false), "nothing happens on the chain");
        let text = clock_problem(1_000, 900, true).unwrap();
        assert!(text.starts_with("the machine's clock is 100 s behind the chain's"), "{text}");
    }
}
