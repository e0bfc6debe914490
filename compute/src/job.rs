//! The job document: its checks, its canonical form and its id.

mod check;
mod document;
mod output;

pub use check::JobError;
pub use document::{Input, JobDocument, Limits, Profile, Variable};
pub use output::Output;

use crate::Digest;

/// A job that was checked. Cannot be changed, since its id is the hash of what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What it says, with its lists in order.
    document: JobDocument,
    /// The same as bytes.
    canonical: Vec<u8>,
    /// The SHA-256 of those.
    id: Digest,
}

impl Job {
    /// Checks a document and puts its lists in order.
    ///
    /// # Errors
    /// The first [`JobError`] that is found.
    pub fn new(mut document: JobDocument) -> Result<Self, JobError> {
        check::check(&mut document)?;
        let canonical = serde_json::to_vec(&document)?;
        if canonical.len() > check::MAX_DOCUMENT {
            return Err(JobError::DocumentTooLarge);
        }
        let id = Digest::of(&canonical);
        Ok(Self { document, canonical, id })
    }

    /// Reads a document that need not be canonical: fields in any order, lists unsorted, defaults left out.
    ///
    /// # Errors
    /// [`JobError::Syntax`] for what is no such document, a field that is not known or given twice; else as
    /// [`Job::new`].
    pub fn parse(json: &[u8]) -> Result<Self, JobError> {
        if json.len() > check::MAX_DOCUMENT {
            return Err(JobError::DocumentTooLarge);
        }
        Self::new(serde_json::from_slice(json)?)
    }

    /// What it says.
    #[must_use]
    pub const fn document(&self) -> &JobDocument {
        &self.document
    }

    /// The canonical form, of which [`Job::id`] is the SHA-256.
    #[must_use]
    pub fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// Names the job, and seeds the program's randomness.
    #[must_use]
    pub const fn id(&self) -> Digest {
        self.id
    }

    /// Every blob that a run needs: the module, standard input, the inputs. May name one twice.
    pub fn blobs(&self) -> impl Iterator<Item = Digest> {
        let inputs = self.document.inputs.iter().map(|input| input.blob);
        std::iter::once(self.document.module).chain(self.document.stdin).chain(inputs)
    }
}
