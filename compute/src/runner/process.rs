//! A child process: started, listened to until a deadline, ended.

use crate::{
    Cancel, Phase, Unfinished,
    execute::NoResult,
    frame::{Frame, read_head},
    request::{CHILD_VARIABLE, Request},
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{
    fs::File,
    io::{self, ErrorKind, Read, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

/// A child process that works. Ends with this value.
pub(super) struct Process<'a> {
    /// The process.
    child: Child,
    /// Its frames.
    output: ChildStdout,
    /// What it does.
    phase: Phase,
    /// When it is ended.
    deadline: Instant,
    /// What else ends it.
    cancel: &'a Cancel,
    /// Why it was not listened to until its end.
    stopped: Option<Unfinished>,
}

impl<'a> Process<'a> {
    /// Starts a child, and gives it its request. `subject` is what it compiles or runs.
    pub(super) fn start(
        program: &Path,
        request: &Request,
        subject: Stdio,
        longest: Duration,
        cancel: &'a Cancel,
    ) -> io::Result<Self> {
        let phase = match request {
            Request::Run(_) => Phase::Running,
            Request::Probe { .. } | Request::Compile(_) => Phase::Compiling,
        };
        let deadline = Instant::now().checked_add(longest).ok_or(ErrorKind::InvalidInput)?;
        let mut child = Command::new(program)
            // What a terminal sends to the host is not for it.
            .process_group(0)
            .env_clear()
            .env(CHILD_VARIABLE, "1")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(subject)
            .spawn()?;
        let (stdin, output) = (child.stdin.take(), child.stdout.take());
        let output = output.ok_or(ErrorKind::BrokenPipe)?;
        let process = Self { child, output, phase, deadline, cancel, stopped: None };
        let request = serde_json::to_vec(request)?;
        // One that ends before it has read everything is understood by how it ended.
        if let Some(mut stdin) = stdin {
            match stdin.write_all(&request) {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error),
                _ => {}
            }
        }
        Ok(process)
    }

    /// The head of the next frame.
    pub(super) fn next(&mut self) -> Result<(Frame, u64), Unfinished> {
        read_head(self).map_err(|_| self.end())
    }

    /// All bytes of a frame that may have at most `limit`.
    pub(super) fn bytes(&mut self, len: u64, limit: u64) -> Result<Vec<u8>, Unfinished> {
        let mut bytes = Vec::new();
        if len > limit || self.take(len).read_to_end(&mut bytes).is_err() {
            return Err(self.end());
        }
        // If the process ended in the middle, the next frame is missing as well.
        Ok(bytes)
    }

    /// Hands on the bytes of a frame in parts. The error of `each` is returned as it is.
    pub(super) fn stream<E>(
        &mut self,
        mut len: u64,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<Result<(), E>, Unfinished> {
        let mut buffer = vec![0; 64 << 10];
        while len > 0 {
            let want = usize::try_from(len).unwrap_or(usize::MAX).min(buffer.len());
            let part = buffer.get_mut(..want).unwrap_or_default();
            let read = match self.read(part) {
                Ok(read) if read > 0 => read,
                _ => return Err(self.end()),
            };
            if let Err(error) = each(part.get(..read).unwrap_or_default()) {
                return Ok(Err(error));
            }
            len = len.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        }
        Ok(Ok(()))
    }

    /// What a child that failed says of it.
    pub(super) fn failure(&mut self, len: u64) -> Result<NoResult, Unfinished> {
        let bytes = self.bytes(len, 64 << 10)?;
        serde_json::from_slice(&bytes).map_err(|_| self.end())
    }

    /// Ends the child if it still runs, and says why it did not finish.
    pub(super) fn end(&mut self) -> Unfinished {
        if let Some(stopped) = self.stopped.take() {
            return stopped;
        }
        // It closed its pipe or broke the protocol. A process that is ending ends by itself; any other is ended.
        let status = self.wait_briefly();
        let signal = status.and_then(|status| status.signal());
        match signal {
            Some(libc::SIGXCPU) => Unfinished::Time(self.phase),
            // The allocator aborts when it gets no memory, in the compiler and in the host's functions.
            Some(libc::SIGABRT) => Unfinished::Memory(self.phase),
            _ => Unfinished::Crashed { phase: self.phase, signal },
        }
    }

    /// Waits up to a second for the child's end, which follows the end of its pipe.
    fn wait_briefly(&mut self) -> Option<std::process::ExitStatus> {
        for _ in 0..1_000 {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        None
    }

    /// Waits until there is something to read, the deadline comes, or the job is cancelled.
    fn wait_readable(&mut self) -> io::Result<()> {
        loop {
            let rest = self.deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(rest).map_err(|_| ErrorKind::InvalidInput)?;
            let mut wanted = [
                PollFd::new(&self.output, PollFlags::IN),
                PollFd::from_borrowed_fd(self.cancel.signal(), PollFlags::IN),
            ];
            let ready = match poll(&mut wanted, Some(&timeout)) {
                Err(rustix::io::Errno::INTR) => continue,
                ready => ready?,
            };
            let [output, cancel] = &wanted;
            if !cancel.revents().is_empty() {
                self.stopped = Some(Unfinished::Cancelled);
            } else if ready == 0 {
                self.stopped = Some(Unfinished::Time(self.phase));
            } else if !output.revents().is_empty() {
                return Ok(());
            }
            if self.stopped.is_some() {
                return Err(ErrorKind::TimedOut.into());
            }
        }
    }
}

impl Read for Process<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.wait_readable()?;
        self.output.read(to)
    }
}

impl Drop for Process<'_> {
    fn drop(&mut self) {
        // One that has ended already is only waited for.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Standard error of a child that gets nothing.
pub(super) fn nothing() -> io::Result<Stdio> {
    Ok(File::open("/dev/null")?.into())
}
