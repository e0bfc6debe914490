//! A child process: started, listened to, ended.

use crate::request::{CHILD_VARIABLE, Event, MAX_EVENT, Request};
use std::{
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::Shutdown,
    os::{
        fd::OwnedFd,
        unix::{
            net::UnixStream,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Ends the child of the moment from another thread, and every later one.
#[derive(Debug, Default)]
pub(super) struct Stop(Mutex<Control>);

/// What there is to end.
#[derive(Debug, Default)]
struct Control {
    /// The child's socket. Its supervisor ends the child when it is shut down.
    socket: Option<UnixStream>,
    /// Whether there are to be no more children.
    stopped: bool,
}

impl Stop {
    /// Ends the child, and every later one.
    pub(super) fn stop(&self) {
        let mut control = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        control.stopped = true;
        if let Some(socket) = control.socket.take() {
            // One that is shut down already has been heard.
            drop(socket.shutdown(Shutdown::Both));
        }
    }

    /// Whether there are to be no more children.
    pub(super) fn is_stopped(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).stopped
    }

    /// What to shut down from now on.
    fn watch(&self, socket: UnixStream) -> io::Result<()> {
        let mut control = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if control.stopped {
            return Err(ErrorKind::Interrupted.into());
        }
        control.socket = Some(socket);
        Ok(())
    }
}

/// A child process that works. Ends with this value.
pub(super) struct Process {
    /// The process.
    child: Child,
    /// What it tells.
    events: BufReader<UnixStream>,
}

impl Process {
    /// Starts a child with its standard input and error, and gives it its request.
    pub(super) fn start(
        program: &Path,
        request: &Request,
        input: OwnedFd,
        code: Stdio,
        stop: &Stop,
    ) -> io::Result<Self> {
        let (own, control) = UnixStream::pair()?;
        stop.watch(own.try_clone()?)?;
        let child = Command::new(program)
            // What a terminal sends to the host is not for it.
            .process_group(0)
            .env_clear()
            .env(CHILD_VARIABLE, "1")
            .current_dir("/")
            .stdin(input)
            .stdout(OwnedFd::from(control))
            .stderr(code)
            .spawn()?;
        let mut process = Self { child, events: BufReader::new(own) };
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        process.events.get_mut().write_all(&line)?;
        Ok(process)
    }

    /// How long to wait for what the child tells; `None` is for ever.
    pub(super) fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.events.get_ref().set_read_timeout(timeout)
    }

    /// What the child tells next; `None` if it ended, does not tell in time, or breaks the protocol.
    pub(super) fn next(&mut self) -> Option<Event> {
        let mut line = Vec::new();
        self.events.by_ref().take(MAX_EVENT).read_until(b'\n', &mut line).ok()?;
        serde_json::from_slice(&line).ok()
    }

    /// So many bytes that follow what was told.
    pub(super) fn bytes(&mut self, len: u64) -> impl Read {
        self.events.by_ref().take(len)
    }

    /// Ends the child if it still runs, and says how it ended.
    pub(super) fn end(mut self, stop: &Stop) -> String {
        // It closed its socket, so most ends are ends of its own.
        for _ in 0..100 {
            if let Ok(Some(status)) = self.child.try_wait() {
                return reason(status);
            }
            if stop.is_stopped() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        "it stopped answering and was ended".to_owned()
    }
}

/// An end, for an operator.
fn reason(status: ExitStatus) -> String {
    match status.signal() {
        Some(libc::SIGXCPU) => "out of processor time".to_owned(),
        // The allocator aborts when it gets no memory.
        Some(libc::SIGABRT) => "out of memory, or the engine failed (SIGABRT)".to_owned(),
        Some(signal) => format!("signal {signal}"),
        None => format!("exit code {}", status.code().unwrap_or_default()),
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already is only waited for.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
