//! How much a program may still write.

use super::Errno;

/// Bytes that may be written, and those that were.
#[derive(Debug)]
pub(crate) struct Storage {
    /// In use.
    used: u64,
    /// The most that may be in use.
    limit: u64,
}

impl Storage {
    /// Nothing is used.
    pub(crate) const fn new(limit: u64) -> Self {
        Self { used: 0, limit }
    }

    /// Takes some bytes, or none of them.
    pub(crate) fn charge(&mut self, bytes: u64) -> Result<(), Errno> {
        let used = self.used.checked_add(bytes).filter(|used| *used <= self.limit);
        self.used = used.ok_or(Errno::Nospc)?;
        Ok(())
    }

    /// Gives bytes back.
    pub(crate) const fn release(&mut self, bytes: u64) {
        self.used = self.used.saturating_sub(bytes);
    }
}
