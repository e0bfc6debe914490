//! One upload of a blob at a time.

use muster_compute::Digest;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::sync::OwnedMutexGuard;

/// A lock for each blob that is being uploaded.
#[derive(Debug, Default)]
pub(crate) struct UploadLocks(Mutex<HashMap<Digest, Weak<tokio::sync::Mutex<()>>>>);

impl UploadLocks {
    /// Waits until nobody else uploads this blob.
    pub(crate) async fn lock(&self, blob: &Digest) -> OwnedMutexGuard<()> {
        self.entry(blob).lock_owned().await
    }

    /// The lock of a blob.
    fn entry(&self, blob: &Digest) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| lock.strong_count() > 0);
        if let Some(lock) = locks.get(blob).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::default();
        locks.insert(*blob, Arc::downgrade(&lock));
        lock
    }
}
