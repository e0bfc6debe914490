//! Programs that a Nitro node ran: the gas of their activations and the results of their calls.
//!
//! Each file holds, for each program: its code as deployed; the gas of its activation, without the
//! gas of the transaction and of the precompile; and calls of it with the gas of the transaction,
//! their outputs, and the gas that they used.

use std::{fs, path::Path};

use alloy_primitives::{Address, Bytes, hex};
use serde::{Deserialize, de::DeserializeOwned};
use stylus_engine::{
    Activation, ActivationError, Outcome, Params, Status, activate, program, return_data_cost, run,
};

use crate::VERSION;
use crate::ledger::Ledger;

/// Base gas of a transaction.
const TRANSACTION: u64 = 21_000;

/// A recorded file.
#[derive(Debug, Deserialize)]
struct RecordedTopic {
    programs: Vec<RecordedProgram>,
}

/// A program, its activation and its calls.
#[derive(Debug, Deserialize)]
struct RecordedProgram {
    case: String,
    code: String,
    activation: Option<RecordedActivation>,
    /// Text of the error.
    text: Option<String>,
    /// Gas of an entry, not cached and cached.
    entry: Option<(u64, u64)>,
    footprint: Option<u16>,
    /// Estimated bytes of native code, rounded up to whole KiB.
    asm: Option<u32>,
    runs: Vec<RecordedCall>,
    /// The program's account and the sender's, which are warm when a transaction starts.
    #[serde(default)]
    warm: Vec<Address>,
}

/// Result of an activation.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum RecordedActivation {
    Accepted { gas: u64 },
    Refused { refused: RejectedBy },
}

/// Which check rejected the program.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum RejectedBy {
    Code,
    Module,
}

/// A call, made by `eth_call` or by a transaction.
#[derive(Debug, Deserialize)]
struct RecordedCall {
    input: String,
    gas: u64,
    output: Option<String>,
    reverted: Option<String>,
    halted: Option<String>,
    status: Option<u8>,
    used: Option<u64>,
}

/// Intrinsic gas of a transaction with this calldata.
fn intrinsic_gas(input: &[u8]) -> u64 {
    TRANSACTION + input.iter().map(|&byte| if byte == 0 { 4 } else { 16 }).sum::<u64>()
}

/// Decodes and activates as a chain does.
fn decode_and_activate(code: &[u8]) -> Result<Activation, (RejectedBy, Option<ActivationError>)> {
    let params = Params::new(VERSION);
    let wasm = program::decode(code, 131_072).map_err(|_| (RejectedBy::Code, None))?;
    activate(&wasm, VERSION, params.page_limit, u64::MAX, true)
        .map_err(|error| (RejectedBy::Module, Some(error)))
}

/// Calls a program in a transaction of its own; returns the outcome and the gas used.
pub(crate) fn transact(
    program: &Activation,
    ledger: &mut Ledger,
    input: &[u8],
    gas: u64,
) -> (Outcome, u64) {
    let params = Params::new(VERSION);
    let given = gas - intrinsic_gas(input);
    let pages = params.page_cost(program.footprint, ledger.pages);
    let entry = params.entry_gas(program.init_cost, program.cached_cost, false) + pages;
    let exhausted = Outcome { status: Status::OutOfInk, output: Bytes::new(), gas_left: 0 };
    let Some(left) = given.checked_sub(entry) else { return (exhausted, gas) };
    ledger.pages.open = program.footprint;
    ledger.pages.ever = program.footprint;
    let mut outcome = run(&program.module, &params, input, left, ledger);
    if !outcome.output.is_empty() {
        let Some(most) = given.checked_sub(return_data_cost(outcome.output.len())) else {
            return (exhausted, gas);
        };
        outcome.gas_left = outcome.gas_left.min(most);
    }
    let used = gas - outcome.gas_left;
    (outcome, used)
}

/// Checks a program against its record.
fn check(program: &RecordedProgram) {
    let case = &program.case;
    let code = hex::decode(&program.code).unwrap();
    let activation = match (decode_and_activate(&code), &program.activation) {
        (Ok(activation), Some(RecordedActivation::Accepted { gas })) => {
            assert_eq!(activation.gas, *gas, "{case}: gas of the activation");
            activation
        }
        (Ok(activation), None) => activation,
        (Err((rejected_by, error)), Some(RecordedActivation::Refused { refused })) => {
            assert_eq!(rejected_by, *refused, "{case}");
            if let (Some(text), Some(error)) = (&program.text, error) {
                check_text(case, text, &error.to_string());
            }
            return;
        }
        (other, recorded) => panic!("{case}: {other:?}, but recorded {recorded:?}"),
    };

    let params = Params::new(VERSION);
    if let Some(entry) = program.entry {
        let (init, cached) = (activation.init_cost, activation.cached_cost);
        let ours = (params.entry_gas(init, cached, false), params.entry_gas(init, cached, true));
        assert_eq!(ours, entry, "{case}: gas of an entry");
    }
    if let Some(footprint) = program.footprint {
        assert_eq!(activation.footprint, footprint, "{case}: footprint");
    }
    if let Some(asm) = program.asm {
        assert_eq!(activation.asm_estimate.div_ceil(1024) * 1024, asm, "{case}: native code");
    }
    for run in &program.runs {
        check_run(program, &activation, run);
    }
}

/// Compares the text of an error without offsets, which differ between versions of the validator.
fn check_text(case: &str, recorded: &str, ours: &str) {
    let words = |text: &str| {
        let message = text.split(" (at offset").next().unwrap_or_default();
        message.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(words(ours), words(recorded), "{case}");
}

/// Checks a call against its record.
fn check_run(program: &RecordedProgram, activation: &Activation, run: &RecordedCall) {
    let case = &program.case;
    let input = hex::decode(&run.input).unwrap();
    let code = hex::decode(&program.code).unwrap();
    let code = program.warm.first().map(|&own| (own, code.into())).into_iter().collect();
    let warm_accounts = program.warm.iter().copied().collect();
    let mut ledger = Ledger { warm_accounts, code, ..Ledger::default() };
    let (outcome, used) = transact(activation, &mut ledger, &input, run.gas);
    let at = format!("{case}, calldata {}: {outcome:?}", run.input);
    if let Some(output) = &run.output {
        assert_eq!(outcome.status, Status::Success, "{at}");
        assert_eq!(hex::encode(&outcome.output), *output, "{at}");
    }
    if let Some(output) = &run.reverted {
        assert!(matches!(outcome.status, Status::Revert | Status::Failure), "{at}");
        assert_eq!(hex::encode(&outcome.output), *output, "{at}");
    }
    if let Some(message) = &run.halted {
        let status = match message.as_str() {
            "out of gas" => Status::OutOfInk,
            "max call depth exceeded" => Status::OutOfStack,
            other => panic!("{case}: {other}"),
        };
        assert_eq!(outcome.status, status, "{at}");
    }
    if let Some(status) = run.status {
        assert_eq!(outcome.status == Status::Success, status == 1, "{at}");
    }
    if let Some(recorded) = run.used {
        assert_eq!(used, recorded, "{at}: gas used");
    }
}

/// Reads a recorded file.
pub(crate) fn read<T: DeserializeOwned>(name: &str) -> T {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded");
    let text = fs::read_to_string(dir.join(name).with_extension("json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Checks every program of a recorded file.
fn replay(topic: &str) {
    let topic: RecordedTopic = read(topic);
    assert!(!topic.programs.is_empty());
    topic.programs.iter().for_each(check);
}

#[test]
fn activation_gas_matches() {
    replay("activation");
}

#[test]
fn invalid_modules_are_rejected_alike() {
    replay("activation-checks");
}

#[test]
fn opcodes_match() {
    replay("opcodes");
}

#[test]
fn memory_growth_gas_matches() {
    replay("memory");
}

#[test]
fn recursion_depth_matches() {
    replay("depth");
}

#[test]
fn input_and_output_gas_matches() {
    replay("hostio-io");
}

#[test]
fn arithmetic_hostios_match() {
    replay("hostio-math");
}

#[test]
fn hashes_match() {
    replay("hostio-keccak");
}

#[test]
fn debug_imports_match() {
    replay("hostio-debug");
}

#[test]
fn log_gas_matches() {
    replay("hostio-log");
}

#[test]
fn account_gas_matches() {
    replay("hostio-account");
}

#[test]
fn return_data_gas_matches() {
    replay("hostio-returndata");
}

#[test]
fn storage_gas_matches() {
    replay("hostio-storage");
}

#[test]
fn environment_gas_matches() {
    replay("hostio-env");
}

#[test]
fn transient_storage_gas_matches() {
    replay("hostio-transient");
}
