//! The probe of one worker in one window: at a random time, and again if it fails.
//!
//! A receipt proves that the worker serves. A failure is recorded only if the last attempt was inside the window, and
//! if just after it a node answers and a message of the tester to itself comes back: a tester without a network records
//! nothing. If the worker refuses a pass or does not reply to it, the tester does not show its seat instead, because the
//! worker would treat its client in the same way.

use alloy::primitives::Address;
use muster_client::ServiceReceipt;
use muster_messaging::{Content, Endpoint, ExposeSecret, MessageError};
use tokio::select;

use super::prober::{ProbeFailure, ServiceTarget, verify_receipt};
use super::seat::{ProbeIdentity, Seat};
use crate::failpoint::fail_point;

impl Seat {
    /// Probes the worker at `index` until it has served or the window is almost over, and stores the observation.
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
        tracing::info!(%agreement, worker = index, window, outcome, "probe ended");
    }

    /// Stores the observation, and returns its name.
    fn record(&self, index: u8, receipt: Option<&ServiceReceipt>) -> &'static str {
        fail_point!("observation/pending");
        let (agreement, window) = (self.agreement.address(), self.window);
        let stored = self.probe_context.store.record_observation(agreement, index, window, receipt);
        fail_point!("observation/stored");
        match stored {
            Ok(()) => receipt.map_or("failed", |_| "served"),
            Err(error) => {
                tracing::error!(%agreement, worker = index, window, %error, "observation not stored");
                "unknown"
            }
        }
    }

    /// Probes at a random time. After a failure it probes again half way to the end, and so on; it retries sooner if the
    /// tester itself could not send, because that is not the worker's failure.
    async fn probe_with_retries(
        &self,
        index: u8,
        identity: &ProbeIdentity,
    ) -> Result<ServiceReceipt, ProbeFailure> {
        let clock = &self.probe_context.clock;
        // The rest of the window is for confirming a failure.
        let end = self.ticks.end.saturating_sub(self.window_part(16));
        let spread = self.ticks.end.saturating_sub(self.window_part(8).max(2));
        let mut at = clock.now();
        at = at.saturating_add(rand::random_range(0..spread.saturating_sub(at).max(1)));
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
                Err(error) => {
                    metrics::counter!("muster_tester_failed_probes_total", "reason" => error.to_string())
                        .increment(1);
                    failure = error;
                }
            }
            if matches!(failure, ProbeFailure::NoResponse | ProbeFailure::UnexpectedStatus) {
                // The service may have moved, or its old tokens are void.
                endpoint = None;
            }
            let soon = clock.now().saturating_add(self.window_part(64));
            at = if failure == ProbeFailure::Inconclusive { next.min(soon) } else { next };
        }
    }

    /// Probes once: asks for the endpoint, unless it is known, then checks the service and its receipt.
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
        let (url, token) = (known.url.expose_secret(), known.token.expose_secret());
        let target = ServiceTarget { url, token, session: self.session };
        let receipt = self.probe_context.prober.probe(&self.check, &target).await?;
        verify_receipt(&self.agreement, self.session, index, self.window, &receipt)
            .ok_or(ProbeFailure::WrongReceipt)
    }

    /// Asks a worker for its endpoint.
    async fn request_endpoint(
        &self,
        worker: Address,
        identity: &ProbeIdentity,
    ) -> Result<Endpoint, ProbeFailure> {
        let key = self.agreement.market().key_of(worker).await;
        let key = key.ok().flatten().ok_or(ProbeFailure::Inconclusive)?;
        let request = self.new_message(Content::EndpointRequest { claim: identity.claim.clone() });
        match identity.request_client.request(key, request).await {
            Ok(Content::EndpointReply(endpoint)) => Ok(endpoint),
            Ok(Content::Refusal { reason }) => Err(ProbeFailure::EndpointRefused(reason)),
            // The worker registered an invalid key, or sent a reply of another kind.
            Ok(_) | Err(MessageError::InvalidKey(_)) => Err(ProbeFailure::NoEndpoint),
            Err(_) => Err(ProbeFailure::Inconclusive),
        }
    }

    /// Whether a failure of just now is the worker's, as far as the tester can tell.
    async fn is_worker_fault(&self, failure: ProbeFailure, identity: &ProbeIdentity) -> bool {
        if failure == ProbeFailure::Inconclusive || !identity.is_unexpired() {
            return false;
        }
        if !matches!(self.agreement.window().await, Ok(Some(window)) if window == self.window) {
            return false;
        }
        let timeout = self.ticks.end.saturating_add(self.window_part(4));
        select! {
            pong = identity.request_client.ping(self.chain_id(), self.agreement.address()) => pong.is_ok(),
            () = self.probe_context.clock.wait_until(timeout) => false,
        }
    }
}
