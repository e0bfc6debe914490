//! Processor time of one request among many on a thread.

use rustix::time::{ClockId, clock_gettime};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// A future that may take so much processor time. One that runs without end must yield now and then.
pub(super) struct Metered<F> {
    /// What takes it.
    future: Pin<Box<F>>,
    /// What is left of it.
    left: Duration,
}

/// A future took more processor time than it may.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OutOfCpuTime;

impl<F: Future> Metered<F> {
    /// Gives a future so much processor time.
    pub(super) fn new(future: F, time: Duration) -> Self {
        Self { future: Box::pin(future), left: time }
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = Result<F::Output, OutOfCpuTime>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let start = thread_time();
        let polled = self.future.as_mut().poll(context);
        self.left = self.left.saturating_sub(thread_time().saturating_sub(start));
        match polled {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending if self.left.is_zero() => Poll::Ready(Err(OutOfCpuTime)),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Processor time of this thread.
fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Works for a while at each of so many polls.
    async fn work(polls: usize) {
        for _ in 0..polls {
            let start = thread_time();
            while thread_time().saturating_sub(start) < Duration::from_millis(2) {}
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn future_is_ended_when_its_processor_time_is_used_up() {
        assert_eq!(Metered::new(work(2), Duration::from_mins(1)).await, Ok(()));
        let ended = Metered::new(work(usize::MAX), Duration::from_millis(5)).await;
        assert_eq!(ended, Err(OutOfCpuTime));
    }
}
