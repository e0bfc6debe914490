//! What holds for any module: metering changes what a program pays, not what it does.

use std::thread;

use engine::{Activation, Params, Status, activate, run};
use proptest::prelude::*;

use crate::{counter, ledger::Ledger};

/// Bytes of native stack that a chain of 1024 programs may take.
const CHAIN_STACK: usize = 32 << 20;

/// Activates a module of text.
fn activated(text: &str) -> Activation {
    activate(&wat::parse_str(text).unwrap(), 128, u64::MAX, false).unwrap()
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
    leaf.prop_recursive(5, 60, 4, |inner| {
        let binary = prop::sample::select(vec![
            "add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u", "and", "or", "xor", "shl",
            "shr_s", "shr_u", "rotl", "rotr", "eq", "lt_s", "gt_u",
        ]);
        let unary = prop::sample::select(vec!["clz", "ctz", "popcnt", "eqz", "extend8_s"]);
        prop_oneof![
            (binary, inner.clone(), inner.clone())
                .prop_map(|(op, a, b)| format!("(i32.{op} {a} {b})")),
            (unary, inner.clone()).prop_map(|(op, a)| format!("(i32.{op} {a})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(c, a, b)| format!("(if (result i32) {c} (then {a}) (else {b}))")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("(select {a} {b} {c})")),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| format!("(local.tee $a (call $f {a} {b}))")),
            (inner.clone(), inner.clone()).prop_map(|(c, a)| format!(
                "(block (result i32) (br_if 0 {a} {c}) (drop) (return {a}))"
            )),
            (inner.clone(), inner).prop_map(|(a, b)| {
                format!(
                    "(block (result i32) (global.set $g (i64.extend_i32_u {a})) \
                         (memory.fill (i32.const 64) {a} (i32.and {b} (i32.const 255))) {b})"
                )
            }),
        ]
    })
}

/// A module whose entry point returns the value of `body` for its argument.
fn module(body: &str) -> String {
    format!(
        "(module (memory (export \"memory\") 1 1) (global $g (mut i64) (i64.const 5)) \
         (func $f (param i32 i32) (result i32) \
             (i32.sub (i32.mul (local.get 0) (i32.const 31)) (local.get 1))) \
         (func (export \"user_entrypoint\") (param $a i32) (result i32) (local $b i32) \
             (local.set $b (i32.const -7)) {body}))"
    )
}

/// How a run of `body` ends, without input.
fn status(body: &str) -> Status {
    let module = activated(&module(body)).module;
    run(&module, &Params::default(), &[], 1_000_000, &mut Ledger::default()).status
}

/// What the module returns without meters, or `None` if it traps.
fn plain(text: &str, argument: u32) -> Option<u32> {
    let engine = wasmi::Engine::default();
    let module = wasmi::Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let mut store = wasmi::Store::new(&engine, ());
    let instance = wasmi::Instance::new(&mut store, &module, &[]).unwrap();
    let entrypoint = instance.get_typed_func::<u32, u32>(&store, "user_entrypoint").unwrap();
    entrypoint.call(&mut store, argument).ok()
}

proptest! {
    #[test]
    fn meters_do_not_change_what_a_program_does(body in expression(), len in 0_u8..40) {
        let text = module(&body);
        let input = vec![0; len.into()];
        let outcome = run(
            &activated(&text).module,
            &Params::default(),
            &input,
            1_000_000,
            &mut Ledger::default(),
        );
        let expected = match plain(&text, len.into()) {
            Some(0) => Status::Success,
            Some(_) => Status::Revert,
            None => Status::Failure,
        };
        prop_assert_eq!(outcome.status, expected);
    }

    #[test]
    fn less_gas_than_a_run_uses_is_too_little(body in expression()) {
        let module = activated(&module(&body)).module;
        let gas = 1_000_000;
        let with = |gas| run(&module, &Params::default(), &[], gas, &mut Ledger::default());
        let used = gas - with(gas).gas_left;
        prop_assert_eq!(with(used).status, with(gas).status);
        prop_assert_eq!(with(used - 1).status, Status::OutOfInk);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever is activated after such damage also runs to some end.
    #[test]
    fn damaged_modules_are_refused_or_run(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut wasm = counter::wasm();
        for (at, byte) in damage {
            *at.get_mut(&mut wasm) = byte;
        }
        if let Ok(activation) = activate(&wasm, 128, u64::MAX, true) {
            let mut ledger = Ledger::default();
            run(&activation.module, &Params::default(), b"\xd0\x9d\xe0\x8a", 100_000, &mut ledger);
        }
    }
}

/// wasmi 2.0.0 decided by another value where the condition was a comparison with zero.
#[test]
fn a_select_decides_by_its_condition() {
    for zero in ["(local.get $a)", "(i32.popcnt (local.get $a))", "(i32.load (local.get $a))"] {
        for (condition, chosen) in [("eqz", 30), ("eq (i32.const 0)", 30), ("ne (i32.const 0)", 77)]
        {
            let body = format!(
                "(i32.popcnt (local.get $b)) (i32.const 77) (i32.{condition} {zero}) (select) \
                 (i32.sub (i32.const {chosen}))"
            );
            assert_eq!(status(&body), Status::Success, "{condition} of {zero}");
        }
    }
}

/// wasmi 2.0.0 panicked for a distance that needs more than 16 bits.
#[test]
fn a_store_takes_address_and_value_from_one_local() {
    let store = "(i32.store offset=65000 (local.tee $b (i32.clz (local.get $a))) (local.get $b))";
    let load = "(i32.sub (i32.load (i32.const 65032)) (i32.const 32))";
    assert_eq!(status(&format!("{store} {load}")), Status::Success);
    let far = store.replace("65000", "70000");
    assert_eq!(status(&format!("{far} (i32.const 0)")), Status::Failure);
}

#[test]
fn one_module_runs_in_many_threads() {
    let module = activated(&module("(i32.const 1)")).module;
    let work = || run(&module, &Params::default(), &[], 1000, &mut Ledger::default());
    let outcomes = thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.map(|thread| thread.join().unwrap())
    });
    assert!(outcomes.iter().all(|outcome| outcome.status == Status::Revert));
}

#[test]
fn long_runs_need_no_native_stack() {
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
        run(&module, &Params::default(), &[], u64::MAX, &mut Ledger::default()).status
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
        run(&module, &Params::default(), &[], 1 << 40, &mut ledger)
    });
    let outcome = thread.unwrap().join().unwrap();
    assert_eq!((outcome.status, outcome.output.to_vec()), (Status::Success, vec![0, 4, 0, 0]));
}
