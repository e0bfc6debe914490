//! The lock of the one process that writes a file.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::database_error::DatabaseError;

/// A lock on a database, released when it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct WriterLock {
    /// The locked file.
    _file: File,
}

impl WriterLock {
    /// Locks the database at `path` by a file beside it.
    ///
    /// # Errors
    /// [`DatabaseError::InUse`] if another process has it, [`DatabaseError::Create`].
    pub(super) fn acquire(path: &Path) -> Result<Self, DatabaseError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock = PathBuf::from(name);
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&lock);
        let failed = |source| DatabaseError::Create { path: lock.clone(), source };
        let file = opened.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(DatabaseError::InUse(path.display().to_string().into()))
            }
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}
