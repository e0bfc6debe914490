//! Compares every entry of the tables with alloy's own encoder, with a different value in every field.

use muster_protocol::abi::{
    Clock, Fee, IWorkAgreement as a, IWorkerDispatcher as d, Order, Reason, Settings, State,
    TesterResult, Worker, WorkerResult,
};
use stylus_sdk::alloy_primitives::{Address, B256, FixedBytes, U256};
use stylus_sdk::alloy_sol_types::{SolError, SolEvent, SolValue};

use crate::output::{AbiEncode, OutputBuffer};
use crate::wire::{ContractEvent, RevertReason};
use crate::{AbiDecode, Args};

/// An address that differs from all other values.
const fn address(last: u8) -> Address {
    Address::repeat_byte(last)
}

fn encoded(write: impl FnOnce(&mut OutputBuffer)) -> Vec<u8> {
    let mut out = OutputBuffer::new();
    write(&mut out);
    out.bytes().to_vec()
}

fn check_event<E: ContractEvent + SolEvent>(event: &E) {
    let log = event.encode_log_data();
    let mut expected: Vec<u8> = log.topics().iter().flat_map(|topic| topic.0).collect();
    expected.extend_from_slice(&log.data);
    assert_eq!(encoded(|out| event.write(out)), expected, "{}", E::SIGNATURE);
    assert_eq!(E::TOPICS, log.topics().len(), "{}", E::SIGNATURE);
}

fn check_error<E: RevertReason + SolError>(error: &E) {
    assert_eq!(encoded(|out| error.write(out)), error.abi_encode(), "{}", E::SIGNATURE);
}

/// Encodes as alloy does, and decodes to the same value.
fn check_value<T: AbiEncode + AbiDecode + SolValue + PartialEq + core::fmt::Debug>(value: &T) {
    let words = encoded(|out| value.encode(out));
    assert_eq!(words, value.abi_encode());
    let mut args = Args::new(words.leak());
    assert_eq!(args.next::<T>().as_ref(), Ok(value));
}

#[test]
fn events_are_encoded_as_alloy_encodes_them() {
    let (worker, tester, client, account, to) =
        (address(1), address(2), address(3), address(4), address(5));
    let (application, key) = (FixedBytes(*b"factors\0"), B256::repeat_byte(6));
    check_event(&d::WorkerRegistered { worker, number: 7, application, key, stake: 9 });
    check_event(&d::WorkerUpdated { worker, price: 8, maxLength: 9, promised: 10, capacity: 11 });
    check_event(&d::KeyChanged { worker, key });
    check_event(&d::AvailabilityChanged { worker, available: true });
    check_event(&d::Listed { worker });
    check_event(&d::Unlisted { worker });
    check_event(&d::StakeChanged { worker, stake: u128::MAX });
    check_event(&d::CheckedIn { tester, epoch: 12, place: 13 });
    check_event(&d::PurchaseRefused { client, reason: Reason::Expired, required: 14, sent: 15 });
    check_event(&d::Burned { agreement: account, amount: 22 });
    check_event(&d::ReputationChanged { worker, good: 23, bad: 24 });
    check_event(&a::Cancelled { windows: 25, end: 26 });
    check_event(&a::Resigned { worker, index: 27, tick: 28 });
    check_event(&a::Released { absent: 29, freed: 30 });
    check_event(&a::ReportSkipped { place: 31, reason: FixedBytes([32, 33, 34, 35]) });
    check_event(&d::Credited { account, amount: 16 });
    check_event(&d::Withdrawn { account, to, amount: 17 });
    check_event(&a::Accepted { worker, index: 18 });
    check_event(&a::Started { start: 19, end: 20, seed: FixedBytes::repeat_byte(21) });
    check_event(&a::Closed { state: State::Void });
}

#[test]
fn dispatcher_errors_are_encoded_as_alloy_encodes_them() {
    let (account, caller) = (address(1), address(2));
    check_error(&d::MalformedCall { word: 3 });
    check_error(&d::UnknownCall { selector: FixedBytes([4, 5, 6, 7]) });
    check_error(&d::NotPayable { value: 8 });
    check_error(&d::Reentered {});
    check_error(&d::AlreadyDeployed {});
    check_error(&d::BadSetting { index: 9 });
    check_error(&d::AlreadyRegistered { account });
    check_error(&d::NotRegistered { account });
    check_error(&d::PriceOutOfRange { price: 10, limit: 11 });
    check_error(&d::MaxLengthTooShort { maxLength: 12, minimum: 13 });
    check_error(&d::PromiseOutOfRange { promised: 14, minimum: 15 });
    check_error(&d::CapacityZero {});
    check_error(&d::KeyZero {});
    check_error(&d::WrongApplication { application: FixedBytes(*b"tester\0\0") });
    check_error(&d::StakeTooLow { have: 16, need: 17 });
    check_error(&d::StakeTooHigh { stake: 21, limit: 22 });
    check_error(&d::NotListable { worker: account });
    check_error(&d::AlreadyCheckedIn { epoch: 18 });
    check_error(&d::StillListed { free: 19 });
    check_error(&d::NothingToWithdraw { account });
    check_error(&d::TransferFailed { to: account, amount: 20 });
    check_error(&d::NotAnAgreement { caller });
    check_error(&d::CreationFailed {});
}

#[test]
fn agreement_errors_are_encoded_as_alloy_encodes_them() {
    let (worker, caller) = (address(1), address(2));
    check_error(&a::WrongState { state: State::Reporting });
    check_error(&a::NotAWorker { caller });
    check_error(&a::AlreadyAccepted { worker });
    check_error(&a::TooLateToAccept { tick: 3, last: 4 });
    check_error(&a::SeedNotReady { purchaseBlock: 5 });
    check_error(&a::NotTheTester { place: 6, caller });
    check_error(&a::PlaceOutOfRange { place: 7, pool: 8 });
    check_error(&a::AlreadyReported { place: 9 });
    check_error(&a::NotTheClient { caller });
    check_error(&a::CannotShorten { end: 14 });
    check_error(&a::NotAccepted { worker });
    check_error(&a::AlreadyResigned { worker });
    check_error(&a::BadReceipt { entry: 15 });
    check_error(&a::NothingReported {});
    check_error(&a::BadEntry { entry: 10 });
    check_error(&a::WindowOutOfRange { entry: 11, window: 12 });
    check_error(&a::TooEarlyToRelease { tick: 16, last: 17 });
    check_error(&a::NothingToRelease {});
    check_error(&a::NoSeat { entry: 18, window: 19 });
    check_error(&a::TooFewProbes { entry: 20, made: 21, needed: 22 });
    check_error(&a::BadBatch { offset: 23 });
    check_error(&a::WindowUnknown { window: U256::MAX, windows: 13 });
    check_error(&a::SettlementFailed {});
}

/// Errors that both contracts share have one selector.
#[test]
fn errors_in_both_interfaces_are_the_same() {
    assert_eq!(d::MalformedCall::SELECTOR, a::MalformedCall::SELECTOR);
    assert_eq!(d::UnknownCall::SELECTOR, a::UnknownCall::SELECTOR);
    assert_eq!(d::NotPayable::SELECTOR, a::NotPayable::SELECTOR);
    assert_eq!(d::NotAnAgreement::SELECTOR, a::NotAnAgreement::SELECTOR);
}

#[test]
fn structs_are_encoded_and_decoded_as_alloy_does() {
    let application = FixedBytes(*b"factors\0");
    for clock in [Clock::ArbBlock, Clock::Second] {
        check_value(&muster_protocol::settings::production(clock));
        check_value(&Settings { minBond: 1 << 95, ..muster_protocol::settings::dev(clock) });
    }
    check_value(&Order {
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
    check_value(&Worker {
        account: address(1),
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
    check_value(&WorkerResult {
        account: address(1),
        pay: 2,
        slash: 3,
        fees: 4,
        accepted: true,
        resigned: false,
        ticks: 5,
        known: 6,
        uptime: 7,
    });
    check_value(&TesterResult { account: address(1), fee: 2, seats: 3 });
    check_value(&Fee { place: 1, amount: 2, seats: 3 });
}
