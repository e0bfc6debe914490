//! Storage, its cache, and transient words.

use stylus_engine::Status;

use super::{OTHER, ink, outs, trace, trace_with, word};
use crate::ledger::Ledger;

#[test]
fn first_loads_are_cold_and_repeats_come_from_the_cache() {
    let mut ledger = Ledger::default();
    ledger.storage.insert(word(0), word(7));
    let load = "(call $load (i32.const 0) (i32.const 32))";
    let body = format!("{load} {load} (call $flush (i32.const 1)) {load}");
    assert_eq!(trace(&mut ledger, &body).status, Status::Success);
    assert_eq!(ink(&ledger, "storage_load_bytes32"), [21_068_480, 18_480, 1_068_480]);
    assert_eq!(ink(&ledger, "storage_flush_cache"), [68_073]);
    assert_eq!(outs(&ledger, "storage_load_bytes32"), word(7).0);
}

#[test]
fn stores_are_charged_when_they_are_flushed() {
    let mut ledger = Ledger::default();
    let body = "(i32.store8 (i32.const 63) (i32.const 5)) (call $cache (i32.const 0) (i32.const 32)) \
                (call $flush (i32.const 0)) (call $flush (i32.const 0))";
    assert_eq!(trace(&mut ledger, body).status, Status::Success);
    assert_eq!(ink(&ledger, "storage_cache_bytes32"), [18_480]);
    assert_eq!(ink(&ledger, "storage_flush_cache"), [221_068_073, 68_073]);
    assert_eq!(ledger.storage[&word(0)], word(5));
}

#[test]
fn unchanged_words_are_not_stored() {
    let mut ledger = Ledger::default();
    ledger.storage.insert(word(0), word(0));
    let body = "(call $load (i32.const 0) (i32.const 32)) \
                (call $cache (i32.const 0) (i32.const 32)) (call $flush (i32.const 0))";
    assert_eq!(trace(&mut ledger, body).status, Status::Success);
    assert_eq!(ink(&ledger, "storage_flush_cache"), [68_073]);
}

#[test]
fn unflushed_writes_are_lost() {
    let mut ledger = Ledger::default();
    let body = "(call $cache (i32.const 0) (i32.const 64))";
    assert_eq!(trace(&mut ledger, body).status, Status::Success);
    assert!(ledger.storage.is_empty());
}

#[test]
fn many_loads_and_writes_pay_surcharges() {
    let mut ledger = Ledger::default();
    let body = "(local $i i32) (loop $next \
                (call $cache (i32.const 0) (i32.const 0)) (call $load (i32.const 0) (i32.const 0)) \
                (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) \
                (i32.const 130))))";
    assert_eq!(trace(&mut ledger, body).status, Status::Success);
    let surcharges = |name| {
        let each = ink(&ledger, name);
        [0, 7, 8, 31, 32, 63, 64, 127, 128].map(|at: usize| (each[at] - 18_480) / 10_000)
    };
    assert_eq!(surcharges("storage_load_bytes32"), [0, 0, 0, 0, 2, 2, 2, 2, 10]);
    assert_eq!(surcharges("storage_cache_bytes32"), [0, 0, 7, 7, 7, 7, 10, 10, 10]);
}

#[test]
fn storage_requires_remaining_gas() {
    for (body, required) in [
        ("(call $load (i32.const 0) (i32.const 32))", 2115),
        ("(call $cache (i32.const 0) (i32.const 32))", 2310),
        ("(call $flush (i32.const 0))", 2300),
    ] {
        // At most three gas pay for the opcodes, the call and the hostio itself.
        let status = |gas| trace_with(&mut Ledger::default(), body, gas).status;
        assert_eq!(status(required), Status::OutOfInk, "{body}");
        assert_eq!(status(required + 10), Status::Success, "{body}");
    }
}

#[test]
fn an_unaffordable_flush_consumes_all_gas() {
    let body = "(call $cache (i32.const 0) (i32.const 64)) (call $flush (i32.const 0))";
    let outcome = trace_with(&mut Ledger::default(), body, 20_000);
    assert_eq!((outcome.status, outcome.gas_left), (Status::OutOfInk, 0));
}

#[test]
fn transient_words_cost_100_gas() {
    let mut ledger = Ledger::default();
    let body =
        "(call $tstore (i32.const 0) (i32.const 64)) (call $tload (i32.const 0) (i32.const 32))";
    assert_eq!(trace(&mut ledger, body).status, Status::Success);
    assert_eq!(ink(&ledger, "transient_store_bytes32"), [1_078_153]);
    assert_eq!(ink(&ledger, "transient_load_bytes32"), [1_078_153]);
    assert!(outs(&ledger, "transient_load_bytes32").starts_with(OTHER.as_slice()));
}
