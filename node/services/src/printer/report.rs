//! Telling holders how releases ended, late if need be.
//!
//! A receipt stays in the journal until its holder has taken it: a laptop that was closed while
//! its job printed hears of it when it is opened again. Holders remember releases for a week, and
//! so does this.

use std::convert::Infallible;
use std::time::Duration;

use futures::StreamExt;
use papermesh_protocol::id::{NodeId, ReleaseId};
use papermesh_protocol::limits;
use papermesh_protocol::release::message::{Answer, Refusal, Request};
use papermesh_protocol::release::printer::Phase;
use papermesh_protocol::remedy::Remedy;
use papermesh_store::offload::offload;
use papermesh_store::{JournalRow, StoreError};
use tokio::time::{Instant, sleep_until, timeout};

use super::Printer;
use super::journal::PAGE;
use super::link::{Link, Route};
use crate::network::{Change, Network};

/// How long one holder may take to be told.
const PATIENCE: Duration = Duration::from_secs(10);
/// Holders told at once.
const AT_ONCE: usize = 8;
/// How long after a failed round the next one comes; doubled each time, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest wait between two rounds while somebody is still to be told.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// What came of telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReportOutcome {
    /// The holder knows now, or will never want to know.
    Settled,
    /// The report must be retried.
    Later,
}

impl ReportOutcome {
    /// By the holder's answer.
    pub(super) fn by(answer: &Answer) -> Self {
        match answer {
            Answer::Refused(why) | Answer::Explained { why, .. } if *why == Refusal::Trouble => {
                Self::Later
            }
            // It knows of no such lease, or does not understand: asking again changes nothing.
            _ => Self::Settled,
        }
    }
}

impl<N: Network> Printer<N> {
    /// Tells late holders for as long as the node runs, and settles beside that what a restart left
    /// open: a device that cannot tell yet keeps nobody else waiting.
    pub async fn run(self) {
        let recovering = async {
            self.recover().await;
            std::future::pending::<Infallible>().await
        };
        tokio::select! {
            () = self.tell_holders() => {}
            never = recovering => match never {},
        }
    }

    async fn tell_holders(&self) {
        let mut changes = self.0.network.changes().fuse();
        let mut wait = FIRST_WAIT;
        loop {
            let awaited = self.round().await;
            wait = if awaited.is_empty() {
                FIRST_WAIT
            } else {
                (wait * 2).min(LONGEST_WAIT)
            };
            let next = if awaited.is_empty() {
                None
            } else {
                Some(Instant::now() + wait)
            };
            loop {
                tokio::select! {
                    () = until(next) => break,
                    () = self.0.unreported.notified() => { wait = FIRST_WAIT; break }
                    change = changes.next() => match change {
                        None => return,
                        Some(Change::Arrived(node)) if awaited.contains(&node) => break,
                        Some(_) => {}
                    }
                }
            }
        }
    }

    /// Tells everybody who is to be told; gives those who could not be.
    async fn round(&self) -> Vec<NodeId> {
        let mut awaited = Vec::new();
        let mut after = None;
        loop {
            let rows = match self.rows(after).await {
                Ok(rows) => rows,
                Err(error) => {
                    tracing::error!(error = %error.in_full(), "could not read the journal; receipts will be sent later");
                    return awaited;
                }
            };
            after = rows
                .last()
                .filter(|_| rows.len() == PAGE)
                .map(|(release, _)| *release);
            let settled = rows
                .into_iter()
                .filter(|(_, row)| row.phase == Phase::Settled);
            let telling = settled.map(|(release, row)| async move {
                (row.holder, self.tell_late(release, &row).await)
            });
            let told: Vec<_> = futures::stream::iter(telling)
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            awaited.extend(
                told.into_iter()
                    .filter(|(_, told)| *told == ReportOutcome::Later)
                    .map(|(holder, _)| holder),
            );
            if after.is_none() {
                return awaited;
            }
        }
    }

    async fn tell_late(&self, release: ReleaseId, row: &JournalRow) -> ReportOutcome {
        let Some(receipt) = &row.receipt else {
            self.forget(release).await;
            return ReportOutcome::Settled;
        };
        if self.0.membership.now().since(row.changed_at) > limits::RELEASE_MEMORY {
            tracing::warn!(%release, holder = %row.holder, "gave up delivering a receipt to its holder");
            self.forget(release).await;
            return ReportOutcome::Settled;
        }
        let route = Route {
            network: self.0.network.clone(),
            holder: row.holder,
            addresses: Vec::new(),
        };
        let mut link = Link::new(route);
        let request = Request::Report(receipt.clone());
        match timeout(PATIENCE, link.ask(&request)).await {
            Ok(Ok(answer)) => {
                let told = ReportOutcome::by(&answer);
                if told == ReportOutcome::Settled {
                    tracing::info!(%release, holder = %row.holder, ?answer, "delivered a late receipt");
                    self.forget(release).await;
                }
                told
            }
            _ => ReportOutcome::Later,
        }
    }

    /// Removes a release from the journal: there is nothing to do for it any more.
    pub(super) async fn forget(&self, release: ReleaseId) {
        let forgotten: Result<(), StoreError> =
            offload(&self.0.store, move |store| store.journal().delete(&release)).await;
        if let Err(error) = forgotten {
            tracing::warn!(%release, error = %error.in_full(), "could not clear a release from the journal; its receipt will be sent again");
        }
    }
}

async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
