//! Programs that want more than they may have. Each ends its own process, and the runner works on.

use crate::{Bench, outputs, start};
use muster_compute::{
    CompileLimits, Execution, JobDocument, Limits, Outcome, Phase, RunError, Unfinished,
};
use std::{fmt::Write, time::Duration};

/// A bench that waits for the end of processor time, however long that takes.
fn bench() -> Bench {
    Bench::with(|settings| {
        settings.wall_factor = 1_000_000;
        settings.compile = CompileLimits { time: Duration::from_secs(2), memory: 256 << 20 };
    })
}

const fn one_second(mut job: JobDocument) -> JobDocument {
    job.limits.time = 1;
    job
}

fn unfinished(result: Result<Execution, RunError>) -> Unfinished {
    match result {
        Err(RunError::Unfinished(unfinished)) => unfinished,
        other => panic!("{other:?}"),
    }
}

/// The runner still works.
fn works(bench: &Bench) {
    let result = bench.run(bench.wat(&start(""))).unwrap().result;
    assert_eq!(result.outcome, Outcome::Exit(0));
}

#[test]
fn endless_loop_runs_out_of_time() {
    let bench = bench();
    let job = one_second(bench.wat(&start("(loop (br 0))")));
    assert_eq!(unfinished(bench.run(job)), Unfinished::Time(Phase::Running));
    works(&bench);
}

#[test]
fn endless_loop_in_the_start_function_runs_out_of_time() {
    let bench = bench();
    let wat = r#"(module (func $f (loop (br 0))) (start $f) (func (export "_start")))"#;
    assert_eq!(unfinished(bench.run(one_second(bench.wat(wat)))), Unfinished::Time(Phase::Running));
}

#[test]
fn endless_question_for_the_time_runs_out_of_time() {
    // Host functions count as well.
    let bench = bench();
    let wat = r#"(module (import "wasi_snapshot_preview1" "random_get" (func $f (param i32 i32) (result i32)))
        (memory (export "memory") 100) (func (export "_start") (loop (drop (call $f (i32.const 0) (i32.const 6553600))) (br 0))))"#;
    assert_eq!(unfinished(bench.run(one_second(bench.wat(wat)))), Unfinished::Time(Phase::Running));
}

#[test]
fn waiting_for_the_clock_on_the_wall_ends_too() {
    // A child that is stopped uses no processor time.
    let bench = Bench::with(|settings| settings.wall_factor = 0);
    let mut job = bench.wat(&start("(loop (br 0))"));
    job.limits.time = 60_000;
    assert_eq!(unfinished(bench.run(job)), Unfinished::Time(Phase::Running));
}

#[test]
fn memory_bomb_gets_what_the_job_allows_and_no_more() {
    let bench = bench();
    // Grows until it is refused, touches every page, and exits with the number of pages.
    let wat = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
            (memory.fill (i32.const 0) (i32.const 1) (i32.mul (memory.size) (i32.const 65536)))
            (call $exit (memory.size))))"#;
    let mut job = bench.wat(wat);
    job.limits.memory = 64 << 20;
    assert_eq!(bench.run(job).unwrap().result.outcome, Outcome::Exit(1_024));
}

/// Runs a job whose code is there already by the crate's program, after a shell has done something.
fn in_shell(bench: &Bench, job: JobDocument, prelude: &str) -> std::process::Output {
    bench.runner.prepare(&job.module, &muster_compute::Cancel::new().unwrap()).unwrap();
    let document = bench.folder.path().join("job.json");
    std::fs::write(&document, muster_compute::Job::new(job).unwrap().canonical()).unwrap();
    std::process::Command::new("sh")
        .args([
            "-c",
            &format!("{prelude}; exec \"$@\""),
            "sh",
            env!("CARGO_BIN_EXE_muster-compute"),
        ])
        .args([&document, &bench.folder.path().join("blobs"), &bench.cache()])
        .output()
        .unwrap()
}

/// The same, where there must be no result; returns what the program says on standard error.
fn refused_in_shell(bench: &Bench, job: JobDocument, prelude: &str) -> String {
    let output = in_shell(bench, job, prelude);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{error}");
    error
}

#[test]
fn memory_that_the_machine_refuses_is_no_result() {
    // The job may have 4 GiB; its process may not, by a limit that it inherits.
    let bench = bench();
    let wat = r#"(module (memory (export "memory") 1)
        (func (export "_start") (if (i32.eq (memory.grow (i32.const 60000)) (i32.const -1)) (then unreachable))))"#;
    let mut job = bench.wat(wat);
    job.limits.memory = 4 << 30;
    let error = refused_in_shell(&bench, job, "ulimit -d 1000000");
    assert!(error.contains(&Unfinished::Memory(Phase::Running).to_string()), "{error}");
}

#[test]
fn output_that_does_not_fit_on_the_disk_is_an_error_of_its_own() {
    // No file may be longer than a block: as a full disk would, writing fails in the middle.
    let bench = bench();
    let wat = r#"(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 2) (data (i32.const 4) "\00\00\01\00")
        (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;
    let job = bench.wat(wat);
    let error = refused_in_shell(&bench, job, "trap '' XFSZ; ulimit -f 1");
    assert!(error.contains("no space left for the blob"), "{error}");
    let incoming = bench.folder.path().join("blobs/incoming");
    assert_eq!(std::fs::read_dir(incoming).unwrap().count(), 0);
}

#[test]
fn as_many_inputs_are_open_as_the_machine_allows() {
    let bench = bench();
    let mut job = bench.wat(&start(""));
    let large = bench.put(&vec![0; 100_000]);
    job.inputs = (0..40).map(|index| crate::input(&format!("/{index}"), large)).collect();
    assert!(in_shell(&bench, job.clone(), "ulimit -Sn 30").status.success());
    let error = refused_in_shell(&bench, job, "ulimit -n 30");
    assert!(error.contains("Too many open files"), "{error}");
}

#[test]
fn process_of_a_job_ends_with_its_host() {
    let bench = bench();
    let mut job = bench.wat(&start("(loop (br 0))"));
    job.limits.time = 3_600_000;
    let id = muster_compute::Job::new(job.clone()).unwrap();
    let document = bench.folder.path().join("job.json");
    std::fs::write(&document, id.canonical()).unwrap();
    let mut host = std::process::Command::new(env!("CARGO_BIN_EXE_muster-compute"))
        .args([&document, &bench.folder.path().join("blobs"), &bench.cache()])
        .spawn()
        .unwrap();
    let children = || {
        let path = format!("/proc/{0}/task/{0}/children", host.id());
        std::fs::read_to_string(path).unwrap_or_default().trim().to_owned()
    };
    // The third is the job's, after those that probe and compile.
    let spinning = |child: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        let ticks = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(11));
        ticks.is_some_and(|ticks| ticks.parse::<u32>().unwrap() > 20)
    };
    let child = loop {
        let child = children();
        if !child.is_empty() && spinning(&child) {
            break child;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    host.kill().unwrap();
    host.wait().unwrap();
    while std::path::Path::new(&format!("/proc/{child}")).exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn endless_recursion_is_no_result() {
    let bench = bench();
    let wat = r#"(module (func $f (call $f)) (func (export "_start") (call $f)))"#;
    assert_eq!(unfinished(bench.run(bench.wat(wat))), Unfinished::Stack);
}

#[test]
fn flood_of_output_ends_at_the_limit_of_storage() {
    let bench = bench();
    // Writes pages until it gets an error, which is the exit code.
    let wat = r#"(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 2) (data (i32.const 4) "\00\00\01\00")
        (func (export "_start") (local $error i32)
            (loop $more (br_if $more (i32.eqz (local.tee $error (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))))
            (call $exit (local.get $error))))"#;
    let mut job = bench.wat(wat);
    job.limits.storage = 1 << 20;
    let result = bench.run(job).unwrap().result;
    assert_eq!(result.outcome, Outcome::Exit(51));
    assert_eq!(bench.runner.blobs().size(&result.stdout).unwrap(), Some(1 << 20));
}

#[test]
fn links_in_outputs_are_not_followed() {
    let bench = bench();
    let wat = r#"(module
        (import "wasi_snapshot_preview1" "path_symlink" (func $link (param i32 i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 0) "../in/xout/link")
        (func (export "_start")
            (if (call $link (i32.const 0) (i32.const 7) (i32.const 3) (i32.const 7) (i32.const 8)) (then unreachable))))"#;
    let mut job = bench.wat(wat);
    job.inputs = vec![crate::input("/in/x", bench.put(b"secret"))];
    job.outputs = outputs(&["/out/"]);
    let result = bench.run(job).unwrap().result;
    assert_eq!((result.outcome, result.outputs), (Outcome::Exit(0), vec![]));
}

/// A module whose one function takes the compiler a long time: many blocks, each of which uses all locals.
fn compile_bomb(blocks: usize) -> String {
    let mut body = String::from("(local i64 i64 i64 i64 i64 i64 i64 i64)");
    for index in 0..blocks {
        let (a, b) = (index % 8, (index * 5 + 3) % 8);
        write!(
            body,
            "(block (br_if 0 (i64.eqz (local.get {a}))) (local.set {b} (i64.mul (local.get {a}) (i64.add (local.get {b}) (i64.const {index})))))"
        )
        .unwrap();
    }
    start(&body)
}

#[test]
fn compile_bomb_runs_out_of_time_or_memory_in_its_own_process() {
    let bench = Bench::with(|settings| {
        settings.compile = CompileLimits { time: Duration::from_secs(1), memory: 4 << 30 };
    });
    let bomb = compile_bomb(120_000);
    let ended = unfinished(bench.run(bench.wat(&bomb)));
    assert_eq!(ended, Unfinished::Time(Phase::Compiling));
    let bench = Bench::with(|settings| {
        settings.compile = CompileLimits { time: Duration::from_mins(10), memory: 160 << 20 };
    });
    let ended = unfinished(bench.run(bench.wat(&bomb)));
    assert_eq!(ended, Unfinished::Memory(Phase::Compiling));
    works(&bench);
}

#[test]
fn job_without_room_for_anything_still_ends_well() {
    let bench = bench();
    let mut job = bench.wat(&start(""));
    job.limits = Limits { memory: 65_536, storage: 1, time: 1 };
    assert_eq!(bench.run(job).unwrap().result.outcome, Outcome::Exit(0));
}
