//! What is in a file: bytes in memory, or a blob that is read when it is needed.

use super::{Errno, Fault};
use std::{fs::File, os::unix::fs::FileExt};

/// Where bytes are.
#[derive(Debug)]
pub(crate) enum Content {
    /// In memory.
    Memory(Vec<u8>),
    /// In a file of the host that nobody changes.
    Blob {
        /// The file.
        file: File,
        /// Its length.
        size: u64,
    },
}

impl Content {
    /// The length in bytes.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => as_u64(bytes.len()),
            Self::Blob { size, .. } => *size,
        }
    }

    /// Fills `to` from `offset` on; returns how many bytes there were.
    pub(crate) fn read_at(&self, to: &mut [u8], offset: u64) -> Result<usize, Fault> {
        let rest = self.size().saturating_sub(offset);
        let len = to.len().min(usize::try_from(rest).unwrap_or(usize::MAX));
        let to = to.get_mut(..len).unwrap_or_default();
        match self {
            Self::Memory(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                let from = bytes.get(start..).and_then(|rest| rest.get(..len)).unwrap_or_default();
                to.copy_from_slice(from);
            }
            Self::Blob { file, .. } => file.read_exact_at(to, offset).map_err(Fault::Host)?,
        }
        Ok(len)
    }

    /// The bytes in memory, after they were read into it if they were not there.
    pub(super) fn in_memory(&mut self) -> Result<&mut Vec<u8>, Fault> {
        if let Self::Blob { file, size } = self {
            let mut bytes = Vec::new();
            let len = usize::try_from(*size).map_err(|_| Fault::Memory)?;
            bytes.try_reserve_exact(len)?;
            bytes.resize(len, 0);
            file.read_exact_at(&mut bytes, 0).map_err(Fault::Host)?;
            *self = Self::Memory(bytes);
        }
        match self {
            Self::Memory(bytes) => Ok(bytes),
            Self::Blob { .. } => Err(Errno::Badf.into()),
        }
    }
}

/// Makes `bytes` as long as `len`, with zeros at the end if it grows. Room for more is kept small: it is not the
/// program's.
pub(crate) fn set_len(bytes: &mut Vec<u8>, len: usize) -> Result<(), Fault> {
    reserve(bytes, len)?;
    bytes.resize(len, 0);
    Ok(())
}

/// Makes room for `len` bytes in all, and an eighth more.
pub(crate) fn reserve(bytes: &mut Vec<u8>, len: usize) -> Result<(), Fault> {
    if len > bytes.capacity() {
        let room = len.saturating_add(len >> 3).saturating_sub(bytes.len());
        bytes.try_reserve_exact(room)?;
    }
    Ok(())
}

/// A length as a number of WASI.
pub(crate) fn as_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
