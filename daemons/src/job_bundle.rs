//! A job with everything that it takes to run it.

use std::collections::BTreeMap;

use axum::body::Bytes;
use muster_compute::{Digest, Job};

/// A job, and its module and inputs by their digests.
#[derive(Clone, Debug)]
pub(crate) struct JobBundle {
    /// The job.
    pub(crate) job: Job,
    /// Every blob that the job names.
    pub(crate) blobs: BTreeMap<Digest, Bytes>,
}
