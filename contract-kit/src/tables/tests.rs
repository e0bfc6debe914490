//! Every entry of the tables against alloy's own encoder, with a different value in every field.

use muster_protocol::abi::{
    Clock, Entry, Fee, IWorkAgreement as a, IWorkerDispatcher as d, Order, Reason, Settings, State,
    TesterResult, Worker, WorkerResult,
};
use stylus_sdk::alloy_primitives::{Address, B256, FixedBytes, U256};
use stylus_sdk::alloy_sol_types::{SolError, SolEvent, SolValue};

use crate::out::{Out, Put};
use crate::wire::{Event, Refusal};
use crate::{Args, Take};

/// An address unlike the other values.
const fn who(last: u8) -> Address {
    Address::repeat_byte(last)
}

fn written(write: impl FnOnce(&mut Out)) -> Vec<u8> {
    let mut out = Out::new();
    write(&mut out);
    out.bytes().to_vec()
}

fn event<E: Event + SolEvent>(event: &E) {
    let log = event.encode_log_data();
    let mut expected: Vec<u8> = log.topics().iter().flat_map(|topic| topic.0).collect();
    expected.extend_from_slice(&log.data);
    assert_eq!(written(|out| event.write(out)), expected, "{}", E::SIGNATURE);
    assert_eq!(E::TOPICS, log.topics().len(), "{}", E::SIGNATURE);
}

fn error<E: Refusal + SolError>(error: &E) {
    assert_eq!(written(|out| error.write(out)), error.abi_encode(), "{}", E::SIGNATURE);
}

/// Written as alloy writes it, and read back as it was.
fn value<T: Put + Take + SolValue + PartialEq + core::fmt::Debug>(value: &T) {
    let words = written(|out| value.put(out));
    assert_eq!(words, value.abi_encode());
    let mut args = Args::new(words.leak());
    assert_eq!(args.next::<T>().as_ref(), Ok(value));
}

#[test]
fn events_are_written_as_their_interface_says() {
    let (worker, tester, client, account, to) = (who(1), who(2), who(3), who(4), who(5));
    let (application, key) = (FixedBytes(*b"factors\0"), B256::repeat_byte(6));
    event(&d::WorkerRegistered { worker, number: 7, application, key, stake: 9 });
    event(&d::WorkerUpdated { worker, price: 8, maxLength: 9, promised: 10, capacity: 11 });
    event(&d::KeyChanged { worker, key });
    event(&d::AvailabilityChanged { worker, available: true });
    event(&d::Listed { worker });
    event(&d::Unlisted { worker });
    event(&d::StakeChanged { worker, stake: u128::MAX });
    event(&d::CheckedIn { tester, epoch: 12, place: 13 });
    event(&d::PurchaseRefused { client, reason: Reason::Expired, required: 14, sent: 15 });
    event(&d::Burned { agreement: account, amount: 22 });
    event(&d::StandingChanged { worker, good: 23, bad: 24 });
    event(&a::Cancelled { windows: 25, end: 26 });
    event(&a::Resigned { worker, index: 27, windows: 28 });
    event(&d::Credited { account, amount: 16 });
    event(&d::Withdrawn { account, to, amount: 17 });
    event(&a::Accepted { worker, index: 18 });
    event(&a::Started { start: 19, end: 20, seed: FixedBytes::repeat_byte(21) });
    event(&a::Closed { state: State::Void });
}

#[test]
fn errors_of_the_dispatcher_are_written_as_their_interface_says() {
    let (account, caller) = (who(1), who(2));
    error(&d::MalformedCall { word: 3 });
    error(&d::UnknownCall { selector: FixedBytes([4, 5, 6, 7]) });
    error(&d::NotPayable { value: 8 });
    error(&d::Reentered {});
    error(&d::AlreadyDeployed {});
    error(&d::BadSetting { index: 9 });
    error(&d::AlreadyRegistered { account });
    error(&d::NotRegistered { account });
    error(&d::PriceOutOfRange { price: 10, limit: 11 });
    error(&d::MaxLengthTooShort { maxLength: 12, minimum: 13 });
    error(&d::PromiseOutOfRange { promised: 14, minimum: 15 });
    error(&d::CapacityZero {});
    error(&d::KeyZero {});
    error(&d::WrongApplication { application: FixedBytes(*b"tester\0\0") });
    error(&d::StakeTooLow { have: 16, need: 17 });
    error(&d::StakeTooHigh { stake: 21, limit: 22 });
    error(&d::NotListable { worker: account });
    error(&d::AlreadyCheckedIn { epoch: 18 });
    error(&d::StillListed { last: 19 });
    error(&d::NothingToWithdraw { account });
    error(&d::TransferFailed { to: account, amount: 20 });
    error(&d::NotAnAgreement { caller });
    error(&d::CreationFailed {});
}

#[test]
fn errors_of_the_agreement_are_written_as_their_interface_says() {
    let (worker, caller) = (who(1), who(2));
    error(&a::WrongState { state: State::Reporting });
    error(&a::NotAWorker { caller });
    error(&a::AlreadyAccepted { worker });
    error(&a::TooLateToAccept { tick: 3, last: 4 });
    error(&a::SeedNotReady { purchaseBlock: 5 });
    error(&a::NotTheTester { place: 6, caller });
    error(&a::PlaceOutOfRange { place: 7, pool: 8 });
    error(&a::AlreadyReported { place: 9 });
    error(&a::NotTheClient { caller });
    error(&a::CannotShorten { windows: 14 });
    error(&a::NotAccepted { worker });
    error(&a::AlreadyResigned { worker });
    error(&a::BadReceipt { entry: 15 });
    error(&a::NothingReported {});
    error(&a::BadEntry { entry: 10 });
    error(&a::WindowOutOfRange { entry: 11, windows: 12 });
    error(&a::WindowUnknown { window: U256::MAX, windows: 13 });
    error(&a::SettlementFailed {});
}

/// What both contracts refuse with is one and the same error.
#[test]
fn errors_in_both_interfaces_are_the_same() {
    assert_eq!(d::MalformedCall::SELECTOR, a::MalformedCall::SELECTOR);
    assert_eq!(d::UnknownCall::SELECTOR, a::UnknownCall::SELECTOR);
    assert_eq!(d::NotPayable::SELECTOR, a::NotPayable::SELECTOR);
    assert_eq!(d::NotAnAgreement::SELECTOR, a::NotAnAgreement::SELECTOR);
}

#[test]
fn structs_are_written_and_read_as_their_interface_says() {
    let application = FixedBytes(*b"factors\0");
    for clock in [Clock::ArbBlock, Clock::Second] {
        value(&muster_protocol::settings::production(clock));
        value(&Settings { minBond: 1 << 95, ..muster_protocol::settings::dev(clock) });
    }
    value(&Order {
        application,
        redundancy: U256::from_limbs([1, 2, 3, 4]),
        length: U256::from_limbs([5, 6, 7, 8]),
        windows: 9,
        testers: 10,
        minScore: 11,
        minUptime: 12,
        expiry: 13,
        start: 14,
    });
    value(&Worker {
        account: who(1),
        number: 2,
        application,
        price: 3,
        maxLength: 4,
        promised: 5,
        capacity: 6,
        active: 7,
        available: true,
        listed: false,
        next: 8,
        stake: 9,
        locked: u128::MAX,
        lastEpoch: 10,
        misses: 12,
        score: 13,
        key: B256::repeat_byte(11),
    });
    value(&WorkerResult {
        account: who(1),
        pay: 2,
        slash: 3,
        fees: 4,
        accepted: true,
        resigned: false,
        windows: 5,
        served: 6,
        failed: 7,
    });
    value(&TesterResult { account: who(1), fee: 2, seats: 3 });
    value(&Fee { place: 1, amount: 2, seats: 3 });
    value(&Entry {
        index: 1,
        checked: 2,
        served: 3,
        r: B256::repeat_byte(4),
        vs: B256::repeat_byte(5),
    });
}
