//! The result of a job: what two honest machines agree on, and its canonical form.

use crate::{Digest, JobPath};
use serde::{Deserialize, Serialize};

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It returned from `_start` (0), or called `proc_exit`.
    Exit(u32),
    /// It did what WebAssembly forbids, or threw an exception that nobody caught. Which, is not compared.
    Trap,
}

/// A file that a program left below an output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OutputFile {
    /// Its content.
    pub blob: Digest,
    /// Where it lies.
    pub path: JobPath,
    /// Its length in bytes.
    pub size: u64,
}

/// What a job came to. Two machines that follow the profile have the same one.
///
/// Fields are declared in the order of the canonical form, which is alphabetical.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobResult {
    /// The job's id.
    pub job: Digest,
    /// How the program ended.
    pub outcome: Outcome,
    /// Every regular file below the job's outputs, ordered by path.
    pub outputs: Vec<OutputFile>,
    /// What the program wrote to standard output.
    pub stdout: Digest,
}

/// A text is no canonical result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResultError {
    /// Not JSON, or not these fields.
    #[error("job result: {0}")]
    Syntax(#[from] serde_json::Error),
    /// Other white space, order or escapes than the canonical form has, or files that are not in order.
    #[error("job result is not in canonical form")]
    NotCanonical,
}

impl JobResult {
    /// The canonical form: JSON as the README defines it.
    ///
    /// # Errors
    /// None for a result that a runner returned.
    pub fn canonical(&self) -> Result<Vec<u8>, ResultError> {
        let in_order = |pair: &[OutputFile]| matches!(pair, [a, b] if a.path < b.path);
        if !self.outputs.windows(2).all(in_order) {
            return Err(ResultError::NotCanonical);
        }
        Ok(serde_json::to_vec(self)?)
    }

    /// The SHA-256 of the canonical form: what a worker signs.
    ///
    /// # Errors
    /// As [`JobResult::canonical`].
    pub fn digest(&self) -> Result<Digest, ResultError> {
        Ok(Digest::of(&self.canonical()?))
    }

    /// Reads a canonical result, and nothing else: each result has one text.
    ///
    /// # Errors
    /// [`ResultError::NotCanonical`] if another text says the same.
    pub fn parse(json: &[u8]) -> Result<Self, ResultError> {
        let result: Self = serde_json::from_slice(json)?;
        if result.canonical()? != json {
            return Err(ResultError::NotCanonical);
        }
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> OutputFile {
        OutputFile { blob: Digest::of(b"x"), path: JobPath::new(path).unwrap(), size: 1 }
    }

    fn result(outputs: Vec<OutputFile>) -> JobResult {
        JobResult {
            job: Digest::of(b"j"),
            outcome: Outcome::Exit(7),
            outputs,
            stdout: Digest::of(b""),
        }
    }

    #[test]
    fn canonical_form_is_this_text() {
        let x = Digest::of(b"x");
        let text = format!(
            r#"{{"job":"{}","outcome":{{"exit":7}},"outputs":[{{"blob":"{x}","path":"/out","size":1}}],"stdout":"{}"}}"#,
            Digest::of(b"j"),
            Digest::of(b""),
        );
        let result = result(vec![file("/out")]);
        assert_eq!(result.canonical().unwrap(), text.as_bytes());
        assert_eq!(JobResult::parse(text.as_bytes()).unwrap(), result);
        let trap = JobResult { outcome: Outcome::Trap, ..result };
        assert!(
            String::from_utf8(trap.canonical().unwrap()).unwrap().contains(r#""outcome":"trap""#)
        );
    }

    #[test]
    fn another_text_for_the_same_result_is_refused() {
        let canonical = result(vec![]).canonical().unwrap();
        let spaced = [canonical.as_slice(), b" "].concat();
        assert!(matches!(JobResult::parse(&spaced), Err(ResultError::NotCanonical)));
        let unordered = result(vec![file("/b"), file("/a")]);
        assert!(matches!(unordered.canonical(), Err(ResultError::NotCanonical)));
        let twice = result(vec![file("/a"), file("/a")]);
        assert!(matches!(twice.canonical(), Err(ResultError::NotCanonical)));
        let text = serde_json::to_vec(&unordered).unwrap();
        assert!(matches!(JobResult::parse(&text), Err(ResultError::NotCanonical)));
    }
}
