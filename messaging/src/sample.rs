//! Samples: jobs of the client, and checks of its service, with which testers find out whether workers answer right.

use std::fmt::Debug;

use alloy::primitives::{Address, B256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::BoxError;

/// The most bytes of a sample: its document and its blobs together.
pub const SAMPLE_LIMIT: u32 = 1 << 20;

/// The bytes of a piece of a blob; the last one may be shorter.
pub const PIECE_SIZE: u32 = 8 << 10;

/// The most jobs of each kind in a list.
pub const MAX_LISTED: usize = 12;

/// A job, or the checks of a service, that a tester can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleInfo {
    /// The SHA-256 of the document: of a job, its id.
    pub job: B256,
    /// Bytes of the document and its blobs, each counted once; at most [`SAMPLE_LIMIT`].
    pub size: u32,
}

/// The jobs with which a worker can be tested, those first that should be taken first. Both lists are cut after
/// [`MAX_LISTED`]. And the checks of its service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleList {
    /// Jobs that this worker has not seen: they wait in the client's queue, or were sent to others.
    pub unseen: Vec<SampleInfo>,
    /// Jobs that the client has sent to this worker. First those, of any worker, for which one gave a wrong result.
    pub sent: Vec<SampleInfo>,
    /// The checks of the client's service, if this worker runs it: a document that names the component, which is its only blob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<SampleInfo>,
}

/// Part of a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplePiece {
    /// Bytes of the whole blob.
    pub size: u32,
    /// The bytes from the offset that was asked for on: [`PIECE_SIZE`] of them, or all that are left.
    #[serde(serialize_with = "write_base64", deserialize_with = "read_base64")]
    pub bytes: Vec<u8>,
}

/// Where the client's jobs are. A job document is a blob too: its digest is the job's id.
///
/// - **Privacy.** Only testers that hold a seat are told what this returns. They see all of a job.
/// - **Concurrency.** Both methods may be called at the same time from any task. They may read a disk, and nothing slower.
pub trait SampleSource: Debug + Send + Sync {
    /// The jobs with which a tester can test the worker at index `worker` of an agreement. The client can still send an unseen
    /// one to that worker afterwards.
    ///
    /// # Errors
    /// If the jobs cannot be read now. The tester asks again.
    fn list(&self, agreement: Address, worker: u8) -> Result<SampleList, BoxError>;

    /// The piece of a blob that begins at `offset`, which is a multiple of [`PIECE_SIZE`]. `None` if testers may not have this
    /// job, if the job does not name the blob, or if the blob is shorter.
    ///
    /// # Errors
    /// If the blob cannot be read now. The tester asks again.
    fn piece(
        &self,
        agreement: Address,
        job: B256,
        blob: B256,
        offset: u32,
    ) -> Result<Option<SamplePiece>, BoxError>;
}

/// Writes bytes in base64, which is shorter than hex.
fn write_base64<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&STANDARD.encode(bytes))
}

/// Reads bytes in base64.
fn read_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    STANDARD.decode(String::deserialize(from)?).map_err(D::Error::custom)
}
