//! Synthetic jobs: small programs with random inputs that nobody has seen before, as those of a client. A worker can answer
//! them by running them, and in no other way.
//!
//! A job follows from a seed. Its module is one of a few programs, unlike each other in size and shape, with random
//! constants, data, functions and order of functions built in, so that no two have the same module. What the program
//! computes depends on all of that. It takes about 1 to 100 ms, and is within what every worker must take.

mod mixer;
mod module;
mod program;
mod random;

use muster_compute::{Digest, Job, JobDocument, JobError, Limits, PathError, Variable};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use self::program::Program;
use self::random::word;
use crate::job_bundle::JobBundle;

/// Why there is no job. It is a mistake in a program, and says nothing of the worker.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SyntheticJobError {
    /// The text of the module is wrong.
    #[error("the text of a synthetic module: {0}")]
    Module(#[from] wat::Error),
    /// The document is wrong.
    #[error("the document of a synthetic job: {0}")]
    Document(#[from] JobError),
    /// A path is wrong.
    #[error("a path of a synthetic job: {0}")]
    Path(#[from] PathError),
}

/// The job of a seed. Whoever knows the seed knows the job, so it is a secret until the job is posted.
pub(crate) fn synthesize(seed: [u8; 32]) -> Result<JobBundle, SyntheticJobError> {
    let mut rng = StdRng::from_seed(seed);
    let program = Program::random(&mut rng);
    let mut blobs = Vec::new();
    let mut keep = |bytes: Vec<u8>| {
        let digest = Digest::of(&bytes);
        blobs.push((digest, bytes.into()));
        digest
    };
    let mut document = JobDocument::new(keep(module::compile(&mut rng, &program)?));
    document.arguments = vec![word(&mut rng), program.number.to_string()];
    document.environment = environment(&mut rng);
    document.limits = limits(&mut rng);
    document.stdin = program.stdin.map(&mut keep);
    if let Some((path, content)) = program.input {
        let (blob, path) = (keep(content), muster_compute::JobPath::new(format!("/{path}"))?);
        document.inputs.push(muster_compute::Input { blob, path });
    }
    if let Some(path) = program.output {
        document.outputs.push(muster_compute::Output::new(&format!("/{path}"))?);
    }
    Ok(JobBundle { job: Job::new(document)?, blobs: blobs.into_iter().collect() })
}

/// Up to two variables that the program does not read.
fn environment(rng: &mut StdRng) -> Vec<Variable> {
    let count = rng.random_range(0..3);
    (0..count)
        .map(|number| Variable { name: format!("{}{number}", word(rng)), value: word(rng) })
        .collect()
}

/// The usual limits, or lower ones that are still high enough.
fn limits(rng: &mut StdRng) -> Limits {
    if rng.random() {
        return Limits::default();
    }
    let time = rng.random_range(20..=60_u64).saturating_mul(1_000);
    let [memory, storage] =
        [16..=1_024, 16..=256_u64].map(|mib| rng.random_range(mib).saturating_mul(1 << 20));
    Limits { memory, storage, time }
}

#[cfg(test)]
mod tests;
