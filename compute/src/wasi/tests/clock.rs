//! Time and waiting.

use super::program;

/// Sets a subscription at an address: what is waited for, and for how long.
const SUBSCRIBE: &str =
    "(func $clock (param $at i32) (param $id i32) (param $timeout i64) (param $flags i32)
        (i64.store (local.get $at) (i64.extend_i32_u (local.get $at)))
        (i32.store8 (i32.add (local.get $at) #8) #0)
        (i32.store (i32.add (local.get $at) #16) (local.get $id))
        (i64.store (i32.add (local.get $at) #24) (local.get $timeout))
        (i32.store16 (i32.add (local.get $at) #40) (local.get $flags)))
    (func $ready (param $at i32) (param $tag i32) (param $fd i32)
        (i64.store (local.get $at) (i64.extend_i32_u (local.get $at)))
        (i32.store8 (i32.add (local.get $at) #8) (local.get $tag))
        (i32.store (i32.add (local.get $at) #16) (local.get $fd)))
    (func $time (param $id i32) (result i64)
        (call $is (call $clock_time_get (local.get $id) ##0 #900) #0) (i64.load #900))
    (func $same (param i64 i64)
        (if (i64.ne (local.get 0) (local.get 1)) (then (call $proc_exit #99))))";

fn clock(body: &str) {
    super::module(&["0123456789"], SUBSCRIBE, body).run();
}

#[test]
fn each_question_moves_the_clock_by_a_microsecond() {
    clock(
        "(call $same (call $time #1) ##1000)
        (call $same (call $time #1) ##2000)
        (call $same (call $time #0) ##946684800000003000)
        (call $same (call $time #2) ##4000)
        (call $same (call $time #3) ##5000)
        (call $is (call $clock_time_get #4 ##0 #900) #28)
        (call $same (call $time #1) ##6000)",
    );
}

#[test]
fn resolution_is_the_step() {
    clock(
        "(call $is (call $clock_res_get #0 #900) #0) (call $same (i64.load #900) ##1000)
        (call $is (call $clock_res_get #3 #900) #0) (call $same (i64.load #900) ##1000)
        (call $is (call $clock_res_get #9 #900) #28)",
    );
}

#[test]
fn sleep_jumps_to_its_end() {
    // An hour.
    clock(
        "(call $clock #200 #1 ##3600000000000 #0)
        (call $is (call $poll_oneoff #200 #400 #1 #64) #0)
        (call $is (call $size) #1)
        (call $same (i64.load #400) ##200)
        (call $is (i32.load16_u #408) #0) (call $is (i32.load8_u #410) #0)
        (call $same (call $time #1) ##3600000002000)",
    );
}

#[test]
fn absolute_times_are_of_their_clock() {
    clock(
        "(call $clock #200 #0 ##946684801000000000 #1)
        (call $is (call $poll_oneoff #200 #400 #1 #64) #0)
        (call $same (call $time #1) ##1000001000)
        (call $clock #200 #1 ##5 #1)
        (call $is (call $poll_oneoff #200 #400 #1 #64) #0)
        (call $is (call $size) #1)
        (call $same (call $time #1) ##1000003000)",
    );
}

#[test]
fn earliest_of_several_ends_a_sleep() {
    clock(
        "(call $clock #200 #1 ##9000 #0) (call $clock #248 #1 ##5000 #0) (call $clock #296 #1 ##5000 #0)
        (call $is (call $poll_oneoff #200 #400 #3 #64) #0)
        (call $is (call $size) #2)
        (call $same (i64.load #400) ##248) (call $same (i64.load #432) ##296)
        (call $same (call $time #1) ##7000)",
    );
}

#[test]
fn what_is_ready_leaves_the_clock_alone() {
    let mut job = super::module(
        &["0123456789"],
        SUBSCRIBE,
        "(call $clock #200 #1 ##9000 #0) (call $ready #248 #1 #0) (call $ready #296 #2 #1)
        (call $is (call $poll_oneoff #200 #400 #3 #64) #0)
        (call $is (call $size) #2)
        (call $same (i64.load #400) ##248) (call $is (i32.load8_u #410) #1) (call $same (i64.load #416) ##3)
        (call $same (i64.load #432) ##296) (call $is (i32.load8_u #442) #2) (call $same (i64.load #448) ##1)
        (call $same (call $time #1) ##2000)",
    );
    job.stdin = b"abc".to_vec();
    job.run();
}

#[test]
fn what_cannot_be_waited_for_is_told_in_its_event() {
    clock(
        "(call $ready #200 #1 #77) (call $clock #248 #8 ##5 #0) (call $ready #296 #1 #1)
        (call $is (call $poll_oneoff #200 #400 #3 #64) #0)
        (call $is (call $size) #3)
        (call $is (i32.load16_u #408) #8) (call $is (i32.load16_u #440) #28) (call $is (i32.load16_u #472) #8)",
    );
    clock(
        "(call $is (call $poll_oneoff #200 #400 #0 #64) #28)
        (call $ready #200 #3 #0) (call $is (call $poll_oneoff #200 #400 #1 #64) #28)",
    );
}

#[test]
fn end_of_time_is_reached_and_stays() {
    clock(
        "(call $clock #200 #1 ##-1 #0) (call $is (call $poll_oneoff #200 #400 #1 #64) #0)
        (call $same (call $time #1) ##-1) (call $same (call $time #0) ##-1)",
    );
    program(&[], "").run();
}
