//! Tester lists by epoch. Lists are append-only, so an epoch and a length identify the testers of an
//! agreement permanently.

use muster_contract_kit::{Args, Reverted, emit, host, revert};
use muster_protocol::TESTER_APPLICATION;
use muster_protocol::abi::IWorkerDispatcher::{
    AlreadyCheckedIn, CheckedIn, StakeTooLow, WrongApplication,
};
use stylus_sdk::alloy_primitives::{Address, FixedBytes};

use crate::registry;
use crate::state::{
    IDENTITIES, TESTER_LISTS, TESTER_PLACES, TESTER_RULES, TesterPlace, TesterRules,
};

/// `registerTester(bytes32)`.
pub(crate) fn register(args: &mut Args) -> Result<u32, Reverted> {
    let key = args.next()?;
    let (have, need) = (host::value(), TESTER_RULES.get(()).tester_bond);
    if have < need {
        return Err(revert(&StakeTooLow { have, need }));
    }
    registry::create_account(FixedBytes(TESTER_APPLICATION), key).map(|(number, _)| number)
}

/// `checkIn()`: adds the caller to the next epoch's list, and to the current one while that is shorter than
/// `minPool`. An account has at most one place in an epoch.
pub(crate) fn check_in(_: &mut Args) -> Result<(), Reverted> {
    let (tester, record) = registry::registered_caller()?;
    let mut identity = IDENTITIES.get(record.number);
    if identity.application.0 != TESTER_APPLICATION {
        return Err(revert(&WrongApplication { application: identity.application }));
    }
    let rules = TESTER_RULES.get(());
    let TesterRules { tester_bond: need, min_pool, .. } = rules;
    if record.stake < need {
        return Err(revert(&StakeTooLow { have: record.stake, need }));
    }
    let epoch = rules.current_epoch();
    let next = epoch.saturating_add(1);
    if identity.last_epoch == next {
        return Err(revert(&AlreadyCheckedIn { epoch: next }));
    }
    // In epoch 0, as in any other, 0 stands for none.
    let is_listed = identity.last_epoch != 0 && identity.last_epoch == epoch;
    if !is_listed && TESTER_LISTS.get(epoch).len < min_pool {
        append_tester(epoch, tester);
    }
    append_tester(next, tester);
    identity.last_epoch = next;
    IDENTITIES.set(record.number, &identity);
    Ok(())
}

/// Appends a tester to an epoch's list.
fn append_tester(epoch: u32, tester: Address) {
    let len = TESTER_LISTS.update(epoch, |list| list.len = list.len.saturating_add(1)).len;
    let place = len.saturating_sub(1);
    TESTER_PLACES.set((epoch, place), &TesterPlace { account: tester });
    emit(&CheckedIn { tester, epoch, place });
}

/// `testerCount(uint32)`.
pub(crate) fn tester_count(args: &mut Args) -> Result<u32, Reverted> {
    Ok(TESTER_LISTS.get(args.next()?).len)
}

/// `testerAt(uint32,uint32)`.
pub(crate) fn tester_at(args: &mut Args) -> Result<Address, Reverted> {
    Ok(TESTER_PLACES.get((args.next()?, args.next()?)).account)
}
