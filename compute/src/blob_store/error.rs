//! Why a blob could not be read or written.

use crate::Digest;
use std::io::{self, ErrorKind};

/// Why a blob could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// It is not in the store.
    #[error("blob {0} is not here")]
    Missing(Digest),
    /// What came is not what was announced.
    #[error("blob should have been {expected}, and is {actual}")]
    Mismatch {
        /// The digest under which it was to be kept.
        expected: Digest,
        /// The digest of what came.
        actual: Digest,
    },
    /// More bytes came than may be kept.
    #[error("blob is larger than {0} bytes")]
    TooLarge(u64),
    /// The disk or the quota is full. Nothing is left of the blob.
    #[error("no space left for the blob: {0}")]
    Full(#[source] io::Error),
    /// The file system failed otherwise.
    #[error("blob store: {0}")]
    Io(#[source] io::Error),
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Self::Full(error)
            }
            _ => Self::Io(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_disk_and_quota_are_told_from_other_errors() {
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            assert!(matches!(BlobError::from(io::Error::from(kind)), BlobError::Full(_)));
        }
        let other = io::Error::from(ErrorKind::PermissionDenied);
        assert!(matches!(BlobError::from(other), BlobError::Io(_)));
    }
}
