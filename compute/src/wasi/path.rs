//! What is done with paths. Each starts at an open folder, and does not leave it.

use super::{
    call::{Call, Done, as_u32, slice_mut},
    descriptor::{Descriptor, OpenFile, OpenFolder},
    fd::{APPEND, FD_WRITE, NONBLOCK, check_times, write_stat},
};
use crate::fs::{Errno, FileType, OpenFlags};

/// The lookup flag by which a link at the end is followed.
const FOLLOW: u32 = 1;
/// The right to read a file.
const FD_READ: u64 = 1 << 1;

/// Makes a folder.
pub(super) fn path_create_directory(call: &mut Call<'_>, fd: u32, path: u32, len: u32) -> Done {
    let (base, path) = (call.wasi.descriptors.base(fd)?, call.text(path, len)?);
    Ok(call.wasi.fs.create_folder(base, &path)?)
}

/// Writes what there is to know of a file or folder.
pub(super) fn path_filestat_get(
    call: &mut Call<'_>,
    fd: u32,
    flags: u32,
    path: u32,
    len: u32,
    at: u32,
) -> Done {
    let (base, path) = (call.wasi.descriptors.base(fd)?, call.text(path, len)?);
    let stat = call.wasi.fs.stat_at(base, &path, flags & FOLLOW != 0)?;
    write_stat(call, at, &stat)
}

/// Times stand still: what is asked for is checked and not done.
#[expect(clippy::too_many_arguments, reason = "the function of WASI has so many")]
pub(super) fn path_filestat_set_times(
    call: &mut Call<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    len: u32,
    _access: u64,
    _modification: u64,
    flags: u32,
) -> Done {
    let (base, path) = (call.wasi.descriptors.base(fd)?, call.text(path, len)?);
    call.wasi.fs.stat_at(base, &path, lookup & FOLLOW != 0)?;
    check_times(flags)
}

/// There are no hard links.
#[expect(clippy::too_many_arguments, reason = "the function of WASI has so many")]
pub(super) fn path_link(
    call: &mut Call<'_>,
    old_fd: u32,
    _flags: u32,
    _old_path: u32,
    _old_len: u32,
    new_fd: u32,
    _new_path: u32,
    _new_len: u32,
) -> Done {
    call.wasi.descriptors.base(old_fd)?;
    call.wasi.descriptors.base(new_fd)?;
    Err(Errno::Notsup.into())
}

/// Opens or makes a file, or opens a folder.
#[expect(clippy::too_many_arguments, reason = "the function of WASI has so many")]
pub(super) fn path_open(
    call: &mut Call<'_>,
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
    let (base, path) = (call.wasi.descriptors.base(fd)?, call.text(path, len)?);
    call.wasi.descriptors.check_room()?;
    let (read, write) = (rights & FD_READ != 0, rights & FD_WRITE != 0);
    let how = OpenFlags {
        create: open & 1 != 0,
        folder: open & 2 != 0,
        exclusive: open & 4 != 0,
        truncate: open & 8 != 0,
        write,
        follow: lookup & FOLLOW != 0,
    };
    let node = call.wasi.fs.open(base, &path, how)?;
    let descriptor = match call.wasi.fs.stat(node)?.file_type {
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
    let number = call.wasi.descriptors.push(descriptor);
    Ok(call.write_u32(opened, number)?)
}

/// Writes where a link leads, as much as there is room for.
pub(super) fn path_readlink(
    call: &mut Call<'_>,
    fd: u32,
    path: u32,
    len: u32,
    at: u32,
    room: u32,
    used: u32,
) -> Done {
    let (base, path) = (call.wasi.descriptors.base(fd)?, call.text(path, len)?);
    let target = call.wasi.fs.read_link(base, &path)?.as_bytes();
    let place = slice_mut(call.memory, at, room)?;
    let count = place.len().min(target.len());
    for (to, from) in place.iter_mut().zip(target) {
        *to = *from;
    }
    Ok(call.write_u32(used, as_u32(count)?)?)
}

/// Removes an empty folder.
pub(super) fn path_remove_directory(call: &mut Call<'_>, fd: u32, path: u32, len: u32) -> Done {
    let (base, path) = (call.wasi.descriptors.base(fd)?, call.text(path, len)?);
    Ok(call.wasi.fs.remove_folder(base, &path)?)
}

/// Renames a file or folder.
pub(super) fn path_rename(
    call: &mut Call<'_>,
    old_fd: u32,
    old_path: u32,
    old_len: u32,
    new_fd: u32,
    new_path: u32,
    new_len: u32,
) -> Done {
    let (from, old) = (call.wasi.descriptors.base(old_fd)?, call.text(old_path, old_len)?);
    let (to, new) = (call.wasi.descriptors.base(new_fd)?, call.text(new_path, new_len)?);
    Ok(call.wasi.fs.rename((from, &old), (to, &new))?)
}

/// Makes a symbolic link.
pub(super) fn path_symlink(
    call: &mut Call<'_>,
    target: u32,
    target_len: u32,
    fd: u32,
    path: u32,
    len: u32,
) -> Done {
    let target = call.text(target, target_len)?;
    let (base, path) = (call.wasi.descriptors.base(fd)?, call.text(path, len)?);
    Ok(call.wasi.fs.create_link(base, &path, &target)?)
}

/// Removes a file or a link.
pub(super) fn path_unlink_file(call: &mut Call<'_>, fd: u32, path: u32, len: u32) -> Done {
    let (base, path) = (call.wasi.descriptors.base(fd)?, call.text(path, len)?);
    Ok(call.wasi.fs.unlink(base, &path)?)
}
