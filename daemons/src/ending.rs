//! The end of an agreement: somebody has to settle it, and it need not be us.

use std::mem;

use alloy::primitives::{Address, keccak256};
use muster_client::Agreement;
use muster_client::protocol::abi::IWorkerDispatcher::AgreementSettled;
use muster_client::protocol::abi::State;
use tokio::time::{Duration, Instant};

use crate::error::AgentError;
use crate::status::Waiting;

/// How long others have to settle an agreement before this account does.
#[derive(Debug)]
pub(crate) struct Ending {
    /// How long, from the moment in which it was found to be due.
    courtesy: Duration,
    /// Until when.
    until: Option<Instant>,
    /// What was seen of its settlement.
    settled: Lasting,
}

/// Whether the look before found an agreement settled. It has to be so in the next one too: by then purchases
/// are known up to a later block, and a chain that moves back behind that is noticed.
#[derive(Debug, Default)]
pub(crate) struct Lasting(bool);

impl Lasting {
    /// Takes note of a look at an agreement, and says what to wait for if the next one has to show the same.
    pub(crate) fn seen(&mut self, agreement: Address, is_settled: bool) -> Option<Waiting> {
        let was_settled = mem::replace(&mut self.0, is_settled);
        let what = format_args!("the settlement of {agreement} to last");
        (is_settled && !was_settled).then(|| Waiting::for_a(what))
    }
}

/// What came of a look at an agreement that is due.
#[derive(Debug)]
pub(crate) enum End {
    /// It is not settled yet.
    Waits(Waiting),
    /// It is, and who got what; `None` where a node does not know that yet.
    Settled(Option<AgreementSettled>),
}

impl Ending {
    /// Leaves others `courtesy` at most: each account waits for a part of it that is its own, so that not
    /// all of them pay for the same.
    pub(crate) fn new(agreement: Address, account: Address, courtesy: Duration) -> Self {
        let [chance, ..] = *keccak256([agreement, account].concat());
        let part = courtesy.saturating_mul(chance.into()).checked_div(u8::MAX.into());
        Self { courtesy: part.unwrap_or_default(), until: None, settled: Lasting::default() }
    }

    /// Settles an agreement that is due, if nobody else has.
    pub(crate) async fn attend(&mut self, agreement: &Agreement) -> Result<End, AgentError> {
        let address = agreement.address();
        if !is_settled(agreement).await? {
            self.settled = Lasting::default();
            let until = *self.until.get_or_insert_with(|| {
                let now = Instant::now();
                now.checked_add(self.courtesy).unwrap_or(now)
            });
            if Instant::now() < until {
                let what = format_args!("somebody to settle {address}");
                return Ok(End::Waits(Waiting::for_a(what)));
            }
            let ours = agreement.clone().with_purpose(&format!("settle/{address}"));
            match ours.settle().await {
                Ok(_) => {}
                // Somebody else was first.
                Err(_) if is_settled(agreement).await? => {}
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(waiting) = self.settled.seen(address, true) {
            return Ok(End::Waits(waiting));
        }
        Ok(End::Settled(agreement.settlement().await?))
    }
}

/// Whether everybody is paid.
async fn is_settled(agreement: &Agreement) -> Result<bool, AgentError> {
    Ok(matches!(agreement.state().await?, State::Settled | State::Void))
}
