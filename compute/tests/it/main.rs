//! Jobs in processes of their own, as a host runs them.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

mod attacks;
mod cache;
mod documents;
mod hostile_child;
mod jobs;
mod random_modules;

use muster_compute::{
    BlobStore, Cancel, Digest, Execution, Input, Job, JobDocument, JobPath, Output, RunError,
    Runner, Settings,
};
use std::{io::Read, path::PathBuf};
use tempfile::TempDir;

/// A runner whose children are the crate's own program: a test's `main` cannot call `child_main`.
struct Bench {
    folder: TempDir,
    runner: Runner,
}

impl Bench {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runner = runner(&folder, change);
        Self { folder, runner }
    }

    /// A job document for a module in text form.
    fn wat(&self, wat: &str) -> JobDocument {
        JobDocument::new(self.put(&wat::parse_str(wat).unwrap()))
    }

    fn put(&self, bytes: &[u8]) -> Digest {
        self.runner.blobs().put(bytes).unwrap()
    }

    fn run(&self, document: JobDocument) -> Result<Execution, RunError> {
        self.runner.run(&Job::new(document).unwrap(), &Cancel::new().unwrap())
    }

    fn read(&self, blob: &Digest) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.runner.blobs().read(blob).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }
}

fn runner(folder: &TempDir, change: impl FnOnce(&mut Settings)) -> Runner {
    let mut settings = Settings::new(folder.path().join("cache"));
    settings.program = PathBuf::from(env!("CARGO_BIN_EXE_muster-compute"));
    change(&mut settings);
    Runner::new(settings, BlobStore::open(folder.path().join("blobs")).unwrap()).unwrap()
}

fn input(path: &str, blob: Digest) -> Input {
    Input { blob, path: JobPath::new(path).unwrap() }
}

fn outputs(paths: &[&str]) -> Vec<Output> {
    paths.iter().map(|path| Output::new(path).unwrap()).collect()
}

/// A program whose `_start` is this.
fn start(body: &str) -> String {
    format!(r#"(module (memory (export "memory") 1) (func (export "_start") {body}))"#)
}
