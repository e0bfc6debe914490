//! Reputations: what agreements that ended said of workers, and what it amounts to now.

use muster_contract_kit::{Args, Put, Refused, emit, host, refuse};
use muster_protocol::abi::IWorkerDispatcher::{NotRegistered, StandingChanged};
use muster_protocol::reputation::Standing;
use stylus_sdk::alloy_primitives::Address;

use crate::state::{ACCOUNTS, REPUTATIONS, Reputation};

/// The standing of a number now.
pub(crate) fn standing(number: u32) -> Standing {
    let Reputation { good, bad, updated } = REPUTATIONS.get(number);
    Standing { good, bad }.after(host::timestamp().saturating_sub(updated))
}

/// Adds weight to the standing of a number.
pub(crate) fn add(worker: Address, number: u32, good: u64, bad: u64) {
    if good == 0 && bad == 0 {
        return;
    }
    let Standing { good, bad } = standing(number).with(good, bad);
    REPUTATIONS.set(number, &Reputation { good, bad, updated: host::timestamp() });
    emit(&StandingChanged { worker, good, bad });
}

/// `reputation(address)`.
pub(crate) fn reputation(args: &mut Args) -> Result<impl Put + use<>, Refused> {
    let account = args.next()?;
    let number = ACCOUNTS.get(account).number;
    if number == 0 {
        return Err(refuse(&NotRegistered { account }));
    }
    let Reputation { good, bad, updated } = REPUTATIONS.get(number);
    Ok((standing(number).score(), good, bad, updated))
}
