//! Looking at one worker in one window: at a random time, and again if it fails.
//!
//! That it serves is proven by its receipt. That it fails is said only if the last look at it was made
//! inside the window, and if just after it a node answers and a letter of ours to ourselves comes back: whoever cannot
//! reach anybody says nothing. A worker that refuses a pass, or does not answer to it, is not asked again by
//! showing the seat: it would do the same to its client.

use alloy::primitives::Address;
use muster_client::ServiceReceipt;
use muster_messaging::{Content, Endpoint, MessageError};
use tokio::select;

use super::prober::{ProbeFailure, ServiceTarget, verify_receipt};
use super::seat::{ProbeIdentity, Seat};
use crate::failpoint::fail_point;
use crate::rng::random_below;

impl Seat {
    /// Looks at the worker at `index` until it has served or the window is almost over, and writes down
    /// what was seen.
    pub(super) async fn probe_worker(&self, index: u8) {
        let identity = self.identity().await;
        let outcome = match self.probe_with_retries(index, identity).await {
            Ok(receipt) => self.record(index, Some(&receipt)),
            Err(failure) if self.is_worker_fault(failure, identity).await => {
                self.record(index, None)
            }
            Err(_) => "unknown",
        };
        metrics::counter!("muster_tester_windows_total", "outcome" => outcome).increment(1);
        let (agreement, window) = (self.agreement.address(), self.window);
        tracing::info!("window {window} of agreement {agreement}, worker {index}: {outcome}");
    }

    /// Writes down what was seen, and names it.
    fn record(&self, index: u8, receipt: Option<&ServiceReceipt>) -> &'static str {
        fail_point("sight", "decided");
        let noted = self.probe_context.store.record_observation(
            self.agreement.address(),
            index,
            self.window,
            receipt,
        );
        fail_point("sight", "noted");
        match noted {
            Ok(()) => receipt.map_or("failed", |_| "served"),
            Err(error) => {
                tracing::error!("{error}; nothing will be said about this window");
                "unknown"
            }
        }
    }

    /// Looks at a random time, and if that fails again half way to the end, and again; sooner if nobody could
    /// be asked, for that is our own trouble and not the worker's.
    async fn probe_with_retries(
        &self,
        index: u8,
        identity: &ProbeIdentity,
    ) -> Result<ServiceReceipt, ProbeFailure> {
        let clock = &self.probe_context.clock;
        // What is known at the end has to be made sure of inside the window.
        let end = self.ticks.end.saturating_sub(self.window_part(16));
        let spread = self.ticks.end.saturating_sub(self.window_part(8).max(2));
        let mut at = clock.now();
        at = at.saturating_add(random_below(spread.saturating_sub(at)));
        let (mut endpoint, mut failure) = (None, ProbeFailure::Inconclusive);
        loop {
            clock.wait_until(at).await;
            let now = clock.now();
            if now >= end {
                return Err(failure);
            }
            let half = end.saturating_sub(now).div_ceil(2);
            let next = now.saturating_add(half.max(self.window_part(16))).min(end);
            let result = select! {
                biased;
                result = self.probe_once(index, identity, &mut endpoint) => result,
                () = clock.wait_until(next) => {
                    Err(if endpoint.is_none() { ProbeFailure::NoEndpoint } else { ProbeFailure::NoResponse })
                }
            };
            match result {
                Ok(receipt) => return Ok(receipt),
                Err(why) => {
                    metrics::counter!("muster_tester_failed_looks_total", "why" => why.to_string())
                        .increment(1);
                    failure = why;
                }
            }
            if matches!(failure, ProbeFailure::NoResponse | ProbeFailure::UnexpectedStatus) {
                // It may have moved, or given up its old tokens.
                endpoint = None;
            }
            let soon = clock.now().saturating_add(self.window_part(64));
            at = if failure == ProbeFailure::Inconclusive { next.min(soon) } else { next };
        }
    }

    /// One look: where is the service, and does it give the right answer and a receipt?
    async fn probe_once(
        &self,
        index: u8,
        identity: &ProbeIdentity,
        endpoint: &mut Option<Endpoint>,
    ) -> Result<ServiceReceipt, ProbeFailure> {
        let worker =
            self.agreement.terms().worker(index).ok_or(ProbeFailure::Inconclusive)?.account;
        let known = match endpoint {
            Some(known) => known,
            None => endpoint.insert(self.request_endpoint(worker, identity).await?),
        };
        let (url, token) = (known.url.reveal(), known.token.reveal());
        let target = ServiceTarget { url, token, session: self.session };
        let receipt = self.probe_context.prober.probe(&self.check, &target).await?;
        verify_receipt(&self.agreement, self.session, index, self.window, &receipt)
            .ok_or(ProbeFailure::WrongReceipt)
    }

    /// Asks a worker where it serves.
    async fn request_endpoint(
        &self,
        worker: Address,
        identity: &ProbeIdentity,
    ) -> Result<Endpoint, ProbeFailure> {
        let key = self.agreement.market().key_of(worker).await;
        let key = key.ok().flatten().ok_or(ProbeFailure::Inconclusive)?;
        let request = self.new_message(Content::EndpointRequest { claim: identity.claim.clone() });
        match identity.request_client.request(key, request).await {
            Ok(Content::EndpointReply { url, token }) => Ok(Endpoint { url, token }),
            Ok(Content::Refusal { reason }) => Err(ProbeFailure::EndpointRefused(reason)),
            // Nobody can write to a worker with such a key, or take such a reply for an answer.
            Ok(_) | Err(MessageError::InvalidKey(_)) => Err(ProbeFailure::NoEndpoint),
            Err(_) => Err(ProbeFailure::Inconclusive),
        }
    }

    /// Whether a failure that was seen just now is the worker's, as far as we can tell.
    async fn is_worker_fault(&self, failure: ProbeFailure, way: &ProbeIdentity) -> bool {
        if failure == ProbeFailure::Inconclusive || !Self::is_unexpired(way) {
            return false;
        }
        if !matches!(self.agreement.window().await, Ok(Some(window)) if window == self.window) {
            return false;
        }
        let patience = self.ticks.end.saturating_add(self.window_part(4));
        select! {
            heard = way.request_client.ping(self.chain_id(), self.agreement.address()) => heard.is_ok(),
            () = self.probe_context.clock.wait_until(patience) => false,
        }
    }
}
