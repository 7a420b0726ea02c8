//! Asking the DHT for a user's holders: each comes out as soon as one believable answer names it,
//! while the search goes on.

use std::time::Duration;

use futures::StreamExt;
use papermesh_protocol::text::UserId;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Directory;
use super::finding::{Finding, FoundHolder};
use crate::network::Network;

/// Holders that wait to be dialed; as many as one set has.
const WAITING: usize = papermesh_protocol::limits::ADVERTS_PER_USER;
/// How long a search goes on; dead nodes of the DHT may keep it from ending by itself.
const SEARCH: Duration = Duration::from_secs(10);

/// A search under way; dropping it ends it.
pub struct Search(mpsc::Receiver<FoundHolder>);

impl Search {
    /// The next holder, or one known already with newer addresses; none when the search has ended.
    /// Some hold nothing any more; see [`FoundHolder::holds`].
    pub async fn next(&mut self) -> Option<FoundHolder> {
        self.0.recv().await
    }
}

impl<N: Network> Directory<N> {
    /// Searches the holders of a user. The user's entry is fetched side by side: as soon as it is
    /// known, adverts by another key than the user's are not believed.
    #[must_use]
    pub fn find(&self, user: &UserId) -> Search {
        let (sender, receiver) = mpsc::channel(WAITING);
        let directory = self.clone();
        let user = user.clone();
        tokio::spawn(async move {
            let search = directory.search(&user, &sender);
            tokio::select! {
                _ = timeout(SEARCH, search) => {}
                () = sender.closed() => {}
            }
        });
        Search(receiver)
    }

    async fn search(&self, user: &UserId, found: &mpsc::Sender<FoundHolder>) {
        let inner = &self.0;
        let mut finding = Finding::new(user.clone(), inner.membership.secret().clone());
        let mut values = inner.network.get(finding.place()).fuse();
        let entry = self.user_entry(user);
        tokio::pin!(entry);
        let mut known = false;
        loop {
            tokio::select! {
                entry = &mut entry, if !known => {
                    known = true;
                    if let Some(entry) = entry {
                        finding.know(&entry);
                    }
                }
                value = values.next() => {
                    let Some(value) = value else { return };
                    for holder in inner.membership.judge(|judge| finding.take(&value, judge)) {
                        if found.send(holder).await.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }
}
