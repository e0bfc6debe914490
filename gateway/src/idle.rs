//! A stream that knows since when it is silent.

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

/// When the last byte went through a stream.
#[derive(Clone, Debug)]
pub(crate) struct IdleTimer(Arc<Mutex<Instant>>);

impl IdleTimer {
    /// How long no byte has gone through.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Returns when no byte has gone through for so long.
    pub(crate) async fn wait_idle(&self, time: Duration) {
        while let Some(rest) = time.checked_sub(self.elapsed()).filter(|rest| !rest.is_zero()) {
            tokio::time::sleep(rest).await;
        }
    }

    /// Notes that bytes went through, if any did.
    fn record_bytes(&self, bytes: usize) {
        if bytes > 0 {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
    }
}

/// A stream and its pulse.
#[derive(Debug)]
pub(crate) struct IdleTracked {
    /// The stream.
    stream: TcpStream,
    /// When it was used last.
    timer: IdleTimer,
}

impl IdleTracked {
    /// Watches a stream from now on.
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, timer: IdleTimer(Arc::new(Mutex::new(Instant::now()))) }
    }

    /// Its pulse.
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
