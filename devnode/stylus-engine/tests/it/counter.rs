//! A counter contract built with the SDK and deployed with cargo-stylus: Nitro's data fee for its
//! activation, and every host call of one `increment()`, to the last unit of ink.

use alloy_primitives::{B256, U256, hex};
use serde::Deserialize;
use stylus_engine::{HostioCall, Status, activate, fees::DataPricer, program};

use crate::VERSION;
use crate::{ledger::Ledger, recorded};

/// The recorded file.
#[derive(Debug, Deserialize)]
struct RecordedCounter {
    code: String,
    /// Wei, for the first activation of a chain.
    fee: u64,
    input: String,
    gas: u64,
    used: u64,
    hostios: Vec<RecordedHostio>,
}

/// One host call.
#[derive(Debug, Deserialize, PartialEq, Eq)]
struct RecordedHostio {
    name: String,
    args: String,
    outs: String,
    start: u64,
    end: u64,
}

impl RecordedHostio {
    /// Converts from the engine's own trace.
    fn of(call: &HostioCall) -> Self {
        Self {
            name: call.name.into(),
            args: hex::encode(&call.args),
            outs: hex::encode(&call.outs),
            start: call.start_ink,
            end: call.end_ink,
        }
    }
}

/// The wasm of the counter.
pub(crate) fn wasm() -> Vec<u8> {
    let counter: RecordedCounter = recorded::read("counter");
    program::decode(&hex::decode(&counter.code).unwrap(), 131_072).unwrap()
}

#[test]
fn a_counter_of_the_sdk_leaves_the_same_trace() {
    let counter: RecordedCounter = recorded::read("counter");
    let activation = activate(&wasm(), VERSION, 128, u64::MAX, true).unwrap();

    let now = DataPricer::default().last_update + 1;
    let fee = DataPricer::default().charge(activation.asm_estimate, now);
    assert_eq!(fee, U256::from(counter.fee));

    let mut ledger = Ledger { traced: true, ..Ledger::default() };
    ledger.storage.insert(B256::ZERO, U256::from(41).into());
    let input = hex::decode(&counter.input).unwrap();
    let (outcome, used) = recorded::transact(&activation, &mut ledger, &input, counter.gas);
    assert_eq!((outcome.status, used), (Status::Success, counter.used));
    assert_eq!(ledger.storage[&B256::ZERO], B256::from(U256::from(42)));

    let hostios: Vec<_> = ledger.hostios.iter().map(RecordedHostio::of).collect();
    assert_eq!(hostios, counter.hostios);
}
