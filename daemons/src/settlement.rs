//! The end of an agreement: somebody has to settle it, and it need not be us.

use std::mem;

use alloy::primitives::{Address, keccak256};
use muster_client::Agreement;
use muster_client::protocol::abi::IWorkerDispatcher::AgreementSettled;
use muster_client::protocol::abi::State;
use tokio::time::{Duration, Instant};

use crate::error::DaemonError;
use crate::health::NextEvent;

/// How long others have to settle an agreement before this account does.
#[derive(Debug)]
pub(crate) struct SettleTask {
    /// How long, from the moment in which it was found to be due.
    settle_delay: Duration,
    /// Until when.
    deadline: Option<Instant>,
    /// What was seen of its settlement.
    confirmed: Confirmed,
}

/// Whether the look before found an agreement settled. It has to be so in the next one too: by then purchases
/// are known up to a later block, and a chain that moves back behind that is noticed.
#[derive(Debug, Default)]
pub(crate) struct Confirmed(bool);

impl Confirmed {
    /// Takes note of a look at an agreement, and says what to wait for if the next one has to show the same.
    pub(crate) fn observe(&mut self, agreement: Address, is_settled: bool) -> Option<NextEvent> {
        let was_settled = mem::replace(&mut self.0, is_settled);
        let what = format_args!("the settlement of {agreement} to last");
        (is_settled && !was_settled).then(|| NextEvent::untimed(what))
    }
}

/// What came of a look at an agreement that is due.
#[derive(Debug)]
pub(crate) enum SettleState {
    /// It is not settled yet.
    Pending(NextEvent),
    /// It is, and who got what; `None` where a node does not know that yet.
    Settled(Option<AgreementSettled>),
}

impl SettleTask {
    /// Leaves others `courtesy` at most: each account waits for a part of it that is its own, so that not
    /// all of them pay for the same.
    pub(crate) fn new(agreement: Address, account: Address, settle_delay: Duration) -> Self {
        let [chance, ..] = *keccak256([agreement, account].concat());
        let part = settle_delay.saturating_mul(chance.into()).checked_div(u8::MAX.into());
        Self {
            settle_delay: part.unwrap_or_default(),
            deadline: None,
            confirmed: Confirmed::default(),
        }
    }

    /// Settles an agreement that is due, if nobody else has.
    pub(crate) async fn step(&mut self, agreement: &Agreement) -> Result<SettleState, DaemonError> {
        let address = agreement.address();
        if !is_settled(agreement).await? {
            self.confirmed = Confirmed::default();
            let until = *self.deadline.get_or_insert_with(|| {
                let now = Instant::now();
                now.checked_add(self.settle_delay).unwrap_or(now)
            });
            if Instant::now() < until {
                let what = format_args!("somebody to settle {address}");
                return Ok(SettleState::Pending(NextEvent::untimed(what)));
            }
            let ours = agreement.clone().with_purpose(&format!("settle/{address}"));
            match ours.settle().await {
                Ok(_) => {}
                // Somebody else was first.
                Err(_) if is_settled(agreement).await? => {}
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(next_event) = self.confirmed.observe(address, true) {
            return Ok(SettleState::Pending(next_event));
        }
        Ok(SettleState::Settled(agreement.settlement().await?))
    }
}

/// Whether everybody is paid.
async fn is_settled(agreement: &Agreement) -> Result<bool, DaemonError> {
    Ok(matches!(agreement.state().await?, State::Settled | State::Void))
}
