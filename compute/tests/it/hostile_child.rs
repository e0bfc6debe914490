//! A child process that says what it should not, as one would that its program has taken over.

use crate::{Bench, outputs, start};
use muster_compute::{Execution, Phase, RunError, Unfinished};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// The kinds of frames, by their numbers.
const CODE: u8 = 0;
const STDERR: u8 = 1;
const STDOUT: u8 = 2;
const PATH: u8 = 3;
const CONTENT: u8 = 4;
const MISSING: u8 = 5;
const ENDED: u8 = 6;
const FAILED: u8 = 7;

/// A whole end.
const END: &[u8] = br#"{"outcome":{"exit":0},"trap":null,"cpu":5}"#;

/// A frame.
fn frame(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let len = u64::try_from(bytes.len()).unwrap();
    [&[kind], len.to_le_bytes().as_slice(), bytes].concat()
}

/// A bench whose child answers with these frames, and counts in a file how often it compiles.
fn bench(folder: &Path, frames: &[Vec<u8>]) -> Bench {
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let probed = file("probed", &frame(MISSING, b"[]"));
    let compiled = file("compiled", &[frame(CODE, b"code"), frame(ENDED, b"")].concat());
    let answer = file("answer", &frames.concat());
    let count = file("count", b"");
    let script = format!(
        "#!/bin/sh
        [ -z \"$CARGO_MANIFEST_DIR\" ] || exit 1
        case $(/bin/cat) in
            *Probe*) /bin/cat {probed} ;;
            *Compile*) echo compiled >>{count}; /bin/sleep 0.2; /bin/cat {compiled} ;;
            *) /bin/cat {answer} ;;
        esac"
    );
    let program = file("program", script.as_bytes());
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    Bench::with(|settings| settings.program = program.into())
}

/// Runs a job whose outputs are /out/ by a child that answers with these frames.
fn run(frames: &[Vec<u8>]) -> Result<Execution, RunError> {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path(), frames);
    let mut job = bench.wat(&start(""));
    job.outputs = outputs(&["/out/"]);
    job.limits.storage = 4_096;
    bench.run(job)
}

/// It is as if the process had crashed.
fn is_crash(frames: &[Vec<u8>]) -> bool {
    let crash = Unfinished::Crashed { phase: Phase::Running, signal: None };
    matches!(run(frames), Err(RunError::Unfinished(unfinished)) if unfinished == crash)
}

// Its environment has nothing of the host's, or the script would not answer.
#[test]
fn what_it_should_say_is_heard() {
    let frames = [
        frame(STDERR, b"e"),
        frame(STDOUT, b"o"),
        frame(PATH, b"/out/b"),
        frame(CONTENT, b"1"),
        frame(PATH, b"/out/a"),
        frame(CONTENT, b"2"),
        frame(ENDED, END),
    ];
    let result = run(&frames).unwrap().result;
    let paths: Vec<_> = result.outputs.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["/out/a", "/out/b"]);
    let failed = run(&[frame(FAILED, br#""Stack""#)]);
    assert!(matches!(failed, Err(RunError::Unfinished(Unfinished::Stack))));
}

#[test]
fn files_outside_the_outputs_are_refused() {
    for path in ["/etc/passwd", "/out/../x", "/outer", "out/a", "/out/", "/out/a\n", "/out//a"] {
        let frames = [
            frame(STDOUT, b""),
            frame(PATH, path.as_bytes()),
            frame(CONTENT, b""),
            frame(ENDED, END),
        ];
        assert!(is_crash(&frames), "{path}");
    }
    let frames =
        [frame(STDOUT, b""), frame(PATH, b"/out/\xff"), frame(CONTENT, b""), frame(ENDED, END)];
    assert!(is_crash(&frames));
}

#[test]
fn more_than_the_job_may_leave_is_refused() {
    let content = vec![0; 4_097];
    assert!(is_crash(&[frame(STDOUT, &content), frame(ENDED, END)]));
    let half = vec![0; 2_049];
    let file = [frame(PATH, b"/out/a"), frame(CONTENT, &half)].concat();
    assert!(is_crash(&[frame(STDOUT, &half), file, frame(ENDED, END)]));
    assert!(is_crash(&[
        frame(STDERR, &vec![0; (1 << 20) + 1]),
        frame(STDOUT, b""),
        frame(ENDED, END)
    ]));
    // A file costs 1,024 of the job's 4,096.
    let files = (0..5).map(|index| {
        [frame(PATH, format!("/out/{index}").as_bytes()), frame(CONTENT, b"")].concat()
    });
    let files: Vec<_> = files.collect();
    let with = |count: usize| [frame(STDOUT, b""), files[..count].concat(), frame(ENDED, END)];
    assert!(run(&with(4)).is_ok());
    assert!(is_crash(&with(5)));
    // A length without bytes takes no memory.
    let huge = [&[PATH], u64::MAX.to_le_bytes().as_slice()].concat();
    assert!(is_crash(&[frame(STDOUT, b""), huge]));
}

#[test]
fn what_is_out_of_order_is_refused() {
    let file = |path: &[u8]| [frame(PATH, path), frame(CONTENT, b"")].concat();
    assert!(is_crash(&[frame(ENDED, END)]), "no standard output");
    assert!(is_crash(&[frame(STDOUT, b""), frame(STDOUT, b""), frame(ENDED, END)]), "two of them");
    assert!(is_crash(&[frame(STDOUT, b""), frame(CONTENT, b""), frame(ENDED, END)]), "no path");
    assert!(
        is_crash(&[frame(STDOUT, b""), frame(PATH, b"/out/a"), file(b"/out/b"), frame(ENDED, END)]),
        "two paths"
    );
    assert!(
        is_crash(&[frame(STDOUT, b""), file(b"/out/a"), file(b"/out/a"), frame(ENDED, END)]),
        "a file twice"
    );
    assert!(is_crash(&[frame(STDOUT, b""), frame(CODE, b""), frame(ENDED, END)]), "another kind");
    assert!(is_crash(&[frame(STDOUT, b""), frame(9, b""), frame(ENDED, END)]), "an unknown kind");
    assert!(is_crash(&[frame(STDOUT, b"")]), "no end");
    assert!(is_crash(&[frame(STDOUT, b""), frame(ENDED, END)[..20].to_vec()]), "half an end");
    assert!(is_crash(&[frame(STDOUT, b"abc")[..10].to_vec()]), "half a frame");
    assert!(is_crash(&[frame(STDOUT, b""), frame(ENDED, b"{}")]), "an empty end");
    assert!(is_crash(&[frame(FAILED, b"\"Unknown\"")]), "an unknown failure");
}

#[test]
fn module_that_several_want_at_once_is_compiled_once() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path(), &[frame(STDOUT, b""), frame(ENDED, END)]);
    let job = bench.wat(&start(""));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| bench.run(job.clone()).unwrap());
        }
    });
    assert_eq!(fs::read_to_string(folder.path().join("count")).unwrap(), "compiled\n");
}
