//! Encoders for every error, event and struct of both interfaces: tables of their fields, in order.
//!
//! Types, selectors and topics come from `muster_protocol::abi`; a table adds only the order of the
//! fields. Events with arrays have no entry: [`emit_parts`](crate::emit_parts) writes them. The tests compare
//! every entry with alloy's own encoder (`abi_tables/tests.rs`), so a table cannot drift.

use crate::{AbiDecode, Args, Reverted, abi_enums, abi_errors, abi_events, abi_structs};
use muster_protocol::abi::{
    Clock, Fee, IWorkAgreement as a, IWorkerDispatcher as d, Order, Reason, Settings, State,
    TesterResult, Worker, WorkerResult,
};

abi_enums! { Clock Reason State }

impl AbiDecode for Clock {
    fn decode(args: &mut Args) -> Result<Self, Reverted> {
        Ok(if args.next()? { Self::Second } else { Self::ArbBlock })
    }
}

abi_structs! {
    Settings {
        clock, acceptWindow, reportWindow, minLength, maxAgreement, minWindow, epochLength,
        lockEpochs, minPool, probes, minPromise, bondBps, testerFeeBps, minBond, minTesterFee, testerBond, reputationUnit
    }
    Order { application, redundancy, length, windows, testers, minScore, minUptime, expiry, start }
    Worker {
        account, number, application, price, maxLength, promised, capacity, active, available,
        listed, next, stake, locked, lastEpoch, misses, score, key
    }
    WorkerResult { account, pay, slash, fees, accepted, resigned, ticks, known, uptime }
    TesterResult { account, fee, seats }
    Fee { place, amount, seats }
}

abi_events! {
    d::WorkerRegistered [worker application] [number key stake]
    d::WorkerUpdated [worker] [price maxLength promised capacity]
    d::KeyChanged [worker] [key]
    d::AvailabilityChanged [worker] [available]
    d::Listed [worker] []
    d::Unlisted [worker] []
    d::StakeChanged [worker] [stake]
    d::CheckedIn [tester epoch] [place]
    d::PurchaseRefused [client] [reason required sent]
    d::Burned [agreement] [amount]
    d::ReputationChanged [worker] [good bad]
    d::Credited [account] [amount]
    d::Withdrawn [account to] [amount]
    a::Accepted [worker] [index]
    a::Started [] [start end seed]
    a::Cancelled [] [windows end]
    a::Resigned [worker] [index tick]
    a::Released [] [absent freed]
    a::ReportSkipped [] [place reason]
    a::Closed [] [state]
}

abi_errors! {
    d::MalformedCall { word }
    d::UnknownCall { selector }
    d::NotPayable { value }
    d::Reentered {}
    d::AlreadyDeployed {}
    d::BadSetting { index }
    d::AlreadyRegistered { account }
    d::NotRegistered { account }
    d::PriceOutOfRange { price, limit }
    d::MaxLengthTooShort { maxLength, minimum }
    d::PromiseOutOfRange { promised, minimum }
    d::CapacityZero {}
    d::KeyZero {}
    d::WrongApplication { application }
    d::StakeTooLow { have, need }
    d::StakeTooHigh { stake, limit }
    d::NotListable { worker }
    d::AlreadyCheckedIn { epoch }
    d::StillListed { free }
    d::NothingToWithdraw { account }
    d::TransferFailed { to, amount }
    d::NotAnAgreement { caller }
    d::CreationFailed {}
    a::WrongState { state }
    a::NotAWorker { caller }
    a::AlreadyAccepted { worker }
    a::TooLateToAccept { tick, last }
    a::SeedNotReady { purchaseBlock }
    a::NotTheTester { place, caller }
    a::PlaceOutOfRange { place, pool }
    a::AlreadyReported { place }
    a::NotTheClient { caller }
    a::CannotShorten { end }
    a::TooEarlyToRelease { tick, last }
    a::NothingToRelease {}
    a::NotAccepted { worker }
    a::AlreadyResigned { worker }
    a::BadReceipt { entry }
    a::NothingReported {}
    a::BadEntry { entry }
    a::WindowOutOfRange { entry, window }
    a::NoSeat { entry, window }
    a::TooFewProbes { entry, made, needed }
    a::BadBatch { offset }
    a::WindowUnknown { window, windows }
    a::SettlementFailed {}
}

#[cfg(test)]
mod tests;
