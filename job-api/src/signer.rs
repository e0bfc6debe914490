//! The signatures of results, which the owner of a server makes.

use muster_compute::Digest;

/// Why a result could not be signed.
pub type SignError = Box<dyn std::error::Error + Send + Sync>;

/// Signs results. What the text means is the owner's matter.
pub trait ResultSigner: Send + Sync + 'static {
    /// Signs that the job with this id came to the result with this digest. It is called on a thread that may block.
    ///
    /// # Errors
    /// Whatever keeps it from signing; the job has no result then.
    fn sign(&self, job: &Digest, result: &Digest) -> Result<String, SignError>;
}
