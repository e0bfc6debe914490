//! Serves requests over the listener that the parent handed over.

use super::{compile::send, handler::Handler, log::LogSender, state::State, unsafe_load};
use crate::{
    ServiceLimits,
    engine::{REQUEST_STACK, engine},
    request::Event,
};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use muster_compute::{Sandbox, Variable};
use std::{
    convert::Infallible,
    fs::File,
    io,
    os::unix::net::{UnixListener, UnixStream},
    sync::Arc,
    thread,
    time::Duration,
};
use tokio::{io::AsyncWriteExt, sync::mpsc};
use wasmtime::{Engine, component::Linker};
use wasmtime_wasi::p2::bindings::{cli, filesystem, random};
use wasmtime_wasi::{
    cli::{WasiCli, WasiCliView},
    filesystem::{WasiFilesystem, WasiFilesystemView},
    random::{WasiRandom, WasiRandomView},
};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

/// What this process needs beside what requests may use.
const OVERHEAD: u64 = 160 << 20;
/// What a request needs beside its memory and stack: its body, headers and instance.
const REQUEST_OVERHEAD: u64 = 8 << 20;
/// How often a request that computes lets others run.
const TICK: Duration = Duration::from_millis(5);
/// How long a connection may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The system calls of a server, beside those of a program that computes: to wait for its sockets, to take connections
/// from the listener that is open, and to use and end them. It can make no socket and connect to nothing.
const CALLS: &[i64] = &[
    libc::SYS_accept4,
    libc::SYS_clock_nanosleep,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_shutdown,
];

/// Loads the code, gives up everything else, and answers requests until the parent ends this process.
pub(super) fn serve(
    environment: Vec<Variable>,
    limits: ServiceLimits,
    code: &File,
    listener: UnixListener,
    control: UnixStream,
) -> io::Result<()> {
    let (engine, component) = match load(code) {
        Ok(loaded) => loaded,
        Err(error) => return send(&mut &control, &Event::Failed(format!("{error:#}"))),
    };
    let memory = memory_limit(&limits, code)?;
    let sandbox = Sandbox { seconds: None, memory, calls: CALLS };
    sandbox.run(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().stack_size(128 << 10).spawn(move || {
            loop {
                thread::sleep(TICK);
                engine.increment_epoch();
            }
        })?;
        listener.set_nonblocking(true)?;
        control.set_nonblocking(true)?;
        let entered = runtime.enter();
        let listener = tokio::net::UnixListener::from_std(listener)?;
        let control = tokio::net::UnixStream::from_std(control)?;
        drop(entered);
        Ok(move |_| {
            let (log, lines) = LogSender::new();
            let handler = Handler::new(component, environment, limits, log);
            runtime.block_on(async {
                tokio::select! {
                    ended = tell(lines, control) => ended,
                    never = accept(&listener, Arc::new(handler)) => match never {},
                }
            })
        })
    })?
}

/// Loads the code and connects it to what it imports.
fn load(code: &File) -> wasmtime::Result<(Engine, ProxyPre<State>)> {
    let engine = engine(false)?;
    let component = unsafe_load::load(&engine, code)?;
    let mut linker = Linker::new(&engine);
    link(&mut linker)?;
    Ok((engine, ProxyPre::new(linker.instantiate_pre(&component)?)?))
}

/// Everything that a component may import: see `component.rs`.
fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_to_linker_async(linker)?;
    cli::environment::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::exit::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    filesystem::preopens::add_to_linker::<_, WasiFilesystem>(linker, State::filesystem)?;
    filesystem::types::add_to_linker::<_, WasiFilesystem>(linker, State::filesystem)?;
    random::insecure::add_to_linker::<_, WasiRandom>(linker, State::random)?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, State::random)
}

/// The bytes that this process may have.
fn memory_limit(limits: &ServiceLimits, code: &File) -> io::Result<u64> {
    let stack = u64::try_from(REQUEST_STACK).unwrap_or(u64::MAX);
    let request = limits.memory.saturating_add(stack).saturating_add(REQUEST_OVERHEAD);
    let requests = request.saturating_mul(u64::from(limits.requests));
    let code = code.metadata()?.len().saturating_mul(2);
    Ok(requests.saturating_add(code).saturating_add(OVERHEAD))
}

/// Tells the parent that requests are answered, then what is logged.
async fn tell(
    mut lines: mpsc::Receiver<Event>,
    mut control: tokio::net::UnixStream,
) -> io::Result<()> {
    let mut event = Some(Event::Ready);
    while let Some(told) = event {
        let mut line = serde_json::to_vec(&told)?;
        line.push(b'\n');
        control.write_all(&line).await?;
        event = lines.recv().await;
    }
    Ok(())
}

/// Answers the requests of each connection.
async fn accept(listener: &tokio::net::UnixListener, handler: Arc<Handler>) -> Infallible {
    loop {
        let Ok((connection, _)) = listener.accept().await else {
            // Too many connections are open: some will end.
            tokio::time::sleep(TICK).await;
            continue;
        };
        let handler = Arc::clone(&handler);
        let service = service_fn(move |request| {
            let handler = Arc::clone(&handler);
            async move { Ok::<_, Infallible>(handler.handle(request).await) }
        });
        let mut server = http1::Builder::new();
        server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
        // How a connection ended is the business of its other side.
        let connection = server.serve_connection(TokioIo::new(connection), service);
        tokio::spawn(async move { drop(connection.await) });
    }
}
