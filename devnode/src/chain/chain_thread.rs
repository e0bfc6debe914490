//! The thread that owns a chain. Whoever wants something of the chain sends it a job.
//!
//! One thread is the one lock of the chain; and it has a stack that 1024 nested frames of programs
//! fit into.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use tokio::sync::oneshot;

/// Bytes of stack. Only what is touched takes memory.
const STACK_SIZE: usize = 256 << 20;

/// Something to do on the thread.
type Task<T> = Box<dyn FnOnce(&mut T) + Send>;

/// The chain no longer answers: it was stopped, or a job failed in a way that it should not.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the chain does not answer")]
pub(crate) struct ChainStopped;

/// A handle of the thread. The thread ends when the last handle is gone.
#[derive(Debug)]
pub(crate) struct ChainThread<T>(mpsc::Sender<Task<T>>);

impl<T> Clone for ChainThread<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: 'static> ChainThread<T> {
    /// Starts a thread on which `make` makes what it owns, and waits until it has; with a handle,
    /// what else `make` has made.
    ///
    /// # Errors
    /// If there can be no such thread, or the error of `make`.
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
                        // Nobody waits any more if this fails, here and below.
                        let _ = report.send(Err(error));
                        return;
                    }
                };
                let _ = report.send(Ok(more));
                for task in tasks {
                    // State is only written when a job is done with everything that can fail.
                    if catch_unwind(AssertUnwindSafe(|| task(&mut owned))).is_err() {
                        tracing::error!("a job of the chain panicked");
                    }
                }
            },
        )?;
        let more = outcome.await.map_err(|_| ChainStopped)??;
        Ok((Self(sender), more))
    }

    /// Runs a job on the thread.
    ///
    /// # Errors
    /// If the thread is gone, or the job panicked.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> Result<R, ChainStopped> {
        let (reply, result) = oneshot::channel();
        let task: Task<T> = Box::new(move |owned| {
            // A client that is gone does not hold up the others.
            if !reply.is_closed() {
                // It may have gone in the meantime.
                let _ = reply.send(job(owned));
            }
        });
        self.0.send(task).map_err(|_| ChainStopped)?;
        result.await.map_err(|_| ChainStopped)
    }
}
