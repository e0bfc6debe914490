//! The store itself, and a blob that is being written.

use super::{
    error::BlobError,
    quota::{BLOB_COST, Quota, Reservation},
    recheck::{count, recheck},
};
use crate::Digest;
use sha2::Digest as _;
use std::{
    fs::{self, DirBuilder, File},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::NamedTempFile;

/// A folder of blobs. Several processes may use it at once.
///
/// What is in it is trusted to be what its name says, so nobody else may write there; it is made with mode 0700.
#[derive(Debug, Clone)]
pub struct BlobStore {
    /// Where blobs lie, each in a folder named by its first two digits.
    pub(super) folder: PathBuf,
    /// What they may take.
    pub(super) quota: Arc<Quota>,
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
        let store =
            Self { folder: fs::canonicalize(folder)?, quota: Arc::new(Quota::new(u64::MAX, 0)) };
        recheck(&store.folder)?;
        Ok(store)
    }

    /// The same, with blobs that take at most `limit` bytes, each with [`BLOB_COST`] more than its length; half a blob counts
    /// too. Only one process at a time may use such a store, and only one value and its clones: what another one was
    /// writing when it ended is removed, and only partial uploads stay.
    ///
    /// # Errors
    /// [`BlobError::Full`] or [`BlobError::Io`].
    pub fn open_with_quota(folder: impl Into<PathBuf>, limit: u64) -> Result<Self, BlobError> {
        let store = Self::open(folder)?;
        let incoming = store.folder.join("incoming");
        fs::remove_dir_all(&incoming)?;
        DirBuilder::new().mode(0o700).create(&incoming)?;
        let used = count(&store.folder)?;
        Ok(Self { quota: Arc::new(Quota::new(limit, used)), ..store })
    }

    /// The bytes that blobs take, and the most that they may take. Without a quota, only new ones count.
    #[must_use]
    pub fn usage(&self) -> (u64, u64) {
        self.quota.usage()
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
        let mut reservation = Reservation::new(&self.quota);
        reservation.grow(BLOB_COST)?;
        let file = NamedTempFile::new_in(self.folder.join("incoming"))?;
        let hasher = sha2::Sha256::new();
        Ok(BlobWriter { store: self, file, hasher, size: 0, limit, reservation })
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
        let Some(size) = self.size(blob)? else { return Ok(()) };
        match fs::remove_file(self.path(blob)) {
            Ok(()) => {
                self.quota.release(size.saturating_add(BLOB_COST));
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Where a blob will lie; its folder exists when this returns.
    pub(super) fn make_path(&self, blob: &Digest) -> io::Result<PathBuf> {
        let path = self.path(blob);
        let folder = path.parent().unwrap_or(Path::new("/"));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        Ok(path)
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
    /// Its part of the quota.
    reservation: Reservation,
}

impl BlobWriter<'_> {
    /// Appends bytes.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`], [`BlobError::Full`] or [`BlobError::Io`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.size = self.size.saturating_add(len);
        if self.size > self.limit {
            return Err(BlobError::TooLarge(self.limit));
        }
        self.reservation.grow(len)?;
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
        let path = self.store.make_path(&actual)?;
        self.file.as_file().set_permissions(fs::Permissions::from_mode(0o400))?;
        match self.file.persist_noclobber(path) {
            Ok(_) => self.reservation.keep(),
            // The same blob is here already, and is counted.
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.error.into()),
        }
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
    fn nobody_else_can_write_to_the_store() {
        let parent = tempfile::tempdir().unwrap();
        let store = BlobStore::open(parent.path().join("blobs")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&store.folder), 0o700);
        assert_eq!(mode(&store.path(&store.put(b"x").unwrap())), 0o400);
    }
}
