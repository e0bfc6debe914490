//! What is done with paths. Each starts at an open folder, and does not leave it.

use super::{
    descriptor::{Descriptor, OpenFile, OpenFolder},
    fd::{APPEND, FD_WRITE, NONBLOCK, check_times, write_stat},
    guest::{Done, Guest, as_u32, slice_mut},
};
use crate::fs::{Errno, FileType, OpenFlags};

/// The lookup flag by which a link at the end is followed.
const FOLLOW: u32 = 1;
/// The right to read a file.
const FD_READ: u64 = 1 << 1;

/// Makes a folder.
pub(super) fn path_create_directory(guest: &mut Guest<'_>, fd: u32, path: u32, len: u32) -> Done {
    let (base, path) = (guest.wasi.descriptors.base(fd)?, guest.text(path, len)?);
    Ok(guest.wasi.fs.create_folder(base, &path)?)
}

/// Writes what there is to know of a file or folder.
pub(super) fn path_filestat_get(
    guest: &mut Guest<'_>,
    fd: u32,
    flags: u32,
    path: u32,
    len: u32,
    at: u32,
) -> Done {
    let (base, path) = (guest.wasi.descriptors.base(fd)?, guest.text(path, len)?);
    let stat = guest.wasi.fs.stat_at(base, &path, flags & FOLLOW != 0)?;
    write_stat(guest, at, &stat)
}

/// Times stand still: what is asked for is checked and not done.
#[expect(clippy::too_many_arguments, reason = "the function of WASI has so many")]
pub(super) fn path_filestat_set_times(
    guest: &mut Guest<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    len: u32,
    _access: u64,
    _modification: u64,
    flags: u32,
) -> Done {
    let (base, path) = (guest.wasi.descriptors.base(fd)?, guest.text(path, len)?);
    guest.wasi.fs.stat_at(base, &path, lookup & FOLLOW != 0)?;
    check_times(flags)
}

/// There are no hard links.
#[expect(clippy::too_many_arguments, reason = "the function of WASI has so many")]
pub(super) fn path_link(
    guest: &mut Guest<'_>,
    old_fd: u32,
    _flags: u32,
    _old_path: u32,
    _old_len: u32,
    new_fd: u32,
    _new_path: u32,
    _new_len: u32,
) -> Done {
    guest.wasi.descriptors.base(old_fd)?;
    guest.wasi.descriptors.base(new_fd)?;
    Err(Errno::Notsup.into())
}

/// Opens or makes a file, or opens a folder.
#[expect(clippy::too_many_arguments, reason = "the function of WASI has so many")]
pub(super) fn path_open(
    guest: &mut Guest<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    len: u32,
    open: u32,
    rights: u64,
    _inheriting: u64,
    flags: u32,
    opened: u32,
) -> Done {
    let (base, path) = (guest.wasi.descriptors.base(fd)?, guest.text(path, len)?);
    guest.wasi.descriptors.check_room()?;
    let (read, write) = (rights & FD_READ != 0, rights & FD_WRITE != 0);
    let how = OpenFlags {
        create: open & 1 != 0,
        folder: open & 2 != 0,
        exclusive: open & 4 != 0,
        truncate: open & 8 != 0,
        write,
        follow: lookup & FOLLOW != 0,
    };
    let node = guest.wasi.fs.open(base, &path, how)?;
    let descriptor = match guest.wasi.fs.stat(node)?.file_type {
        FileType::Folder => {
            Descriptor::Folder(OpenFolder { node, preopened: false, listing: None })
        }
        _ => Descriptor::File(OpenFile {
            node,
            position: 0,
            read,
            write,
            append: flags & u32::from(APPEND) != 0,
            nonblocking: flags & u32::from(NONBLOCK) != 0,
        }),
    };
    let number = guest.wasi.descriptors.push(descriptor);
    Ok(guest.write_u32(opened, number)?)
}

/// Writes where a link leads, as much as there is room for.
pub(super) fn path_readlink(
    guest: &mut Guest<'_>,
    fd: u32,
    path: u32,
    len: u32,
    at: u32,
    room: u32,
    used: u32,
) -> Done {
    let (base, path) = (guest.wasi.descriptors.base(fd)?, guest.text(path, len)?);
    let target = guest.wasi.fs.read_link(base, &path)?.as_bytes();
    let place = slice_mut(guest.memory, at, room)?;
    let count = place.len().min(target.len());
    for (to, from) in place.iter_mut().zip(target) {
        *to = *from;
    }
    Ok(guest.write_u32(used, as_u32(count)?)?)
}

/// Removes an empty folder.
pub(super) fn path_remove_directory(guest: &mut Guest<'_>, fd: u32, path: u32, len: u32) -> Done {
    let (base, path) = (guest.wasi.descriptors.base(fd)?, guest.text(path, len)?);
    Ok(guest.wasi.fs.remove_folder(base, &path)?)
}

/// Renames a file or folder.
pub(super) fn path_rename(
    guest: &mut Guest<'_>,
    old_fd: u32,
    old_path: u32,
    old_len: u32,
    new_fd: u32,
    new_path: u32,
    new_len: u32,
) -> Done {
    let (from, old) = (guest.wasi.descriptors.base(old_fd)?, guest.text(old_path, old_len)?);
    let (to, new) = (guest.wasi.descriptors.base(new_fd)?, guest.text(new_path, new_len)?);
    Ok(guest.wasi.fs.rename((from, &old), (to, &new))?)
}

/// Makes a symbolic link.
pub(super) fn path_symlink(
    guest: &mut Guest<'_>,
    target: u32,
    target_len: u32,
    fd: u32,
    path: u32,
    len: u32,
) -> Done {
    let target = guest.text(target, target_len)?;
    let (base, path) = (guest.wasi.descriptors.base(fd)?, guest.text(path, len)?);
    Ok(guest.wasi.fs.create_link(base, &path, &target)?)
}

/// Removes a file or a link.
pub(super) fn path_unlink_file(guest: &mut Guest<'_>, fd: u32, path: u32, len: u32) -> Done {
    let (base, path) = (guest.wasi.descriptors.base(fd)?, guest.text(path, len)?);
    Ok(guest.wasi.fs.unlink(base, &path)?)
}
