//! What a component writes, line by line to the parent.

use crate::request::{Event, LogStream};
use hyper::body::Bytes;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};
use tokio::{io::AsyncWrite, sync::mpsc};
use wasmtime_wasi::{
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

/// Where a line that is longer is broken, in bytes.
const MAX_LINE: usize = 4 << 10;
/// How many lines wait for the parent. What comes while as many wait is lost.
const QUEUE: usize = 256;

/// Takes lines for the parent.
#[derive(Debug, Clone)]
pub(super) struct LogSender {
    /// Where they wait.
    queue: mpsc::Sender<Event>,
    /// Lines that were lost since the last that was not.
    lost: Arc<AtomicU64>,
}

impl LogSender {
    /// A queue of lines, and where they come out.
    pub(super) fn new() -> (Self, mpsc::Receiver<Event>) {
        let (queue, lines) = mpsc::channel(QUEUE);
        (Self { queue, lost: Arc::default() }, lines)
    }

    /// Takes a line without its end.
    pub(super) fn line(&self, stream: LogStream, line: &[u8]) {
        let text = String::from_utf8_lossy(line).into_owned();
        match self.queue.try_reserve() {
            Ok(place) => {
                let lost = self.lost.swap(0, Ordering::Relaxed);
                place.send(Event::Log { stream, text, lost });
            }
            Err(_) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// An output stream of one request. Clones are the same stream.
#[derive(Debug, Clone)]
pub(super) struct Log(Arc<Mutex<Line>>);

/// A line that is not complete.
#[derive(Debug)]
struct Line {
    /// Where it goes.
    sender: LogSender,
    /// What it is part of.
    stream: LogStream,
    /// What there is of it.
    text: Vec<u8>,
}

impl Line {
    /// Adds what was written, and sends what is complete.
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            for piece in part.chunks(MAX_LINE) {
                if self.text.len().saturating_add(piece.len()) > MAX_LINE {
                    self.send();
                }
                self.text.extend_from_slice(piece);
            }
            if self.text.last() == Some(&b'\n') {
                self.text.pop();
                self.send();
            }
        }
    }

    /// Sends what there is as a line.
    fn send(&mut self) {
        self.sender.line(self.stream, &self.text);
        self.text.clear();
    }
}

/// What a request wrote at last need not end its line.
impl Drop for Line {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            self.send();
        }
    }
}

impl Log {
    /// An output stream of a request.
    pub(super) fn new(sender: LogSender, stream: LogStream) -> Self {
        Self(Arc::new(Mutex::new(Line { sender, stream, text: Vec::new() })))
    }

    /// Adds what was written.
    fn add(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes);
    }
}

impl IsTerminal for Log {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Log {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Log {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.add(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[async_trait::async_trait]
impl Pollable for Log {
    async fn ready(&mut self) {}
}

#[async_trait::async_trait]
impl OutputStream for Log {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.add(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that were not lost, and how many were.
    fn drain(lines: &mut mpsc::Receiver<Event>) -> (Vec<String>, u64) {
        let (mut texts, mut all) = (Vec::new(), 0_u64);
        while let Ok(Event::Log { text, lost, .. }) = lines.try_recv() {
            texts.push(text);
            all = all.saturating_add(lost);
        }
        (texts, all)
    }

    #[test]
    fn output_becomes_lines() {
        let (sender, mut lines) = LogSender::new();
        let log = Log::new(sender, LogStream::Stdout);
        log.add(b"a\nb");
        log.add(b"c\n\n");
        assert_eq!(drain(&mut lines).0, ["a", "bc", ""]);
        log.add(b"rest");
        assert!(drain(&mut lines).0.is_empty());
        drop(log);
        assert_eq!(drain(&mut lines).0, ["rest"]);
    }

    #[test]
    fn endless_line_is_broken() {
        let (sender, mut lines) = LogSender::new();
        let log = Log::new(sender, LogStream::Stdout);
        log.add(&[b'x'; MAX_LINE]);
        log.add(b"y\n");
        let lengths: Vec<usize> = drain(&mut lines).0.iter().map(String::len).collect();
        assert_eq!(lengths, [MAX_LINE, 1]);
    }

    #[test]
    fn flood_is_counted_and_not_kept() {
        const FLOOD: usize = QUEUE + 7;
        let (sender, mut lines) = LogSender::new();
        for _ in 0..FLOOD {
            sender.line(LogStream::Stderr, b"flood");
        }
        assert_eq!(drain(&mut lines).0.len(), QUEUE);
        sender.line(LogStream::Stderr, b"after");
        assert_eq!(drain(&mut lines), (vec!["after".to_owned()], 7));
    }
}
