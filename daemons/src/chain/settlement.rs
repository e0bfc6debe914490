//! Settlement of an agreement that is due. Any account can settle, so each leaves the others some time first.

use std::mem;

use alloy::primitives::{Address, keccak256};
use muster_client::protocol::abi::IWorkerDispatcher::AgreementSettled;
use muster_client::protocol::abi::State;
use muster_client::{Agreement, urgent};
use tokio::time::{Duration, Instant};

use crate::error::DaemonError;
use crate::health::NextEvent;

/// Settles one agreement, unless another account does so within this account's delay.
#[derive(Debug)]
pub(crate) struct SettleTask {
    /// This account's delay, from the moment in which the agreement is first found due.
    settle_delay: Duration,
    /// The end of that delay, once the agreement is due.
    deadline: Option<Instant>,
    /// Whether the settlement was seen before.
    confirmed: Confirmed,
}

/// Whether the previous step found an agreement settled. The next one must find the same: by then the scan has passed
/// a later block, so that a reorg behind the settlement is noticed.
#[derive(Debug, Default)]
pub(crate) struct Confirmed(bool);

impl Confirmed {
    /// Records what a step found; returns what to wait for if the next step must confirm it.
    pub(crate) fn observe(&mut self, agreement: Address, is_settled: bool) -> Option<NextEvent> {
        let was_settled = mem::replace(&mut self.0, is_settled);
        let what = format_args!("the settlement of {agreement} to last");
        (is_settled && !was_settled).then(|| NextEvent::untimed(what))
    }
}

/// The settlement of an agreement after a step.
#[derive(Debug)]
pub(crate) enum SettleState {
    /// It is not settled, or not confirmed yet.
    Pending(NextEvent),
    /// It is settled, with these amounts; `None` if the node does not know them yet.
    Settled(Option<AgreementSettled>),
}

impl SettleTask {
    /// A task whose delay is `settle_delay` at most. A hash of agreement and account picks the part of it that this
    /// account waits, so that not all accounts pay gas for the same settlement.
    pub(crate) fn new(agreement: Address, account: Address, settle_delay: Duration) -> Self {
        let [part, ..] = *keccak256([agreement, account].concat());
        let settle_delay = settle_delay.saturating_mul(part.into()).checked_div(u8::MAX.into());
        Self {
            settle_delay: settle_delay.unwrap_or_default(),
            deadline: None,
            confirmed: Confirmed::default(),
        }
    }

    /// Settles an agreement that is due, once the delay is over and if no other account has settled it: `is_settled` says
    /// whether one has, as far as this step knows.
    pub(crate) async fn step(
        &mut self,
        agreement: &Agreement,
        is_settled: bool,
    ) -> Result<SettleState, DaemonError> {
        let address = agreement.address();
        if !is_settled {
            self.confirmed = Confirmed::default();
            let deadline = *self.deadline.get_or_insert_with(|| {
                let now = Instant::now();
                now.checked_add(self.settle_delay).unwrap_or(now)
            });
            if Instant::now() < deadline {
                let what = format_args!("somebody to settle {address}");
                return Ok(SettleState::Pending(NextEvent::untimed(what)));
            }
            let ours = agreement.clone().with_purpose(&format!("settle/{address}"));
            match urgent(ours.settle()).await {
                Ok(_) => {}
                // Another account was faster.
                Err(_) if has_been_settled(agreement).await? => {}
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(next_event) = self.confirmed.observe(address, true) {
            return Ok(SettleState::Pending(next_event));
        }
        Ok(SettleState::Settled(agreement.settlement().await?))
    }
}

/// Whether the agreement has paid everybody.
async fn has_been_settled(agreement: &Agreement) -> Result<bool, DaemonError> {
    Ok(matches!(agreement.state().await?, State::Settled | State::Void))
}
