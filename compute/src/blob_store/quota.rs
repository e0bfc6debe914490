//! How many bytes the blobs of a store may take.

use std::{
    io::{self, ErrorKind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// What a blob counts beside its length: the rest of its last block, its inode, and what a server keeps about it.
pub const BLOB_COST: u64 = 8 << 10;

/// A limit, and what was taken of it.
#[derive(Debug)]
pub(super) struct Quota {
    /// The limit in bytes.
    limit: u64,
    /// The bytes that were taken.
    used: AtomicU64,
}

impl Quota {
    /// A quota of which so much is taken already.
    pub(super) const fn new(limit: u64, used: u64) -> Self {
        Self { limit, used: AtomicU64::new(used) }
    }

    /// The bytes that were taken, and the limit.
    pub(super) fn usage(&self) -> (u64, u64) {
        (self.used.load(Ordering::Relaxed), self.limit)
    }

    /// Takes some bytes, or none if they are too many.
    pub(super) fn take(&self, bytes: u64) -> io::Result<()> {
        let add = |used: u64| used.checked_add(bytes).filter(|used| *used <= self.limit);
        let added = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        added.map(drop).map_err(|_| ErrorKind::QuotaExceeded.into())
    }

    /// Returns bytes that were taken.
    pub(super) fn release(&self, bytes: u64) {
        let subtract = |used: u64| Some(used.saturating_sub(bytes));
        let _ = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, subtract);
    }
}

/// Bytes that are returned when this is dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    /// Where they were taken.
    quota: Arc<Quota>,
    /// How many.
    bytes: u64,
}

impl Reservation {
    /// Nothing yet.
    pub(super) fn new(quota: &Arc<Quota>) -> Self {
        Self { quota: Arc::clone(quota), bytes: 0 }
    }

    /// Takes more.
    pub(super) fn grow(&mut self, bytes: u64) -> io::Result<()> {
        self.quota.take(bytes)?;
        self.bytes = self.bytes.saturating_add(bytes);
        Ok(())
    }

    /// Leaves them taken for good.
    pub(super) fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.quota.release(self.bytes);
    }
}
