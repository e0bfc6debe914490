//! Where blobs come from.

use std::path::PathBuf;

/// Where a blob comes from.
#[derive(Clone, Debug)]
pub(crate) enum BlobSource {
    /// Memory.
    Bytes(Vec<u8>),
    /// A file on this machine.
    File(PathBuf),
}
