//! Encoders for every error, event and struct of both interfaces: tables of their fields, in order.
//!
//! Types, selectors and topics come from `muster_protocol::abi`; a table adds only the order of the
//! fields. Events with arrays have no entry: [`emit_parts`](crate::emit_parts) writes them. The tests compare
//! every entry with alloy's own encoder (`abi_tables/tests.rs`), so a table cannot drift.

use muster_protocol::abi::{
    Clock, Entry, Fee, Finding, IWorkAgreement as a, IWorkerDispatcher as d, Order, Reason,
    Settings, State, TesterResult, Worker, WorkerResult,
};
use stylus_sdk::alloy_sol_types::{SolError, SolEvent};

use crate::args::{AbiDecode, Args};
use crate::output::{AbiEncode, OutputBuffer};
use crate::wire::{ContractEvent, RevertReason, Reverted};

/// The 32 bytes of a hash as four big-endian limbs: constants in code, not in the data segment.
const fn limbs(hash: &[u8; 32]) -> [u64; 4] {
    match hash.as_chunks().0 {
        [a, b, c, d] => [
            u64::from_be_bytes(*a),
            u64::from_be_bytes(*b),
            u64::from_be_bytes(*c),
            u64::from_be_bytes(*d),
        ],
        _ => [0; 4],
    }
}

/// Implements [`RevertReason`]: name, then fields in order.
macro_rules! errors {
    ($($name:path { $($field:ident),* })*) => {$(
        impl RevertReason for $name {
            fn write(&self, out: &mut OutputBuffer) {
                out.push_bytes(&u32::from_be_bytes(<Self as SolError>::SELECTOR).to_be_bytes());
                $(self.$field.encode(out);)*
            }
        }
    )*};
}

/// Implements [`ContractEvent`]: name, then indexed fields, then the others.
macro_rules! events {
    ($($name:path [$($topic:ident)*] [$($field:ident)*])*) => {$(
        impl ContractEvent for $name {
            const TOPICS: usize = [stringify!($name) $(, stringify!($topic))*].len();

            fn write(&self, out: &mut OutputBuffer) {
                out.push_limbs(const { limbs(&<Self as SolEvent>::SIGNATURE_HASH.0) });
                $(self.$topic.encode(out);)*
                $(self.$field.encode(out);)*
            }
        }
    )*};
}

/// Implements [`AbiEncode`] and [`AbiDecode`]: name, then fields in order.
macro_rules! structs {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl AbiEncode for $name {
            fn encode(&self, out: &mut OutputBuffer) {
                $(self.$field.encode(out);)*
            }
        }

        impl AbiDecode for $name {
            fn decode(args: &mut Args) -> Result<Self, Reverted> {
                Ok(Self { $($field: args.next()?),* })
            }
        }
    )*};
}

/// Implements [`AbiEncode`]: an enum is encoded as its number.
macro_rules! enums {
    ($($name:ident)*) => {$(
        impl AbiEncode for $name {
            #[expect(clippy::as_conversions, reason = "an enum without fields")]
            fn encode(&self, out: &mut OutputBuffer) {
                (*self as u8).encode(out);
            }
        }
    )*};
}

enums! { Clock Reason State }

impl AbiDecode for Clock {
    fn decode(args: &mut Args) -> Result<Self, Reverted> {
        Ok(if args.next()? { Self::Second } else { Self::ArbBlock })
    }
}

structs! {
    Settings {
        clock, acceptWindow, reportWindow, minLength, minWindow, epochLength, minPool, minPromise,
        bondBps, testerFeeBps, minBond, minTesterFee, testerBond, reputationUnit
    }
    Order { application, redundancy, length, windows, testers, minScore, minUptime, expiry, start }
    Worker {
        account, number, application, price, maxLength, promised, capacity, active, available,
        listed, next, stake, locked, lastEpoch, misses, score, key
    }
    WorkerResult { account, pay, slash, fees, accepted, resigned, windows, served, failed }
    TesterResult { account, fee, seats }
    Fee { place, amount, seats }
    Entry { index, checked, served, r, vs }
    Finding { index, checked, served }
}

events! {
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
    a::Resigned [worker] [index windows]
    a::Closed [] [state]
}

errors! {
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
    d::StillListed { last }
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
    a::CannotShorten { windows }
    a::NotAccepted { worker }
    a::AlreadyResigned { worker }
    a::BadReceipt { entry }
    a::NothingReported {}
    a::BadEntry { entry }
    a::WindowOutOfRange { entry, windows }
    a::WindowUnknown { window, windows }
    a::SettlementFailed {}
}

#[cfg(test)]
mod tests;
