//! The word to stop, told by one and heard by many.

use tokio::sync::watch;

/// Hears the word.
pub(crate) type Stopping = watch::Receiver<bool>;

/// Returns once the word was given, or nobody is left who could give it.
pub(crate) async fn told(stopping: &mut Stopping) {
    drop(stopping.wait_for(|&stop| stop).await);
}
