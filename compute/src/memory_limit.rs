//! How much memory programs may take.

use crate::profile::TABLE_ELEMENT_COST;
use wasmtime::ResourceLimiter;

/// The bytes that memories and tables may still take: each element of a table counts as 16.
#[derive(Debug)]
pub struct MemoryLimit {
    /// What is left.
    left: u64,
}

impl MemoryLimit {
    /// A limit of so many bytes, none of which are taken.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self { left: bytes }
    }

    /// Takes what something grows by, in units of so many bytes, unless that is too much.
    pub(crate) fn take(&mut self, current: usize, desired: usize, unit: u64) -> bool {
        let growth = u64::try_from(desired.saturating_sub(current)).unwrap_or(u64::MAX);
        let left = self.left.checked_sub(growth.saturating_mul(unit));
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}

/// Beyond its own maximum nothing grows, so nothing is taken.
impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(maximum.is_none_or(|maximum| desired <= maximum) && self.take(current, desired, 1))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let fits = maximum.is_none_or(|maximum| desired <= maximum);
        Ok(fits && self.take(current, desired, TABLE_ELEMENT_COST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_share_a_limit() {
        let mut limit = MemoryLimit::new(100);
        assert!(limit.memory_growing(0, 50, None).unwrap());
        assert!(!limit.memory_growing(50, 60, Some(55)).unwrap());
        assert!(!limit.memory_growing(0, 51, None).unwrap());
        assert!(limit.table_growing(0, 3, None).unwrap());
        assert!(!limit.table_growing(3, 4, None).unwrap());
        assert!(limit.memory_growing(50, 52, None).unwrap());
        assert!(!limit.memory_growing(52, 53, None).unwrap());
    }
}
