//! The probes of one worker in one window, each at its own random moment.
//!
//! A probe is one request as the client would make it. It is served if the response is right, carries a receipt, and is not
//! too slow; only a request whose connection was cut is made again, at once and once. A failure counts only if just after
//! it a node answers and a message of the tester to itself comes back: a tester without a network measures nothing. If the
//! worker refuses a pass or does not reply to it, the tester does not show its seat instead, because the worker would treat
//! its client in the same way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use alloy::primitives::B256;
use muster_client::{Application, ServiceReceipt};
use muster_messaging::{Endpoint, ExposeSecret};
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::job_pool::{JobKind, JobPool, kinds};
use super::job_probe::slowest;
use super::reference_runner::ReferenceJob;
use super::reference_service::ReferenceCheck;
use super::sampling::collect_samples;
use super::seat::{ProbeIdentity, Seat};
use crate::checks::{Check, ProbeFailure, ProbeKind, ServiceTarget, verify_receipt};
use crate::endpoint_request::{EndpointFailure, request_endpoint};
use crate::endpoint_slot::EndpointSlot;
use crate::failpoint::fail_point;
use crate::request_client::is_connected;
use crate::schedule::{Moment, Schedule, Timing};
use crate::store::ProbeId;

/// A worker that was asked so shortly before the end of the window, and has not replied, has not failed.
const SHORTEST_REPLY_TIME: Duration = Duration::from_secs(2);

/// What a probe of a worker that runs jobs is made of.
#[derive(Debug)]
struct Work {
    /// The job.
    job: ReferenceJob,
    /// A check of the client's service, after which the job is posted only if nothing can be said of the answer.
    check: Option<ReferenceCheck>,
}

/// One worker, as a seat probes it.
#[derive(Debug)]
struct Target {
    /// The seat.
    seat: Arc<Seat>,
    /// The worker's index.
    index: u8,
    /// The tick in which the window ends.
    end: u64,
    /// Its endpoint.
    slot: EndpointSlot,
    /// Jobs for it, if it runs jobs.
    jobs: Option<Arc<JobPool>>,
    /// Whether it was said that it serves by another document.
    has_warned: AtomicBool,
}

/// A digest, or what stands for none.
fn text(digest: Option<B256>) -> String {
    digest.map_or("none".to_owned(), |digest| digest.to_string())
}

/// Makes the probes of the worker at `index`. Those whose moments have passed are left out.
pub(super) async fn probe_worker(seat: Arc<Seat>, index: u8, schedule: Schedule, timing: Timing) {
    let end = timing.window.end;
    let context = &seat.probe_context;
    let jobs =
        (seat.kind == ProbeKind::Job).then(|| Arc::new(JobPool::new(context.reference.clone())));
    let target = Target {
        seat: seat.clone(),
        index,
        end,
        slot: EndpointSlot::default(),
        jobs,
        has_warned: AtomicBool::new(false),
    };
    let target = Arc::new(target);
    let (clock, opened, opening) = (&context.clock, target.clone(), schedule.opening);
    let _sampling = target.jobs.clone().map(|jobs| {
        let sampling = collect_samples(seat.clone(), index, jobs, opening.tick..end);
        AbortOnDropHandle::new(tokio::spawn(sampling))
    });
    let kinds = kinds(
        context.moments(seat.agreement.address(), &seat.subject(index, b"kinds")),
        schedule.probes.len(),
    );
    let _opening = AbortOnDropHandle::new(tokio::spawn(async move {
        opened.seat.probe_context.clock.wait_for(opening).await;
        opened.seat.pass_arrived().await;
        // A failure shows again in the first probe.
        drop(opened.slot.get(opened.ask_for_endpoint(&opened.seat.identity())).await);
    }));
    let mut probes = JoinSet::new();
    for ((number, moment), kind) in (0..).zip(schedule.probes).zip(kinds) {
        clock.wait_for(moment).await;
        if timing.is_in_time(moment, clock.now()) {
            let target = target.clone();
            probes.spawn(async move { target.probe(number, moment, kind).await });
        }
    }
    while probes.join_next().await.is_some() {}
}

impl Work {
    /// How long it takes until its probe has failed.
    fn slowest(&self, response: Duration) -> Duration {
        // Each of two answers, and a look at the service after each.
        let check = self.check.as_ref().map_or(Duration::ZERO, |_| response.saturating_mul(4));
        slowest(&self.job, response).saturating_add(check)
    }
}

impl Target {
    /// Makes one probe, unless it was begun before, and stores its outcome.
    async fn probe(self: Arc<Self>, number: u8, moment: Moment, kind: JobKind) {
        let check = self.jobs.as_ref().and_then(|jobs| jobs.service_check(kind));
        let work = match &self.jobs {
            None => None,
            Some(jobs) => match jobs.take(kind).await {
                Some(job) => Some(Arc::new(Work { job, check })),
                // The reason is logged: this machine has measured nothing.
                None => return,
            },
        };
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
        let (outcome, failure) = match self.request(&identity, work).await {
            Ok(receipt) => (self.record(&probe, Some(&receipt)), None),
            Err(failure) => {
                let reason = failure.to_string();
                metrics::counter!("muster_tester_failed_probes_total", "reason" => reason.clone())
                    .increment(1);
                let is_fault = in_time && self.is_worker_fault(failure).await;
                let outcome = if is_fault { self.record(&probe, None) } else { "unknown" };
                (outcome, Some(reason))
            }
        };
        metrics::counter!("muster_tester_probes_total", "outcome" => outcome).increment(1);
        tracing::info!(%agreement, worker, window, number, outcome, failure, "probe ended");
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

    /// Makes the request of a probe. A slow response is none. The request goes on nevertheless, because clients wait longer:
    /// a worker must not see that anybody gives up.
    async fn request(
        self: &Arc<Self>,
        identity: &ProbeIdentity,
        work: Option<Arc<Work>>,
    ) -> Result<ServiceReceipt, ProbeFailure> {
        let asked = self.slot.get(self.ask_for_endpoint(identity)).await;
        let endpoint = asked.map_err(|failure| match failure {
            EndpointFailure::NotSent | EndpointFailure::OtherDocument { .. } => {
                ProbeFailure::Inconclusive
            }
            EndpointFailure::NoReply => ProbeFailure::NoEndpoint,
            EndpointFailure::Refused(reason) => ProbeFailure::EndpointRefused(reason),
        })?;
        let response = self.seat.probe_context.slow_after;
        let slow_after = work.as_deref().map_or(response, |work| work.slowest(response));
        let request = tokio::spawn(self.clone().request_service(endpoint, work));
        match timeout(slow_after, request).await {
            Ok(ended) => ended.unwrap_or(Err(ProbeFailure::Inconclusive)),
            Err(_) => Err(ProbeFailure::NoResponse),
        }
    }

    /// Makes a request of the service, and verifies the receipt of its response.
    async fn request_service(
        self: Arc<Self>,
        endpoint: Arc<Endpoint>,
        work: Option<Arc<Work>>,
    ) -> Result<ServiceReceipt, ProbeFailure> {
        let Seat { probe_context, agreement, kind, window, session, .. } = &*self.seat;
        let (url, token) = (endpoint.url.expose_secret(), endpoint.token.expose_secret());
        let target = ServiceTarget { url, token, session: *session };
        let prober = &probe_context.prober;
        let result = match (kind, work) {
            (ProbeKind::Check(own), _) => match self.agreed_check(own, endpoint.application) {
                Some(check) => prober.probe(check, &target).await,
                None => prober.probe_presence(&target).await,
            },
            (ProbeKind::Job, Some(work)) => {
                let (worker, slow_after) = ((agreement, self.index), probe_context.slow_after);
                let answer = match &work.check {
                    Some(check) => prober.probe_service(check, &target, slow_after).await,
                    None => Ok(None),
                };
                match answer {
                    Ok(None) => prober.probe_job(&work.job, &target, worker, slow_after).await,
                    Ok(Some(receipt)) => Ok(receipt),
                    Err(failure) => Err(failure),
                }
            }
            (ProbeKind::Job, None) => Err(ProbeFailure::Inconclusive),
        };
        if let Err(ProbeFailure::NoResponse | ProbeFailure::Cut | ProbeFailure::Rejected) = result {
            self.slot.forget(&endpoint);
        }
        verify_receipt(agreement, *session, self.index, *window, &result?)
            .ok_or(ProbeFailure::WrongReceipt)
    }

    /// The check that tester and worker agree on. The worker is bound by what it committed to before the purchase, else by
    /// what it says now; by the tester's own check if it says nothing. `None` if that document is not known here: then a worker
    /// owes an answer, but nothing is known of a right one.
    fn agreed_check<'a>(&'a self, own: &'a Check, served: Option<B256>) -> Option<&'a Check> {
        let Seat { probe_context, agreement, .. } = &*self.seat;
        let committed = self.seat.committed(&self.seat.identity(), self.index);
        let Some(agreed) = committed.or(served) else { return Some(own) };
        let application = Application(agreement.terms().header.application);
        let check = probe_context.checks.documented(application, agreed);
        if (check.is_none() || served != Some(agreed)) && !self.has_warned.swap(true, Relaxed) {
            let (agreement, worker) = (agreement.address(), self.index);
            if check.is_none() {
                tracing::warn!(
                    %agreement, worker, %application, %agreed,
                    "this tester does not know the document by which the worker serves, and can only say that it answers: start \
                     the tester with --application FILE"
                );
            } else {
                tracing::warn!(
                    %agreement, worker, %application, %agreed, served = %text(served),
                    "the worker serves by another document than agreed; no probe counts as failed by a check that it did not \
                     agree to"
                );
            }
        }
        check
    }

    /// Asks the worker for its endpoint. A reply after the end of the window is none: a worker that was away could send a
    /// refusal then, and would be right.
    async fn ask_for_endpoint(
        &self,
        identity: &ProbeIdentity,
    ) -> Result<Endpoint, EndpointFailure> {
        let request_client = self.seat.request_client(identity).await;
        let request_client = request_client.map_err(|_| EndpointFailure::NotSent)?;
        let (claim, asked) = (identity.claim.clone(), Instant::now());
        select! {
            reply = request_endpoint(&request_client, &self.seat.agreement, self.index, claim) => reply,
            () = self.seat.probe_context.clock.wait_until(self.end) => {
                let was_asked_late = asked.elapsed() < SHORTEST_REPLY_TIME;
                Err(if was_asked_late { EndpointFailure::NotSent } else { EndpointFailure::NoReply })
            }
        }
    }

    /// Whether a failure of just now is the worker's, as far as the tester can tell.
    async fn is_worker_fault(&self, failure: ProbeFailure) -> bool {
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
        let transport = self.seat.probe_context.transport.clone();
        is_connected(transport, self.seat.chain_id(), self.seat.agreement.address()).await
    }
}
