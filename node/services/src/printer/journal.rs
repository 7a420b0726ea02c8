//! The journal: what this printer is about to do with each job it was granted, written down
//! durably before it is done, so that a restart knows the most that can have happened.
//!
//! Also here: settling what a restart finds. Not here: telling the holder ([`super::report`]).

use std::time::Duration;

use futures::StreamExt;
use papermesh_device::DeviceJobRef;
use papermesh_protocol::id::ReleaseId;
use papermesh_protocol::release::printer::Phase;
use papermesh_protocol::release::receipt::Receipt;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::{limits, text};
use papermesh_store::offload::offload;
use papermesh_store::{JournalRow, StoreError};
use tokio::time::{Instant, sleep};

use super::Printer;
use super::outcome::Ended;
use crate::audit::{Event, Kind};
use crate::network::Network;

/// Rows that are read from the store at once.
pub(super) const PAGE: usize = 256;
/// How long between two questions to a device that is still printing, or still starting.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// How long a device is asked what became of jobs before nobody can tell any more.
const ASKED_FOR: Duration = Duration::from_secs(30 * 60);
/// Jobs that a device is asked about at once.
const AT_ONCE: usize = 4;

impl<N: Network> Printer<N> {
    /// Writes a row down, durably.
    pub(super) async fn write(
        &self,
        release: ReleaseId,
        row: &JournalRow,
    ) -> Result<(), StoreError> {
        let row = row.clone();
        offload(&self.0.store, move |store| {
            store.journal().put(&release, &row)
        })
        .await
    }

    /// Ends a release: signs the receipt, and keeps it until the holder has it. After this the
    /// outcome is known, whatever happens to this process.
    pub(super) async fn conclude(&self, release: ReleaseId, row: &mut JournalRow, ended: &Ended) {
        let now = self.0.membership.now();
        let audit = self.0.audit.ends().await;
        let audit = audit
            .inspect_err(
                |error| tracing::warn!(error = %error.in_full(), "sent a receipt without the end of the audit log"),
            )
            .ok()
            .map(Into::into);
        let receipt = Receipt {
            site: self.0.membership.site(),
            release,
            job: row.job,
            holder: row.holder,
            printer: self.0.membership.node(),
            at: now,
            outcome: ended.outcome.clone(),
            reason: ended
                .reason
                .as_ref()
                .map(|reason| text::clean(reason, limits::REASON)),
            audit,
        };
        match Signed::sign(receipt, &self.0.key) {
            Ok(receipt) => row.receipt = Some(receipt.envelope().clone()),
            Err(error) => tracing::error!(%release, %error, "could not sign a receipt"),
        }
        row.phase = Phase::Settled;
        row.changed_at = now;
        if let Err(error) = self.write(release, row).await {
            tracing::error!(%release, error = %error.in_full(), "could not write the end of a release to the journal");
        }
        let event = Event::new(Kind::Released)
            .user(&row.user)
            .job(row.job)
            .release(release)
            .peer(row.holder)
            .outcome(ended.outcome.clone());
        self.0
            .audit
            .record_best_effort(match &ended.reason {
                Some(reason) => event.because(reason),
                None => event,
            })
            .await;
    }

    /// All rows, a page at a time.
    pub(super) async fn rows(
        &self,
        after: Option<ReleaseId>,
    ) -> Result<Vec<(ReleaseId, JournalRow)>, StoreError> {
        offload(&self.0.store, move |store| {
            store.journal().scan(after.as_ref(), PAGE)
        })
        .await
    }

    /// Settles what an earlier life of this node left open. In every round the device is asked
    /// about all of it, so that a job of which it cannot tell yet keeps none of the others waiting:
    /// the same power cut may have stopped the device, which then starts for minutes.
    pub(super) async fn recover(&self) {
        let latest = Instant::now() + ASKED_FOR;
        let mut open = self.left_open().await;
        while !open.is_empty() {
            let last = Instant::now() >= latest;
            let asked = open.into_iter().map(|(release, mut row)| async move {
                let Some(ended) = self.ask_what_became(&row, last).await else {
                    return Some((release, row));
                };
                tracing::info!(%release, job = %row.job, outcome = ?ended.outcome, "settled after a restart");
                self.conclude(release, &mut row, &ended).await;
                self.0.unreported.notify_one();
                None
            });
            let asked = futures::stream::iter(asked).buffer_unordered(AT_ONCE);
            open = asked.filter_map(std::future::ready).collect().await;
            if !open.is_empty() {
                sleep(ASK_AGAIN).await;
            }
        }
    }

    /// Rows that are not settled and do not belong to a release under way now.
    async fn left_open(&self) -> Vec<(ReleaseId, JournalRow)> {
        let mut open = Vec::new();
        let mut after = None;
        loop {
            let rows = match self.rows(after).await {
                Ok(rows) => rows,
                Err(error) => {
                    tracing::error!(error = %error.in_full(), "could not read the journal; releases stay unsettled");
                    return open;
                }
            };
            after = rows
                .last()
                .filter(|_| rows.len() == PAGE)
                .map(|(release, _)| *release);
            open.extend(
                rows.into_iter()
                    .filter(|(release, row)| row.phase != Phase::Settled && !self.is_live(release)),
            );
            if after.is_none() {
                return open;
            }
        }
    }

    /// What became of a release, as far as that can be said now, or at `last`.
    async fn ask_what_became(&self, row: &JournalRow, last: bool) -> Option<Ended> {
        let device_job = row
            .device
            .as_deref()
            .and_then(|text| serde_json::from_str::<DeviceJobRef>(text).ok());
        let verdict = match &device_job {
            Some(job) if matches!(row.phase, Phase::Sending | Phase::Taken) => {
                Some(self.0.device.ask(job).await)
            }
            _ => None,
        };
        match Ended::after_restart(row.phase, verdict.as_ref(), row.keep) {
            // Nobody can tell any more.
            None if last => Ended::after_restart(row.phase, None, row.keep),
            ended => ended,
        }
    }
}
