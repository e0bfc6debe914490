//! Runners for tests. A test's own program does not serve as a child, so the crate's program does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_compute::{
    BlobStore, Cancel, Digest, Execution, Job, JobDocument, RunError, Runner, Settings,
};
use tempfile::TempDir;

use crate::job_bundle::JobBundle;
use crate::tester::{ReferenceOptions, ReferenceRunner};

/// A runner with folders of its own.
#[derive(Debug)]
pub(crate) struct TestRunner {
    /// The folder.
    folder: TempDir,
    /// What it runs with.
    settings: Settings,
}

/// The program `muster-compute`, which lies beside the tests'.
pub(crate) fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().and_then(Path::parent).unwrap().join("muster-compute");
    assert!(program.exists(), "no {}: run cargo build -p muster-compute", program.display());
    program
}

/// The job of a module in text form.
pub(crate) fn bundle(wat: &str, change: impl FnOnce(&mut JobDocument)) -> JobBundle {
    let module = wat::parse_str(wat).unwrap();
    let digest = Digest::of(&module);
    let mut document = JobDocument::new(digest);
    change(&mut document);
    JobBundle { job: Job::new(document).unwrap(), blobs: [(digest, module.into())].into() }
}

impl TestRunner {
    /// A runner with these settings.
    pub(crate) fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = ReferenceOptions::new(folder.path()).settings;
        settings.program = program();
        change(&mut settings);
        Self { folder, settings }
    }

    /// Runs a job.
    pub(crate) fn run(&self, bundle: &JobBundle) -> Result<Execution, RunError> {
        let blobs = BlobStore::open(self.folder.path().join("direct")).unwrap();
        for bytes in bundle.blobs.values() {
            blobs.put(bytes).unwrap();
        }
        let runner = Runner::new(self.settings.clone(), blobs).unwrap();
        runner.run(&bundle.job, &Cancel::new().unwrap())
    }

    /// A tester's runner.
    pub(crate) fn reference(&self) -> ReferenceRunner {
        self.reference_for(Duration::from_mins(10))
    }

    /// The same with a limit of time.
    pub(crate) fn reference_for(&self, time: Duration) -> ReferenceRunner {
        let (settings, blobs) = (self.settings.clone(), self.blobs());
        let services = self.folder.path().join("services");
        ReferenceRunner::new(ReferenceOptions { settings, blobs, services, time })
    }

    /// The folder of its blobs.
    fn blobs(&self) -> PathBuf {
        self.folder.path().join("blobs")
    }

    /// Puts a blob there.
    pub(crate) fn leave_a_blob(&self) {
        BlobStore::open(self.blobs()).unwrap().put(b"left").unwrap();
    }

    /// How many blobs are there.
    pub(crate) fn blob_count(&self) -> usize {
        let folders = std::fs::read_dir(self.blobs()).unwrap().map(|entry| entry.unwrap().path());
        let files = |folder: PathBuf| std::fs::read_dir(folder).map_or(0, Iterator::count);
        folders.filter(|folder| folder.is_dir()).map(files).sum()
    }
}
