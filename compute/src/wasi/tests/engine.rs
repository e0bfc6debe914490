//! What the engine computes: the same bits with and without optimisation, and those that are written here.

use super::{Program, module};
use crate::{Optimization, Outcome, execute::NoResult};

/// Runs a program both ways; both must write the same, which is returned.
fn both(make: impl Fn() -> Program) -> Vec<u8> {
    let outputs = [Optimization::None, Optimization::Speed].map(|optimization| {
        let mut program = make();
        program.optimization = optimization;
        program.stdout()
    });
    let [plain, optimised] = outputs;
    assert_eq!(plain, optimised);
    plain
}

#[test]
fn nans_are_canonical() {
    // 0/0, a NaN with a payload plus one, sqrt(-1), and infinity minus infinity: the sign is never set.
    let fields = "(global $zero (mut f64) (f64.const 0)) (global $nan (mut f64) (f64.const nan:0x123456789))
        (global $one (mut f64) (f64.const 1)) (global $inf (mut f64) (f64.const inf)) (global $small (mut f32) (f32.const -nan:0x200001))";
    let body = "(f64.store #500 (f64.div (global.get $zero) (global.get $zero)))
        (f64.store #508 (f64.add (global.get $nan) (global.get $one)))
        (f64.store #516 (f64.sqrt (f64.neg (global.get $one))))
        (f64.store #524 (f64.sub (global.get $inf) (global.get $inf)))
        (f32.store #532 (f32.mul (global.get $small) (global.get $small)))
        (v128.store #540 (f64x2.mul (f64x2.splat (global.get $nan)) (f64x2.splat (global.get $one))))
        (call $out #500 #56)";
    let bytes = both(|| module(&[], fields, body));
    for (index, nan) in bytes[..32].chunks(8).enumerate() {
        assert_eq!(nan, 0x7ff8_0000_0000_0000_u64.to_le_bytes(), "{index}");
    }
    assert_eq!(bytes[32..36], 0x7fc0_0000_u32.to_le_bytes());
    assert_eq!(bytes[40..48], 0x7ff8_0000_0000_0000_u64.to_le_bytes());
}

#[test]
fn relaxed_simd_has_one_answer() {
    // A fused multiply-add would leave 2^-46 here; the deterministic form rounds twice, or fuses everywhere.
    let fields = "(global $a (mut v128) (v128.const f32x4 1.0000001 1e30 -1 0))
        (global $b (mut v128) (v128.const f32x4 1.0000001 1e30 nan 0)) (global $c (mut v128) (v128.const f32x4 -1.0000002 3e9 nan -0))";
    let body =
        "(v128.store #500 (f32x4.relaxed_madd (global.get $a) (global.get $b) (global.get $c)))
        (v128.store #516 (i32x4.relaxed_trunc_f32x4_s (global.get $b)))
        (v128.store #532 (i8x16.relaxed_swizzle (global.get $a) (global.get $b)))
        (v128.store #548 (f32x4.relaxed_min (global.get $a) (global.get $c)))
        (v128.store #564 (i32x4.relaxed_laneselect (global.get $a) (global.get $b) (global.get $c)))
        (call $out #500 #80)";
    let bytes = both(|| module(&[], fields, body));
    // Fused: 1.0000001 squared is 1 + 2^-22 + 2^-46.
    assert_eq!(bytes[..4], 2_f32.powi(-46).to_le_bytes());
    // Out of range: saturated, and NaN is zero.
    assert_eq!(bytes[16..28], [[1, 0, 0, 0], i32::MAX.to_le_bytes(), [0; 4]].concat());
}

#[test]
fn relaxed_integers_have_one_answer() {
    let fields = "(global $low (mut v128) (v128.const i16x8 -32768 -32768 0 0 0 0 0 0))
        (global $ones (mut v128) (v128.const i8x16 -1 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 0))
        (global $high (mut v128) (v128.const i8x16 -128 -128 0 0 0 0 0 0 0 0 0 0 0 0 0 0))
        (global $zero (mut v128) (v128.const i64x2 0 0)) (global $nan (mut v128) (v128.const f64x2 nan 5e9))";
    let body = "(v128.store #500 (i16x8.relaxed_q15mulr_s (global.get $low) (global.get $low)))
        (v128.store #516 (i16x8.relaxed_dot_i8x16_i7x16_s (global.get $ones) (global.get $high)))
        (v128.store #532 (i32x4.relaxed_dot_i8x16_i7x16_add_s (global.get $ones) (global.get $high) (global.get $zero)))
        (v128.store #548 (i32x4.relaxed_trunc_f64x2_u_zero (global.get $nan)))
        (call $out #500 #64)";
    let bytes = both(|| module(&[], fields, body));
    assert_eq!(bytes[..4], [0xff, 0x7f, 0xff, 0x7f], "saturated");
    assert_eq!(bytes[16..20], [0, 1, 0, 0], "-1 times -128, twice");
    assert_eq!(bytes[32..36], [0, 1, 0, 0], "the same, added");
    assert_eq!(bytes[48..56], [0, 0, 0, 0, 255, 255, 255, 255], "NaN, and out of range");
}

#[test]
fn relaxed_multiplication_rounds_once_when_it_is_subtracted_too() {
    let fields = "(global $a (mut v128) (v128.const f32x4 1.0000001 0 0 0)) (global $c (mut v128) (v128.const f32x4 1.0000002 0 0 0))";
    let body = "(v128.store #500 (f32x4.relaxed_nmadd (global.get $a) (global.get $a) (global.get $c))) (call $out #500 #4)";
    assert_eq!(both(|| module(&[], fields, body)), (-2_f32.powi(-46)).to_le_bytes());
}

#[test]
fn atomics_work_on_memory_that_is_not_shared_and_waiting_traps() {
    let body = "(drop (i32.atomic.rmw.add #500 #5)) (call $is (i32.atomic.load #500) #5)
        (call $is (memory.atomic.notify #500 #1) #0) (drop (memory.atomic.wait32 #500 #5 ##0))";
    let ended = module(&[], "", body).try_run().unwrap();
    assert_eq!(ended.outcome, Outcome::Trap);
    assert!(ended.trap.unwrap().contains("wait"));
}

#[test]
fn exceptions_are_caught_or_trap() {
    let fields = "(tag $e (param i32)) (func $throw (throw $e #42))";
    let caught =
        "(call $is (block $h (result i32) (try_table (catch $e $h) (call $throw)) #0) #42)";
    module(&[], fields, caught).run();
    let ended = module(&[], fields, "(call $throw)").try_run().unwrap();
    assert_eq!(ended.outcome, Outcome::Trap);
}

#[test]
fn many_exceptions_cost_the_program_no_memory() {
    let fields = "(tag $e (param i64 i64 i64 i64)) (func $throw (throw $e ##1 ##2 ##3 ##4))";
    let body = "(local $i i32)
        (loop $more
            (block $h (result i64 i64 i64 i64) (try_table (catch $e $h) (call $throw)) unreachable)
            drop drop drop drop
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) #1)) #2000000)))
        (call $is (memory.grow #4) #8) (call $is (memory.grow #1) #-1)";
    module(&[], fields, body).change(|job| job.limits.memory = 12 << 16).run();
}

#[test]
fn exceptions_that_fill_the_engine_s_heap_are_no_result() {
    // Each is kept in a table, so none can be collected.
    let fields = "(tag $e (param i64 i64 i64 i64)) (table $kept 2000000 exnref) (func $throw (throw $e ##1 ##2 ##3 ##4))";
    let body = "(local $i i32) (local $caught exnref)
        (loop $more
            (local.set $caught (block $h (result exnref) (try_table (catch_all_ref $h) (call $throw)) unreachable))
            (table.set $kept (local.get $i) (local.get $caught))
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) #1)) #2000000)))";
    let result = module(&[], fields, body).try_run();
    assert!(matches!(result, Err(NoResult::Engine(_))), "{:?}", result.map(|ended| ended.outcome));
}

#[test]
fn each_trap_is_the_same_result() {
    let fields =
        "(table 2 funcref) (type $t (func)) (func $two (param i32)) (elem (i32.const 0) $two)";
    for body in [
        "unreachable",
        "(drop (i32.div_s #1 #0))",
        "(drop (i32.div_s #-2147483648 #-1))",
        "(drop (i32.load #-1))",
        "(drop (i32.trunc_f32_s (f32.const nan)))",
        "(call_indirect (type $t) #0)",
        "(call_indirect (type $t) #1)",
        "(call_indirect (type $t) #9)",
        "(drop (table.get 0 #9))",
        "(drop (i32.atomic.load #501))",
        "(memory.fill #524287 #0 #2)",
    ] {
        let ended = module(&[], fields, body).try_run().unwrap();
        assert_eq!(ended.outcome, Outcome::Trap, "{body}");
    }
}
