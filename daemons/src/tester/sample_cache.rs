//! Blobs of a client's jobs that were fetched before, because many jobs have the same module.

use std::num::NonZeroUsize;

use axum::body::Bytes;
use lru::LruCache;
use muster_compute::Digest;
use tokio::sync::{Mutex, MutexGuard};

/// Blobs that are remembered. Each has a mebibyte at most.
const MAX_CACHED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7);

/// The blobs of one client in one agreement. Who holds it fetches a sample; others wait, so that none is fetched twice.
#[derive(Debug)]
pub(super) struct SampleCache(Mutex<LruCache<Digest, Bytes>>);

impl Default for SampleCache {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MAX_CACHED)))
    }
}

impl SampleCache {
    /// Waits until no other sample is being fetched.
    pub(super) async fn lock(&self) -> MutexGuard<'_, LruCache<Digest, Bytes>> {
        self.0.lock().await
    }
}
