//! The thread that compiles a service's component and keeps a process serving it.
//!
//! A child ends with the thread that started it, so this one lives as long as the service.

use super::{
    log::Log,
    process::{Process, Stop},
    settings::Settings,
    status::Status,
};
use crate::{
    Failure, LogStream, ServiceDocument,
    request::{Event, Request},
};
use std::{
    fs::File,
    io::{self, Seek, Write},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::net::UnixListener,
    },
    process::Stdio,
    sync::{Mutex, PoisonError, mpsc},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// How long a child may take to load its code.
const LOAD_TIMEOUT: Duration = Duration::from_mins(1);

/// What a service and its thread share.
#[derive(Debug)]
pub(super) struct Shared {
    /// What the client says of it.
    pub(super) document: ServiceDocument,
    /// Whether it runs.
    pub(super) status: watch::Sender<Status>,
    /// Its last lines.
    pub(super) log: Mutex<Log>,
    /// Ends its child.
    pub(super) stop: Stop,
}

impl Shared {
    /// Logs something of the host's.
    fn note(&self, text: String) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(LogStream::Host, text, 0);
    }
}

/// Compiles the component, then starts children until the service is stopped: then `stopped` is disconnected.
pub(super) fn supervise(
    shared: &Shared,
    settings: &Settings,
    component: File,
    listener: &UnixListener,
    stopped: &mpsc::Receiver<()>,
) {
    let result = compile(shared, settings, component)
        .and_then(|code| keep_running(shared, settings, &code, listener, stopped));
    if let Err(failure) = result
        && !shared.stop.is_stopped()
    {
        shared.note(failure.to_string());
        shared.status.send_replace(Status::Failed(failure));
    }
}

/// Has the component compiled, into a file without a name that nobody can write any more.
fn compile(shared: &Shared, settings: &Settings, component: File) -> Result<File, Failure> {
    let limits = settings.compile;
    let request = Request::Compile {
        parent: std::process::id(),
        seconds: limits.time.as_secs().max(1),
        memory: limits.memory,
    };
    let mut process = Process::start(
        &settings.program,
        &request,
        OwnedFd::from(component),
        Stdio::null(),
        &shared.stop,
    )
    .map_err(host)?;
    process.set_timeout(Some(limits.time.saturating_mul(4))).map_err(host)?;
    match process.next() {
        Some(Event::Code(len)) if len <= limits.memory => {
            let mut file = tempfile::tempfile_in(&settings.folder).map_err(host)?;
            let written = io::copy(&mut process.bytes(len), &mut file).map_err(host)?;
            if written < len {
                return Err(Failure::Compile(process.end(&shared.stop)));
            }
            file.flush().map_err(host)?;
            // The same file, open for reading only.
            File::open(format!("/proc/self/fd/{}", file.as_raw_fd())).map_err(host)
        }
        Some(Event::Failed(reason)) => Err(Failure::Component(reason)),
        _ => Err(Failure::Compile(process.end(&shared.stop))),
    }
}

/// Starts a child again and again. Returns when the service is stopped, or if no child can run.
fn keep_running(
    shared: &Shared,
    settings: &Settings,
    code: &File,
    listener: &UnixListener,
    stopped: &mpsc::Receiver<()>,
) -> Result<(), Failure> {
    let mut backoff = settings.shortest_backoff;
    loop {
        let start = Instant::now();
        let reason = run(shared, settings, code, listener)?;
        if shared.stop.is_stopped() {
            return Ok(());
        }
        shared.note(format!("the service's process ended, and is started again: {reason}"));
        shared.status.send_replace(Status::Restarting { reason });
        if start.elapsed() > settings.longest_backoff {
            backoff = settings.shortest_backoff;
        }
        if stopped.recv_timeout(backoff) != Err(mpsc::RecvTimeoutError::Timeout) {
            return Ok(());
        }
        backoff = backoff.saturating_mul(2).min(settings.longest_backoff);
    }
}

/// Runs one child until it ends, and says how.
fn run(
    shared: &Shared,
    settings: &Settings,
    code: &File,
    listener: &UnixListener,
) -> Result<String, Failure> {
    shared.status.send_replace(Status::Starting);
    let request = Request::Serve {
        parent: std::process::id(),
        environment: shared.document.environment.clone(),
        limits: shared.document.limits,
    };
    let mut code = code.try_clone().map_err(host)?;
    code.rewind().map_err(host)?;
    let listener = listener.try_clone().map_err(host)?.into();
    let started = Process::start(&settings.program, &request, listener, code.into(), &shared.stop);
    let mut process = match started {
        Ok(process) => process,
        // This machine may have room for a process later.
        Err(error) => return Ok(format!("no process could be started: {error}")),
    };
    process.set_timeout(Some(LOAD_TIMEOUT)).map_err(host)?;
    loop {
        match process.next() {
            Some(Event::Ready) => {
                process.set_timeout(None).map_err(host)?;
                shared.status.send_replace(Status::Running);
            }
            Some(Event::Log { stream, text, lost }) => {
                let mut log = shared.log.lock().unwrap_or_else(PoisonError::into_inner);
                log.push(stream, text, lost);
            }
            Some(Event::Failed(reason)) => return Err(Failure::Component(reason)),
            Some(Event::Code(_)) | None => return Ok(process.end(&shared.stop)),
        }
    }
}

/// What this machine lacks.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn host(error: io::Error) -> Failure {
    Failure::Host(error.to_string())
}
