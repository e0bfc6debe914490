//! What a job gets and leaves.

use crate::{Bench, input, outputs, runner, start};
use landlock::{AccessFs, Ruleset, RulesetAttr, RulesetStatus};
use muster_compute::{
    BlobError, Cancel, Digest, Job, JobResult, Limits, ModuleError, Optimization, Outcome,
    Protection, RunError, Runner, StartError, Unfinished,
};
use std::{sync::Arc, time::Duration};

/// Copies /in/x to /out/copy and to standard output, complains on standard error, and exits with 7.
const COPY: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 2)
    (data (i32.const 100) "in/x") (data (i32.const 110) "out/copy")
    (func (export "_start")
        (drop (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 4) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 80)))
        (drop (call $open (i32.const 3) (i32.const 0) (i32.const 110) (i32.const 8) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 84)))
        (loop $more
            (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 65536))
            (drop (call $read (i32.load (i32.const 80)) (i32.const 0) (i32.const 1) (i32.const 4)))
            (drop (call $write (i32.load (i32.const 84)) (i32.const 0) (i32.const 1) (i32.const 8)))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
            (br_if $more (i32.load (i32.const 4))))
        (call $exit (i32.const 7))))"#;

#[test]
fn result_has_exit_code_standard_output_and_files() {
    let bench = Bench::new();
    let mut job = bench.wat(COPY);
    // Small inputs are read at once, large ones when they are asked for.
    for content in [b"hello".to_vec(), vec![5; 300_000]] {
        let blob = bench.put(&content);
        job.inputs = vec![input("/in/x", blob)];
        job.outputs = outputs(&["/in/x", "/none", "/out/"]);
        let execution = bench.run(job.clone()).unwrap();
        assert_eq!(execution.result.outcome, Outcome::Exit(7));
        assert_eq!(execution.result.stdout, blob);
        assert_eq!(execution.stderr, content);
        assert_eq!(execution.trap, None);
        let files = execution.result.outputs.iter();
        let files: Vec<_> = files.map(|file| (file.path.as_str(), file.blob, file.size)).collect();
        let size = u64::try_from(content.len()).unwrap();
        assert_eq!(files, [("/in/x", blob, size), ("/out/copy", blob, size)]);
        assert_eq!(bench.read(&execution.result.stdout), content);
        let canonical = execution.result.canonical().unwrap();
        assert_eq!(JobResult::parse(&canonical).unwrap(), execution.result);
    }
}

#[test]
fn result_is_the_same_again_elsewhere_and_without_optimisation() {
    let job = |bench: &Bench| {
        let mut job = bench.wat(COPY);
        job.inputs = vec![input("/in/x", bench.put(b"hello"))];
        job.outputs = outputs(&["/out/"]);
        job
    };
    let one = Bench::new();
    let first = one.run(job(&one)).unwrap().result;
    assert_eq!(one.run(job(&one)).unwrap().result, first);
    let other = Bench::with(|settings| settings.optimization = Optimization::None);
    assert_eq!(other.run(job(&other)).unwrap().result, first);
}

#[test]
fn result_does_not_depend_on_standard_error() {
    let bench = Bench::new();
    let print = |text: &str| {
        bench.wat(&format!(
            r#"(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
            (memory (export "memory") 1) (data (i32.const 0) "\64\00\00\00\04\00\00\00") (data (i32.const 100) "{text}")
            (func (export "_start") (drop (call $environ (i32.const 200) (i32.const 300)))
                (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))))"#
        ))
    };
    let (one, two) = (bench.run(print("aaaa")).unwrap(), bench.run(print("bbbb")).unwrap());
    assert_ne!(one.stderr, two.stderr);
    let same = JobResult { job: two.result.job, ..one.result };
    assert_eq!(same, two.result);
}

#[test]
fn trap_is_a_result() {
    let bench = Bench::new();
    let execution = bench.run(bench.wat(&start("unreachable"))).unwrap();
    assert_eq!(execution.result.outcome, Outcome::Trap);
    assert!(execution.trap.is_some());
}

#[test]
fn folders_of_outputs_and_tmp_are_there() {
    let bench = Bench::new();
    // Creates a file in each; a folder that is not there gives error 44, which is the exit code.
    let wat = r#"(module
        (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1) (data (i32.const 0) "out/a/f  b/c/file tmp/f    no/f out/a/e")
        (func $make (param i32 i32) (result i32)
            (call $open (i32.const 3) (i32.const 0) (local.get 0) (local.get 1) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 80)))
        (func (export "_start")
            (if (call $make (i32.const 0) (i32.const 7)) (then unreachable))
            (if (call $make (i32.const 32) (i32.const 7)) (then unreachable))
            (if (call $make (i32.const 9) (i32.const 8)) (then unreachable))
            (if (call $make (i32.const 18) (i32.const 5)) (then unreachable))
            (call $exit (call $make (i32.const 27) (i32.const 4)))))"#;
    let mut job = bench.wat(wat);
    job.outputs = outputs(&["/out/a/", "/b/c/file"]);
    let result = bench.run(job).unwrap().result;
    assert_eq!(result.outcome, Outcome::Exit(44));
    let files: Vec<_> = result.outputs.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(files, ["/b/c/file", "/out/a/e", "/out/a/f"]);
}

#[test]
fn what_no_machine_runs_is_told_from_what_this_one_does_not() {
    let bench = Bench::with(|settings| settings.limits = Limits::default());
    let mut job = bench.wat(&start(""));
    job.limits.memory = 65_535;
    assert!(matches!(bench.run(job.clone()), Err(RunError::InitialMemory { limit: 65_535 })));
    job.limits = Limits { time: 60_001, ..Limits::default() };
    match bench.run(job.clone()) {
        Err(RunError::Limit { name, asked, allowed, .. }) => {
            assert_eq!((name, asked, allowed), ("time", 60_001, 60_000));
        }
        other => panic!("{other:?}"),
    }
    let missing = Digest::of(b"nowhere");
    job.limits.time = 60_000;
    job.inputs = vec![input("/x", missing)];
    assert!(
        matches!(bench.run(job), Err(RunError::Blob(BlobError::Missing(blob))) if blob == missing)
    );
    let foreign = bench.wat(r#"(module (import "env" "f" (func)) (func (export "_start")))"#);
    assert!(matches!(bench.run(foreign), Err(RunError::Module(ModuleError::Import { .. }))));
}

#[test]
fn module_that_changed_on_the_disk_is_not_compiled() {
    let bench = Bench::new();
    let job = bench.wat(&start(""));
    let path = bench.runner.blobs().path(&job.module);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, wat::parse_str(start("unreachable")).unwrap()).unwrap();
    assert!(matches!(bench.run(job), Err(RunError::Blob(BlobError::Mismatch { .. }))));
}

#[test]
fn cancelled_job_ends_and_one_that_was_cancelled_before_does_not_begin() {
    let bench = Bench::new();
    let job = Job::new(bench.wat(&start("(loop (br 0))"))).unwrap();
    bench.runner.prepare(&job.document().module, &Cancel::new().unwrap()).unwrap();
    let cancel = Cancel::new().unwrap();
    let other = cancel.clone();
    let ended = std::thread::scope(|scope| {
        let running = scope.spawn(|| bench.runner.run(&job, &cancel));
        std::thread::sleep(Duration::from_millis(50));
        other.cancel();
        running.join().unwrap()
    });
    assert!(matches!(ended, Err(RunError::Unfinished(Unfinished::Cancelled))));
    assert!(cancel.is_cancelled());
    let again = bench.runner.run(&job, &cancel);
    assert!(matches!(again, Err(RunError::Unfinished(Unfinished::Cancelled))));
}

#[test]
fn several_threads_share_a_runner() {
    let bench = Arc::new(Bench::new());
    let job = bench.wat(&start("unreachable"));
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| bench.run(job.clone()).unwrap().result)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(results.iter().all(|result| *result == results[0]));
}

#[test]
fn program_that_does_not_serve_as_a_child_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = muster_compute::BlobStore::open(folder.path().join("blobs")).unwrap();
    let mut settings = muster_compute::Settings::new(folder.path().join("cache"));
    settings.program = "/bin/true".into();
    assert!(matches!(Runner::new(settings, blobs), Err(StartError::NoChild)));
}

#[test]
fn every_protection_that_the_kernel_has_works() {
    let folder = tempfile::tempdir().unwrap();
    let missing = runner(&folder, |_| {}).missing_protections().to_vec();
    // A thread restricts itself alone.
    let has_landlock = std::thread::spawn(|| {
        let rules = Ruleset::default().handle_access(AccessFs::Execute).unwrap();
        rules.create().unwrap().restrict_self().unwrap().ruleset != RulesetStatus::NotEnforced
    });
    let expected = if has_landlock.join().unwrap() { vec![] } else { vec![Protection::Landlock] };
    assert_eq!(missing, expected);
}

#[test]
fn input_larger_than_all_memory_of_a_job_is_read_piece_by_piece() {
    let bench = Bench::new();
    // A gibibyte of zeros that takes no disk; stores trust the names of their files.
    let blob = Digest::of(b"zeros");
    let path = bench.runner.blobs().path(&blob);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::File::create(path).unwrap().set_len(1 << 30).unwrap();
    // Exits with the number of MiB read.
    let wat = r#"(module
        (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 17) (data (i32.const 100) "x")
        (func (export "_start") (local $count i32)
            (drop (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 80)))
            (loop $more (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 1048576))
                (drop (call $read (i32.load (i32.const 80)) (i32.const 0) (i32.const 1) (i32.const 4)))
                (local.set $count (i32.add (local.get $count) (i32.shr_u (i32.load (i32.const 4)) (i32.const 20))))
                (br_if $more (i32.load (i32.const 4))))
            (call $exit (local.get $count))))"#;
    let mut job = bench.wat(wat);
    job.inputs = vec![input("/x", blob)];
    job.limits = Limits { memory: 2 << 20, storage: 1, ..Limits::default() };
    assert_eq!(bench.run(job).unwrap().result.outcome, Outcome::Exit(1_024));
}

#[test]
fn host_that_forgot_child_main_does_not_start_itself_again_and_again() {
    // This test's own program forgets it. As a child, it must not make a runner, which would start the next child.
    if std::env::var_os("MUSTER_COMPUTE_CHILD").is_some() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = muster_compute::BlobStore::open(folder.path()).unwrap();
        let runner = Runner::new(muster_compute::Settings::new(folder.path()), blobs);
        assert!(matches!(runner, Err(StartError::InChild)));
        return;
    }
    let name = "jobs::host_that_forgot_child_main_does_not_start_itself_again_and_again";
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env("MUSTER_COMPUTE_CHILD", "1")
        .status();
    assert!(status.unwrap().success());
}
