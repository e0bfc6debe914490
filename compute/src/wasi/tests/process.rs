//! Arguments, environment, the end, randomness, and what the profile lacks.

use super::{module, program};
use crate::{Outcome, Variable};

#[test]
fn arguments_come_with_their_nuls() {
    let body = "(call $is (call $args_sizes_get #100 #104) #0)
        (call $is (i32.load #100) #2) (call $is (i32.load #104) #8)
        (call $is (call $args_get #200 #300) #0)
        (call $is (i32.load #200) #300) (call $is (i32.load #204) #305)
        (call $out #300 #8)";
    let job = program(&[], body).change(|job| job.arguments = vec!["prog".into(), "é".into()]);
    assert_eq!(job.text(), "prog\0é\0");
}

#[test]
fn environment_is_what_the_job_says_in_order() {
    let body = "(call $is (call $environ_sizes_get #100 #104) #0)
        (call $is (i32.load #100) #2) (call $is (i32.load #104) #8)
        (call $is (call $environ_get #200 #300) #0)
        (call $is (i32.load #204) #304) (call $out #300 #8)";
    let variable = |name: &str, value: &str| Variable { name: name.into(), value: value.into() };
    let job = program(&[], body)
        .change(|job| job.environment = vec![variable("B", "2"), variable("A", "1")]);
    assert_eq!(job.text(), "A=1\0B=2\0");
    let none = program(
        &[],
        "(call $is (call $environ_sizes_get #100 #104) #0)
        (call $is (i32.load #100) #0) (call $is (i32.load #104) #0)",
    );
    none.run();
}

#[test]
fn exit_code_is_any_number() {
    for code in [0_u32, 1, 126, 255, 256, u32::MAX] {
        let body = format!("(call $proc_exit #{}) unreachable", code.cast_signed());
        assert_eq!(program(&[], &body).try_run().unwrap().outcome, Outcome::Exit(code));
    }
}

#[test]
fn exit_in_the_start_function_is_the_end() {
    let ended =
        module(&[], "(func $begin (call $proc_exit #7)) (start $begin)", "unreachable").try_run();
    assert_eq!(ended.unwrap().outcome, Outcome::Exit(7));
}

#[test]
fn trap_is_a_result_with_what_was_written_before() {
    let ended = program(&["hello"], "(call $out {0}) unreachable").try_run().unwrap();
    assert_eq!(ended.outcome, Outcome::Trap);
    assert_eq!(ended.wasi.stdout, b"hello");
    assert!(ended.trap.is_some_and(|trap| trap.contains("unreachable")));
}

#[test]
fn random_bytes_depend_on_the_job_alone() {
    let random = |argument: &str| {
        let body = "(call $is (call $random_get #100 #3) #0)
            (call $is (call $random_get #103 #61) #0) (call $out #100 #64)";
        program(&[], body).change(|job| job.arguments = vec![argument.into()]).stdout()
    };
    assert_eq!(random("a"), random("a"));
    assert_ne!(random("a"), random("b"));
    let whole = program(&[], "(call $is (call $random_get #100 #64) #0) (call $out #100 #64)");
    assert_eq!(whole.change(|job| job.arguments = vec!["a".into()]).stdout(), random("a"));
}

#[test]
fn there_are_no_signals_no_sockets_and_nothing_to_yield_to() {
    let body = "(call $is (call $sched_yield) #0)
        (call $is (call $proc_raise #2) #58)
        (call $is (call $sock_accept #0 #0 #100) #57)
        (call $is (call $sock_recv #3 #0 #0 #0 #100 #104) #57)
        (call $is (call $sock_send #1 #0 #0 #0 #100) #57)
        (call $is (call $sock_shutdown #2 #1) #57)
        (call $is (call $sock_shutdown #9 #1) #8)
        (call $is (call $sock_accept #9 #0 #100) #8)
        (call $is (call $sock_recv #9 #0 #0 #0 #100 #104) #8)
        (call $is (call $sock_send #9 #0 #0 #0 #100) #8)";
    program(&[], body).run();
}

#[test]
fn address_outside_the_memory_is_an_error_number() {
    let body = "(call $is (call $args_sizes_get #-4 #100) #21)
        (call $is (call $args_sizes_get #524288 #100) #21)
        (call $is (call $random_get #524280 #9) #21)
        (call $is (call $random_get #-1 #-1) #21)
        (call $is (call $fd_write #1 #-8 #1 #64) #21)
        (call $iov #524287 #2) (call $is (call $fd_write #1 #0 #1 #64) #21)
        (call $is (call $path_unlink_file #3 #524287 #2) #21)";
    program(&[], body).run();
}

#[test]
fn module_without_a_memory_gets_an_error_number() {
    let wat = r#"(module (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
        (func (export "_start") (call $proc_exit (call $random_get (i32.const 0) (i32.const 1)))))"#;
    let mut job = program(&[], "");
    job.wat = wat.to_owned();
    assert_eq!(job.try_run().unwrap().outcome, Outcome::Exit(21));
}
