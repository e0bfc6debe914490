//! What a job document says, field by field.

use super::Output;
use crate::{Digest, JobPath};
use serde::{Deserialize, Serialize};

/// The rules under which a program runs. There is one so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// WASI preview 1, as the README of this crate specifies it.
    #[default]
    Wasm1,
}

/// A job as it is written, before it is checked: [`Job`](super::Job) is what can be run.
///
/// Fields are declared in the order of the canonical form, which is alphabetical.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobDocument {
    /// What `main` gets; the first is the program's own name.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Environment variables; there are no others.
    #[serde(default)]
    pub environment: Vec<Variable>,
    /// Files that are there when the program starts.
    #[serde(default)]
    pub inputs: Vec<Input>,
    /// What the program may use.
    #[serde(default)]
    pub limits: Limits,
    /// The WebAssembly module.
    pub module: Digest,
    /// Where results are looked for after the end.
    #[serde(default)]
    pub outputs: Vec<Output>,
    /// Whose rules apply.
    pub profile: Profile,
    /// What the program reads from standard input; nothing if absent.
    #[serde(default)]
    pub stdin: Option<Digest>,
}

impl JobDocument {
    /// A job without arguments, files or environment, with the default limits.
    #[must_use]
    pub fn new(module: Digest) -> Self {
        Self {
            arguments: Vec::new(),
            environment: Vec::new(),
            inputs: Vec::new(),
            limits: Limits::default(),
            module,
            outputs: Vec::new(),
            profile: Profile::Wasm1,
            stdin: None,
        }
    }
}

/// An environment variable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Without `=`.
    pub name: String,
    /// May be empty.
    pub value: String,
}

/// A file that the program finds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its content.
    pub blob: Digest,
    /// Where it lies.
    pub path: JobPath,
}

/// What a job may use. All but `time` change what the program sees, so they are part of the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of linear memory, and 16 for each element of a table.
    pub memory: u64,
    /// Bytes written to files and standard output, and 1,024 for each file, folder and link that the program makes.
    pub storage: u64,
    /// Milliseconds of processor time. A job that needs more has no result.
    pub time: u64,
}

/// 1 GiB of memory, 256 MiB of storage, 60 seconds.
impl Default for Limits {
    fn default() -> Self {
        Self { memory: 1 << 30, storage: 256 << 20, time: 60_000 }
    }
}
