//! A job with everything that it takes to run it.

use std::collections::BTreeMap;

use axum::body::Bytes;
use muster_compute::{Digest, Job};

use crate::job_client::BlobSource;

/// A job, and its module and inputs by their digests.
#[derive(Clone, Debug)]
pub(crate) struct JobBundle {
    /// The job.
    pub(crate) job: Job,
    /// Every blob that the job names.
    pub(crate) blobs: BTreeMap<Digest, Bytes>,
}

impl JobBundle {
    /// A blob of the job, to be uploaded.
    pub(crate) fn source(&self, blob: &Digest) -> BlobSource {
        let bytes = self.blobs.get(blob).map(|bytes| bytes.to_vec());
        BlobSource::Bytes(bytes.unwrap_or_default())
    }
}
