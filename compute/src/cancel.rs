//! Ending a job from another thread.

use std::{
    io::{self, PipeReader, PipeWriter},
    os::fd::{AsFd, BorrowedFd},
    sync::{Arc, Mutex, PoisonError},
};

/// Ends the jobs that it was given to. A clone ends the same ones.
#[derive(Debug, Clone)]
pub struct Cancel(Arc<Signal>);

/// A pipe: it is readable for ever once its writer is gone.
#[derive(Debug)]
struct Signal {
    /// What runners wait on.
    reader: PipeReader,
    /// Goes when jobs are to end.
    writer: Mutex<Option<PipeWriter>>,
}

impl Cancel {
    /// Nothing is cancelled yet.
    ///
    /// # Errors
    /// If no pipe can be opened.
    pub fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(Self(Arc::new(Signal { reader, writer: Mutex::new(Some(writer)) })))
    }

    /// Ends every job that was given this, and every one that will be. Does not wait for them.
    pub fn cancel(&self) {
        self.0.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Whether [`Cancel::cancel`] was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.writer.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// What becomes readable when jobs are to end.
    pub(crate) fn signal(&self) -> BorrowedFd<'_> {
        self.0.reader.as_fd()
    }
}
