//! What a program may not use more of: all the same everywhere.

use super::{descriptors::OPEN, module, program};
use crate::{Outcome, engine::WASM_STACK, execute::NoResult};

#[test]
fn storage_ends_at_the_limit_and_comes_back() {
    // A file costs 1,024; five bytes fit, six do not.
    let body = "(drop (call $open {0})) (call $iov {1}) (call $is (call $fd_write #4 #0 #1 #64) #0)
        (call $iov {0}) (call $is (call $fd_write #4 #0 #1 #64) #51)
        (call $is (call $fd_write #1 #0 #1 #64) #51)
        (call $is (call $path_create_directory #3 {2}) #51) (call $is (call $path_symlink {0} #3 {2}) #51)
        (call $is (call $path_open #3 #0 {2} #1 ##66 ##0 #0 #80) #51)
        ;; A byte less in the file is a byte more on standard output.
        (call $is (call $fd_filestat_set_size #4 ##4) #0) (call $out {0})
        (call $is (call $fd_filestat_set_size #4 ##5) #51)
        ;; A name alone gives nothing back, the last descriptor does.
        (call $is (call $path_unlink_file #3 {0}) #0) (call $is (call $path_create_directory #3 {2}) #51)
        (call $is (call $fd_close #4) #0) (call $is (call $path_create_directory #3 {2}) #0)
        (call $is (call $path_remove_directory #3 {2}) #0) (call $is (call $path_create_directory #3 {2}) #0)";
    module(&["a", "hello", "d"], OPEN, body).change(|job| job.limits.storage = 1_029).run();
}

#[test]
fn input_costs_nothing_until_it_is_written() {
    let body = "(call $is (call $path_open #3 #0 {0} #0 ##66 ##0 #0 #80) #0)
        (call $iov {1}) (call $is (call $fd_write #4 #0 #1 #64) #51)
        (call $is (call $fd_filestat_set_size #4 ##10) #0)
        (call $is (call $fd_write #4 #0 #1 #64) #0)
        (call $is (call $fd_filestat_set_size #4 ##11) #51)";
    let input = program(&["in", "x"], body).input("/in", &[7; 100]);
    input.change(|job| job.limits.storage = 1_034).run();
}

#[test]
fn sparse_file_costs_its_whole_length() {
    let body = "(drop (call $open {0}))
        (call $is (call $fd_filestat_set_size #4 ##1099511627776) #51)
        (call $is (call $fd_seek #4 ##1099511627776 #0 #64) #0)
        (call $iov {0}) (call $is (call $fd_write #4 #0 #1 #64) #51)
        (call $is (call $fd_pwrite #4 #0 #1 ##-1 #64) #51)
        (call $is (call $fd_filestat_set_size #4 ##-1) #51)
        (call $is (call $fd_filestat_get #4 #100) #0) (call $is (i32.load #132) #0)";
    module(&["a"], OPEN, body).run();
}

#[test]
fn a_million_files_are_too_many() {
    // 100,000 fit into 100 MiB: 1,024 each, and one folder.
    let body = r"(local $i i32)
        (loop $more
            (i32.store #4096 (i32.add #1145324612 (i32.and (local.get $i) #252645135)))
            (i32.store #4100 (i32.add #1145324612 (i32.and (i32.shr_u (local.get $i) #4) #252645135)))
            (if (i32.eqz (call $path_open #3 #0 #4096 #8 #1 ##66 ##0 #0 #80)) (then
                (call $is (call $fd_close (i32.load #80)) #0)
                (local.set $i (i32.add (local.get $i) #1)) (br $more))))
        (call $proc_exit (local.get $i))";
    let ended = program(&[], body).change(|job| job.limits.storage = 10_240_000).try_run().unwrap();
    assert_eq!(ended.outcome, Outcome::Exit(10_000));
}

#[test]
fn memory_grows_to_the_limit_and_no_further() {
    // Eight pages are there; twelve are allowed.
    let body = "(call $is (memory.grow #5) #-1) (call $is (memory.grow #4) #8) (call $is (memory.grow #1) #-1)
        (call $is (memory.grow #0) #12)";
    program(&[], body).change(|job| job.limits.memory = 12 << 16).run();
}

#[test]
fn growth_beyond_what_wasm_can_address_is_no_failure_of_the_machine() {
    let body = "(call $is (memory.grow #65536) #-1) (call $is (memory.grow #-1) #-1) (call $is (memory.grow #1) #8)
        (call $is (memory.grow #65528) #-1) (call $is (memory.grow #1) #9)";
    program(&[], body).run();
}

#[test]
fn memory_as_large_as_the_engine_s_heap_grows_by_less_than_double() {
    let run = |pages: u32| {
        let body = format!("(drop (memory.grow #1013)) (call $is (memory.grow #{pages}) #1021)");
        program(&[], &body).try_run().map(|ended| ended.outcome)
    };
    assert_eq!(run(1_020), Ok(Outcome::Exit(0)));
    assert!(matches!(run(1_021), Err(NoResult::Engine(_))));
}

#[test]
fn own_maximum_takes_nothing_of_the_limit() {
    let wat = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
        (memory (export "memory") 1 2) (table $t 0 4 funcref)
        (func (export "_start")
            (drop (memory.grow (i32.const 9)))
            (drop (table.grow $t (ref.null func) (i32.const 5)))
            (drop (memory.grow (i32.const 1)))
            (call $proc_exit (i32.add (memory.size) (table.grow $t (ref.null func) (i32.const 4))))))"#;
    let mut job = program(&[], "").change(|job| job.limits.memory = (2 << 16) + 64);
    job.wat = wat.to_owned();
    assert_eq!(job.try_run().unwrap().outcome, Outcome::Exit(2));
}

#[test]
fn tables_are_charged_as_memory() {
    let fields = "(table $t 0 funcref) (table $u 0 externref)";
    let body = "(call $is (table.grow $t (ref.null func) #1000000000) #-1)
        (call $is (table.grow $t (ref.null func) #4) #0) (call $is (table.grow $t (ref.null func) #1) #-1)
        (call $is (table.grow $u (ref.null extern) #1) #-1) (call $is (memory.grow #1) #-1)";
    module(&[], fields, body).change(|job| job.limits.memory = (8 << 16) + 64).run();
}

#[test]
fn job_whose_memory_cannot_begin_is_told_from_one_that_fails() {
    let run = |fields, limit| {
        module(&[], fields, "")
            .change(|job| job.limits.memory = limit)
            .try_run()
            .map(|ended| ended.outcome)
    };
    assert_eq!(run("", 8 << 16), Ok(Outcome::Exit(0)));
    assert_eq!(run("", (8 << 16) - 1), Err(NoResult::InitialMemory));
    assert_eq!(run("(table 5 funcref)", (8 << 16) + 79), Err(NoResult::InitialMemory));
    assert_eq!(run("(table 5 funcref)", (8 << 16) + 80), Ok(Outcome::Exit(0)));
}

#[test]
fn stack_that_ends_is_no_result() {
    let job = module(&[], "(func $f (call $f))", "(call $f)");
    let stack = std::thread::Builder::new().stack_size(WASM_STACK + (8 << 20));
    let result = stack.spawn(|| job.try_run().err()).unwrap().join();
    assert_eq!(result.unwrap(), Some(NoResult::Stack));
}
