//! A TCP stream that records when bytes last passed, in either direction.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};

/// When the last byte passed through a stream. Clones share the time.
#[derive(Clone, Debug)]
pub(crate) struct IdleTimer(Arc<Mutex<Instant>>);

impl IdleTimer {
    /// How long no byte has passed.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Returns when no byte has passed for `timeout`.
    pub(crate) async fn wait_idle(&self, timeout: Duration) {
        while let Some(rest) = timeout.checked_sub(self.elapsed()).filter(|rest| !rest.is_zero()) {
            tokio::time::sleep(rest).await;
        }
    }

    /// Records that bytes passed, unless there are 0.
    fn record_bytes(&self, bytes: usize) {
        if bytes > 0 {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
    }
}

/// A TCP stream with an idle timer.
#[derive(Debug)]
pub(crate) struct IdleTracked {
    /// The stream.
    stream: TcpStream,
    /// When bytes last passed.
    timer: IdleTimer,
}

impl IdleTracked {
    /// Tracks a stream; its idle time starts now.
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, timer: IdleTimer(Arc::new(Mutex::new(Instant::now()))) }
    }

    /// The stream's idle timer.
    pub(crate) fn idle_timer(&self) -> IdleTimer {
        self.timer.clone()
    }
}

impl AsyncRead for IdleTracked {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let capacity = buffer.remaining();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.timer.record_bytes(capacity.saturating_sub(buffer.remaining()));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for IdleTracked {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.timer.record_bytes(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, parts))?;
        self.timer.record_bytes(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
