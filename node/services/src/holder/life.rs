//! A job's life as its holder knows it, from held to gone, and the news of it.
//!
//! What must survive is in the store: rows, leases, history. How far a printer is with a job is
//! news of the moment, kept in memory only, for as long as the lease that it belongs to.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use papermesh_protocol::id::ReleaseId;
use papermesh_protocol::release::message::Progress;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::StorageKey;
use papermesh_protocol::time::Moment;
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{HeldJob, JobEnd, LeaseRow, NamedPrinter, PastJob, Store, StoreError};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use super::{HeldView, Holder, meta};
use crate::network::Network;

/// News that a listener may be behind; who falls further behind misses some, and is told so.
pub(crate) const NEWS: usize = 1024;
/// Releases of which the progress is kept; beyond that, that of the lowest release id is dropped.
const RELEASES: usize = 1024;

/// Where a job is in its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum JobState {
    /// It waits for its owner at a printer.
    Held,
    /// Its owner wants it later.
    Waiting {
        /// Not offered at printers before.
        until: Timestamp,
    },
    /// A printer has it.
    Processing {
        /// The printer.
        printer: NamedPrinter,
        /// Since then.
        since: Timestamp,
        /// Impressions that are out, where the device counts them.
        impressions: Option<u32>,
        /// The device stands still and needs a hand.
        stopped: bool,
        /// What the device says: IPP keywords.
        reasons: Vec<String>,
    },
    /// It is on paper, and gone.
    Printed {
        /// The printer.
        printer: NamedPrinter,
        /// When this holder heard of it.
        at: Timestamp,
        /// Impressions, where the device counts them.
        pages: Option<u32>,
    },
    /// Its owner deleted it.
    Deleted {
        /// The time.
        at: Timestamp,
        /// At which printer; none: at this computer.
        printer: Option<NamedPrinter>,
    },
    /// Nobody wanted it in time.
    Expired {
        /// When it was deleted.
        at: Timestamp,
    },
}

impl JobState {
    /// Whether the job is gone.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(
            self,
            Self::Printed { .. } | Self::Deleted { .. } | Self::Expired { .. }
        )
    }

    /// When it went, if it is gone.
    #[must_use]
    pub const fn ended_at(&self) -> Option<Timestamp> {
        match self {
            Self::Held | Self::Waiting { .. } | Self::Processing { .. } => None,
            Self::Printed { at, .. } | Self::Deleted { at, .. } | Self::Expired { at } => Some(*at),
        }
    }
}

/// The news of a holder's jobs.
pub(super) struct Life {
    progress: Mutex<BTreeMap<ReleaseId, Progress>>,
    news: broadcast::Sender<HeldView>,
}

impl Default for Life {
    fn default() -> Self {
        Self {
            progress: Mutex::default(),
            news: broadcast::Sender::new(NEWS),
        }
    }
}

impl Life {
    /// Takes a printer's word on how far it is; says whether that is new.
    pub(super) fn progressed(&self, progress: Progress) -> bool {
        let mut known = self.known();
        if known.len() >= RELEASES && !known.contains_key(&progress.release) {
            known.pop_first();
        }
        known.insert(progress.release, progress.clone()) != Some(progress)
    }

    /// A release has ended.
    pub(super) fn ended(&self, release: ReleaseId) {
        self.known().remove(&release);
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<ReleaseId, Progress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn processing(&self, release: ReleaseId, lease: &LeaseRow) -> JobState {
        let progress = self.known().get(&release).cloned();
        let (impressions, stopped, reasons) = match progress {
            Some(word) => (word.impressions, word.stopped, word.reasons),
            None => (None, false, Vec::new()),
        };
        JobState::Processing {
            printer: lease.named_printer(),
            since: lease.granted_at,
            impressions,
            stopped,
            reasons,
        }
    }

    /// A held job as its owner sees it. Blocks on the store.
    pub(super) fn view(
        &self,
        store: &Store,
        storage: &StorageKey,
        held: HeldJob,
        now: Moment,
    ) -> Result<HeldView, StoreError> {
        let lease = store.leases().of_job(held.job)?;
        let live = lease.filter(|(_, lease)| lease.is_live(now.steady));
        let (summary, came) = meta::summary(storage, &held, live.is_some());
        let state = match (live, held.row.hold_until) {
            (Some((release, lease)), _) => self.processing(release, &lease),
            (None, Some(until)) if until > now.now => JobState::Waiting { until },
            (None, _) => JobState::Held,
        };
        Ok(HeldView {
            user: held.row.user,
            number: held.row.number,
            summary,
            state,
            last: held.row.last,
            token: came.token,
            client: came.client,
            damage: held.damage.map(|damage| damage.to_string()),
        })
    }
}

/// A job that is gone as its owner sees it.
pub(super) fn past_view(storage: &StorageKey, past: PastJob) -> HeldView {
    let at = past.row.ended_at;
    let state = match past.row.end.clone() {
        JobEnd::Printed { printer, pages } => JobState::Printed { printer, at, pages },
        JobEnd::Deleted { printer } => JobState::Deleted { at, printer },
        JobEnd::Expired => JobState::Expired { at },
    };
    let (summary, came) = meta::past_summary(storage, &past.row);
    HeldView {
        user: past.user,
        number: past.number,
        summary,
        state,
        last: None,
        token: came.token,
        client: came.client,
        damage: None,
    }
}

impl<N: Network> Holder<N> {
    /// What happens to jobs here from now on: each message is a job as it has become. A listener
    /// that is more than [`NEWS`] behind is told that it missed some, and asks for what it follows.
    #[must_use]
    pub fn news(&self) -> broadcast::Receiver<HeldView> {
        self.0.life.news.subscribe()
    }

    /// Tells whoever listens what has become of a job.
    pub(super) async fn tell(&self, number: u32) {
        if self.0.life.news.receiver_count() == 0 {
            return;
        }
        match self.numbered(number).await {
            // Nobody may listen any more.
            Ok(Some(view)) => drop(self.0.life.news.send(view)),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(number, error = %error.in_full(), "could not announce a job's state change")
            }
        }
    }

    /// The job that has a number, held or gone, while it is remembered.
    pub async fn numbered(&self, number: u32) -> Result<Option<HeldView>, StoreError> {
        let (inner, now) = (std::sync::Arc::clone(&self.0), self.0.membership.moment());
        offload(&self.0.store, move |store| {
            let Some(numbered) = store.history().numbered(number)? else {
                return Ok(None);
            };
            if let Some(held) = store.jobs().get(numbered.job)? {
                return inner.life.view(store, &inner.storage, held, now).map(Some);
            }
            let past = store.history().get(&numbered.user, number)?;
            Ok(past.map(|past| past_view(&inner.storage, past)))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_news_once_and_bounded() {
        let life = Life::default();
        let word = |release: u32, impressions| {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&release.to_be_bytes());
            Progress {
                release: ReleaseId::from_bytes(bytes),
                impressions: Some(impressions),
                stopped: false,
                reasons: Vec::new(),
            }
        };
        assert!(life.progressed(word(1, 1)));
        assert!(!life.progressed(word(1, 1)));
        assert!(life.progressed(word(1, 2)));
        for release in 0..5_000 {
            life.progressed(word(release, 1));
        }
        assert_eq!(life.known().len(), RELEASES);
        life.ended(word(4_999, 1).release);
        assert_eq!(life.known().len(), RELEASES - 1);
    }
}
