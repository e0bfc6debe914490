//! Blobs of samples that were fetched before.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use lru::LruCache;
use muster_compute::Digest;

/// Blobs that are remembered, because many jobs have the same module.
const MAX_CACHED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7);

/// Blobs of samples that were fetched before, of all clients.
#[derive(Debug)]
pub(super) struct SampleCache(Mutex<LruCache<Digest, Bytes>>);

impl Default for SampleCache {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MAX_CACHED)))
    }
}

impl SampleCache {
    /// A blob, if it is remembered.
    pub(super) fn get(&self, blob: &Digest) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(blob).cloned()
    }

    /// Remembers a blob.
    pub(super) fn put(&self, blob: Digest, bytes: Bytes) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(blob, bytes);
    }
}
