//! Arguments, environment, the end, randomness, and what the profile lacks.

use super::{
    descriptor::Descriptor,
    guest::{Done, Guest, as_u32, nth, slice_mut},
    state::Exit,
};
use crate::fs::{Errno, Fault};

/// Writes the addresses of the arguments, and the arguments with a NUL after each.
pub(super) fn args_get(guest: &mut Guest<'_>, addresses: u32, texts: u32) -> Done {
    let arguments = guest.wasi.arguments.clone();
    write_texts(guest, &arguments, addresses, texts)
}

/// Writes the number of arguments, and their length in all.
pub(super) fn args_sizes_get(guest: &mut Guest<'_>, count: u32, len: u32) -> Done {
    let arguments = guest.wasi.arguments.clone();
    write_sizes(guest, &arguments, count, len)
}

/// Writes the addresses of the environment's variables, and each as `NAME=value` with a NUL after it.
pub(super) fn environ_get(guest: &mut Guest<'_>, addresses: u32, texts: u32) -> Done {
    let environment = guest.wasi.environment.clone();
    write_texts(guest, &environment, addresses, texts)
}

/// Writes the number of variables, and their length in all.
pub(super) fn environ_sizes_get(guest: &mut Guest<'_>, count: u32, len: u32) -> Done {
    let environment = guest.wasi.environment.clone();
    write_sizes(guest, &environment, count, len)
}

/// Writes texts behind each other, and where each begins.
fn write_texts(guest: &mut Guest<'_>, texts: &[String], addresses: u32, mut at: u32) -> Done {
    for (index, text) in texts.iter().enumerate() {
        guest.write_u32(nth(addresses, as_u32(index)?, 4, 0)?, at)?;
        guest.write(at, text.as_bytes())?;
        let end = nth(at, 1, as_u32(text.len())?, 0)?;
        guest.write(end, &[0])?;
        at = nth(end, 1, 1, 0)?;
    }
    Ok(())
}

/// Writes how many texts there are, and how long they are with their NULs.
fn write_sizes(guest: &mut Guest<'_>, texts: &[String], count: u32, len: u32) -> Done {
    guest.write_u32(count, as_u32(texts.len())?)?;
    let total =
        texts.iter().fold(0_usize, |sum, text| sum.saturating_add(text.len()).saturating_add(1));
    Ok(guest.write_u32(len, as_u32(total)?)?)
}

/// Fills memory with the job's random bytes.
pub(super) fn random_get(guest: &mut Guest<'_>, at: u32, len: u32) -> Done {
    let place = slice_mut(guest.memory, at, len)?;
    guest.wasi.random.fill(place);
    Ok(())
}

/// Ends the program.
pub(super) fn proc_exit(code: u32) -> wasmtime::Result<()> {
    Err(wasmtime::Error::new(Exit(code)))
}

/// There are no signals.
pub(super) fn proc_raise(_guest: &mut Guest<'_>, _signal: u32) -> Done {
    Err(Errno::Notsup.into())
}

/// There is nothing to yield to.
#[expect(clippy::unnecessary_wraps, reason = "the type of every function")]
pub(super) const fn sched_yield(_guest: &mut Guest<'_>) -> Done {
    Ok(())
}

/// No descriptor is a socket.
fn no_socket(guest: &Guest<'_>, fd: u32) -> Done {
    match guest.wasi.descriptors.get(fd)? {
        Descriptor::Stdin
        | Descriptor::Stdout
        | Descriptor::Stderr
        | Descriptor::File(_)
        | Descriptor::Folder(_) => Err(Fault::Errno(Errno::Notsock)),
    }
}

/// No descriptor is a socket.
pub(super) fn sock_accept(guest: &mut Guest<'_>, fd: u32, _flags: u32, _new: u32) -> Done {
    no_socket(guest, fd)
}

/// No descriptor is a socket.
pub(super) fn sock_recv(
    guest: &mut Guest<'_>,
    fd: u32,
    _buffers: u32,
    _count: u32,
    _flags: u32,
    _len: u32,
    _out_flags: u32,
) -> Done {
    no_socket(guest, fd)
}

/// No descriptor is a socket.
pub(super) fn sock_send(
    guest: &mut Guest<'_>,
    fd: u32,
    _buffers: u32,
    _count: u32,
    _flags: u32,
    _len: u32,
) -> Done {
    no_socket(guest, fd)
}

/// No descriptor is a socket.
pub(super) fn sock_shutdown(guest: &mut Guest<'_>, fd: u32, _how: u32) -> Done {
    no_socket(guest, fd)
}
