//! The word to stop, told by one and heard by many.

use tokio::sync::watch;

/// Hears the word.
pub(crate) type ShutdownSignal = watch::Receiver<bool>;

/// Returns once the word was given, or nobody is left who could give it.
pub(crate) async fn wait(shutdown: &mut ShutdownSignal) {
    drop(shutdown.wait_for(|&stop| stop).await);
}
