//! Calling the store from async code. All of its calls block, some on a disk flush, so they run on
//! threads where waiting holds nobody up.

use tracing::Span;

use crate::{Store, StoreError};

/// Runs `work` on a blocking thread and waits for it. If the caller goes away meanwhile the work
/// is still done to its end.
pub async fn offload<T, E, F>(store: &Store, work: F) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: FnOnce(&Store) -> Result<T, E> + Send + 'static,
{
    let store = store.clone();
    // What it logs belongs to what the caller is about.
    let span = Span::current();
    match tokio::task::spawn_blocking(move || span.in_scope(|| work(&store))).await {
        Ok(done) => done,
        Err(stopped) if stopped.is_panic() => std::panic::resume_unwind(stopped.into_panic()),
        // Work is only dropped before it begins, and only when the runtime ends: so do we.
        Err(_) => std::future::pending().await,
    }
}
