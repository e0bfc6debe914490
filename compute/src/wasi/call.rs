//! A program's memory and its side of the host, as one call sees them.

use super::state::Wasi;
use crate::fs::{Errno, Fault};

/// What a function of WASI works on. Addresses that are not in the memory give [`Errno::Fault`].
pub(super) struct Call<'a> {
    /// The program's memory; empty if it exports none.
    pub(super) memory: &'a mut [u8],
    /// Everything else.
    pub(super) wasi: &'a mut Wasi,
}

/// What each function returns: nothing, or why it failed.
pub(super) type Done = Result<(), Fault>;

/// A part of the memory.
pub(super) fn slice(memory: &[u8], at: u32, len: u32) -> Result<&[u8], Errno> {
    let (start, end) = range(at, len)?;
    memory.get(start..end).ok_or(Errno::Fault)
}

/// A part of the memory, to be written.
pub(super) fn slice_mut(memory: &mut [u8], at: u32, len: u32) -> Result<&mut [u8], Errno> {
    let (start, end) = range(at, len)?;
    memory.get_mut(start..end).ok_or(Errno::Fault)
}

/// Where a part begins and ends.
fn range(at: u32, len: u32) -> Result<(usize, usize), Errno> {
    let start = usize::try_from(at).map_err(|_| Errno::Fault)?;
    let len = usize::try_from(len).map_err(|_| Errno::Fault)?;
    Ok((start, start.checked_add(len).ok_or(Errno::Fault)?))
}

/// The address of the `index`th of things that are `size` bytes long, and of a field in it.
pub(super) fn nth(at: u32, index: u32, size: u32, field: u32) -> Result<u32, Errno> {
    let offset = index.checked_mul(size).and_then(|offset| offset.checked_add(field));
    offset.and_then(|offset| at.checked_add(offset)).ok_or(Errno::Fault)
}

/// A length as programs see it.
pub(super) fn as_u32(len: usize) -> Result<u32, Errno> {
    u32::try_from(len).map_err(|_| Errno::Overflow)
}

impl Call<'_> {
    /// Copies bytes into the memory.
    pub(super) fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Errno> {
        slice_mut(self.memory, at, as_u32(bytes.len())?)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Writes a number of four bytes.
    pub(super) fn write_u32(&mut self, at: u32, value: u32) -> Result<(), Errno> {
        self.write(at, &value.to_le_bytes())
    }

    /// Writes a number of eight bytes.
    pub(super) fn write_u64(&mut self, at: u32, value: u64) -> Result<(), Errno> {
        self.write(at, &value.to_le_bytes())
    }

    /// Reads some bytes of a fixed number.
    fn read<const N: usize>(&self, at: u32) -> Result<[u8; N], Errno> {
        slice(self.memory, at, as_u32(N)?)?.try_into().map_err(|_| Errno::Fault)
    }

    /// Reads a number of one byte.
    pub(super) fn read_u8(&self, at: u32) -> Result<u8, Errno> {
        self.read(at).map(u8::from_le_bytes)
    }

    /// Reads a number of two bytes.
    pub(super) fn read_u16(&self, at: u32) -> Result<u16, Errno> {
        self.read(at).map(u16::from_le_bytes)
    }

    /// Reads a number of four bytes.
    pub(super) fn read_u32(&self, at: u32) -> Result<u32, Errno> {
        self.read(at).map(u32::from_le_bytes)
    }

    /// Reads a number of eight bytes.
    pub(super) fn read_u64(&self, at: u32) -> Result<u64, Errno> {
        self.read(at).map(u64::from_le_bytes)
    }

    /// Copies a path or another text out of the memory.
    pub(super) fn text(&self, at: u32, len: u32) -> Result<String, Errno> {
        let bytes = slice(self.memory, at, len)?;
        // Longer than any path may be: refused before it is copied.
        if bytes.len() > crate::path::MAX_PATH {
            return Err(Errno::Nametoolong);
        }
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Errno::Ilseq)
    }

    /// The address and length of the `index`th buffer in a list.
    pub(super) fn buffer(&self, list: u32, index: u32) -> Result<(u32, u32), Errno> {
        let at = self.read_u32(nth(list, index, 8, 0)?)?;
        Ok((at, self.read_u32(nth(list, index, 8, 4)?)?))
    }
}
