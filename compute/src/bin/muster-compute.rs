//! Runs one job on this machine, without a market: `muster-compute JOB.json BLOBS CACHE`.
//!
//! The job's blobs must be in the folder BLOBS, where its outputs are put as well. Prints the canonical result to
//! standard output; standard error of the program, and everything else, go to standard error.

use muster_compute::{BlobStore, Cancel, Job, Runner, Settings, child_main};
use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

fn main() -> ExitCode {
    child_main();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("muster-compute: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the job that the arguments name.
fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [job, blobs, cache] = arguments.as_slice() else {
        return Err("usage: muster-compute JOB.json BLOBS CACHE".into());
    };
    let job = Job::parse(&std::fs::read(job)?)?;
    let runner = Runner::new(Settings::new(cache), BlobStore::open(blobs)?)?;
    for missing in runner.missing_protections() {
        eprintln!("muster-compute: this kernel has no {missing}");
    }
    let execution = runner.run(&job, &Cancel::new()?)?;
    io::stderr().write_all(&execution.stderr)?;
    if let Some(trap) = execution.trap {
        eprintln!("muster-compute: trap: {trap}");
    }
    io::stdout().write_all(&execution.result.canonical()?)?;
    Ok(())
}
