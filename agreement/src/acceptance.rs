//! `accept`: a worker accepts the work. The first accept starts the agreement and fixes the testers.

use muster_contract_kit::{Args, Reverted, chain, emit, host, revert};
use muster_protocol::abi::IWorkAgreement::{
    Accepted, AlreadyAccepted, SeedNotReady, Started, TooLateToAccept, WrongState,
};
use muster_protocol::abi::State;
use muster_protocol::draw::derive_seed;

use crate::state::Agreement;

/// `accept()`.
pub(crate) fn accept(_: &mut Args) -> Result<(), Reverted> {
    let mut agreement = Agreement::load()?;
    let (worker, index) = agreement.worker_caller()?;
    if agreement.course.has_accepted(index) {
        return Err(revert(&AlreadyAccepted { worker }));
    }
    let now = agreement.now();
    let (state, last) =
        (agreement.state(now), agreement.course.times(&agreement.terms).last_accept());
    if agreement.progress.closed != 0 || state == State::Reporting {
        return Err(revert(&WrongState { state }));
    }
    if now > last {
        return Err(revert(&TooLateToAccept { tick: now, last }));
    }

    if agreement.progress.start == 0 {
        start_agreement(&mut agreement, now)?;
    }
    agreement.progress.accepted |= 1_u8.wrapping_shl(index.into());
    agreement.save();
    emit(&Accepted { worker, index });
    Ok(())
}

/// Starts the agreement: derives the seed from the hash of the purchase's block, which was unknown while the
/// purchase could still be changed. So no one can choose the testers.
fn start_agreement(agreement: &mut Agreement, now: u64) -> Result<(), Reverted> {
    let block = agreement.terms.header.block;
    let hash =
        chain::block_hash(block).ok_or_else(|| revert(&SeedNotReady { purchaseBlock: block }))?;
    let seed = derive_seed(&hash, host::this(), |bytes| host::keccak(bytes).0);
    agreement.progress.start = now;
    agreement.progress.seed = seed;
    agreement.course.start = now;
    emit(&Started { start: now, end: agreement.course.times(&agreement.terms).end(), seed });
    Ok(())
}
