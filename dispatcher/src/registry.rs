//! Accounts: join, change the offer, stake, look up. A registration lasts for ever and its
//! application never changes.

use muster_contract_kit::{Args, List, Put, Refused, emit, host, refuse};
use muster_protocol::abi::IWorkerDispatcher::{
    AlreadyRegistered, AvailabilityChanged, CapacityZero, KeyChanged, KeyZero, MaxLengthTooShort,
    NotRegistered, PriceOutOfRange, PromiseOutOfRange, StakeChanged, StakeTooHigh, StakeTooLow,
    StillListed, WorkerRegistered, WorkerUpdated, WrongApplication,
};
use muster_protocol::abi::Worker;
use muster_protocol::{BPS, PRICE_LIMIT, TESTER};
use stylus_sdk::alloy_primitives::{Address, B256, FixedBytes};

use crate::standing::standing;
use crate::state::{
    ACCOUNTS, Account, BOOKS, COUNTS, IDENTITIES, Identity, KEYS, Key, OFFERS, Offer, STANDARDS,
    Standards, TESTING,
};
use crate::{book, credit, setup};

/// The most workers of one page.
const PAGE: u32 = 16;

/// Gives the caller the next number, with its key and the wei sent as stake.
pub(crate) fn join(application: FixedBytes<8>, key: B256) -> Result<(u32, Account), Refused> {
    let account = host::caller();
    if ACCOUNTS.get(account).number != 0 {
        return Err(refuse(&AlreadyRegistered { account }));
    }
    let (stake, shown) = (staked(0)?, checked(key)?);
    let number =
        COUNTS.update((), |counts| counts.workers = counts.workers.saturating_add(1)).workers;
    let record = Account { number, stake, ..Account::default() };
    ACCOUNTS.set(account, &record);
    IDENTITIES.set(number, &Identity { account, application, last_epoch: 0 });
    KEYS.set(number, &shown);
    BOOKS.update(application, |book| book.registered = book.registered.saturating_add(1));
    emit(&WorkerRegistered { worker: account, number, application, key, stake });
    Ok((number, record))
}

/// A stake with the wei that were sent.
fn staked(before: u128) -> Result<u128, Refused> {
    let stake = before.saturating_add(host::value());
    if stake < PRICE_LIMIT {
        Ok(stake)
    } else {
        Err(refuse(&StakeTooHigh { stake, limit: PRICE_LIMIT }))
    }
}

/// A key that is not zero.
fn checked(key: B256) -> Result<Key, Refused> {
    if key.is_zero() { Err(refuse(&KeyZero {})) } else { Ok(Key { key }) }
}

/// The caller's registration.
pub(crate) fn caller() -> Result<(Address, Account), Refused> {
    let account = host::caller();
    let record = ACCOUNTS.get(account);
    if record.number == 0 { Err(refuse(&NotRegistered { account })) } else { Ok((account, record)) }
}

/// The caller's registration as a worker: account, record, application.
fn calling_worker() -> Result<(Address, Account, FixedBytes<8>), Refused> {
    let (account, record) = caller()?;
    let application = IDENTITIES.get(record.number).application;
    if application.0 == TESTER {
        return Err(refuse(&WrongApplication { application }));
    }
    Ok((account, record, application))
}

/// Checks what a worker offers.
fn check(offer: &Offer, standards: &Standards) -> Result<(), Refused> {
    let Offer { price, max_length, promise, capacity, .. } = *offer;
    if price == 0 || price >= PRICE_LIMIT {
        return Err(refuse(&PriceOutOfRange { price, limit: PRICE_LIMIT }));
    }
    if max_length < standards.min_length {
        return Err(refuse(&MaxLengthTooShort {
            maxLength: max_length,
            minimum: standards.min_length,
        }));
    }
    if promise < standards.min_promise || promise > BPS {
        return Err(refuse(&PromiseOutOfRange {
            promised: promise,
            minimum: standards.min_promise,
        }));
    }
    if capacity == 0 {
        return Err(refuse(&CapacityZero {}));
    }
    Ok(())
}

/// Writes an offer, moves the worker to its place in the book, and says so.
fn offer(worker: Address, number: u32, offer: &Offer, hint: u32) {
    let Offer { price, max_length, promise, capacity, .. } = *offer;
    book::replace(number, offer, hint);
    emit(&WorkerUpdated { worker, price, maxLength: max_length, promised: promise, capacity });
}

/// `registerWorker(...)`.
pub(crate) fn register(args: &mut Args) -> Result<u32, Refused> {
    let (price, max_length) = (args.next()?, args.next()?);
    let application: FixedBytes<8> = args.next()?;
    let (promise, key, capacity, hint) = (args.next()?, args.next()?, args.next()?, args.next()?);
    if application.0 == TESTER {
        return Err(refuse(&WrongApplication { application }));
    }
    let new = Offer { price, max_length, promise, capacity, available: true, ..Offer::default() };
    check(&new, &STANDARDS.get(()))?;
    let (number, _) = join(application, key)?;
    offer(host::caller(), number, &new, hint);
    Ok(number)
}

/// `updateWorker(...)`.
pub(crate) fn update(args: &mut Args) -> Result<(), Refused> {
    let (price, max_length, promise) = (args.next()?, args.next()?, args.next()?);
    let (capacity, hint) = (args.next()?, args.next()?);
    let (account, Account { number, .. }, _) = calling_worker()?;
    let new = Offer { price, max_length, promise, capacity, ..OFFERS.get(number) };
    check(&new, &STANDARDS.get(()))?;
    offer(account, number, &new, hint);
    Ok(())
}

/// `setPrice(uint128,uint32)`.
pub(crate) fn set_price(args: &mut Args) -> Result<(), Refused> {
    let (price, hint) = (args.next()?, args.next()?);
    let (account, Account { number, .. }, _) = calling_worker()?;
    let new = Offer { price, ..OFFERS.get(number) };
    check(&new, &STANDARDS.get(()))?;
    offer(account, number, &new, hint);
    Ok(())
}

/// `setKey(bytes32)`.
pub(crate) fn set_key(args: &mut Args) -> Result<(), Refused> {
    let key = args.next()?;
    let (worker, Account { number, .. }) = caller()?;
    KEYS.set(number, &checked(key)?);
    emit(&KeyChanged { worker, key });
    Ok(())
}

/// `setAvailable(bool,uint32)`.
pub(crate) fn set_available(args: &mut Args) -> Result<(), Refused> {
    let (available, hint) = (args.next()?, args.next()?);
    let (worker, Account { number, .. }, _) = calling_worker()?;
    emit(&AvailabilityChanged { worker, available });
    book::replace(number, &Offer { available, ..OFFERS.get(number) }, hint);
    Ok(())
}

/// `stake(uint32)`.
pub(crate) fn stake(args: &mut Args) -> Result<(), Refused> {
    let hint = args.next()?;
    let (worker, mut record) = caller()?;
    record.stake = staked(record.stake)?;
    ACCOUNTS.set(worker, &record);
    emit(&StakeChanged { worker, stake: record.stake });
    let offer = OFFERS.get(record.number);
    if !offer.listed {
        book::try_list(record.number, offer, hint);
    }
    Ok(())
}

/// `unstake(uint128)`: a worker may take what is not locked, a tester nothing while it is listed.
pub(crate) fn unstake(args: &mut Args) -> Result<(), Refused> {
    let amount: u128 = args.next()?;
    let (worker, mut record) = caller()?;
    let last = IDENTITIES.get(record.number).last_epoch;
    if last != 0 && setup::this_epoch(TESTING.get(()).epoch_length) <= last {
        return Err(refuse(&StillListed { last }));
    }
    let have = record.stake.saturating_sub(record.locked);
    if amount > have {
        return Err(refuse(&StakeTooLow { have, need: amount }));
    }
    record.stake = record.stake.saturating_sub(amount);
    ACCOUNTS.set(worker, &record);
    credit::add(worker, amount);
    emit(&StakeChanged { worker, stake: record.stake });
    book::drop_unfit(record.number, record);
    Ok(())
}

/// Everything that is known of a number.
fn view(number: u32) -> Worker {
    let Identity { account, application, last_epoch } = IDENTITIES.get(number);
    let record = ACCOUNTS.get(account);
    let o = OFFERS.get(number);
    Worker {
        account,
        number: record.number,
        application,
        price: o.price,
        maxLength: o.max_length,
        promised: o.promise,
        capacity: o.capacity,
        active: record.active,
        available: o.available,
        listed: o.listed,
        next: o.next,
        stake: record.stake,
        locked: record.locked,
        lastEpoch: last_epoch,
        misses: record.misses,
        score: standing(number).score(),
        key: KEYS.get(number).key,
    }
}

/// `workerCount()`.
pub(crate) fn count(_: &mut Args) -> u32 {
    COUNTS.get(()).workers
}

/// `worker(address)`.
pub(crate) fn worker(args: &mut Args) -> Result<Worker, Refused> {
    let account = args.next()?;
    match ACCOUNTS.get(account).number {
        0 => Err(refuse(&NotRegistered { account })),
        number => Ok(view(number)),
    }
}

/// `workers(uint32,uint32)`.
pub(crate) fn workers(args: &mut Args) -> Result<impl Put + use<>, Refused> {
    let (from, count): (u32, u32) = (args.next()?, args.next()?);
    let first = from.max(1);
    let end = first.saturating_add(count.min(PAGE)).min(COUNTS.get(()).workers.saturating_add(1));
    Ok((List((first..end).map(view)),))
}

/// `keyOf(address)`.
pub(crate) fn key_of(args: &mut Args) -> Result<B256, Refused> {
    Ok(KEYS.get(ACCOUNTS.get(args.next()?).number).key)
}
