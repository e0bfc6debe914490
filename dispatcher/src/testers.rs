//! Epoch lists of testers. Lists only grow, so an agreement needs nothing but an epoch and a length
//! to know its testers for ever.

use muster_contract_kit::{Args, Refused, emit, host, refuse};
use muster_protocol::TESTER;
use muster_protocol::abi::IWorkerDispatcher::{
    AlreadyCheckedIn, CheckedIn, StakeTooLow, WrongApplication,
};
use stylus_sdk::alloy_primitives::{Address, FixedBytes};

use crate::state::{IDENTITIES, LISTS, PLACES, Place, TESTING, Testing};
use crate::{registry, setup};

/// `registerTester(bytes32)`.
pub(crate) fn register(args: &mut Args) -> Result<u32, Refused> {
    let key = args.next()?;
    let (have, need) = (host::value(), TESTING.get(()).tester_bond);
    if have < need {
        return Err(refuse(&StakeTooLow { have, need }));
    }
    registry::join(FixedBytes(TESTER), key).map(|(number, _)| number)
}

/// `checkIn()`: a place in the next epoch's list, and one in this epoch's while that is short. One
/// account has one place an epoch.
pub(crate) fn check_in(_: &mut Args) -> Result<(), Refused> {
    let (tester, record) = registry::caller()?;
    let mut identity = IDENTITIES.get(record.number);
    if identity.application.0 != TESTER {
        return Err(refuse(&WrongApplication { application: identity.application }));
    }
    let Testing { tester_bond: need, epoch_length, min_pool, .. } = TESTING.get(());
    if record.stake < need {
        return Err(refuse(&StakeTooLow { have: record.stake, need }));
    }
    let epoch = setup::this_epoch(epoch_length);
    let next = epoch.saturating_add(1);
    if identity.last_epoch == next {
        return Err(refuse(&AlreadyCheckedIn { epoch: next }));
    }
    if identity.last_epoch != epoch && LISTS.get(epoch).len < min_pool {
        append(epoch, tester);
    }
    append(next, tester);
    identity.last_epoch = next;
    IDENTITIES.set(record.number, &identity);
    Ok(())
}

/// Gives `tester` the next place of an epoch's list.
fn append(epoch: u32, tester: Address) {
    let len = LISTS.update(epoch, |list| list.len = list.len.saturating_add(1)).len;
    let place = len.saturating_sub(1);
    PLACES.set((epoch, place), &Place { account: tester });
    emit(&CheckedIn { tester, epoch, place });
}

/// `testerCount(uint32)`.
pub(crate) fn count(args: &mut Args) -> Result<u32, Refused> {
    Ok(LISTS.get(args.next()?).len)
}

/// `testerAt(uint32,uint32)`.
pub(crate) fn at(args: &mut Args) -> Result<Address, Refused> {
    Ok(PLACES.get((args.next()?, args.next()?)).account)
}
