//! Looking at one worker in one window: at a random time, and again if it fails.
//!
//! That it serves is proven by its receipt. That it fails is said only if the last look at it was made
//! inside the window, and if just after it a node answers and a letter of ours to ourselves comes back: whoever cannot
//! reach anybody says nothing. A worker that refuses a pass, or does not answer to it, is not asked again by
//! showing the seat: it would do the same to its client.

use alloy::primitives::Address;
use muster_client::ServiceReceipt;
use muster_messaging::{Content, MessageError, SecretString};
use tokio::select;

use super::ask::{Failure, Place, verified};
use super::seat::{Seat, Way};
use crate::chance::below;
use crate::fault::point;

/// Where a worker serves.
struct Endpoint {
    /// Its URL.
    url: SecretString,
    /// What lets one in.
    token: SecretString,
}

impl Seat {
    /// Looks at the worker at `index` until it has served or the window is almost over, and writes down
    /// what was seen.
    pub(super) async fn look(&self, index: u8) {
        let way = self.way().await;
        let outcome = match self.judge(index, way).await {
            Ok(receipt) => self.note(index, Some(&receipt)),
            Err(failure) if self.is_fair(failure, way).await => self.note(index, None),
            Err(_) => "unknown",
        };
        metrics::counter!("muster_tester_windows_total", "outcome" => outcome).increment(1);
        let (agreement, window) = (self.agreement.address(), self.window);
        tracing::info!("window {window} of agreement {agreement}, worker {index}: {outcome}");
    }

    /// Writes down what was seen, and names it.
    fn note(&self, index: u8, receipt: Option<&ServiceReceipt>) -> &'static str {
        point("sight", "decided");
        let noted = self.kit.store.saw(self.agreement.address(), index, self.window, receipt);
        point("sight", "noted");
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
    async fn judge(&self, index: u8, way: &Way) -> Result<ServiceReceipt, Failure> {
        let clock = &self.kit.clock;
        // What is known at the end has to be made sure of inside the window.
        let end = self.ticks.end.saturating_sub(self.part(16));
        let spread = self.ticks.end.saturating_sub(self.part(8).max(2));
        let mut at = clock.now();
        at = at.saturating_add(below(spread.saturating_sub(at)));
        let (mut endpoint, mut failure) = (None, Failure::Unasked);
        loop {
            clock.reach(at).await;
            let now = clock.now();
            if now >= end {
                return Err(failure);
            }
            let half = end.saturating_sub(now).div_ceil(2);
            let next = now.saturating_add(half.max(self.part(16))).min(end);
            let seen = select! {
                biased;
                seen = self.attempt(index, way, &mut endpoint) => seen,
                () = clock.reach(next) => {
                    Err(if endpoint.is_none() { Failure::NoEndpoint } else { Failure::NoAnswer })
                }
            };
            match seen {
                Ok(receipt) => return Ok(receipt),
                Err(why) => {
                    metrics::counter!("muster_tester_failed_looks_total", "why" => why.to_string())
                        .increment(1);
                    failure = why;
                }
            }
            if matches!(failure, Failure::NoAnswer | Failure::Refused) {
                // It may have moved, or given up its old tokens.
                endpoint = None;
            }
            let soon = clock.now().saturating_add(self.part(64));
            at = if failure == Failure::Unasked { next.min(soon) } else { next };
        }
    }

    /// One look: where is the service, and does it give the right answer and a receipt?
    async fn attempt(
        &self,
        index: u8,
        way: &Way,
        endpoint: &mut Option<Endpoint>,
    ) -> Result<ServiceReceipt, Failure> {
        let worker = self.agreement.terms().worker(index).ok_or(Failure::Unasked)?.account;
        let known = match endpoint {
            Some(known) => known,
            None => endpoint.insert(self.endpoint(worker, way).await?),
        };
        let (url, token) = (known.url.reveal(), known.token.reveal());
        let place = Place { url, token, session: self.session };
        let receipt = self.kit.asker.look(&self.check, &place).await?;
        verified(&self.agreement, self.session, index, self.window, &receipt)
            .ok_or(Failure::WrongReceipt)
    }

    /// Asks a worker where it serves.
    async fn endpoint(&self, worker: Address, way: &Way) -> Result<Endpoint, Failure> {
        let key = self.agreement.market().key_of(worker).await;
        let key = key.ok().flatten().ok_or(Failure::Unasked)?;
        let request = self.request(Content::EndpointRequest { claim: way.claim.clone() });
        match way.letters.ask(key, request).await {
            Ok(Content::EndpointReply { url, token }) => Ok(Endpoint { url, token }),
            Ok(Content::Refusal { reason }) => Err(Failure::Declined(reason)),
            // Nobody can write to a worker with such a key, or take such a reply for an answer.
            Ok(_) | Err(MessageError::InvalidKey(_)) => Err(Failure::NoEndpoint),
            Err(_) => Err(Failure::Unasked),
        }
    }

    /// Whether a failure that was seen just now is the worker's, as far as we can tell.
    async fn is_fair(&self, failure: Failure, way: &Way) -> bool {
        if failure == Failure::Unasked || !Self::is_valid(way) {
            return false;
        }
        if !matches!(self.agreement.window().await, Ok(Some(window)) if window == self.window) {
            return false;
        }
        let patience = self.ticks.end.saturating_add(self.part(4));
        select! {
            heard = way.letters.echo(self.chain_id(), self.agreement.address()) => heard.is_ok(),
            () = self.kit.clock.reach(patience) => false,
        }
    }
}
