//! A blob that comes in several parts, between which the process may end.

use super::{error::BlobError, quota::BLOB_COST, store::BlobStore};
use crate::Digest;
use sha2::Digest as _;
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::PathBuf,
};

impl BlobStore {
    /// How many bytes of an upload are here.
    ///
    /// # Errors
    /// [`BlobError::Io`].
    pub fn uploaded(&self, blob: &Digest) -> Result<u64, BlobError> {
        match fs::metadata(self.partial_path(blob)) {
            Ok(metadata) => Ok(metadata.len()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Begins an upload, or goes on where it ended; reads what is here already. Only one value at a time may write to
    /// the same blob.
    ///
    /// # Errors
    /// [`BlobError::Full`] or [`BlobError::Io`].
    pub fn upload(&self, blob: &Digest) -> Result<BlobUpload, BlobError> {
        let path = self.partial_path(blob);
        let folder = self.folder.join("partial");
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut open = OpenOptions::new();
        open.read(true).append(true);
        let mut file = match open.open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.quota.take(BLOB_COST)?;
                open.create_new(true).mode(0o600).open(&path).inspect_err(|_| {
                    self.quota.release(BLOB_COST);
                })?
            }
            file => file?,
        };
        let (mut hasher, mut size, mut buffer) = (sha2::Sha256::new(), 0_u64, vec![0; 256 << 10]);
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                read => {
                    hasher.update(buffer.get(..read).unwrap_or_default());
                    size = size.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
                }
            }
        }
        Ok(BlobUpload { store: self.clone(), blob: *blob, file, hasher, size })
    }

    /// Removes what is here of an upload.
    ///
    /// # Errors
    /// [`BlobError::Io`].
    pub fn discard_upload(&self, blob: &Digest) -> Result<(), BlobError> {
        let size = self.uploaded(blob)?;
        match fs::remove_file(self.partial_path(blob)) {
            Ok(()) => {
                self.quota.release(size.saturating_add(BLOB_COST));
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Where half a blob lies.
    fn partial_path(&self, blob: &Digest) -> PathBuf {
        self.folder.join("partial").join(blob.to_string())
    }
}

/// A blob that is being uploaded. If it is dropped, what came stays, and [`BlobStore::upload`] goes on there.
#[derive(Debug)]
pub struct BlobUpload {
    /// Where it will be kept.
    store: BlobStore,
    /// What it should be.
    blob: Digest,
    /// What came so far.
    file: File,
    /// Its digest so far.
    hasher: sha2::Sha256,
    /// Its length so far.
    size: u64,
}

impl BlobUpload {
    /// How many bytes are here.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends bytes: all of them, or none.
    ///
    /// # Errors
    /// [`BlobError::Full`] or [`BlobError::Io`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.store.quota.take(len)?;
        if let Err(error) = self.file.write_all(bytes) {
            self.file.set_len(self.size)?;
            self.store.quota.release(len);
            return Err(error.into());
        }
        self.hasher.update(bytes);
        self.size = self.size.saturating_add(len);
        Ok(())
    }

    /// Keeps the blob, and returns its length.
    ///
    /// # Errors
    /// [`BlobError::Mismatch`] if it is not what it should be: nothing is left of it then. [`BlobError::Io`].
    pub fn finish(self) -> Result<u64, BlobError> {
        let actual = Digest::from_bytes(self.hasher.finalize().into());
        if actual != self.blob {
            self.store.discard_upload(&self.blob)?;
            return Err(BlobError::Mismatch { expected: self.blob, actual });
        }
        self.file.set_permissions(fs::Permissions::from_mode(0o400))?;
        let path = self.store.make_path(&self.blob)?;
        match fs::hard_link(self.store.partial_path(&self.blob), path) {
            // From here on it is counted as a blob.
            Ok(()) => fs::remove_file(self.store.partial_path(&self.blob))?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.store.discard_upload(&self.blob)?;
            }
            Err(error) => return Err(io::Error::into(error)),
        }
        Ok(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(folder: &tempfile::TempDir, blobs: u64) -> BlobStore {
        BlobStore::open_with_quota(folder.path(), blobs.saturating_mul(BLOB_COST)).unwrap()
    }

    #[test]
    fn upload_goes_on_where_it_ended_in_another_process_too() {
        let folder = tempfile::tempdir().unwrap();
        let blob = Digest::of(b"abcdef");
        let first = store(&folder, 2);
        first.upload(&blob).unwrap().write(b"abc").unwrap();
        assert_eq!((first.uploaded(&blob).unwrap(), first.size(&blob).unwrap()), (3, None));
        let used = first.usage();

        let second = store(&folder, 2);
        assert_eq!(second.usage(), used);
        let mut upload = second.upload(&blob).unwrap();
        assert_eq!(upload.size(), 3);
        upload.write(b"def").unwrap();
        assert_eq!(upload.finish().unwrap(), 6);
        assert_eq!((second.uploaded(&blob).unwrap(), second.size(&blob).unwrap()), (0, Some(6)));
        assert_eq!(second.usage().0, BLOB_COST + 6);
    }

    #[test]
    fn nothing_is_left_of_what_does_not_match() {
        let folder = tempfile::tempdir().unwrap();
        let (blob, store) = (Digest::of(b"abc"), store(&folder, 2));
        let mut upload = store.upload(&blob).unwrap();
        upload.write(b"xyz").unwrap();
        assert!(matches!(upload.finish(), Err(BlobError::Mismatch { .. })));
        assert_eq!((store.uploaded(&blob).unwrap(), store.usage().0), (0, 0));
    }

    #[test]
    fn what_is_here_already_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder, 3);
        let blob = store.put(b"abc").unwrap();
        store.put(b"abc").unwrap();
        let mut upload = store.upload(&blob).unwrap();
        upload.write(b"abc").unwrap();
        upload.finish().unwrap();
        assert_eq!(store.usage().0, BLOB_COST + 3);
        store.remove(&blob).unwrap();
        assert_eq!(store.usage().0, 0);
    }

    #[test]
    fn quota_is_kept_by_uploads_and_blobs() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder, 2);
        let full = vec![0; usize::try_from(BLOB_COST).unwrap() + 1];
        assert!(matches!(store.put(&full), Err(BlobError::Full(_))));
        let mut upload = store.upload(&Digest::of(&full)).unwrap();
        assert!(matches!(upload.write(&full), Err(BlobError::Full(_))));
        upload.write(&full[1..]).unwrap();
        assert!(matches!(store.put(b""), Err(BlobError::Full(_))));
        assert!(matches!(store.upload(&Digest::of(b"")), Err(BlobError::Full(_))));
        store.discard_upload(&Digest::of(&full)).unwrap();
        assert_eq!(store.usage().0, 0);
    }

    #[test]
    fn what_a_killed_process_was_writing_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        store(&folder, 2).put(b"abc").unwrap();
        fs::write(folder.path().join("incoming/half"), b"h").unwrap();
        assert_eq!(store(&folder, 2).usage().0, BLOB_COST + 3);
        assert!(!folder.path().join("incoming/half").exists());
    }
}
