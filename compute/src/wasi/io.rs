//! Reading and writing through descriptors, and moving in files.

use super::{
    call::{Call, Done, as_u32, slice, slice_mut},
    descriptor::Descriptor,
    state::{MAX_STDERR, Wasi},
};
use crate::fs::{Errno, Fault, as_u64};

/// Reads from where the descriptor is.
pub(super) fn fd_read(call: &mut Call<'_>, fd: u32, list: u32, count: u32, read: u32) -> Done {
    let start = match call.wasi.descriptors.get(fd)? {
        Descriptor::Stdin => call.wasi.stdin_position,
        Descriptor::File(file) => file.position,
        Descriptor::Folder(_) => return Err(Errno::Isdir.into()),
        Descriptor::Stdout | Descriptor::Stderr => return Err(Errno::Badf.into()),
    };
    let total = read_buffers(call, fd, list, count, start)?;
    let end = start.saturating_add(u64::from(total));
    match call.wasi.descriptors.file_mut(fd) {
        Ok(file) => file.position = end,
        Err(_) => call.wasi.stdin_position = end,
    }
    Ok(call.write_u32(read, total)?)
}

/// Reads from a place in a file, and does not move the descriptor.
pub(super) fn fd_pread(
    call: &mut Call<'_>,
    fd: u32,
    list: u32,
    count: u32,
    offset: u64,
    read: u32,
) -> Done {
    position(call.wasi, fd)?;
    let total = read_buffers(call, fd, list, count, offset)?;
    Ok(call.write_u32(read, total)?)
}

/// Fills buffers one after the other, until one is not full.
fn read_buffers(
    call: &mut Call<'_>,
    fd: u32,
    list: u32,
    count: u32,
    mut offset: u64,
) -> Result<u32, Fault> {
    let node = match call.wasi.descriptors.get(fd)? {
        Descriptor::Stdin => None,
        Descriptor::File(file) if file.read => Some(file.node),
        Descriptor::Folder(_) => return Err(Errno::Isdir.into()),
        _ => return Err(Errno::Badf.into()),
    };
    let mut total: u32 = 0;
    for index in 0..count {
        let (at, len) = call.buffer(list, index)?;
        let place = slice_mut(call.memory, at, len)?;
        let content = match node {
            Some(node) => call.wasi.fs.content(node)?,
            None => &call.wasi.stdin,
        };
        let read = as_u32(content.read_at(place, offset)?)?;
        total = total.checked_add(read).ok_or(Errno::Inval)?;
        offset = offset.saturating_add(u64::from(read));
        if read < len {
            break;
        }
    }
    Ok(total)
}

/// Writes where the descriptor is, or at the end if it appends.
pub(super) fn fd_write(call: &mut Call<'_>, fd: u32, list: u32, count: u32, written: u32) -> Done {
    let offset = match call.wasi.descriptors.get(fd)? {
        Descriptor::File(file) if file.append => call.wasi.fs.content(file.node)?.size(),
        Descriptor::File(file) => file.position,
        _ => 0,
    };
    let total = write_buffers(call, fd, list, count, offset)?;
    if let Ok(file) = call.wasi.descriptors.file_mut(fd) {
        file.position = offset.saturating_add(u64::from(total));
    }
    Ok(call.write_u32(written, total)?)
}

/// Writes at a place in a file, and does not move the descriptor.
pub(super) fn fd_pwrite(
    call: &mut Call<'_>,
    fd: u32,
    list: u32,
    count: u32,
    offset: u64,
    written: u32,
) -> Done {
    position(call.wasi, fd)?;
    let total = write_buffers(call, fd, list, count, offset)?;
    Ok(call.write_u32(written, total)?)
}

/// Writes buffers one after the other, each whole or not at all. What was written before one that failed stays.
fn write_buffers(
    call: &mut Call<'_>,
    fd: u32,
    list: u32,
    count: u32,
    mut offset: u64,
) -> Result<u32, Fault> {
    let mut total: u32 = 0;
    for index in 0..count {
        let (at, len) = call.buffer(list, index)?;
        let bytes = slice(call.memory, at, len)?;
        let next = total.checked_add(len).ok_or(Errno::Inval)?;
        match write_one(call.wasi, fd, bytes, offset) {
            Err(Fault::Errno(_)) if total > 0 => break,
            done => done?,
        }
        total = next;
        offset = offset.saturating_add(u64::from(len));
    }
    if total == 0 {
        // Nothing to write, but it must be possible.
        write_one(call.wasi, fd, &[], offset)?;
    }
    Ok(total)
}

/// Writes one buffer.
fn write_one(wasi: &mut Wasi, fd: u32, bytes: &[u8], offset: u64) -> Done {
    match wasi.descriptors.get(fd)? {
        Descriptor::Stdout => {
            wasi.fs.storage().charge(as_u64(bytes.len()))?;
            let len = wasi.stdout.len().saturating_add(bytes.len());
            crate::fs::reserve(&mut wasi.stdout, len)?;
            wasi.stdout.extend_from_slice(bytes);
            Ok(())
        }
        Descriptor::Stderr => {
            let room = MAX_STDERR.saturating_sub(wasi.stderr.len());
            wasi.stderr.extend(bytes.iter().take(room));
            Ok(())
        }
        Descriptor::File(file) if file.write => wasi.fs.write_at(file.node, bytes, offset),
        Descriptor::Folder(_) => Err(Errno::Isdir.into()),
        Descriptor::File(_) | Descriptor::Stdin => Err(Errno::Badf.into()),
    }
}

/// Moves in a file.
pub(super) fn fd_seek(call: &mut Call<'_>, fd: u32, delta: u64, whence: u32, new: u32) -> Done {
    let current = position(call.wasi, fd)?;
    let from = match whence {
        0 => 0,
        1 => current,
        2 => call.wasi.fs.content(call.wasi.descriptors.file(fd)?.node)?.size(),
        _ => return Err(Errno::Inval.into()),
    };
    // The parameter is a signed number.
    let position = from.checked_add_signed(delta.cast_signed()).ok_or(Errno::Inval)?;
    call.wasi.descriptors.file_mut(fd)?.position = position;
    Ok(call.write_u64(new, position)?)
}

/// Writes where a descriptor is in its file.
pub(super) fn fd_tell(call: &mut Call<'_>, fd: u32, at: u32) -> Done {
    let position = position(call.wasi, fd)?;
    Ok(call.write_u64(at, position)?)
}

/// Where a descriptor is in its file; a stream is nowhere.
fn position(wasi: &Wasi, fd: u32) -> Result<u64, Errno> {
    match wasi.descriptors.get(fd)? {
        Descriptor::File(file) => Ok(file.position),
        Descriptor::Folder(_) => Err(Errno::Isdir),
        Descriptor::Stdin | Descriptor::Stdout | Descriptor::Stderr => Err(Errno::Spipe),
    }
}

impl Wasi {
    /// How many bytes can be read from a descriptor, or written to it, without waiting.
    pub(super) fn bytes_ready(&self, fd: u32, to_read: bool) -> Result<u64, Errno> {
        let rest = |size: u64, position: u64| size.saturating_sub(position);
        match self.descriptors.get(fd)? {
            Descriptor::Stdin if to_read => Ok(rest(self.stdin.size(), self.stdin_position)),
            Descriptor::Stdout | Descriptor::Stderr if !to_read => Ok(1),
            Descriptor::File(file) if to_read && file.read => {
                Ok(rest(self.fs.content(file.node)?.size(), file.position))
            }
            Descriptor::File(file) if !to_read && file.write => Ok(1),
            _ => Err(Errno::Badf),
        }
    }
}
