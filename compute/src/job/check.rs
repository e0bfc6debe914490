//! What makes a job document wrong.

use super::JobDocument;
use crate::JobPath;
use std::collections::BTreeMap;

/// The largest document, in bytes.
pub(super) const MAX_DOCUMENT: usize = 1 << 20;
/// How many arguments, variables, inputs and outputs there may be of each.
const MAX_ITEMS: usize = 4096;
/// Wasm memory of 32 bits ends here.
const MAX_MEMORY: u64 = 4 << 30;
/// No file system of a job is larger.
const MAX_STORAGE: u64 = 4 << 30;
/// A day.
const MAX_TIME: u64 = 24 * 60 * 60 * 1000;

/// Why a job document is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// Not JSON, a field of the wrong type, a path or digest that is none, a field that is unknown or given twice.
    #[error("job document: {0}")]
    Syntax(#[from] serde_json::Error),
    /// More than 1 MiB.
    #[error("job document is larger than {MAX_DOCUMENT} bytes")]
    DocumentTooLarge,
    /// A list is too long.
    #[error("job document has {count} {list}, more than {MAX_ITEMS}")]
    TooMany {
        /// Which list.
        list: &'static str,
        /// Its length.
        count: usize,
    },
    /// An argument or variable that C could not hold.
    #[error("NUL character in {list}")]
    Nul {
        /// Which list.
        list: &'static str,
    },
    /// A variable without a name, or with `=` in it.
    #[error("{0:?} is no name of an environment variable")]
    VariableName(String),
    /// A variable is given twice.
    #[error("environment variable {0} is given twice")]
    VariableTwice(String),
    /// Two inputs, or two outputs, of which one is the other or lies in it.
    #[error("{list}: {inner} is or lies in {outer}")]
    Overlap {
        /// Which list.
        list: &'static str,
        /// The longer path.
        inner: JobPath,
        /// The shorter path.
        outer: JobPath,
    },
    /// An output is a folder where an input is a file, or lies below that file.
    #[error("output {output} needs a folder where input {input} is a file")]
    OutputInFile {
        /// The output.
        output: JobPath,
        /// The input.
        input: JobPath,
    },
    /// A limit is zero or larger than the profile allows.
    #[error("the limit of {name} is {value} {unit}, and must be between 1 and {max} {unit}")]
    Limit {
        /// Which limit.
        name: &'static str,
        /// What it is counted in.
        unit: &'static str,
        /// What was asked for.
        value: u64,
        /// The most that the profile allows.
        max: u64,
    },
}

/// Checks a document and puts its lists in canonical order.
pub(super) fn check(job: &mut JobDocument) -> Result<(), JobError> {
    let counts = [
        ("arguments", job.arguments.len()),
        ("environment", job.environment.len()),
        ("inputs", job.inputs.len()),
        ("outputs", job.outputs.len()),
    ];
    for (list, count) in counts {
        if count > MAX_ITEMS {
            return Err(JobError::TooMany { list, count });
        }
    }
    if job.arguments.iter().any(|argument| argument.contains('\0')) {
        return Err(JobError::Nul { list: "arguments" });
    }
    check_environment(job)?;

    job.inputs.sort_by(|a, b| a.path.cmp(&b.path));
    job.outputs.sort();
    check_overlap("inputs", job.inputs.iter().map(|input| &input.path))?;
    check_overlap("outputs", job.outputs.iter().map(super::Output::path))?;
    check_output_folders(job)?;

    let limits = [
        ("memory", "bytes", job.limits.memory, MAX_MEMORY),
        ("storage", "bytes", job.limits.storage, MAX_STORAGE),
        ("time", "milliseconds", job.limits.time, MAX_TIME),
    ];
    for (name, unit, value, max) in limits {
        if value == 0 || value > max {
            return Err(JobError::Limit { name, unit, value, max });
        }
    }
    Ok(())
}

/// Names are unique, not empty and without `=`; the list is sorted by them.
fn check_environment(job: &mut JobDocument) -> Result<(), JobError> {
    for variable in &job.environment {
        if variable.name.contains('\0') || variable.value.contains('\0') {
            return Err(JobError::Nul { list: "environment" });
        }
        if variable.name.is_empty() || variable.name.contains('=') {
            return Err(JobError::VariableName(variable.name.clone()));
        }
    }
    job.environment.sort();
    for pair in job.environment.windows(2) {
        if let [a, b] = pair
            && a.name == b.name
        {
            return Err(JobError::VariableTwice(a.name.clone()));
        }
    }
    Ok(())
}

/// No path of a list is another one or lies in it.
fn check_overlap<'a>(
    list: &'static str,
    paths: impl Iterator<Item = &'a JobPath>,
) -> Result<(), JobError> {
    // By names, not by bytes: `/a-b` sorts between `/a` and `/a/b`.
    let mut names: Vec<(Vec<&str>, &JobPath)> =
        paths.map(|path| (path.names().collect(), path)).collect();
    names.sort();
    for pair in names.windows(2) {
        if let [(_, outer), (_, inner)] = pair
            && inner.is_within(outer)
        {
            let (inner, outer) = ((*inner).clone(), (*outer).clone());
            return Err(JobError::Overlap { list, inner, outer });
        }
    }
    Ok(())
}

/// The folders that outputs need can be made.
fn check_output_folders(job: &JobDocument) -> Result<(), JobError> {
    let files: BTreeMap<&str, &JobPath> =
        job.inputs.iter().map(|input| (input.path.as_str(), &input.path)).collect();
    for output in &job.outputs {
        let path = output.path().as_str();
        let own = output.is_folder().then_some(path.len());
        for end in path.match_indices('/').map(|(end, _)| end).chain(own) {
            if let Some(file) = path.get(..end).and_then(|folder| files.get(folder)) {
                let (output, input) = (output.path().clone(), (*file).clone());
                return Err(JobError::OutputInFile { output, input });
            }
        }
    }
    Ok(())
}
