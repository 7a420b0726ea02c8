//! The queue that the node's client is: numbers, states and words of held jobs as IPP has them.

use std::net::IpAddr;
use std::time::Duration;

use futures::{Stream, stream};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::direct::Abilities;
use papermesh_protocol::pin::Pin;
use papermesh_protocol::release::receipt::Outcome;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use tokio::io::AsyncRead;
use tokio::sync::broadcast::error::RecvError;

use super::media;
use super::queue::{
    Document, Hold, JobChange, JobNumber, JobState, NewDocument, Offer, Queue, QueueError,
    QueueErrorKind, QueuedJob, Station, Terms, Underway, Which, Wish,
};
use crate::auth::typed::TypedError;
use crate::client::amend::{self, ChangeError};
use crate::client::life::JobState as Life;
use crate::client::printers::PrinterError;
use crate::client::submit::PRIORITY;
use crate::client::{Client, HeldView, JobsError, Submission, SubmitError};
use crate::network::Network;
use crate::policy::SubmitRefusal;
use crate::store::StoreError;

/// The format of a job of which none is said yet: any that is taken will do.
const SOME_FORMAT: &str = "application/pdf";
/// How long before a job expires it becomes free that is held back without an end: in effect, never.
const NEVER: Duration = Duration::from_secs(1);
/// One that becomes free that long before its end, or later, is held back without one: its expiry is
/// reckoned a little after that moment.
const AT_THE_END: Duration = Duration::from_secs(60);

impl<N: Network> Queue for Client<N> {
    async fn users(&self) -> Result<Vec<UserId>, QueueError> {
        Ok(Self::users(self).await?)
    }

    async fn knows_here(&self, user: &UserId) -> Result<bool, QueueError> {
        Ok(Self::knows_here(self, user).await?)
    }

    async fn knows(&self, user: &UserId) -> Result<bool, QueueError> {
        Ok(Self::knows(self, user).await?)
    }

    async fn is_disabled(&self, user: &UserId) -> bool {
        Self::is_disabled(self, user).await
    }

    async fn prove(&self, user: &UserId, pin: &Pin, from: IpAddr) -> Result<(), QueueError> {
        Self::prove(self, user, pin, from.into())
            .await
            .map_err(|error| {
                let kind = match &error {
                    TypedError::Pin(_) => QueueErrorKind::NotProven,
                    TypedError::Wait(_) => QueueErrorKind::Busy,
                    TypedError::Busy(_) => QueueErrorKind::Crowded,
                    TypedError::Disabled(_) => QueueErrorKind::NotAllowed,
                    TypedError::Store(_) => QueueErrorKind::Failed,
                };
                QueueError::of(kind, &error)
            })
    }

    async fn admit(&self, wish: &Wish) -> Result<(), QueueError> {
        let format = wish.format.as_deref().unwrap_or(SOME_FORMAT);
        let submission = submission(self, &wish.user, &wish.terms, String::new(), format);
        Ok(self.would_take(&submission).await?)
    }

    async fn number(&self) -> Result<JobNumber, QueueError> {
        Ok(self.reserve_number().await?)
    }

    async fn draw_number(&self) -> Result<JobNumber, QueueError> {
        Ok(Self::draw_number(self).await?)
    }

    async fn hold(
        &self,
        document: NewDocument,
        bytes: impl AsyncRead + Send + Unpin,
    ) -> Result<Option<Underway>, QueueError> {
        let further = document.place > 1;
        let title = match further {
            false => document.title,
            true => format!("{} ({})", document.title, document.place),
        };
        let wish = document.wish;
        let submission = Submission {
            number: (!further).then_some(document.number),
            part_of: further.then_some(document.number),
            size: document.size,
            password: document.password,
            ..submission(self, &wish.user, &wish.terms, title, &document.format)
        };
        let Some(station) = document.station else {
            self.submit(submission, bytes).await?;
            return Ok(None);
        };
        let printer = self.printer(&station).await?;
        let (_, print) = self.submit_direct(submission, &printer, bytes).await?;
        Ok(Some(Box::pin(async move {
            let end = print.ended().await;
            let why = end.reason.unwrap_or_else(|| "it did not print".to_owned());
            let printed = matches!(end.outcome, Outcome::Printed { .. });
            (!printed).then(|| format!("{}: {why}", printer.name()))
        })))
    }

    async fn station(&self, name: &str) -> Result<Station, QueueError> {
        let printer = self.printer(name).await?;
        let known = self.known_abilities(printer.node());
        Ok(Station {
            name: printer.name().to_string(),
            id: printer.node().to_string(),
            location: known.as_ref().and_then(|known| known.location.clone()),
            offer: offer(self.largest(), known.as_slice()),
        })
    }

    async fn jobs(
        &self,
        user: &UserId,
        which: Which,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<QueuedJob>, QueueError> {
        let enough = skip.saturating_add(limit);
        let bundles = self.bundles(user, which == Which::Ended, enough).await?;
        let jobs = bundles.iter().filter_map(|documents| queued(documents));
        Ok(jobs.skip(skip).collect())
    }

    async fn job(&self, number: JobNumber) -> Result<Option<QueuedJob>, QueueError> {
        Ok(queued(&self.bundle(number).await?))
    }

    async fn cancel(&self, number: JobNumber, place: Option<u16>) -> Result<(), QueueError> {
        let documents = self.bundle(number).await?;
        let numbered = documents.iter().zip(1u16..);
        let mut found = false;
        let wanted = numbered.filter(|(_, at)| place.is_none_or(|place| place == *at));
        for (view, _) in wanted {
            found = true;
            if !view.state.is_over() {
                self.delete(view.summary.job).await?;
            }
        }
        match found {
            true => Ok(()),
            false => Err(QueueError::new(
                QueueErrorKind::NotFound,
                format!("there is no job {number} on this computer"),
            )),
        }
    }

    async fn change(
        &self,
        number: JobNumber,
        place: Option<u16>,
        change: JobChange,
    ) -> Result<(), QueueError> {
        let documents = self.bundle(number).await?;
        let was = documents.first().map(|first| first.summary.options.clone());
        let numbered = documents.into_iter().zip(1u16..);
        for (view, at) in numbered.filter(|(_, at)| place.is_none_or(|place| place == *at)) {
            if view.state.is_over() {
                continue;
            }
            let title = change.title.as_ref().map(|title| match at {
                _ if place.is_some() => title.clone(),
                1 => title.clone(),
                _ => format!("{title} ({at})"),
            });
            let options = match (&change.options, &was) {
                (Some(options), Some(was)) if place.is_none() => {
                    Some(view.summary.options.carried(was, options))
                }
                (options, _) => options.clone(),
            };
            let expires_at = view.summary.expires_at;
            let amended = amend::JobChange {
                title,
                options,
                priority: change.priority,
                hold_until: change.hold.map(|hold| match hold {
                    Hold::No => None,
                    Hold::Until(at) => Some(at),
                    Hold::Indefinite => Some(expires_at - NEVER),
                }),
            };
            Client::change(self, view.summary.job, amended).await?;
        }
        Ok(())
    }

    fn offer(&self) -> Offer {
        offer(self.largest(), &self.all_known_abilities())
    }

    fn is_shared(&self) -> bool {
        self.has(Role::SharedClient)
    }

    fn changes(&self) -> impl Stream<Item = JobNumber> + Send + Unpin {
        let (client, news) = (self.clone(), self.news());
        Box::pin(stream::unfold((client, news), |(client, mut news)| async {
            loop {
                let number = match news.recv().await {
                    Ok(view) => view.number,
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => return None,
                };
                if let Ok(whole) = client.whole(number).await {
                    return Some((whole, (client, news)));
                }
            }
        }))
    }

    fn now(&self) -> Timestamp {
        Self::now(self)
    }
}

/// What these printers can do together; what most can, if none is known. What one of them can do is
/// offered: the user chooses the printer later.
fn offer(largest: u64, known: &[Abilities]) -> Offer {
    let sane = Offer::sane(largest);
    if known.is_empty() {
        return sane;
    }
    let media = media::offer(known.iter().flat_map(|printer| &printer.media));
    let has_sizes = media::sizes(&media).next().is_some();
    let media = if has_sizes { media } else { sane.can.media };
    Offer {
        can: Abilities {
            media,
            ..Abilities::of_all(known)
        },
        largest,
    }
}

/// What a program wants, as a submission.
fn submission<N: Network>(
    client: &Client<N>,
    user: &UserId,
    terms: &Terms,
    title: String,
    format: &str,
) -> Submission {
    let lifetime = terms.lifetime.unwrap_or_else(|| client.job_lifetime());
    let now = client.now();
    // On a shared computer the PIN that comes with a job is the one for this visit.
    let shared = client.has(Role::SharedClient);
    let pin = |wanted: bool| terms.pin.clone().filter(|_| wanted);
    Submission {
        options: terms.options.clone(),
        priority: terms.priority.unwrap_or(PRIORITY),
        hold_until: match terms.hold {
            Hold::No => None,
            Hold::Until(at) => Some(at),
            Hold::Indefinite => Some(now + lifetime.saturating_sub(NEVER)),
        },
        lifetime: terms.lifetime,
        visit_pin: pin(shared),
        job_pin: pin(!shared),
        ..Submission::new(user.clone(), title, format)
    }
}

/// The job that these documents make; none if there are none.
fn queued(documents: &[HeldView]) -> Option<QueuedJob> {
    let first = documents.first()?;
    let states: Vec<JobState> = documents.iter().map(|view| state(&view.state)).collect();
    let printing = documents
        .iter()
        .find(|view| matches!(view.state, Life::Processing { .. }));
    let last = printing.or(documents.last());
    let (processing_at, stopped) = match printing.map(|view| &view.state) {
        Some(Life::Processing { since, stopped, .. }) => (Some(*since), *stopped),
        _ => (None, false),
    };
    Some(QueuedJob {
        number: first.number,
        user: first.user.clone(),
        title: first.summary.title.clone(),
        state: together(&states),
        documents: documents
            .iter()
            .zip(states)
            .map(|(view, state)| Document {
                title: view.summary.title.clone(),
                format: view.summary.format.clone(),
                size: view.summary.size,
                pages: view.summary.pages,
                options: view.summary.options.clone(),
                locked: view.summary.locked,
                created_at: view.summary.submitted_at,
                state,
            })
            .collect(),
        options: first.summary.options.clone(),
        priority: first.summary.priority,
        hold: documents
            .iter()
            .map(hold)
            .find(|hold| *hold != Hold::No)
            .unwrap_or_default(),
        own_pin: documents.iter().any(|view| view.summary.needs_pin),
        created_at: first.summary.submitted_at,
        processing_at,
        expires_at: Some(first.summary.expires_at),
        printer: last.and_then(|view| printer(&view.state)),
        stopped,
        may_have_printed: documents.iter().any(|view| view.summary.may_have_printed),
        pages_printed: documents.iter().map(|view| pages(&view.state)).sum(),
        note: None,
    })
}

/// The state of a job whose documents are in these states: as long as one can be printed, so can
/// the job; and it is completed only if all of it was.
fn together(documents: &[JobState]) -> JobState {
    let find = |wanted: fn(&JobState) -> bool| documents.iter().rfind(|state| wanted(state));
    let open = find(|state| *state == JobState::Processing)
        .or_else(|| find(|state| !state.has_ended()))
        .or_else(|| find(|state| matches!(state, JobState::Aborted(..))))
        .or_else(|| find(|state| matches!(state, JobState::Canceled(_))));
    open.or(documents.last())
        .cloned()
        .unwrap_or(JobState::Incoming)
}

fn state(life: &Life) -> JobState {
    match life {
        Life::Held | Life::Waiting { .. } => JobState::Held,
        Life::Processing { .. } => JobState::Processing,
        Life::Printed { at, .. } => JobState::Completed(*at),
        Life::Deleted { at, .. } => JobState::Canceled(*at),
        Life::Expired { at } => JobState::Aborted(*at, "it was not released in time".into()),
    }
}

fn hold(view: &HeldView) -> Hold {
    match view.state {
        Life::Waiting { until } if until + AT_THE_END >= view.summary.expires_at => {
            Hold::Indefinite
        }
        Life::Waiting { until } => Hold::Until(until),
        _ => Hold::No,
    }
}

fn printer(life: &Life) -> Option<String> {
    match life {
        Life::Processing { printer, .. } | Life::Printed { printer, .. } => {
            Some(printer.name.to_string())
        }
        Life::Deleted { printer, .. } => printer.as_ref().map(|printer| printer.name.to_string()),
        Life::Held | Life::Waiting { .. } | Life::Expired { .. } => None,
    }
}

fn pages(life: &Life) -> u32 {
    match life {
        Life::Processing { impressions, .. } => impressions.unwrap_or(0),
        Life::Printed { pages, .. } => pages.unwrap_or(0),
        _ => 0,
    }
}

impl From<StoreError> for QueueError {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::DiskFull { .. } | StoreError::TooMany { .. } => QueueErrorKind::Busy,
            _ => {
                tracing::error!(error = %error.in_full(), "store error in the hold printer");
                QueueErrorKind::Failed
            }
        };
        Self::of(kind, &error)
    }
}

impl From<SubmitError> for QueueError {
    fn from(error: SubmitError) -> Self {
        use SubmitRefusal as Refusal;
        let kind = match error {
            SubmitError::Store(error) => return error.into(),
            SubmitError::Refused(
                Refusal::Role(_)
                | Refusal::NotEnrolled(_)
                | Refusal::UnknownUser(_)
                | Refusal::Disabled(_),
            ) => QueueErrorKind::NotAllowed,
            SubmitError::Refused(Refusal::Format(_)) => QueueErrorKind::Format,
            SubmitError::Refused(Refusal::TooLarge(_)) => QueueErrorKind::TooLarge,
            SubmitError::Refused(_)
            | SubmitError::PinNotTaken
            | SubmitError::Pin(_)
            | SubmitError::Choice(_) => QueueErrorKind::Options,
            SubmitError::PinRequired => QueueErrorKind::PinMissing,
            SubmitError::OtherPin(_) => QueueErrorKind::NotProven,
            SubmitError::TooManyPins(_) | SubmitError::Busy => QueueErrorKind::Busy,
            SubmitError::Password => QueueErrorKind::Password,
            SubmitError::Empty | SubmitError::Format(_) | SubmitError::Flaw(_) => {
                QueueErrorKind::FormatError
            }
            SubmitError::Size { .. } | SubmitError::Broken(_) => QueueErrorKind::Broken,
            SubmitError::Seal(_)
            | SubmitError::Key(_)
            | SubmitError::Meta(_)
            | SubmitError::Verifier(_) => QueueErrorKind::Failed,
        };
        Self::of(kind, &error)
    }
}

impl From<JobsError> for QueueError {
    fn from(error: JobsError) -> Self {
        let kind = match error {
            JobsError::NoJob(_) => QueueErrorKind::NotFound,
            JobsError::Leased(_) => QueueErrorKind::NotPossible,
            JobsError::Audit(_) => QueueErrorKind::Failed,
            JobsError::Store(error) => return error.into(),
        };
        Self::of(kind, &error)
    }
}

impl From<PrinterError> for QueueError {
    fn from(error: PrinterError) -> Self {
        let kind = match error {
            PrinterError::Unknown(..) | PrinterError::Ambiguous(..) => QueueErrorKind::NotFound,
            PrinterError::Unreachable(_) | PrinterError::Silent => QueueErrorKind::Busy,
            PrinterError::Store(error) => return error.into(),
        };
        Self::of(kind, &error)
    }
}

impl From<ChangeError> for QueueError {
    fn from(error: ChangeError) -> Self {
        let kind = match error {
            ChangeError::Job(_) => QueueErrorKind::Options,
            ChangeError::Jobs(error) => return error.into(),
            ChangeError::Store(error) => return error.into(),
            ChangeError::Meta(_) => QueueErrorKind::Failed,
        };
        Self::of(kind, &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_what_its_documents_are_together() {
        let at = Timestamp::default();
        let (held, done) = (JobState::Held, JobState::Completed(at));
        let (gone, late) = (JobState::Canceled(at), JobState::Aborted(at, String::new()));
        for (documents, expected) in [
            (vec![done.clone(), held.clone()], &held),
            (
                vec![held.clone(), JobState::Processing, held.clone()],
                &JobState::Processing,
            ),
            (vec![done.clone(), done.clone()], &done),
            (vec![gone.clone(), done.clone()], &gone),
            (vec![done.clone(), late.clone(), gone.clone()], &late),
        ] {
            assert_eq!(together(&documents), *expected, "{documents:?}");
        }
    }
}
