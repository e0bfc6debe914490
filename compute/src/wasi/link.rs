//! Which function of WASI is which of ours.

use super::{
    call::{Call, Done},
    fd, io, path, process,
    state::{HostFailure, Wasi},
    time,
};
use crate::{fs::Fault, profile::IMPORTS_FROM};
use wasmtime::{Caller, Error, Extern, Linker, Result};

/// Links functions by their names; each gets the caller's memory and state, and its errors become numbers.
macro_rules! functions {
    ($linker:ident: $($module:ident::$name:ident($($arg:ident: $type:ty),*);)*) => {
        $($linker.func_wrap(
            IMPORTS_FROM,
            stringify!($name),
            |mut caller: Caller<'_, Wasi> $(, $arg: $type)*| {
                with_memory(&mut caller, |call| $module::$name(call $(, $arg)*))
            },
        )?;)*
    };
}

/// Links all 46 functions.
#[rustfmt::skip::macros(functions)]
pub(crate) fn link(linker: &mut Linker<Wasi>) -> Result<()> {
    functions!(linker:
        process::args_get(addresses: u32, texts: u32);
        process::args_sizes_get(count: u32, len: u32);
        process::environ_get(addresses: u32, texts: u32);
        process::environ_sizes_get(count: u32, len: u32);
        process::proc_raise(signal: u32);
        process::random_get(at: u32, len: u32);
        process::sched_yield();
        process::sock_accept(fd: u32, flags: u32, new: u32);
        process::sock_recv(fd: u32, buffers: u32, count: u32, flags: u32, len: u32, out_flags: u32);
        process::sock_send(fd: u32, buffers: u32, count: u32, flags: u32, len: u32);
        process::sock_shutdown(fd: u32, how: u32);
        time::clock_res_get(id: u32, resolution: u32);
        time::clock_time_get(id: u32, precision: u64, time: u32);
        time::poll_oneoff(subscriptions: u32, events: u32, count: u32, reported: u32);
        fd::fd_advise(fd: u32, at: u64, len: u64, advice: u32);
        fd::fd_allocate(fd: u32, offset: u64, len: u64);
        fd::fd_close(fd: u32);
        fd::fd_datasync(fd: u32);
        fd::fd_fdstat_get(fd: u32, at: u32);
        fd::fd_fdstat_set_flags(fd: u32, flags: u32);
        fd::fd_fdstat_set_rights(fd: u32, base: u64, more: u64);
        fd::fd_filestat_get(fd: u32, at: u32);
        fd::fd_filestat_set_size(fd: u32, size: u64);
        fd::fd_filestat_set_times(fd: u32, access: u64, modification: u64, flags: u32);
        fd::fd_prestat_dir_name(fd: u32, at: u32, len: u32);
        fd::fd_prestat_get(fd: u32, at: u32);
        fd::fd_readdir(fd: u32, at: u32, len: u32, cookie: u64, used: u32);
        fd::fd_renumber(from: u32, to: u32);
        fd::fd_sync(fd: u32);
        io::fd_pread(fd: u32, list: u32, count: u32, offset: u64, read: u32);
        io::fd_pwrite(fd: u32, list: u32, count: u32, offset: u64, written: u32);
        io::fd_read(fd: u32, list: u32, count: u32, read: u32);
        io::fd_seek(fd: u32, delta: u64, whence: u32, new: u32);
        io::fd_tell(fd: u32, at: u32);
        io::fd_write(fd: u32, list: u32, count: u32, written: u32);
        path::path_create_directory(fd: u32, path: u32, len: u32);
        path::path_filestat_get(fd: u32, flags: u32, path: u32, len: u32, at: u32);
        path::path_filestat_set_times(
            fd: u32, lookup: u32, path: u32, len: u32, access: u64, modification: u64,
            flags: u32
        );
        path::path_link(
            old_fd: u32, flags: u32, old_path: u32, old_len: u32, new_fd: u32, new_path:
            u32, new_len: u32
        );
        path::path_open(
            fd: u32, lookup: u32, path: u32, len: u32, open: u32, rights: u64,
            inheriting: u64, flags: u32, opened: u32
        );
        path::path_readlink(fd: u32, path: u32, len: u32, at: u32, room: u32, used: u32);
        path::path_remove_directory(fd: u32, path: u32, len: u32);
        path::path_rename(
            old_fd: u32, old_path: u32, old_len: u32, new_fd: u32, new_path: u32,
            new_len: u32
        );
        path::path_symlink(target: u32, target_len: u32, fd: u32, path: u32, len: u32);
        path::path_unlink_file(fd: u32, path: u32, len: u32);
    );
    linker.func_wrap(IMPORTS_FROM, "proc_exit", process::proc_exit)?;
    Ok(())
}

/// Calls a function with the program's memory, and returns its error number; zero if it succeeded.
fn with_memory(
    caller: &mut Caller<'_, Wasi>,
    function: impl FnOnce(&mut Call<'_>) -> Done,
) -> Result<u32> {
    if caller.data().memory.is_none() {
        let memory = caller.get_export("memory").and_then(Extern::into_memory);
        caller.data_mut().memory = memory;
    }
    let done = match caller.data().memory {
        Some(memory) => {
            let (memory, wasi) = memory.data_and_store_mut(caller);
            function(&mut Call { memory, wasi })
        }
        None => function(&mut Call { memory: &mut [], wasi: caller.data_mut() }),
    };
    match done {
        Ok(()) => Ok(0),
        Err(Fault::Errno(errno)) => Ok(u32::from(errno.number())),
        Err(Fault::Host(error)) => Err(Error::new(HostFailure::Input(error))),
        Err(Fault::Memory) => Err(Error::new(HostFailure::Memory)),
    }
}
