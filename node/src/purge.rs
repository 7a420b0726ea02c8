//! What was deleted leaves the files, too.
//!
//! A database that is written to by appending keeps deleted and overwritten values for a while. Of
//! secrets (wrapped job keys, PIN verifiers, a site's keys) nothing may be left for whoever takes the
//! disk later: some minutes after the last of them went, and at the orderly end, the files are
//! written anew without them. Of an SSD's own habits nobody can promise anything.

use std::time::Duration;

use tokio::time::sleep;

use crate::offload::offload;
use crate::store::Store;

/// How long it stays quiet before the files are written anew.
const QUIET: Duration = Duration::from_secs(3 * 60);
/// How long what was deleted may stay in files at most, however busy it is.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// How often is looked.
const LOOK: Duration = Duration::from_secs(15);

/// Purges the store now and then, for as long as the node runs.
pub async fn keep(store: Store) {
    loop {
        sleep(LOOK).await;
        let is_due = store
            .left_behind()
            .is_some_and(|left| left.last.elapsed() >= QUIET || left.first.elapsed() >= LONGEST);
        if is_due {
            now(&store).await;
        }
    }
}

/// Purges the store now, if anything was deleted.
pub async fn now(store: &Store) {
    if store.left_behind().is_none() {
        return;
    }
    if let Err(error) = offload(store, |store| store.purge_deleted()).await {
        tracing::warn!(%error, "deleted keys are still in the database's files");
    }
}
