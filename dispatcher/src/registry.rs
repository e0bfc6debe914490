//! Accounts: register, update the offer, stake, look up. A registration is permanent and its application
//! never changes.

use muster_contract_kit::{AbiArray, AbiEncode, Args, Reverted, emit, host, revert};
use muster_protocol::abi::IWorkerDispatcher::{
    AlreadyRegistered, AvailabilityChanged, CapacityZero, KeyChanged, KeyZero, MaxLengthTooShort,
    NotRegistered, PriceOutOfRange, PromiseOutOfRange, StakeChanged, StakeTooHigh, StakeTooLow,
    StillListed, WorkerRegistered, WorkerUpdated, WrongApplication,
};
use muster_protocol::abi::Worker;
use muster_protocol::{BPS, PRICE_LIMIT, TESTER_APPLICATION};
use stylus_sdk::alloy_primitives::{Address, B256, FixedBytes};

use crate::reputation::current_weights;
use crate::state::{
    ACCOUNTS, Account, BOOKS, COUNTERS, IDENTITIES, Identity, MESSAGE_KEYS, MessageKey, OFFERS,
    ORDER_RULES, Offer, OrderRules, TESTER_RULES,
};
use crate::{book, credit};

/// The most workers in one page.
const PAGE_SIZE: u32 = 16;

/// Registers the caller under the next number, with the value sent as its stake.
pub(crate) fn create_account(
    application: FixedBytes<8>,
    key: B256,
) -> Result<(u32, Account), Reverted> {
    let account = host::caller();
    if ACCOUNTS.get(account).number != 0 {
        return Err(revert(&AlreadyRegistered { account }));
    }
    let (stake, message_key) = (stake_with_value(0)?, nonzero_key(key)?);
    let number =
        COUNTERS.update((), |counts| counts.workers = counts.workers.saturating_add(1)).workers;
    let record = Account { number, stake, ..Account::default() };
    ACCOUNTS.set(account, &record);
    IDENTITIES.set(number, &Identity { account, application, last_epoch: 0 });
    MESSAGE_KEYS.set(number, &message_key);
    BOOKS.update(application, |book| book.registered = book.registered.saturating_add(1));
    emit(&WorkerRegistered { worker: account, number, application, key, stake });
    Ok((number, record))
}

/// A stake plus the value sent. Reverts from [`PRICE_LIMIT`] on.
fn stake_with_value(before: u128) -> Result<u128, Reverted> {
    let stake = before.saturating_add(host::value());
    if stake < PRICE_LIMIT {
        Ok(stake)
    } else {
        Err(revert(&StakeTooHigh { stake, limit: PRICE_LIMIT }))
    }
}

/// Reverts if a key is zero.
fn nonzero_key(key: B256) -> Result<MessageKey, Reverted> {
    if key.is_zero() { Err(revert(&KeyZero {})) } else { Ok(MessageKey { key }) }
}

/// The caller's address and record. Reverts if it is not registered.
pub(crate) fn registered_caller() -> Result<(Address, Account), Reverted> {
    let account = host::caller();
    let record = ACCOUNTS.get(account);
    if record.number == 0 { Err(revert(&NotRegistered { account })) } else { Ok((account, record)) }
}

/// The caller's address, record and application. Reverts if it is not a worker.
fn worker_caller() -> Result<(Address, Account, FixedBytes<8>), Reverted> {
    let (account, record) = registered_caller()?;
    let application = IDENTITIES.get(record.number).application;
    if application.0 == TESTER_APPLICATION {
        return Err(revert(&WrongApplication { application }));
    }
    Ok((account, record, application))
}

/// Checks the ranges of an offer.
fn check_offer(offer: &Offer, rules: &OrderRules) -> Result<(), Reverted> {
    let Offer { price, max_length, promise, capacity, .. } = *offer;
    if price == 0 || price >= PRICE_LIMIT {
        return Err(revert(&PriceOutOfRange { price, limit: PRICE_LIMIT }));
    }
    if max_length < rules.min_length {
        return Err(revert(&MaxLengthTooShort {
            maxLength: max_length,
            minimum: rules.min_length,
        }));
    }
    if promise < rules.min_promise || promise > BPS {
        return Err(revert(&PromiseOutOfRange { promised: promise, minimum: rules.min_promise }));
    }
    if capacity == 0 {
        return Err(revert(&CapacityZero {}));
    }
    Ok(())
}

/// Writes an offer, moves the worker to its position in the book, and emits `WorkerUpdated`.
fn set_offer(worker: Address, number: u32, offer: &Offer, hint: u32) {
    let Offer { price, max_length, promise, capacity, .. } = *offer;
    book::relist(number, offer, hint);
    emit(&WorkerUpdated { worker, price, maxLength: max_length, promised: promise, capacity });
}

/// `registerWorker(...)`.
pub(crate) fn register(args: &mut Args) -> Result<u32, Reverted> {
    let (price, max_length) = (args.next()?, args.next()?);
    let application: FixedBytes<8> = args.next()?;
    let (promise, key, capacity, hint) = (args.next()?, args.next()?, args.next()?, args.next()?);
    if application.0 == TESTER_APPLICATION {
        return Err(revert(&WrongApplication { application }));
    }
    let new = Offer { price, max_length, promise, capacity, available: true, ..Offer::default() };
    check_offer(&new, &ORDER_RULES.get(()))?;
    let (number, _) = create_account(application, key)?;
    set_offer(host::caller(), number, &new, hint);
    Ok(number)
}

/// `updateWorker(...)`.
pub(crate) fn update(args: &mut Args) -> Result<(), Reverted> {
    let (price, max_length, promise) = (args.next()?, args.next()?, args.next()?);
    let (capacity, hint) = (args.next()?, args.next()?);
    let (account, Account { number, .. }, _) = worker_caller()?;
    let new = Offer { price, max_length, promise, capacity, ..OFFERS.get(number) };
    check_offer(&new, &ORDER_RULES.get(()))?;
    set_offer(account, number, &new, hint);
    Ok(())
}

/// `setPrice(uint128,uint32)`.
pub(crate) fn set_price(args: &mut Args) -> Result<(), Reverted> {
    let (price, hint) = (args.next()?, args.next()?);
    let (account, Account { number, .. }, _) = worker_caller()?;
    let new = Offer { price, ..OFFERS.get(number) };
    check_offer(&new, &ORDER_RULES.get(()))?;
    set_offer(account, number, &new, hint);
    Ok(())
}

/// `setKey(bytes32)`.
pub(crate) fn set_key(args: &mut Args) -> Result<(), Reverted> {
    let key = args.next()?;
    let (worker, Account { number, .. }) = registered_caller()?;
    MESSAGE_KEYS.set(number, &nonzero_key(key)?);
    emit(&KeyChanged { worker, key });
    Ok(())
}

/// `setAvailable(bool,uint32)`.
pub(crate) fn set_available(args: &mut Args) -> Result<(), Reverted> {
    let (available, hint) = (args.next()?, args.next()?);
    let (worker, Account { number, .. }, _) = worker_caller()?;
    emit(&AvailabilityChanged { worker, available });
    book::relist(number, &Offer { available, ..OFFERS.get(number) }, hint);
    Ok(())
}

/// `stake(uint32)`.
pub(crate) fn stake(args: &mut Args) -> Result<(), Reverted> {
    let hint = args.next()?;
    let (worker, mut record) = registered_caller()?;
    record.stake = stake_with_value(record.stake)?;
    ACCOUNTS.set(worker, &record);
    emit(&StakeChanged { worker, stake: record.stake });
    let offer = OFFERS.get(record.number);
    if !offer.listed {
        book::try_list(record.number, offer, hint);
    }
    Ok(())
}

/// `unstake(uint128)`: only free stake, and for a tester only `lockEpochs` after the last epoch whose list it is
/// in.
pub(crate) fn unstake(args: &mut Args) -> Result<(), Reverted> {
    let amount: u128 = args.next()?;
    let (worker, mut record) = registered_caller()?;
    let last = IDENTITIES.get(record.number).last_epoch;
    if last != 0 {
        let rules = TESTER_RULES.get(());
        let free = last.saturating_add(1).saturating_add(rules.lock_epochs.into());
        if rules.current_epoch() < free {
            return Err(revert(&StillListed { free }));
        }
    }
    let have = record.stake.saturating_sub(record.locked);
    if amount > have {
        return Err(revert(&StakeTooLow { have, need: amount }));
    }
    record.stake = record.stake.saturating_sub(amount);
    ACCOUNTS.set(worker, &record);
    credit::add(worker, amount);
    emit(&StakeChanged { worker, stake: record.stake });
    book::drop_unfit(record.number, record);
    Ok(())
}

/// The `Worker` view of a number.
fn worker_view(number: u32) -> Worker {
    let Identity { account, application, last_epoch } = IDENTITIES.get(number);
    let record = ACCOUNTS.get(account);
    let offer = OFFERS.get(number);
    Worker {
        account,
        number: record.number,
        application,
        price: offer.price,
        maxLength: offer.max_length,
        promised: offer.promise,
        capacity: offer.capacity,
        active: record.active,
        available: offer.available,
        listed: offer.listed,
        next: offer.next,
        stake: record.stake,
        locked: record.locked,
        lastEpoch: last_epoch,
        misses: record.misses,
        score: current_weights(number).score(),
        key: MESSAGE_KEYS.get(number).key,
    }
}

/// `workerCount()`.
pub(crate) fn count(_: &mut Args) -> u32 {
    COUNTERS.get(()).workers
}

/// `worker(address)`.
pub(crate) fn worker(args: &mut Args) -> Result<Worker, Reverted> {
    let account = args.next()?;
    match ACCOUNTS.get(account).number {
        0 => Err(revert(&NotRegistered { account })),
        number => Ok(worker_view(number)),
    }
}

/// `workers(uint32,uint32)`.
pub(crate) fn workers(args: &mut Args) -> Result<impl AbiEncode + use<>, Reverted> {
    let (from, count): (u32, u32) = (args.next()?, args.next()?);
    let first = from.max(1);
    let end =
        first.saturating_add(count.min(PAGE_SIZE)).min(COUNTERS.get(()).workers.saturating_add(1));
    Ok((AbiArray((first..end).map(worker_view)),))
}

/// `listedWorkers(bytes8,uint32,uint32)`.
pub(crate) fn listed_workers(args: &mut Args) -> Result<impl AbiEncode + use<>, Reverted> {
    let (application, from): (FixedBytes<8>, u32) = (args.next()?, args.next()?);
    let count: u32 = args.next()?;
    let first = match from {
        0 => BOOKS.get(application).head,
        _ => book::listed_offer(from, application).map_or(0, |_| from),
    };
    let numbers = core::iter::successors(Some(first), |number| Some(OFFERS.get(*number).next));
    let numbers = numbers.take_while(|number| *number != 0);
    let count = usize::try_from(count.min(PAGE_SIZE)).unwrap_or(0);
    Ok((AbiArray(numbers.take(count).map(worker_view)),))
}

/// `keyOf(address)`.
pub(crate) fn key_of(args: &mut Args) -> Result<B256, Reverted> {
    Ok(MESSAGE_KEYS.get(ACCOUNTS.get(args.next()?).number).key)
}
