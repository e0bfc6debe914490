//! Arguments, environment, the end, randomness, and what the profile lacks.

use super::{
    call::{Call, Done, as_u32, nth, slice_mut},
    descriptor::Descriptor,
    state::Exit,
};
use crate::fs::{Errno, Fault};

/// Writes the addresses of the arguments, and the arguments with a NUL after each.
pub(super) fn args_get(call: &mut Call<'_>, addresses: u32, texts: u32) -> Done {
    let arguments = call.wasi.arguments.clone();
    write_texts(call, &arguments, addresses, texts)
}

/// Writes the number of arguments, and their length in all.
pub(super) fn args_sizes_get(call: &mut Call<'_>, count: u32, len: u32) -> Done {
    let arguments = call.wasi.arguments.clone();
    write_sizes(call, &arguments, count, len)
}

/// Writes the addresses of the environment's variables, and each as `NAME=value` with a NUL after it.
pub(super) fn environ_get(call: &mut Call<'_>, addresses: u32, texts: u32) -> Done {
    let environment = call.wasi.environment.clone();
    write_texts(call, &environment, addresses, texts)
}

/// Writes the number of variables, and their length in all.
pub(super) fn environ_sizes_get(call: &mut Call<'_>, count: u32, len: u32) -> Done {
    let environment = call.wasi.environment.clone();
    write_sizes(call, &environment, count, len)
}

/// Writes texts behind each other, and where each begins.
fn write_texts(call: &mut Call<'_>, texts: &[String], addresses: u32, mut at: u32) -> Done {
    for (index, text) in texts.iter().enumerate() {
        call.write_u32(nth(addresses, as_u32(index)?, 4, 0)?, at)?;
        call.write(at, text.as_bytes())?;
        let end = nth(at, 1, as_u32(text.len())?, 0)?;
        call.write(end, &[0])?;
        at = nth(end, 1, 1, 0)?;
    }
    Ok(())
}

/// Writes how many texts there are, and how long they are with their NULs.
fn write_sizes(call: &mut Call<'_>, texts: &[String], count: u32, len: u32) -> Done {
    call.write_u32(count, as_u32(texts.len())?)?;
    let total =
        texts.iter().fold(0_usize, |sum, text| sum.saturating_add(text.len()).saturating_add(1));
    Ok(call.write_u32(len, as_u32(total)?)?)
}

/// Fills memory with the job's random bytes.
pub(super) fn random_get(call: &mut Call<'_>, at: u32, len: u32) -> Done {
    let place = slice_mut(call.memory, at, len)?;
    call.wasi.random.fill(place);
    Ok(())
}

/// Ends the program.
pub(super) fn proc_exit(code: u32) -> wasmtime::Result<()> {
    Err(wasmtime::Error::new(Exit(code)))
}

/// There are no signals.
pub(super) fn proc_raise(_call: &mut Call<'_>, _signal: u32) -> Done {
    Err(Errno::Notsup.into())
}

/// There is nothing to yield to.
#[expect(clippy::unnecessary_wraps, reason = "the type of every function")]
pub(super) const fn sched_yield(_call: &mut Call<'_>) -> Done {
    Ok(())
}

/// No descriptor is a socket.
fn no_socket(call: &Call<'_>, fd: u32) -> Done {
    match call.wasi.descriptors.get(fd)? {
        Descriptor::Stdin
        | Descriptor::Stdout
        | Descriptor::Stderr
        | Descriptor::File(_)
        | Descriptor::Folder(_) => Err(Fault::Errno(Errno::Notsock)),
    }
}

/// No descriptor is a socket.
pub(super) fn sock_accept(call: &mut Call<'_>, fd: u32, _flags: u32, _new: u32) -> Done {
    no_socket(call, fd)
}

/// No descriptor is a socket.
pub(super) fn sock_recv(
    call: &mut Call<'_>,
    fd: u32,
    _buffers: u32,
    _count: u32,
    _flags: u32,
    _len: u32,
    _out_flags: u32,
) -> Done {
    no_socket(call, fd)
}

/// No descriptor is a socket.
pub(super) fn sock_send(
    call: &mut Call<'_>,
    fd: u32,
    _buffers: u32,
    _count: u32,
    _flags: u32,
    _len: u32,
) -> Done {
    no_socket(call, fd)
}

/// No descriptor is a socket.
pub(super) fn sock_shutdown(call: &mut Call<'_>, fd: u32, _how: u32) -> Done {
    no_socket(call, fd)
}
