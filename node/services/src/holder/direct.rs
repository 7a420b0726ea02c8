//! Sending a job straight to a printer, for an owner who sits here.
//!
//! The printer is handed a session of this one job, and releases it as it releases any other: lease,
//! journal, receipt and all. Nothing here decides what becomes of the job; whatever goes wrong, it
//! is held.

use std::time::Duration;

use papermesh_frame::{read_message, write_message};
use papermesh_mesh::Protocol;
use papermesh_protocol::advert::Delegated;
use papermesh_protocol::direct::{Answer, Offer, Request};
use papermesh_protocol::id::{JobId, UserKey};
use papermesh_protocol::limits;
use papermesh_protocol::release::receipt::Outcome;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text;
use papermesh_store::StoreError;
use papermesh_store::offload::offload;
use tokio::io::AsyncRead;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::printers::{KnownPrinter, REACH};
use super::submission::{Submission, SubmitError};
use super::{HeldView, Holder, sessions};
use crate::network::{self, LinkError, Network, Opening};

/// How long a printer may take to say whether it takes a job.
const ANSWER: Duration = Duration::from_secs(20);
/// How long a printer is waited for until it says how a release ended. The release goes on beyond
/// that, and its end is known to the job all the same.
const ENDED: Duration = Duration::from_secs(6 * 60 * 60);

/// How a job ended that was sent straight to a printer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectEnd {
    /// How. Unless it is printed, the job is held.
    pub outcome: Outcome,
    /// Why, for people.
    pub reason: Option<String>,
}

impl DirectEnd {
    fn not_printed(reason: impl core::fmt::Display) -> Self {
        Self {
            outcome: Outcome::NotPrinted,
            reason: Some(reason.to_string()),
        }
    }
}

/// A job on its way to a printer. It goes on without anybody who waits.
#[derive(Debug)]
pub struct DirectPrint(JoinHandle<DirectEnd>);

impl DirectPrint {
    /// Waits for its end: at most some hours, and never longer than the printer is there.
    pub async fn ended(self) -> DirectEnd {
        self.0.await.unwrap_or_else(|error| {
            tracing::error!(%error, "direct print broke off");
            DirectEnd::not_printed("this computer stopped waiting for the printer")
        })
    }
}

impl<N: Network> Holder<N> {
    /// As [`Holder::submit`], and at the same time sends the job to a printer: while it arrives, if
    /// its size is known, else as soon as it is held. Returns when it is held.
    ///
    /// # Errors
    /// Those of [`Holder::submit`]: nothing is held then, and the printer does not get the end of
    /// the document.
    pub async fn submit_direct(
        &self,
        submission: Submission,
        printer: &KnownPrinter,
        document: impl AsyncRead + Send + Unpin,
    ) -> Result<(HeldView, DirectPrint), SubmitError> {
        let (handing, handed) = oneshot::channel();
        let (holder, printer) = (self.clone(), printer.clone());
        let print = tokio::spawn(async move {
            // Nothing is said to the printer before the job is allowed.
            match handed.await {
                Ok(hand) => holder.hand_over(hand, printer).await,
                Err(_) => DirectEnd::not_printed("the document was not accepted"),
            }
        });
        let held = self
            .submit_with(submission, Some(handing), document)
            .await?;
        Ok((held, DirectPrint(print)))
    }

    async fn hand_over(&self, hand: HandOver, printer: KnownPrinter) -> DirectEnd {
        let (node, job) = (printer.node(), hand.offer.job.job);
        // First, because a printer that takes an offer waits for the session no longer than it must. A
        // document of unknown length is sealed before that.
        if hand.ready.await.is_err() {
            return DirectEnd::not_printed("the document was not accepted");
        }
        let (user, max) = (hand.offer.user.clone(), limits::DIRECT_MESSAGE);
        let offer = Request::Offer(Box::new(hand.offer));
        let opening = Opening {
            protocol: Protocol::Direct,
            question: &|version| offer.clone().said_in(version),
            max,
            reach: REACH,
            wait: ANSWER,
        };
        let begun = network::begin(&self.0.network, node, &printer.addresses, opening).await;
        let (mut stream, session_key) = match begun {
            Ok((stream, Answer::Ready { session_key })) => (stream, session_key),
            Ok((_, Answer::Declined(decline))) => return DirectEnd::not_printed(decline.in_full()),
            Ok(_) => return DirectEnd::not_printed(silence(None)),
            Err(error @ LinkError::TooOld) => return DirectEnd::not_printed(error.in_full()),
            Err(LinkError::Mesh(error)) => {
                return DirectEnd::not_printed(format!(
                    "the printer cannot be reached: {}",
                    error.in_full()
                ));
            }
            Err(error) => return DirectEnd::not_printed(silence(Some(error))),
        };
        let handed = {
            let (now, whose) = (self.0.membership.steady(), (&user, job));
            let certificate = &printer.certificate;
            sessions(&self.0.sessions).hand(certificate, whose, session_key, now, &mut rand::rng())
        };
        let session = match handed {
            Ok(session) => session,
            Err(reason) => return DirectEnd::not_printed(reason),
        };
        let waited = async {
            write_message(&mut stream, &Request::Hand { session }, max).await?;
            read_message(&mut stream, max, ENDED).await
        };
        let end = match waited.await {
            Ok(Some(Answer::Ended { outcome, reason })) => DirectEnd {
                outcome,
                reason: reason.map(|reason| text::clean(&reason, limits::REASON)),
            },
            answer => self.lost(job, silence(answer.err().map(Into::into))).await,
        };
        sessions(&self.0.sessions).close(node, session);
        end
    }

    /// What is to be said of a job whose printer is not there any more.
    async fn lost(&self, job: JobId, why: String) -> DirectEnd {
        let steady = self.0.membership.steady();
        let leased = self.0.early.with(job, |early| early.lease.is_some());
        let leased = match leased {
            Some(leased) => Ok(leased),
            None => {
                offload(&self.0.store, move |store| -> Result<_, StoreError> {
                    Ok(store.leases().live(job, steady)?.is_some())
                })
                .await
            }
        };
        match leased {
            Ok(false) => DirectEnd::not_printed(why),
            Ok(true) | Err(_) => DirectEnd {
                outcome: Outcome::MayHavePrinted,
                reason: Some(why),
            },
        }
    }

    /// What a printer is shown to believe that this computer may speak for the user.
    pub(super) async fn offer(
        &self,
        submission: &Submission,
        job: OfferedJob,
    ) -> Result<Offer, StoreError> {
        let (user, name) = (submission.user.clone(), submission.user.clone());
        let row: Option<papermesh_store::LocalUser> =
            offload(&self.0.store, move |store: &papermesh_store::Store| {
                store.local_users().get(&name)
            })
            .await?;
        let delegated = row
            .and_then(|row| row.delegation)
            .map(|delegation| Delegated {
                key: UserKey::from_bytes(*delegation.signer()),
                delegation,
            });
        Ok(Offer {
            user,
            delegated,
            job: *job,
        })
    }
}

/// The job as it is offered.
pub(super) type OfferedJob = Box<papermesh_protocol::job::JobSummary>;

/// What is handed over, and when the printer may have it.
pub(super) struct HandOver {
    pub(super) offer: Offer,
    /// Said when the job can be selected; dropped when there will be no job.
    pub(super) ready: oneshot::Receiver<()>,
}

fn silence(error: Option<LinkError>) -> String {
    match error {
        Some(error) => format!("the printer disconnected: {}", error.in_full()),
        None => "the printer disconnected".to_owned(),
    }
}
