//! From a job to its result.

use super::{host::Runner, process::Process};
use crate::{
    BlobError, Cancel, Digest, Job, JobPath, JobResult, OutputFile, Phase, RunError, Unfinished,
    child::EndReport,
    error::check_limits,
    execute::NoResult,
    frame::Frame,
    profile::NODE_COST,
    request::{Request, RunRequest},
    wasi::MAX_STDERR,
};
use std::{collections::BTreeSet, time::Duration};

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Execution {
    /// What two machines agree on. Standard output and output files are in the blob store.
    pub result: JobResult,
    /// What the program wrote to standard error, up to 1 MiB.
    pub stderr: Vec<u8>,
    /// Why it trapped, in the engine's words.
    pub trap: Option<String>,
    /// Processor time of the process that ran it.
    pub cpu: Duration,
}

impl Runner {
    /// Runs a job and waits for its end. Blocks the calling thread, which must live until then: if it ends, so does the
    /// job's process.
    ///
    /// # Errors
    /// [`RunError::Module`], [`RunError::InitialMemory`]: no machine runs this job. [`RunError::Limit`]: this runner
    /// does not. [`RunError::Blob`]: something is missing, or an output does not fit on the disk.
    /// [`RunError::Unfinished`]: the run came to no result. [`RunError::Io`]: the machine failed.
    pub fn run(&self, job: &Job, cancel: &Cancel) -> Result<Execution, RunError> {
        let document = job.document();
        check_limits(&document.limits, &self.settings.limits)?;
        // An input may be left as it was, and counts nothing then.
        let mut room = document.limits.storage;
        for input in &document.inputs {
            room = room.saturating_add(self.size(&input.blob)?);
        }
        for blob in document.stdin.iter().chain([&document.module]) {
            self.size(blob)?;
        }
        let code = self.code(&document.module, cancel)?;
        let request = Request::Run(Box::new(RunRequest {
            parent: std::process::id(),
            optimization: self.settings.optimization,
            job: document.clone(),
            id: job.id(),
            inputs: document.inputs.iter().map(|input| self.blobs.path(&input.blob)).collect(),
            stdin: document.stdin.map(|blob| self.blobs.path(&blob)),
        }));
        let time = Duration::from_millis(document.limits.time);
        let process = self.start(&request, code.into(), time, cancel)?;
        self.receive(job, process, room)
    }

    /// The length of a blob that must be here.
    fn size(&self, blob: &Digest) -> Result<u64, BlobError> {
        self.blobs.size(blob)?.ok_or(BlobError::Missing(*blob))
    }

    /// Keeps what a job's process sends. It may be the program's by now, so nothing in it is trusted: not its lengths,
    /// not its paths.
    fn receive(
        &self,
        job: &Job,
        mut process: Process<'_>,
        mut room: u64,
    ) -> Result<Execution, RunError> {
        let mut stderr = Vec::new();
        let mut stdout: Option<Digest> = None;
        let mut outputs: Vec<OutputFile> = Vec::new();
        let mut path: Option<JobPath> = None;
        let made = job.document().limits.storage.div_euclid(NODE_COST);
        let max_outputs = usize::try_from(made).unwrap_or(usize::MAX);
        let max_outputs = max_outputs.saturating_add(job.document().inputs.len());
        loop {
            match process.next()? {
                (Frame::Stderr, len) => {
                    stderr = process.bytes(len, u64::try_from(MAX_STDERR).unwrap_or(u64::MAX))?;
                }
                (Frame::Stdout, len) if stdout.is_none() => {
                    stdout = Some(self.keep(&mut process, len, &mut room)?);
                }
                (Frame::Path, len) if path.is_none() => {
                    let bytes = process.bytes(len, 64 << 10)?;
                    path = output_path(job, bytes);
                    if path.is_none() {
                        return Err(process.end().into());
                    }
                }
                (Frame::Content, size) if outputs.len() < max_outputs => {
                    let path = path.take().ok_or_else(|| process.end())?;
                    let blob = self.keep(&mut process, size, &mut room)?;
                    outputs.push(OutputFile { blob, path, size });
                }
                (Frame::Ended, len) => {
                    let report = process.bytes(len, 64 << 10)?;
                    let (Ok(report), Some(stdout)) =
                        (serde_json::from_slice::<EndReport>(&report), stdout)
                    else {
                        return Err(process.end().into());
                    };
                    outputs.sort_by(|a, b| a.path.cmp(&b.path));
                    let paths: BTreeSet<&JobPath> = outputs.iter().map(|file| &file.path).collect();
                    if paths.len() < outputs.len() {
                        return Err(process.end().into());
                    }
                    let EndReport { outcome, trap, cpu } = report;
                    let result = JobResult { job: job.id(), outcome, outputs, stdout };
                    return Ok(Execution { result, stderr, trap, cpu: Duration::from_nanos(cpu) });
                }
                (Frame::Failed, len) => return Err(no_result(job, process.failure(len)?)),
                _ => return Err(process.end().into()),
            }
        }
    }

    /// Keeps a file of the program as a blob.
    fn keep(
        &self,
        process: &mut Process<'_>,
        size: u64,
        room: &mut u64,
    ) -> Result<Digest, RunError> {
        // A process that follows the job's limits does not send more.
        *room = room.checked_sub(size).ok_or_else(|| process.end())?;
        let mut writer = self.blobs.writer(size)?;
        process.stream(size, |part| writer.write(part))??;
        Ok(writer.finish(None)?.0)
    }
}

/// A path that a process sent, if it is one and lies below the job's outputs.
fn output_path(job: &Job, bytes: Vec<u8>) -> Option<JobPath> {
    let path = JobPath::new(String::from_utf8(bytes).ok()?).ok()?;
    let outputs = &job.document().outputs;
    outputs.iter().any(|output| path.is_within(output.path())).then_some(path)
}

/// Why a program has no result.
fn no_result(job: &Job, failure: NoResult) -> RunError {
    let unfinished = match failure {
        NoResult::InitialMemory => {
            return RunError::InitialMemory { limit: job.document().limits.memory };
        }
        NoResult::Memory => Unfinished::Memory(Phase::Running),
        NoResult::Stack => Unfinished::Stack,
        NoResult::Engine(message) => Unfinished::Engine { phase: Phase::Running, message },
    };
    unfinished.into()
}
