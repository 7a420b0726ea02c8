//! What was deleted leaves the files, too.
//!
//! A database that is written to by appending keeps deleted and overwritten values for a while. Of
//! secrets (wrapped job keys, PIN verifiers, a site's keys) nothing may be left for whoever takes the
//! disk later: some minutes after the last of them went, and at the orderly end, the files are
//! written anew without them. Of an SSD's own habits nobody can promise anything.

use std::time::Duration;

use papermesh_protocol::remedy::Remedy;
use tokio::time::sleep;

use crate::Store;
use crate::offload::offload;

/// How long it stays quiet before the files are written anew.
const QUIET: Duration = Duration::from_secs(3 * 60);
/// How long what was deleted may stay in files at most, however busy it is.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Interval between checks.
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
        tracing::warn!(error = %error.in_full(), "could not purge deleted keys from the database files");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::text::UserId;
    use tokio::time::Instant;

    use super::*;
    use crate::LocalUser;

    /// A store from which secrets are deleted.
    struct Deleting {
        store: Store,
        _home: tempfile::TempDir,
    }

    impl Deleting {
        fn new() -> Self {
            let home = tempfile::tempdir().unwrap();
            let store = Store::open(home.path()).unwrap();
            tokio::spawn(keep(store.clone()));
            Self { store, _home: home }
        }

        /// A user comes and goes, and the PIN with them.
        fn delete(&self) {
            let user: UserId = "alice".parse().unwrap();
            let users = self.store.local_users();
            let row = LocalUser {
                sealed_pin: Some(vec![7; 64]),
                ..LocalUser::default()
            };
            users
                .change(&user, |kept| *kept = Some(row.clone()))
                .unwrap();
            users.change(&user, |kept| *kept = None).unwrap();
        }

        fn is_purged(&self) -> bool {
            self.store.left_behind().is_none()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_deleted_leaves_the_files_some_minutes_later() {
        let deleting = Deleting::new();
        deleting.delete();
        sleep(QUIET / 2).await;
        assert!(!deleting.is_purged());
        sleep(QUIET / 2 + LOOK * 2).await;
        assert!(deleting.is_purged());
    }

    #[tokio::test(start_paused = true)]
    async fn who_deletes_on_end_does_not_put_it_off_for_ever() {
        let (deleting, begun) = (Deleting::new(), Instant::now());
        deleting.delete();
        while !deleting.is_purged() {
            assert!(begun.elapsed() <= LONGEST + QUIET);
            sleep(QUIET / 2).await;
            if !deleting.is_purged() {
                deleting.delete();
            }
        }
        assert!(begun.elapsed() >= LONGEST);
    }
}
