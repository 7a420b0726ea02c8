//! The node's holder, presented to the hold printer as an IPP queue.

mod counted;

use std::net::IpAddr;
use std::time::Duration;

use futures::{Stream, stream};
use papermesh_ipp::queue::{
    Bearer, Capabilities, Document, Hold, IppJobRequest, IppJobState, JobChange, JobNumber,
    JobSettings, KnownStation, NewDocument, Queue, QueueError, QueueErrorKind, QueuedJob, Station,
    Underway, Which,
};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::gateway::token::PrintToken;
use papermesh_protocol::gateway::token::allowance::Spent;
use papermesh_protocol::job::DEFAULT_PRIORITY;
use papermesh_protocol::pin::Pin;
use papermesh_protocol::release::receipt::Outcome;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_services::auth::typed::TypedError;
use papermesh_services::holder::amend::{self, ChangeError};
use papermesh_services::holder::life::JobState as Life;
use papermesh_services::holder::printers::PrinterError;
use papermesh_services::holder::{HeldView, Holder, JobsError, Submission, SubmitError};
use papermesh_services::local_users::LocalUsers;
use papermesh_services::local_users::tokens;
use papermesh_services::local_users::tokens::meter::MeterError;
use papermesh_services::network::Network;
use papermesh_services::policy::SubmitRefusal;
use papermesh_store::{JobNumbers, StoreError};
use tokio::io::AsyncRead;
use tokio::sync::broadcast::error::RecvError;

use counted::TakenJob;

/// The format of a job of which none is said yet: any that is taken will do.
const SOME_FORMAT: &str = "application/pdf";
/// How long before a job expires it becomes free that is held back without an end: in effect, never.
const NEVER: Duration = Duration::from_secs(1);
/// One that becomes free that long before its end, or later, is held back without one: its expiry is
/// reckoned a little after that moment.
const AT_THE_END: Duration = Duration::from_secs(60);

/// A holder, and this computer's users, as the hold printer's queue.
#[derive(Clone)]
pub struct HoldQueue<N: Network>(pub Holder<N>, pub LocalUsers<N>);

impl<N: Network> Queue for HoldQueue<N> {
    async fn users(&self) -> Result<Vec<UserId>, QueueError> {
        Ok(self.0.users().await.map_err(Refused::from)?)
    }

    async fn knows_here(&self, user: &UserId) -> Result<bool, QueueError> {
        Ok(self.0.knows_here(user).await.map_err(Refused::from)?)
    }

    async fn knows(&self, user: &UserId) -> Result<bool, QueueError> {
        Ok(self.0.knows(user).await.map_err(Refused::from)?)
    }

    async fn is_disabled(&self, user: &UserId) -> bool {
        self.0.is_disabled(user).await
    }

    async fn prove(&self, user: &UserId, pin: &Pin, from: IpAddr) -> Result<(), QueueError> {
        self.0.prove(user, pin, from.into()).await.map_err(|error| {
            let kind = match &error {
                TypedError::Pin(_) => QueueErrorKind::NotProven,
                TypedError::Wait(_) => QueueErrorKind::Busy,
                TypedError::Busy(_) => QueueErrorKind::Crowded,
                TypedError::Disabled(_) => QueueErrorKind::NotAllowed,
                TypedError::Store(_) => QueueErrorKind::Failed,
            };
            QueueError::new(kind, error.in_full())
        })
    }

    async fn bearer(&self, token: &PrintToken, named: Option<&str>) -> Result<Bearer, QueueError> {
        match self.1.bearer(token, named).await {
            Ok(Some(tokens::Bearer {
                user,
                token,
                rights,
            })) => Ok(Bearer {
                user,
                token,
                rights,
            }),
            Ok(None) => Err(QueueError::new(
                QueueErrorKind::NotProven,
                "no such print token",
            )),
            Err(error) => Err(QueueError::new(QueueErrorKind::Failed, error.in_full())),
        }
    }

    async fn admit(&self, request: &IppJobRequest) -> Result<(), QueueError> {
        let format = request.format.as_deref().unwrap_or(SOME_FORMAT);
        let submission = submission(
            &self.0,
            &request.user,
            &request.settings,
            String::new(),
            format,
        );
        self.0
            .would_take(&submission)
            .await
            .map_err(Refused::from)?;
        if let Some(token) = request.token {
            let meter = self.1.meter(token).await.map_err(Refused::from)?;
            meter
                .check()
                .map_err(|spent| Refused::from(MeterError::from(spent)))?;
        }
        Ok(())
    }

    async fn number(&self) -> Result<JobNumber, QueueError> {
        Ok(self.0.reserve_number().await.map_err(Refused::from)?)
    }

    async fn draw_number(&self) -> Result<JobNumber, QueueError> {
        Ok(self.0.draw_number().await.map_err(Refused::from)?)
    }

    fn is_drawn(number: u32) -> bool {
        JobNumbers::is_drawn(number)
    }

    async fn hold(
        &self,
        document: NewDocument,
        bytes: impl AsyncRead + Send + Unpin,
    ) -> Result<Option<Underway>, QueueError> {
        let Some(token) = document.job_request.token else {
            return self.take(document, bytes).await;
        };
        let meter = self.1.meter(token).await.map_err(Refused::from)?;
        self.1.take_job(&meter).await.map_err(Refused::from)?;
        let job = TakenJob::of(&meter);
        let is_held = document.station.is_none();
        let taken = self.take(document, job.document(bytes)).await;
        match taken.is_ok() || !is_held {
            // At a printer some of it may be out, whatever became of the rest.
            true => job.keep(),
            false => job.give_back(),
        }
        if let Err(error) = self.1.note(&meter).await {
            tracing::error!(error = %error.in_full(), "could not note what was printed with a token");
        }
        match (taken, meter.check()) {
            // What cut the document off is not its sender's fault.
            (Err(error), Err(spent @ Spent::BytesToday(_)))
                if error.kind == QueueErrorKind::Broken =>
            {
                Err(Refused::from(MeterError::from(spent)).into())
            }
            (taken, _) => taken,
        }
    }

    async fn printers(&self) -> Result<Vec<KnownStation>, QueueError> {
        let printers = self.0.printers().await.map_err(Refused::from)?;
        let known = printers.into_iter().map(|printer| KnownStation {
            name: printer.name().to_string(),
            abilities: self.0.known_abilities(printer.node()),
        });
        Ok(known.collect())
    }

    async fn station(&self, name: &str) -> Result<Station, QueueError> {
        let printer = self.0.printer(name).await.map_err(Refused::from)?;
        let known = self.0.known_abilities(printer.node());
        Ok(Station {
            name: printer.name().to_string(),
            id: printer.node().to_string(),
            location: known.as_ref().and_then(|known| known.location.clone()),
            capabilities: Capabilities::of(self.0.largest(), known.as_slice()),
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
        let bundles = self
            .0
            .bundles(user, which == Which::Ended, enough)
            .await
            .map_err(Refused::from)?;
        let jobs = bundles.iter().filter_map(|documents| queued(documents));
        Ok(jobs.skip(skip).collect())
    }

    async fn job(&self, number: JobNumber) -> Result<Option<QueuedJob>, QueueError> {
        Ok(queued(&self.0.bundle(number).await.map_err(Refused::from)?))
    }

    async fn cancel(&self, number: JobNumber, place: Option<u16>) -> Result<(), QueueError> {
        let documents = self.0.bundle(number).await.map_err(Refused::from)?;
        let numbered = documents.iter().zip(1u16..);
        let mut found = false;
        let wanted = numbered.filter(|(_, at)| place.is_none_or(|place| place == *at));
        for (view, _) in wanted {
            found = true;
            if !view.state.is_over() {
                self.0
                    .delete(view.summary.job)
                    .await
                    .map_err(Refused::from)?;
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
        let documents = self.0.bundle(number).await.map_err(Refused::from)?;
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
            self.0
                .change(view.summary.job, amended)
                .await
                .map_err(Refused::from)?;
        }
        Ok(())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::of(self.0.largest(), &self.0.all_known_abilities())
    }

    fn is_shared(&self) -> bool {
        self.0.has(Role::SharedClient)
    }

    fn changes(&self) -> impl Stream<Item = JobNumber> + Send + Unpin {
        let (holder, news) = (self.0.clone(), self.0.news());
        Box::pin(stream::unfold((holder, news), |(holder, mut news)| async {
            loop {
                let number = match news.recv().await {
                    Ok(view) => view.number,
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => return None,
                };
                if let Ok(whole) = holder.whole(number).await {
                    return Some((whole, (holder, news)));
                }
            }
        }))
    }

    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

impl<N: Network> HoldQueue<N> {
    /// Takes a document, whoever brings it.
    async fn take(
        &self,
        document: NewDocument,
        bytes: impl AsyncRead + Send + Unpin,
    ) -> Result<Option<Underway>, QueueError> {
        let further = document.place > 1;
        let title = match further {
            false => document.title,
            true => format!("{} ({})", document.title, document.place),
        };
        let request = document.job_request;
        let submission = Submission {
            number: (!further).then_some(document.number),
            part_of: further.then_some(document.number),
            size: document.size,
            password: document.password,
            token: request.token,
            client: request.client,
            ..submission(
                &self.0,
                &request.user,
                &request.settings,
                title,
                &document.format,
            )
        };
        let Some(station) = document.station else {
            self.0
                .submit(submission, bytes)
                .await
                .map_err(Refused::from)?;
            return Ok(None);
        };
        let printer = self.0.printer(&station).await.map_err(Refused::from)?;
        let (_, print) = self
            .0
            .submit_direct(submission, &printer, bytes)
            .await
            .map_err(Refused::from)?;
        Ok(Some(Box::pin(async move {
            let end = print.ended().await;
            let why = end.reason.unwrap_or_else(|| "it did not print".to_owned());
            let printed = matches!(end.outcome, Outcome::Printed { .. });
            (!printed).then(|| format!("{}: {why}", printer.name()))
        })))
    }
}

/// What a program wants, as a submission.
fn submission<N: Network>(
    holder: &Holder<N>,
    user: &UserId,
    settings: &JobSettings,
    title: String,
    format: &str,
) -> Submission {
    let lifetime = settings.lifetime.unwrap_or_else(|| holder.job_lifetime());
    let now = holder.now();
    // On a shared computer the PIN that comes with a job is the one for this visit.
    let shared = holder.has(Role::SharedClient);
    let pin = |wanted: bool| settings.pin.clone().filter(|_| wanted);
    Submission {
        options: settings.options.clone(),
        priority: settings.priority.unwrap_or(DEFAULT_PRIORITY),
        hold_until: match settings.hold {
            Hold::No => None,
            Hold::Until(at) => Some(at),
            Hold::Indefinite => Some(now + lifetime.saturating_sub(NEVER)),
        },
        lifetime: settings.lifetime,
        visit_pin: pin(shared),
        job_pin: pin(!shared),
        ..Submission::new(user.clone(), title, format)
    }
}

/// The job that these documents make; none if there are none.
fn queued(documents: &[HeldView]) -> Option<QueuedJob> {
    let first = documents.first()?;
    let states: Vec<IppJobState> = documents.iter().map(|view| state(&view.state)).collect();
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
        token: first.token,
        client: first.client,
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
fn together(documents: &[IppJobState]) -> IppJobState {
    let find = |wanted: fn(&IppJobState) -> bool| documents.iter().rfind(|state| wanted(state));
    let open = find(|state| *state == IppJobState::Processing)
        .or_else(|| find(|state| !state.has_ended()))
        .or_else(|| find(|state| matches!(state, IppJobState::Aborted(..))))
        .or_else(|| find(|state| matches!(state, IppJobState::Canceled(_))));
    open.or(documents.last())
        .cloned()
        .unwrap_or(IppJobState::Incoming)
}

fn state(life: &Life) -> IppJobState {
    match life {
        Life::Held | Life::Waiting { .. } => IppJobState::Held,
        Life::Processing { .. } => IppJobState::Processing,
        Life::Printed { at, .. } => IppJobState::Completed(*at),
        Life::Deleted { at, .. } => IppJobState::Canceled(*at),
        Life::Expired { at } => IppJobState::Aborted(*at, "it was not released in time".into()),
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

/// What the holder refused, as a program hears it.
struct Refused(QueueError);

impl Refused {
    fn of(kind: QueueErrorKind, error: &impl Remedy) -> Self {
        Self(QueueError::new(kind, error.in_full()))
    }
}

impl From<Refused> for QueueError {
    fn from(refused: Refused) -> Self {
        refused.0
    }
}

impl From<StoreError> for Refused {
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

impl From<MeterError> for Refused {
    fn from(error: MeterError) -> Self {
        let kind = match error {
            MeterError::Spent(_) => QueueErrorKind::Spent,
            MeterError::Withdrawn => QueueErrorKind::NotAllowed,
            MeterError::Store(error) => return error.into(),
        };
        Self::of(kind, &error)
    }
}

impl From<SubmitError> for Refused {
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

impl From<JobsError> for Refused {
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

impl From<PrinterError> for Refused {
    fn from(error: PrinterError) -> Self {
        let kind = match error {
            PrinterError::Unknown(..) | PrinterError::Ambiguous(..) => QueueErrorKind::NotFound,
            PrinterError::Unreachable(_) | PrinterError::Silent => QueueErrorKind::Busy,
            PrinterError::Store(error) => return error.into(),
        };
        Self::of(kind, &error)
    }
}

impl From<ChangeError> for Refused {
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
        let (held, done) = (IppJobState::Held, IppJobState::Completed(at));
        let (gone, late) = (
            IppJobState::Canceled(at),
            IppJobState::Aborted(at, String::new()),
        );
        for (documents, expected) in [
            (vec![done.clone(), held.clone()], &held),
            (
                vec![held.clone(), IppJobState::Processing, held.clone()],
                &IppJobState::Processing,
            ),
            (vec![done.clone(), done.clone()], &done),
            (vec![gone.clone(), done.clone()], &gone),
            (vec![done.clone(), late.clone(), gone.clone()], &late),
        ] {
            assert_eq!(together(&documents), *expected, "{documents:?}");
        }
    }
}
