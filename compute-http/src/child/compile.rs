//! Compiles a component, and runs nothing of it.

use crate::{engine::engine, request::Event};
use muster_compute::Sandbox;
use std::{
    fs::File,
    io::{self, Read, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
};

/// Reads the component, compiles it in so many seconds and bytes, and sends the code.
pub(super) fn serve(
    (seconds, memory): (u64, u64),
    mut component: File,
    control: UnixStream,
) -> io::Result<()> {
    // What is written to a file needs no system call of sockets.
    let mut control = File::from(OwnedFd::from(control));
    Sandbox { seconds: Some(seconds), memory, calls: &[] }.run(move || {
        Ok(move |_| {
            let mut wasm = Vec::new();
            component.read_to_end(&mut wasm)?;
            let code = engine(true).and_then(|engine| engine.precompile_component(&wasm));
            match code {
                Ok(code) => {
                    send(
                        &mut control,
                        &Event::Code(u64::try_from(code.len()).unwrap_or(u64::MAX)),
                    )?;
                    control.write_all(&code)
                }
                Err(error) => send(&mut control, &Event::Failed(format!("{error:#}"))),
            }
        })
    })?
}

/// Sends an event.
pub(super) fn send(control: &mut impl Write, event: &Event) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    control.write_all(&line)
}
