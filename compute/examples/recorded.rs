//! Runs recorded programs and compares what they compute: `recorded FOLDER...`.
//!
//! A folder has `module.wasm`, `files/` (what the job sees below its root), `stdin`, and `job.json` with arguments,
//! environment, and in `expect` the exit code and the SHA-256 of every output. Prints a line for each program: the time
//! from the call to the result without and with compiled code, the processor time of the second run, and whether
//! everything is as expected.

use muster_compute::{
    BlobStore, Cancel, Digest, Execution, Input, Job, JobDocument, JobPath, Outcome, Output,
    Runner, Settings, Variable, child_main,
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

/// What is used of `job.json`.
#[derive(Deserialize)]
struct Recorded {
    /// Its name in the table.
    program: String,
    /// What the program is called.
    arg0: String,
    /// The other arguments.
    args: Vec<String>,
    /// The environment.
    env: BTreeMap<String, String>,
    /// What must come of it.
    expect: Expected,
}

/// What must come of it.
#[derive(Deserialize)]
struct Expected {
    /// The exit code.
    exit: u32,
    /// Standard output, if it must be the same.
    stdout: Option<Digest>,
    /// Output files below the root.
    files: BTreeMap<String, Digest>,
}

#[expect(clippy::print_stdout, reason = "the table is its purpose")]
fn main() -> Result<ExitCode, Box<dyn Error>> {
    child_main();
    let work = tempfile::tempdir()?;
    let blobs = BlobStore::open(work.path().join("blobs"))?;
    let runner = Runner::new(Settings::new(work.path().join("cache")), blobs)?;
    println!("{:<12} {:>9} {:>9} {:>9}  result", "program", "cold µs", "warm µs", "cpu µs");
    let mut all_equal = true;
    for folder in std::env::args().skip(1) {
        let (line, is_equal) = check(&runner, Path::new(&folder))?;
        println!("{line}");
        all_equal &= is_equal;
    }
    Ok(if all_equal { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs one program twice; returns its line, and whether all is as expected.
fn check(runner: &Runner, folder: &Path) -> Result<(String, bool), Box<dyn Error>> {
    let recorded: Recorded = serde_json::from_slice(&fs::read(folder.join("job.json"))?)?;
    let job = job(runner.blobs(), folder, &recorded)?;
    let cancel = Cancel::new()?;
    let (cold, first) = timed(|| runner.run(&job, &cancel))?;
    let (warm, second) = timed(|| runner.run(&job, &cancel))?;
    let difference = if first.result == second.result {
        difference(&recorded.expect, &second)
    } else {
        Some("two runs differ".to_owned())
    };
    let (name, cpu) = (&recorded.program, second.cpu.as_micros());
    let verdict = difference.as_deref().unwrap_or("as expected");
    Ok((format!("{name:<12} {cold:>9} {warm:>9} {cpu:>9}  {verdict}"), difference.is_none()))
}

/// The microseconds that something takes, and what it returns.
fn timed<T, E>(action: impl FnOnce() -> Result<T, E>) -> Result<(u128, T), E> {
    let start = Instant::now();
    let value = action()?;
    Ok((start.elapsed().as_micros(), value))
}

/// The job of a recorded program; its blobs are kept.
fn job(blobs: &BlobStore, folder: &Path, recorded: &Recorded) -> Result<Job, Box<dyn Error>> {
    let mut document = JobDocument::new(blobs.put(&fs::read(folder.join("module.wasm"))?)?);
    // An interpreter takes its time.
    document.limits.time = 3_600_000;
    document.arguments = [std::slice::from_ref(&recorded.arg0), &recorded.args].concat();
    let variables = recorded.env.clone().into_iter();
    document.environment = variables.map(|(name, value)| Variable { name, value }).collect();
    document.stdin = Some(blobs.put(&fs::read(folder.join("stdin"))?)?);
    let root = folder.join("files");
    for file in files(&root)? {
        let path = file.strip_prefix(&root)?.to_str().ok_or("a path that is not UTF-8")?;
        let path = JobPath::new(format!("/{path}"))?;
        document.inputs.push(Input { blob: blobs.put(&fs::read(&file)?)?, path });
    }
    for path in recorded.expect.files.keys() {
        document.outputs.push(Output::new(&format!("/{path}"))?);
    }
    Ok(Job::new(document)?)
}

/// All files below a folder.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// What is not as it should be.
fn difference(expected: &Expected, execution: &Execution) -> Option<String> {
    let result = &execution.result;
    if result.outcome != Outcome::Exit(expected.exit) {
        let stderr = String::from_utf8_lossy(&execution.stderr).into_owned();
        return Some(format!("{:?} {:?} {stderr}", result.outcome, execution.trap));
    }
    if expected.stdout.is_some_and(|digest| digest != result.stdout) {
        return Some("other standard output".to_owned());
    }
    for (path, digest) in &expected.files {
        let path = format!("/{path}");
        match result.outputs.iter().find(|file| file.path.as_str() == path) {
            Some(file) if file.blob == *digest => {}
            Some(_) => return Some(format!("{path} differs")),
            None => return Some(format!("{path} is missing")),
        }
    }
    None
}
