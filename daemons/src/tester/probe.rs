//! The probes of one worker in one window, each at its own random moment.
//!
//! A probe is one request as the client would make it. It is served if the response is right and carries a receipt; only
//! a connection that was cut is tried again, at once and once. A failure counts only if just after it a node answers and a
//! message of the tester to itself comes back: a tester without a network measures nothing. If the worker refuses a pass
//! or does not reply to it, the tester does not show its seat instead, because the worker would treat its client in the
//! same way.

use std::sync::Arc;

use muster_client::ServiceReceipt;
use muster_messaging::{Endpoint, ExposeSecret};
use tokio::select;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::prober::{ProbeFailure, ServiceTarget, verify_receipt};
use super::seat::{ProbeIdentity, Seat};
use crate::endpoint_request::{EndpointFailure, REPLY_TIMEOUT, request_endpoint};
use crate::failpoint::fail_point;
use crate::schedule::{Moment, Schedule, Timing};
use crate::store::ProbeId;

/// A worker that was asked so shortly before the end of the window, and has not replied, has not failed.
const SHORTEST_REPLY_TIME: Duration = Duration::from_secs(2);

/// One worker, as a seat probes it.
#[derive(Debug)]
struct Target {
    /// The seat.
    seat: Arc<Seat>,
    /// The worker's index.
    index: u8,
    /// The tick in which the window ends.
    end: u64,
    /// What it replied to the last request for its endpoint.
    reply: Mutex<EndpointReply>,
}

/// What a worker replied to a request for its endpoint.
#[derive(Debug, Default)]
struct EndpointReply {
    /// Its endpoint, if it has sent one that works.
    endpoint: Option<Endpoint>,
    /// When it was last noticed that there was no reply.
    silent: Option<Instant>,
}

/// Makes the probes of the worker at `index`. Those whose moments have passed are left out.
pub(super) async fn probe_worker(seat: Arc<Seat>, index: u8, schedule: Schedule, timing: Timing) {
    let end = timing.window.end;
    let target = Arc::new(Target { seat: seat.clone(), index, end, reply: Mutex::default() });
    let (clock, opened) = (&seat.probe_context.clock, target.clone());
    let opening = schedule.opening;
    let _opening = AbortOnDropHandle::new(tokio::spawn(async move {
        opened.seat.probe_context.clock.wait_for(opening).await;
        opened.seat.pass_arrived().await;
        // A failure shows again in the first probe.
        drop(opened.endpoint(&opened.seat.identity()).await);
    }));
    let length = timing.window.end.saturating_sub(timing.window.start);
    // So late a probe is still one of its moment.
    let slack = length.checked_div(32).unwrap_or_default().max(2);
    let mut probes = JoinSet::new();
    for (number, moment) in (0..).zip(schedule.probes) {
        clock.wait_for(moment).await;
        if clock.now() <= moment.tick.saturating_add(slack) {
            let target = target.clone();
            probes.spawn(async move { target.probe(number, moment).await });
        }
    }
    while probes.join_next().await.is_some() {}
}

impl Target {
    /// Makes one probe, unless it was begun before, and stores its outcome.
    async fn probe(&self, number: u8, moment: Moment) {
        let Seat { probe_context, agreement, window, .. } = &*self.seat;
        let (agreement, window, worker) = (agreement.address(), *window, self.index);
        let probe = ProbeId { agreement, worker, window, number };
        match probe_context.store.begin_probe(&probe, moment.tick) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                return tracing::error!(%agreement, worker, window, %error, "probe not stored");
            }
        }
        fail_point!("probe/begun");
        let identity = self.seat.identity();
        // A pass ends with the window: a worker that was asked in time may stay silent beyond it.
        let in_time = identity.is_unexpired();
        let outcome = match self.request(&identity).await {
            Ok(receipt) => self.record(&probe, Some(&receipt)),
            Err(failure) => {
                tracing::debug!(%agreement, worker, window, number, %failure, "probe failed");
                let reason = failure.to_string();
                metrics::counter!("muster_tester_failed_probes_total", "reason" => reason)
                    .increment(1);
                if in_time && self.is_worker_fault(failure, &identity).await {
                    self.record(&probe, None)
                } else {
                    "unknown"
                }
            }
        };
        metrics::counter!("muster_tester_probes_total", "outcome" => outcome).increment(1);
        tracing::info!(%agreement, worker, window, number, outcome, "probe ended");
    }

    /// Stores the outcome, and returns its name.
    fn record(&self, probe: &ProbeId, receipt: Option<&ServiceReceipt>) -> &'static str {
        fail_point!("observation/pending");
        let stored = self.seat.probe_context.store.record_probe(probe, receipt);
        fail_point!("observation/stored");
        match stored {
            Ok(()) => receipt.map_or("failed", |_| "served"),
            Err(error) => {
                let ProbeId { agreement, worker, window, .. } = probe;
                tracing::error!(%agreement, worker, window, %error, "observation not stored");
                "unknown"
            }
        }
    }

    /// Makes the request of a probe, and once again if a connection was cut.
    async fn request(&self, identity: &ProbeIdentity) -> Result<ServiceReceipt, ProbeFailure> {
        let result = match self.request_once(identity).await {
            Err(ProbeFailure::Cut) => self.request_once(identity).await,
            result => result,
        };
        if let Err(ProbeFailure::NoResponse | ProbeFailure::Cut | ProbeFailure::UnexpectedStatus) =
            result
        {
            // The service may have moved, or its old tokens are void.
            self.reply.lock().await.endpoint = None;
        }
        result
    }

    /// Makes one request, and verifies the receipt of its response.
    async fn request_once(&self, identity: &ProbeIdentity) -> Result<ServiceReceipt, ProbeFailure> {
        let Seat { probe_context, agreement, check, window, session, .. } = &*self.seat;
        let endpoint = self.endpoint(identity).await?;
        let (url, token) = (endpoint.url.expose_secret(), endpoint.token.expose_secret());
        let target = ServiceTarget { url, token, session: *session };
        let receipt = probe_context.prober.probe(check, &target).await?;
        verify_receipt(agreement, *session, self.index, *window, &receipt)
            .ok_or(ProbeFailure::WrongReceipt)
    }

    /// The endpoint, which the worker is asked for if it is not known. Probes that wait at the same time share its silence.
    async fn endpoint(&self, identity: &ProbeIdentity) -> Result<Endpoint, ProbeFailure> {
        let since = Instant::now();
        let mut reply = self.reply.lock().await;
        if let Some(known) = &reply.endpoint {
            return Ok(known.clone());
        }
        if reply.silent.is_some_and(|noticed| noticed >= since) {
            return Err(ProbeFailure::NoEndpoint);
        }
        let asked = self.ask_for_endpoint(identity).await;
        match asked {
            Ok(new) => Ok(reply.endpoint.insert(new).clone()),
            Err(failure) => {
                if failure == ProbeFailure::NoEndpoint {
                    reply.silent = Some(Instant::now());
                }
                Err(failure)
            }
        }
    }

    /// Asks the worker for its endpoint. A reply after the end of the window is none: a worker that was away could send a
    /// refusal then, and would be right.
    async fn ask_for_endpoint(&self, identity: &ProbeIdentity) -> Result<Endpoint, ProbeFailure> {
        let request_client = self.seat.request_client(identity).await;
        let request_client = request_client.map_err(|_| ProbeFailure::Inconclusive)?;
        let (claim, asked) = (identity.claim.clone(), Instant::now());
        let reply = select! {
            reply = request_endpoint(&request_client, &self.seat.agreement, self.index, claim) => reply,
            () = self.seat.probe_context.clock.wait_until(self.end) => {
                let was_asked_late = asked.elapsed() < SHORTEST_REPLY_TIME;
                Err(if was_asked_late { EndpointFailure::NotSent } else { EndpointFailure::NoReply })
            }
        };
        reply.map_err(|failure| match failure {
            EndpointFailure::NotSent => ProbeFailure::Inconclusive,
            EndpointFailure::NoReply => ProbeFailure::NoEndpoint,
            EndpointFailure::Refused(reason) => ProbeFailure::EndpointRefused(reason),
        })
    }

    /// Whether a failure of just now is the worker's, as far as the tester can tell.
    async fn is_worker_fault(&self, failure: ProbeFailure, identity: &ProbeIdentity) -> bool {
        if failure == ProbeFailure::Inconclusive {
            return false;
        }
        let Ok(now) = self.seat.agreement.window().await else { return false };
        // After its window, a worker rightly refuses what it had to serve before; only silence is still its failure.
        let is_silence = matches!(
            failure,
            ProbeFailure::NoEndpoint | ProbeFailure::NoResponse | ProbeFailure::Cut
        );
        if now != Some(self.seat.window) && !is_silence {
            return false;
        }
        let Ok(request_client) = self.seat.request_client(identity).await else { return false };
        let ping = request_client.ping(self.seat.chain_id(), self.seat.agreement.address());
        matches!(timeout(REPLY_TIMEOUT, ping).await, Ok(Ok(())))
    }
}
