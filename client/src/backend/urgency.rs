//! Which requests come first when a node allows only so many.

use std::future::Future;

tokio::task_local! {
    /// Set in what must not wait.
    static URGENT: ();
}

/// Makes the requests of a future before all others that wait for the same node, as long as the node allows only so many:
/// for what has a deadline. Tasks that the future spawns are not urgent.
pub async fn urgent<F: Future>(future: F) -> F::Output {
    URGENT.scope((), future).await
}

/// Whether this is a part of something [`urgent`].
pub(super) fn is_urgent() -> bool {
    URGENT.try_with(|()| ()).is_ok()
}
