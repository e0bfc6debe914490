//! Reputations in storage: reads them decayed to now, and adds the weight of settled agreements.

use muster_contract_kit::{AbiEncode, Args, Reverted, emit, host, revert};
use muster_protocol::abi::IWorkerDispatcher::{NotRegistered, ReputationChanged};
use muster_protocol::reputation::ReputationWeights;
use stylus_sdk::alloy_primitives::Address;

use crate::state::{ACCOUNTS, REPUTATIONS, Reputation};

/// The weights of a worker, decayed to now.
pub(crate) fn current_weights(number: u32) -> ReputationWeights {
    let Reputation { good, bad, updated } = REPUTATIONS.get(number);
    ReputationWeights { good, bad }.decayed(host::timestamp().saturating_sub(updated))
}

/// Adds weight to a worker's reputation and emits `ReputationChanged`. Does nothing if both are zero.
pub(crate) fn add_weight(worker: Address, number: u32, good: u64, bad: u64) {
    if good == 0 && bad == 0 {
        return;
    }
    let ReputationWeights { good, bad } = current_weights(number).with_added(good, bad);
    REPUTATIONS.set(number, &Reputation { good, bad, updated: host::timestamp() });
    emit(&ReputationChanged { worker, good, bad });
}

/// `reputation(address)`.
pub(crate) fn reputation(args: &mut Args) -> Result<impl AbiEncode + use<>, Reverted> {
    let account = args.next()?;
    let number = ACCOUNTS.get(account).number;
    if number == 0 {
        return Err(revert(&NotRegistered { account }));
    }
    let Reputation { good, bad, updated } = REPUTATIONS.get(number);
    Ok((current_weights(number).score(), good, bad, updated))
}
