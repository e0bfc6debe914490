//! The thread that owns a chain and runs tasks on it, one at a time.
//!
//! The thread replaces a lock, and its stack is large enough for 1024 nested frames of programs.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use tokio::sync::oneshot;

/// Stack size in bytes. Untouched pages take no memory.
const STACK_SIZE: usize = 256 << 20;

/// A task for the thread.
type Task<T> = Box<dyn FnOnce(&mut T) + Send>;

/// The chain's thread has ended, or the task panicked.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the chain does not answer")]
pub(crate) struct ChainStopped;

/// A handle of the thread, which ends when the last handle is dropped.
#[derive(Debug)]
pub(crate) struct ChainThread<T>(mpsc::Sender<Task<T>>);

impl<T> Clone for ChainThread<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: 'static> ChainThread<T> {
    /// Starts a thread that owns the result of `make`, and waits until `make` is done. Returns a
    /// handle and the second result of `make`.
    ///
    /// # Errors
    /// If the thread cannot be started, or the error of `make`.
    pub(crate) async fn spawn<M, E>(
        make: impl FnOnce() -> Result<(T, M), E> + Send + 'static,
    ) -> Result<(Self, M), E>
    where
        M: Send + 'static,
        E: Send + From<ChainStopped> + From<io::Error> + 'static,
    {
        let (sender, tasks) = mpsc::channel::<Task<T>>();
        let (report, outcome) = oneshot::channel();
        thread::Builder::new().name("chain".to_owned()).stack_size(STACK_SIZE).spawn(
            move || {
                let (mut owned, more) = match make() {
                    Ok(both) => both,
                    Err(error) => {
                        // The receiver may be gone, here and below.
                        let _ = report.send(Err(error));
                        return;
                    }
                };
                let _ = report.send(Ok(more));
                for task in tasks {
                    // Tasks write state only after everything that can fail, so a panic leaves the
                    // state valid.
                    if catch_unwind(AssertUnwindSafe(|| task(&mut owned))).is_err() {
                        tracing::error!("chain task panicked");
                    }
                }
            },
        )?;
        let more = outcome.await.map_err(|_| ChainStopped)??;
        Ok((Self(sender), more))
    }

    /// Runs a task on the thread and returns its result. A task that has started is not cancelled
    /// when the returned future is dropped; one that has not is skipped.
    ///
    /// # Errors
    /// If the thread has ended, or the task panicked.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        task: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> Result<R, ChainStopped> {
        let (reply, result) = oneshot::channel();
        let task: Task<T> = Box::new(move |owned| {
            // The caller has gone away: skip the task.
            if !reply.is_closed() {
                // The caller may go away while the task runs.
                let _ = reply.send(task(owned));
            }
        });
        self.0.send(task).map_err(|_| ChainStopped)?;
        result.await.map_err(|_| ChainStopped)
    }
}
