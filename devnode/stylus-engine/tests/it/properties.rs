//! Properties of every module: metering changes what a program pays, not what it does.

use std::thread;

use proptest::prelude::*;
use stylus_engine::{Activation, Outcome, Params, Status, activate, run};

use crate::VERSION;
use crate::{counter, ledger::Ledger, profiles};

/// Bytes of native stack that a chain of 1024 nested programs needs at most.
const CHAIN_STACK: usize = 32 << 20;

/// Gas of a run, more than any test program uses.
const GAS: u64 = 10_000_000;

/// Bytes of a page of memory.
const PAGE: usize = 65_536;

/// Activates a module in text format.
fn activated(text: &str) -> Activation {
    activate(&wat::parse_str(text).unwrap(), VERSION, 128, u64::MAX, false).unwrap()
}

/// An expression of type `i32` over the locals `$a` and `$b`; it may trap.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<i32>().prop_map(|number| format!("(i32.const {number})")),
        Just("(local.get $a)".to_owned()),
        Just("(local.get $b)".to_owned()),
        Just("(i32.wrap_i64 (global.get $g))".to_owned()),
        (0..65_600_u32).prop_map(|at| format!("(i32.load (i32.const {at}))")),
    ];
    leaf.prop_recursive(6, 80, 4, |inner| {
        let binary = prop::sample::select(vec![
            "add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u", "and", "or", "xor", "shl",
            "shr_s", "shr_u", "rotl", "rotr",
        ]);
        let compare = prop::sample::select(vec![
            "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u",
        ]);
        let unary =
            prop::sample::select(vec!["clz", "ctz", "popcnt", "eqz", "extend8_s", "extend16_s"]);
        let one = inner.clone();
        let two = (inner.clone(), inner.clone());
        let three = (inner.clone(), inner.clone(), inner);
        let of_32 = prop_oneof![
            (unary, one).prop_map(|(op, a)| format!("(i32.{op} {a})")),
            (binary.clone(), two.clone()).prop_map(|(op, (a, b))| format!("(i32.{op} {a} {b})")),
            (compare.clone(), two.clone()).prop_map(|(op, (a, b))| format!("(i32.{op} {a} {b})")),
        ];
        let of_64 = prop_oneof![
            (binary, two.clone()).prop_map(|(op, (a, b))| format!(
                "(i32.wrap_i64 (i64.rotl (i64.{op} (i64.extend_i32_s {a}) (call $wide {b})) \
                     (i64.const 21)))"
            )),
            (compare, two.clone()).prop_map(|(op, (a, b))| format!(
                "(i64.{op} (call $wide {a}) (i64.extend_i32_u {b}))"
            )),
        ];
        let flow = prop_oneof![
            three.clone().prop_map(|(a, b, c)| format!("(select {a} {b} {c})")),
            three
                .clone()
                .prop_map(|(c, a, b)| format!("(if (result i32) {c} (then {a}) (else {b}))")),
            two.clone().prop_map(|(c, a)| format!(
                "(block (result i32) (br_if 0 {a} {c}) (drop) (return {a}))"
            )),
            three.clone().prop_map(|(c, a, b)| format!(
                "(block $two (result i32) (block $one (result i32) \
                     (br_table $one $two $one {a} {c})) (i32.sub {b}))"
            )),
            two.clone().prop_map(|(a, b)| format!(
                "(block (result i32) (loop $l (local.set $b (i32.add {a} (local.get $b))) \
                     (br_if $l (call $again))) {b})"
            )),
            two.clone().prop_map(|(a, b)| format!("(local.tee $a (call $f {a} {b}))")),
            three.clone().prop_map(|(a, b, c)| format!(
                "(call_indirect (type $both) {a} {b} (i32.and {c} (i32.const 3)))"
            )),
        ];
        let memory = prop_oneof![
            three.prop_map(|(a, b, c)| format!(
                "(block (result i32) (global.set $g (call $wide {a})) \
                     (memory.fill (i32.const 64) {a} (i32.and {b} (i32.const 255))) {c})"
            )),
            two.clone().prop_map(|(a, b)| format!(
                "(block (result i32) (i64.store16 offset=70 (i32.and {a} (i32.const 4095)) \
                     (call $wide {b})) (i32.load16_s offset=71 (i32.and {b} (i32.const 4095))))"
            )),
            two.prop_map(|(a, b)| format!(
                "(block (result i32) (memory.copy (i32.const 90) (i32.and {a} (i32.const 255)) \
                     (i32.and {b} (i32.const 255))) (i32.load8_u offset=80 (local.get $b)))"
            )),
        ];
        prop_oneof![3 => of_32, 2 => of_64, 4 => flow, 2 => memory]
    })
}

/// A module that stores the value of `body` for its argument in memory, followed by a global, and
/// returns a page of memory. All loops together run at most 50 times.
fn module(body: &str) -> String {
    format!(
        "(module (import \"vm_hooks\" \"write_result\" (func $write_result (param i32 i32))) \
         (memory (export \"memory\") 1 1) (global $g (mut i64) (i64.const 5)) \
         (global $left (mut i32) (i32.const 50)) (type $both (func (param i32 i32) (result i32))) \
         (table funcref (elem $f $h $again)) \
         (func $f (type $both) \
             (i32.sub (i32.mul (local.get 0) (i32.const 31)) (local.get 1))) \
         (func $h (type $both) (i32.xor (local.get 1) (i32.shl (local.get 0) (i32.const 3)))) \
         (func $again (result i32) \
             (global.set $left (i32.sub (global.get $left) (i32.const 1))) \
             (i32.gt_s (global.get $left) (i32.const 0))) \
         (func $wide (param i32) (result i64) (i64.mul (i64.extend_i32_s (local.get 0)) \
             (i64.const 0x1_0000_0003))) \
         (func $main (param $a i32) (result i32) (local $b i32) \
             (local.set $b (i32.const -7)) {body}) \
         (func (export \"user_entrypoint\") (param i32) (result i32) \
             (i32.store (i32.const 0) (call $main (local.get 0))) \
             (i64.store (i32.const 8) (global.get $g)) \
             (call $write_result (i32.const 0) (i32.const {PAGE})) (i32.const 0)))"
    )
}

/// The memory after running the module without metering, or `None` if it traps.
fn run_unmetered(text: &str, argument: u32) -> Option<Vec<u8>> {
    let engine = wasmi::Engine::default();
    let module = wasmi::Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let mut store = wasmi::Store::new(&engine, ());
    let mut linker = wasmi::Linker::new(&engine);
    linker.func_wrap("vm_hooks", "write_result", |_: u32, _: u32| {}).unwrap();
    let instance = linker.instantiate_and_start(&mut store, &module).unwrap();
    let entrypoint = instance.get_typed_func::<u32, u32>(&store, "user_entrypoint").unwrap();
    entrypoint.call(&mut store, argument).ok()?;
    Some(instance.get_memory(&store, "memory").unwrap().data(&store).to_vec())
}

/// Runs a module with the value `body`, without input.
fn outcome(body: &str) -> Outcome {
    run(&activated(&module(body)).module, &Params::new(VERSION), &[], GAS, &mut Ledger::default())
}

proptest! {
    #[test]
    fn metering_does_not_change_results(body in expression(), len in 0_u8..40) {
        let text = module(&body);
        let input = vec![0; len.into()];
        let module = activated(&text).module;
        let outcome = run(&module, &Params::new(VERSION), &input, GAS, &mut Ledger::default());
        if let Some(memory) = run_unmetered(&text, len.into()) {
            prop_assert_eq!(outcome.status, Status::Success);
            prop_assert!(outcome.output == memory, "memory differs");
        } else {
            prop_assert_eq!(outcome.status, Status::Failure);
        }
    }

    #[test]
    fn a_profile_has_the_ink_of_the_plain_run(body in expression()) {
        let wasm = wat::parse_str(module(&body)).unwrap();
        let (outcome, _) = profiles::profile(&wasm, &[], GAS, Ledger::default);
        let short = GAS - outcome.gas_left - 1;
        let (outcome, _) = profiles::profile(&wasm, &[], short, Ledger::default);
        prop_assert_eq!(outcome.status, Status::OutOfInk);
    }

    #[test]
    fn less_gas_than_a_run_uses_is_out_of_ink(body in expression()) {
        let module = activated(&module(&body)).module;
        let with = |gas| run(&module, &Params::new(VERSION), &[], gas, &mut Ledger::default());
        let used = GAS - with(GAS).gas_left;
        prop_assert_eq!(with(used).status, with(GAS).status);
        prop_assert_eq!(with(used - 1).status, Status::OutOfInk);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A damaged module that still activates also runs to some end.
    #[test]
    fn damaged_modules_are_rejected_or_run(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut wasm = counter::wasm();
        for (at, byte) in damage {
            *at.get_mut(&mut wasm) = byte;
        }
        if let Ok(activation) = activate(&wasm, VERSION, 128, u64::MAX, true) {
            let mut ledger = Ledger::default();
            run(&activation.module, &Params::new(VERSION), b"\xd0\x9d\xe0\x8a", 100_000, &mut ledger);
        }
    }
}

/// Regression: wasmi 2.0.0 selected by the wrong value if the condition was a comparison with zero.
#[test]
fn a_select_uses_its_condition() {
    for zero in ["(local.get $a)", "(i32.popcnt (local.get $a))", "(i32.load (local.get $a))"] {
        for (condition, chosen) in [("eqz", 30), ("eq (i32.const 0)", 30), ("ne (i32.const 0)", 77)]
        {
            let body = format!(
                "(i32.popcnt (local.get $b)) (i32.const 77) (i32.{condition} {zero}) (select)"
            );
            assert_eq!(outcome(&body).output[0], chosen, "{condition} of {zero}");
        }
    }
}

/// Regression: wasmi 2.0.0 panicked if the offset needed more than 16 bits.
#[test]
fn a_store_takes_address_and_value_from_one_local() {
    let store = "(i32.store offset=65000 (local.tee $b (i32.clz (local.get $a))) (local.get $b))";
    let load = "(i32.load (i32.const 65032))";
    assert_eq!(outcome(&format!("{store} {load}")).output[0], 32);
    let far = store.replace("65000", "70000");
    assert_eq!(outcome(&format!("{far} (i32.const 0)")).status, Status::Failure);
}

#[test]
fn one_module_runs_on_many_threads() {
    let module = activated(&module("(i32.const 1)")).module;
    let work = || run(&module, &Params::new(VERSION), &[], GAS, &mut Ledger::default());
    let outcomes = thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.map(|thread| thread.join().unwrap())
    });
    assert!(outcomes.iter().all(|outcome| outcome.output[0] == 1));
}

#[test]
fn long_runs_use_no_native_stack() {
    let text = "(module (memory (export \"memory\") 1 1) \
        (type $step (func (param i32) (result i32))) (table funcref (elem $next)) \
        (func $next (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))) \
        (func (export \"user_entrypoint\") (param $n i32) (result i32) \
            (loop $again \
                (local.set $n (call_indirect (type $step) (call $next (local.get $n)) \
                    (i32.const 0))) \
                (i64.store (i32.const 8) (i64.mul (i64.load (i32.const 8)) (i64.const 3))) \
                (memory.fill (i32.const 0) (local.get $n) (i32.const 8)) \
                (br_if $again (i32.lt_u (local.get $n) (i32.const 400000)))) \
            (i32.const 0)))";
    let module = activated(text).module;
    let small = thread::Builder::new().stack_size(256 << 10);
    let thread = small.spawn(move || {
        run(&module, &Params::new(VERSION), &[], u64::MAX, &mut Ledger::default()).status
    });
    assert_eq!(thread.unwrap().join().unwrap(), Status::Success);
}

#[test]
fn the_deepest_chain_of_programs_fits_the_stack() {
    let text = "(module \
        (import \"vm_hooks\" \"static_call_contract\" \
            (func $call (param i32 i32 i32 i64 i32) (result i32))) \
        (import \"vm_hooks\" \"read_return_data\" \
            (func $returned (param i32 i32 i32) (result i32))) \
        (import \"vm_hooks\" \"write_result\" (func $write_result (param i32 i32))) \
        (memory (export \"memory\") 1 1) \
        (func (export \"user_entrypoint\") (param i32) (result i32) \
            (drop (call $call (i32.const 0) (i32.const 0) (i32.const 0) (i64.const -1) \
                (i32.const 32))) \
            (drop (call $returned (i32.const 0) (i32.const 0) (i32.const 4))) \
            (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) \
            (call $write_result (i32.const 0) (i32.const 4)) \
            (i32.const 0)))";
    let module = activated(text).module;
    let large = thread::Builder::new().stack_size(CHAIN_STACK);
    let thread = large.spawn(move || {
        let nested = Some((module.clone(), 1023));
        let mut ledger = Ledger { nested, ..Ledger::default() };
        run(&module, &Params::new(VERSION), &[], 1 << 40, &mut ledger)
    });
    let outcome = thread.unwrap().join().unwrap();
    assert_eq!((outcome.status, outcome.output.to_vec()), (Status::Success, vec![0, 4, 0, 0]));
}
