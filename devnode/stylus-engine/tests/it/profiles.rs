//! Profiles: every unit of ink belongs to one function, and the run is the plain one.

use alloy_primitives::{B256, U256};
use stylus_engine::{Outcome, Params, Profile, ProfileNode, Status, activate, profiled, run};

use crate::{VERSION, counter, ledger::Ledger};

/// Ink of every run.
const INK: u64 = 100_000_000_000;

/// The chain's settings with a unit of ink for a unit of gas, so that the gas left is the ink left, to the
/// unit.
pub(crate) const fn params() -> Params {
    Params { ink_price: 1, ..Params::new(VERSION) }
}

/// Runs a program plainly and profiled, each on a copy of the same ledger; both must agree, and the ink of
/// the profile must be all that the run used.
pub(crate) fn profile(
    wasm: &[u8],
    input: &[u8],
    ink: u64,
    ledger: impl Fn() -> Ledger,
) -> (Outcome, Profile) {
    let params = params();
    let mut plain = ledger();
    let module = activate(wasm, VERSION, 128, u64::MAX, true).unwrap().module;
    let expected = run(&module, &params, input, ink, &mut plain);
    assert!(plain.profile.is_none(), "a plain run has no profile");

    let mut traced = ledger();
    let outcome = run(&profiled(wasm, VERSION).unwrap(), &params, input, ink, &mut traced);
    assert_eq!(outcome, expected);
    assert_eq!(traced.storage, plain.storage);
    assert_eq!(traced.hostios, plain.hostios);
    let profile = traced.profile.unwrap();
    let total: u64 = profile.nodes.iter().map(|node| node.ink).sum();
    assert_eq!(total, ink - expected.gas_left);
    (outcome, profile)
}

/// A module with a chain of functions; `$middle` leaves by its body's own label.
fn chain(last: &str) -> Vec<u8> {
    let text = format!(
        "(module (import \"vm_hooks\" \"msg_value\" (func $value (param i32))) \
         (memory (export \"memory\") 1 1) \
         (func $_ZN5chain4last17h0123456789abcdefE (param i32) (result i32) {last}) \
         (func $middle (param i32) (result i32) \
             (call $_ZN5chain4last17h0123456789abcdefE (local.get 0)) (br 0)) \
         (func (export \"user_entrypoint\") (param i32) (result i32) \
             (drop (call $middle (i32.const 7))) (drop (call $middle (i32.const 8))) \
             (call $value (i32.const 0)) (i32.const 0)))"
    );
    wat::parse_str(text).unwrap()
}

/// Name, caller and calls of each node.
fn shape(profile: &Profile) -> Vec<(&str, Option<usize>, u64)> {
    profile.nodes.iter().map(|node| (node.name.as_str(), node.caller, node.calls)).collect()
}

#[test]
fn calls_are_a_tree_of_named_functions() {
    let (outcome, profile) = profile(&chain("(local.get 0)"), &[], INK, Ledger::default);
    assert_eq!(outcome.status, Status::Success);
    let expected = [
        ("function 3", None, 1),
        ("middle", Some(0), 2),
        ("chain::last", Some(1), 2),
        ("msg_value", Some(0), 1),
    ];
    assert_eq!(shape(&profile), expected);
    let hosts: Vec<_> = profile.nodes.iter().map(|node| node.is_host).collect();
    assert_eq!(hosts, [false, false, false, true]);
    assert!(profile.nodes.iter().all(|node| node.ink > 0), "{profile:?}");
}

#[test]
fn a_loop_costs_the_function_that_runs_it() {
    let spin = "(loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) \
                (i32.const 1)";
    let [direct, looping] = ["(local.get 0)", spin].map(|last| {
        let (_, profile) = profile(&chain(last), &[], INK, Ledger::default);
        profile.nodes.into_iter().map(|node: ProfileNode| node.ink).collect::<Vec<_>>()
    });
    assert!(looping[2] > 10 * direct[2], "{looping:?} {direct:?}");
    let others = |ink: &[u64]| [ink[0], ink[1], ink[3]];
    assert_eq!(others(&direct), others(&looping));
}

#[test]
fn all_ink_of_a_contract_of_the_sdk_belongs_to_functions() {
    let ledger = || {
        let mut ledger = Ledger { traced: true, ..Ledger::default() };
        ledger.storage.insert(B256::ZERO, U256::from(41).into());
        ledger
    };
    let (outcome, profile) = profile(&counter::wasm(), b"\xd0\x9d\xe0\x8a", INK, ledger);
    assert_eq!(outcome.status, Status::Success);
    let flush = profile.nodes.iter().find(|node| node.name == "storage_flush_cache").unwrap();
    assert!(flush.is_host && flush.ink >= 2900, "{flush:?}");
}

#[test]
fn functions_that_a_trap_leaves_open_keep_their_ink() {
    let (outcome, profile) = profile(&chain("(unreachable)"), &[], INK, Ledger::default);
    assert_eq!(outcome.status, Status::Failure);
    let expected = [("function 3", None, 1), ("middle", Some(0), 1), ("chain::last", Some(1), 1)];
    assert_eq!(shape(&profile), expected);
}

#[test]
fn a_program_without_imports_is_profiled() {
    let text = "(module (memory (export \"memory\") 1 1) \
         (func $two (result i32 i32) (i32.const 0) (i32.const 0) (return)) \
         (func (export \"user_entrypoint\") (param i32) (result i32) (call $two) (i32.or)))";
    let (outcome, profile) = profile(&wat::parse_str(text).unwrap(), &[], INK, Ledger::default);
    assert_eq!(outcome.status, Status::Success);
    assert_eq!(shape(&profile), [("function 1", None, 1), ("two", Some(0), 1)]);
}

#[test]
fn a_program_cannot_import_the_report_function() {
    let text = "(module (import \"stylus_profile\" \"report\" (func (param i32))) \
         (memory (export \"memory\") 1 1) \
         (func (export \"user_entrypoint\") (param i32) (result i32) (i32.const 0)))";
    let wasm = wat::parse_str(text).unwrap();
    assert!(activate(&wasm, VERSION, 128, u64::MAX, true).is_err());
    assert!(profiled(&wasm, VERSION).is_err());
}
