//! The store itself, and a blob that is being written.

use super::recheck::recheck;
use crate::Digest;
use sha2::Digest as _;
use std::{
    fs::{self, DirBuilder, File},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

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

/// A folder of blobs. Several processes may use it at once.
///
/// What is in it is trusted to be what its name says, so nobody else may write there; it is made with mode 0700.
#[derive(Debug, Clone)]
pub struct BlobStore {
    /// Where blobs lie, each in a folder named by its first two digits.
    folder: PathBuf,
}

impl BlobStore {
    /// Opens a store, and makes its folder if needed. Blobs are not synced when they are written, so all are checked
    /// if the machine was started anew since.
    ///
    /// # Errors
    /// [`BlobError::Full`] or [`BlobError::Io`].
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, BlobError> {
        let folder = folder.into();
        DirBuilder::new().recursive(true).mode(0o700).create(folder.join("incoming"))?;
        // A child opens blobs by their paths, from another working directory.
        let store = Self { folder: fs::canonicalize(folder)? };
        recheck(&store.folder)?;
        Ok(store)
    }

    /// Where a blob lies if it is here.
    #[must_use]
    pub fn path(&self, blob: &Digest) -> PathBuf {
        let name = blob.to_string();
        self.folder.join(name.get(..2).unwrap_or_default()).join(name)
    }

    /// The length of a blob, or `None` if it is not here.
    ///
    /// # Errors
    /// [`BlobError::Io`].
    pub fn size(&self, blob: &Digest) -> Result<Option<u64>, BlobError> {
        match fs::metadata(self.path(blob)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a blob to read it.
    ///
    /// # Errors
    /// [`BlobError::Missing`] or [`BlobError::Io`].
    pub fn read(&self, blob: &Digest) -> Result<File, BlobError> {
        File::open(self.path(blob)).map_err(|error| match error.kind() {
            ErrorKind::NotFound => BlobError::Missing(*blob),
            _ => error.into(),
        })
    }

    /// Begins a blob of at most `limit` bytes. Nothing is kept before [`BlobWriter::finish`].
    ///
    /// # Errors
    /// [`BlobError::Full`] or [`BlobError::Io`].
    pub fn writer(&self, limit: u64) -> Result<BlobWriter<'_>, BlobError> {
        let file = NamedTempFile::new_in(self.folder.join("incoming"))?;
        Ok(BlobWriter { store: self, file, hasher: sha2::Sha256::new(), size: 0, limit })
    }

    /// Keeps some bytes.
    ///
    /// # Errors
    /// [`BlobError::Full`] or [`BlobError::Io`].
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        let mut writer = self.writer(u64::MAX)?;
        writer.write(bytes)?;
        Ok(writer.finish(None)?.0)
    }

    /// Removes a blob; one that is not here is no error.
    ///
    /// # Errors
    /// [`BlobError::Io`].
    pub fn remove(&self, blob: &Digest) -> Result<(), BlobError> {
        match fs::remove_file(self.path(blob)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Moves a complete file to its name.
    fn keep(&self, file: NamedTempFile, blob: &Digest) -> Result<(), BlobError> {
        let path = self.path(blob);
        let folder = path.parent().unwrap_or(Path::new("/"));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o400))?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

/// A blob that is being written. If it is dropped, nothing is left.
#[derive(Debug)]
pub struct BlobWriter<'a> {
    /// Where it will be kept.
    store: &'a BlobStore,
    /// What came so far.
    file: NamedTempFile,
    /// Its digest so far.
    hasher: sha2::Sha256,
    /// Its length so far.
    size: u64,
    /// The length that it may have.
    limit: u64,
}

impl BlobWriter<'_> {
    /// Appends bytes.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`], [`BlobError::Full`] or [`BlobError::Io`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.size =
            u64::try_from(bytes.len()).map_or(u64::MAX, |len| self.size.saturating_add(len));
        if self.size > self.limit {
            return Err(BlobError::TooLarge(self.limit));
        }
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        Ok(())
    }

    /// Keeps the blob, and returns its digest and length.
    ///
    /// # Errors
    /// [`BlobError::Mismatch`] if it is not the expected one; [`BlobError::Full`] or [`BlobError::Io`].
    pub fn finish(self, expected: Option<&Digest>) -> Result<(Digest, u64), BlobError> {
        let actual = Digest::from_bytes(self.hasher.finalize().into());
        if let Some(expected) = expected.filter(|expected| **expected != actual) {
            return Err(BlobError::Mismatch { expected: *expected, actual });
        }
        self.store.keep(self.file, &actual)?;
        Ok((actual, self.size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn store() -> (tempfile::TempDir, BlobStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(folder.path()).unwrap();
        (folder, store)
    }

    fn leftovers(store: &BlobStore) -> usize {
        fs::read_dir(store.folder.join("incoming")).unwrap().count()
    }

    #[test]
    fn blob_is_kept_under_its_digest_and_read_again() {
        let (_folder, store) = store();
        let blob = store.put(b"abc").unwrap();
        assert_eq!(blob, Digest::of(b"abc"));
        assert_eq!(store.size(&blob).unwrap(), Some(3));
        let mut text = String::new();
        store.read(&blob).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc");
        assert_eq!(store.put(b"abc").unwrap(), blob);
        store.remove(&blob).unwrap();
        store.remove(&blob).unwrap();
        assert!(matches!(store.read(&blob), Err(BlobError::Missing(b)) if b == blob));
        assert_eq!(store.size(&blob).unwrap(), None);
    }

    #[test]
    fn what_does_not_match_is_not_kept() {
        let (_folder, store) = store();
        let (expected, actual) = (Digest::of(b"abc"), Digest::of(b"xyz"));
        let mut writer = store.writer(3).unwrap();
        writer.write(b"xyz").unwrap();
        match writer.finish(Some(&expected)) {
            Err(BlobError::Mismatch { expected: e, actual: a }) => {
                assert_eq!((e, a), (expected, actual));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(store.size(&expected).unwrap(), None);
        assert_eq!(store.size(&actual).unwrap(), None);
        assert_eq!(leftovers(&store), 0);
    }

    #[test]
    fn too_large_or_half_a_blob_leaves_nothing() {
        let (_folder, store) = store();
        let mut writer = store.writer(3).unwrap();
        writer.write(b"ab").unwrap();
        assert!(matches!(writer.write(b"cd"), Err(BlobError::TooLarge(3))));
        drop(writer);
        assert_eq!(leftovers(&store), 0);
    }

    #[test]
    fn full_disk_and_quota_are_told_from_other_errors() {
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            assert!(matches!(BlobError::from(io::Error::from(kind)), BlobError::Full(_)));
        }
        let other = io::Error::from(ErrorKind::PermissionDenied);
        assert!(matches!(BlobError::from(other), BlobError::Io(_)));
    }

    #[test]
    fn nobody_else_can_write_to_the_store() {
        let parent = tempfile::tempdir().unwrap();
        let store = BlobStore::open(parent.path().join("blobs")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&store.folder), 0o700);
        assert_eq!(mode(&store.path(&store.put(b"x").unwrap())), 0o400);
    }
}
