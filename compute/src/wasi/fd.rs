//! What descriptors are: closing, flags, sizes, folders.

use super::{
    call::{Call, Done, as_u32, slice_mut},
    descriptor::{Descriptor, OpenFolder},
};
use crate::{
    fs::{Errno, FileType, Stat},
    profile::EPOCH,
};
use std::sync::Arc;

/// Advice is heard and not followed.
pub(super) fn fd_advise(call: &mut Call<'_>, fd: u32, _at: u64, _len: u64, advice: u32) -> Done {
    call.wasi.descriptors.file(fd)?;
    if advice > 5 { Err(Errno::Inval.into()) } else { Ok(()) }
}

/// Not supported, as in wasmtime: a file grows when it is written.
pub(super) fn fd_allocate(call: &mut Call<'_>, fd: u32, _offset: u64, _len: u64) -> Done {
    call.wasi.descriptors.file(fd)?;
    Err(Errno::Notsup.into())
}

/// Closes a descriptor.
pub(super) fn fd_close(call: &mut Call<'_>, fd: u32) -> Done {
    Ok(call.wasi.descriptors.close(fd, &mut call.wasi.fs)?)
}

/// Everything is always written.
pub(super) fn fd_datasync(call: &mut Call<'_>, fd: u32) -> Done {
    call.wasi.descriptors.file(fd)?;
    Ok(())
}

/// Everything is always written.
pub(super) fn fd_sync(call: &mut Call<'_>, fd: u32) -> Done {
    call.wasi.descriptors.get(fd)?;
    Ok(())
}

/// All rights of WASI preview 1.
const ALL_RIGHTS: u64 = (1 << 30) - 1;
/// `fd_read`.
const FD_READ: u64 = 1 << 1;
/// `fd_seek`.
const FD_SEEK: u64 = 1 << 2;
/// `fd_tell`.
const FD_TELL: u64 = 1 << 5;
/// `fd_write`.
pub(super) const FD_WRITE: u64 = 1 << 6;
/// `path_filestat_set_size` and `fd_filestat_set_size`.
const SET_SIZE: u64 = 1 << 19 | 1 << 22;
/// The flag `append`.
pub(super) const APPEND: u16 = 1;
/// The flag `nonblock`.
pub(super) const NONBLOCK: u16 = 4;

/// Writes kind, flags and rights of a descriptor.
pub(super) fn fd_fdstat_get(call: &mut Call<'_>, fd: u32, at: u32) -> Done {
    let (file_type, flags, rights) = match call.wasi.descriptors.get(fd)? {
        Descriptor::Stdin => (FileType::Unknown, 0, FD_READ),
        Descriptor::Stdout | Descriptor::Stderr => (FileType::Unknown, 0, FD_WRITE),
        Descriptor::Folder(_) => {
            (FileType::Folder, 0, ALL_RIGHTS & !(FD_SEEK | FD_TELL | FD_READ | FD_WRITE | SET_SIZE))
        }
        Descriptor::File(file) => {
            let append = if file.append { APPEND } else { 0 };
            let nonblock = if file.nonblocking { NONBLOCK } else { 0 };
            let read = if file.read { 0 } else { FD_READ };
            let write = if file.write { 0 } else { FD_WRITE };
            (FileType::File, append | nonblock, ALL_RIGHTS & !read & !write)
        }
    };
    let inheriting = if file_type == FileType::Folder { ALL_RIGHTS } else { rights };
    let mut stat = vec![file_type.number(), 0];
    stat.extend(flags.to_le_bytes());
    stat.extend([0; 4]);
    stat.extend(rights.to_le_bytes());
    stat.extend(inheriting.to_le_bytes());
    Ok(call.write(at, &stat)?)
}

/// Changes whether writes append. Other flags than that and `nonblock` are refused.
pub(super) fn fd_fdstat_set_flags(call: &mut Call<'_>, fd: u32, flags: u32) -> Done {
    let file = call.wasi.descriptors.file_mut(fd)?;
    if flags & !u32::from(APPEND | NONBLOCK) != 0 {
        return Err(Errno::Inval.into());
    }
    file.append = flags & u32::from(APPEND) != 0;
    file.nonblocking = flags & u32::from(NONBLOCK) != 0;
    Ok(())
}

/// Not supported, as in wasmtime.
pub(super) fn fd_fdstat_set_rights(call: &mut Call<'_>, fd: u32, _base: u64, _more: u64) -> Done {
    call.wasi.descriptors.get(fd)?;
    Err(Errno::Notsup.into())
}

/// Writes what there is to know of an open file or folder.
pub(super) fn fd_filestat_get(call: &mut Call<'_>, fd: u32, at: u32) -> Done {
    let node = match call.wasi.descriptors.get(fd)? {
        Descriptor::Stdin | Descriptor::Stdout | Descriptor::Stderr => {
            return Ok(call.write(at, &[0; 64])?);
        }
        Descriptor::File(file) => file.node,
        Descriptor::Folder(folder) => folder.node,
    };
    let stat = call.wasi.fs.stat(node)?;
    write_stat(call, at, &stat)
}

/// Writes a `filestat`: device 1, one link, and times that stand still.
pub(super) fn write_stat(call: &mut Call<'_>, at: u32, stat: &Stat) -> Done {
    let mut bytes = Vec::with_capacity(64);
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(stat.node.inode().to_le_bytes());
    bytes.extend([stat.file_type.number(), 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(stat.size.to_le_bytes());
    for _ in ["access", "modification", "change"] {
        bytes.extend(EPOCH.to_le_bytes());
    }
    Ok(call.write(at, &bytes)?)
}

/// Cuts a file or makes it longer.
pub(super) fn fd_filestat_set_size(call: &mut Call<'_>, fd: u32, size: u64) -> Done {
    let file = call.wasi.descriptors.file(fd)?;
    if !file.write {
        return Err(Errno::Inval.into());
    }
    call.wasi.fs.set_size(file.node, size)
}

/// Times stand still: what is asked for is checked and not done.
pub(super) fn fd_filestat_set_times(
    call: &mut Call<'_>,
    fd: u32,
    _access: u64,
    _modification: u64,
    flags: u32,
) -> Done {
    match call.wasi.descriptors.get(fd)? {
        Descriptor::File(_) | Descriptor::Folder(_) => check_times(flags),
        _ => Err(Errno::Badf.into()),
    }
}

/// A time is given or is to be now, not both.
pub(super) fn check_times(flags: u32) -> Done {
    let both = |flags: u32, given: u32, now: u32| flags & given != 0 && flags & now != 0;
    if flags > 15 || both(flags, 1, 2) || both(flags, 4, 8) {
        return Err(Errno::Inval.into());
    }
    Ok(())
}

/// Says that 3 is a folder that a program finds, with a name of one byte.
pub(super) fn fd_prestat_get(call: &mut Call<'_>, fd: u32, at: u32) -> Done {
    check_preopened(call, fd)?;
    Ok(call.write(at, &[0, 0, 0, 0, 1, 0, 0, 0])?)
}

/// Writes its name, which is a slash.
pub(super) fn fd_prestat_dir_name(call: &mut Call<'_>, fd: u32, at: u32, len: u32) -> Done {
    check_preopened(call, fd)?;
    if len < 1 {
        return Err(Errno::Nametoolong.into());
    }
    Ok(call.write(at, b"/")?)
}

/// Only the root is preopened.
fn check_preopened(call: &Call<'_>, fd: u32) -> Result<(), Errno> {
    match call.wasi.descriptors.get(fd)? {
        Descriptor::Folder(OpenFolder { preopened: true, .. }) => Ok(()),
        Descriptor::Folder(_) | Descriptor::File(_) => Err(Errno::Notdir),
        Descriptor::Stdin | Descriptor::Stdout | Descriptor::Stderr => Err(Errno::Badf),
    }
}

/// Writes entries of a folder from the `cookie`th on: `.`, `..`, then the others by the bytes of their names. What is in
/// the folder is looked up at cookie 0 only, so that a program can remove entries while it reads them.
pub(super) fn fd_readdir(
    call: &mut Call<'_>,
    fd: u32,
    at: u32,
    len: u32,
    cookie: u64,
    used: u32,
) -> Done {
    let folder = call.wasi.descriptors.folder_mut(fd)?;
    let entries = match &folder.listing {
        Some(entries) if cookie > 0 => Arc::clone(entries),
        _ => {
            let (own, parent) = (folder.node, call.wasi.fs.parent(folder.node)?);
            let mut entries = vec![
                (".".to_owned(), call.wasi.fs.stat(own)?),
                ("..".to_owned(), call.wasi.fs.stat(parent)?),
            ];
            entries.extend(call.wasi.fs.list(own)?);
            let entries = Arc::from(entries);
            folder.listing = Some(Arc::clone(&entries));
            entries
        }
    };
    let place = slice_mut(call.memory, at, len)?;
    let first = usize::try_from(cookie).unwrap_or(usize::MAX);
    let mut next = cookie;
    let mut filled: usize = 0;
    for (name, stat) in entries.iter().skip(first) {
        next = next.saturating_add(1);
        let mut entry = Vec::with_capacity(name.len().saturating_add(24));
        entry.extend(next.to_le_bytes());
        entry.extend(stat.node.inode().to_le_bytes());
        entry.extend(as_u32(name.len())?.to_le_bytes());
        entry.extend([stat.file_type.number(), 0, 0, 0]);
        entry.extend(name.as_bytes());
        let rest = place.get_mut(filled..).unwrap_or_default();
        let count = rest.len().min(entry.len());
        for (to, from) in rest.iter_mut().zip(&entry) {
            *to = *from;
        }
        filled = filled.saturating_add(count);
        if count < entry.len() {
            break;
        }
    }
    Ok(call.write_u32(used, as_u32(filled)?)?)
}

/// Gives a descriptor another number.
pub(super) fn fd_renumber(call: &mut Call<'_>, from: u32, to: u32) -> Done {
    Ok(call.wasi.descriptors.renumber(from, to, &mut call.wasi.fs)?)
}
