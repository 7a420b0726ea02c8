//! A queue in memory: takes everything that is a PDF and more, forgets it with the test.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use futures::{Stream, stream};
use papermesh_protocol::gateway::token::PrintToken;
use papermesh_protocol::job::DEFAULT_PRIORITY;
use papermesh_protocol::pin::Pin;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_web::{Arrival, Certificates, FromSite, Knocks, PublicCertificates};
use tokio::io::{AsyncRead, AsyncReadExt, DuplexStream};
use tokio::sync::{broadcast, mpsc};

use crate::listener::{HoldPrinter, Outside};
use crate::queue::{
    Bearer, Capabilities, Document, IppJobRequest, IppJobState, JobChange, JobNumber, KnownStation,
    NewDocument, Queue, QueueError, QueueErrorKind, QueuedJob, Station, Underway, Which,
};
use crate::{Identity, Owners};

/// The largest document.
pub(super) const LARGEST: u64 = 1 << 20;

#[derive(Clone)]
pub(crate) struct Memory(Arc<Inner>);

struct Inner {
    jobs: Mutex<BTreeMap<JobNumber, QueuedJob>>,
    numbers: Mutex<JobNumber>,
    users: Vec<UserId>,
    /// Users whom the site knows besides, if everybody may print from this computer.
    visitors: Option<Vec<UserId>>,
    changes: broadcast::Sender<JobNumber>,
}

impl Memory {
    pub(crate) fn of(users: &[&str]) -> Self {
        Self::with(users, None)
    }

    /// The same computer, shared with all whom the site knows: these besides.
    pub(crate) fn shared(&self, visitors: &[&str]) -> Self {
        let users: Vec<&str> = self.0.users.iter().map(UserId::as_str).collect();
        Self::with(&users, Some(visitors))
    }

    fn with(users: &[&str], visitors: Option<&[&str]>) -> Self {
        let named = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
        Self(Arc::new(Inner {
            jobs: Mutex::default(),
            numbers: Mutex::default(),
            users: named(users),
            visitors: visitors.map(named),
            changes: broadcast::channel(16).0,
        }))
    }

    pub(crate) fn all(&self) -> MutexGuard<'_, BTreeMap<JobNumber, QueuedJob>> {
        self.0.jobs.lock().unwrap()
    }

    /// The users release their jobs as soon as they are held, except those that are held back.
    pub(super) async fn release_all(self) {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let now = self.now();
            for job in self.all().values_mut() {
                if job.state == IppJobState::Held {
                    job.state = IppJobState::Completed(now);
                    job.processing_at = Some(now);
                    job.printer = Some("front-desk".into());
                    job.pages_printed = 1;
                    let _ = self.0.changes.send(job.number);
                }
            }
        }
    }

    /// Serves it on a free port; gives the printer's address.
    pub(super) async fn serve(&self, owners: Owners) -> std::net::SocketAddr {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity {
            name: "Acme hold printer".into(),
            location: "laptop-1".into(),
            organization: "Acme".into(),
            seed: vec![7; 32],
        };
        let certificates = Certificates {
            own: folder.path().join("ipps.pem"),
            site: FromSite::nothing(),
        };
        let any = "127.0.0.1:0".parse().unwrap();
        let printer = HoldPrinter::bind(any, &certificates, (identity, owners), self.clone());
        let printer = printer.await.unwrap();
        let address = printer.address().unwrap();
        let (_, nobody) = mpsc::channel::<Arrival<DuplexStream>>(1);
        let knocks = Knocks::new(
            &folder.path().join("place.pem"),
            &PublicCertificates::default(),
        );
        let outside = Outside {
            knocks: knocks.unwrap(),
            arriving: nobody,
            pages: Router::new(),
        };
        tokio::spawn(printer.serve(false, outside));
        address
    }
}

fn not_found(number: JobNumber) -> QueueError {
    QueueError::new(QueueErrorKind::NotFound, format!("no job {number}"))
}

impl Queue for Memory {
    async fn users(&self) -> Result<Vec<UserId>, QueueError> {
        Ok(self.0.users.clone())
    }

    async fn knows_here(&self, user: &UserId) -> Result<bool, QueueError> {
        Ok(self.0.users.contains(user))
    }

    async fn knows(&self, user: &UserId) -> Result<bool, QueueError> {
        let visitors = self.0.visitors.iter().flatten();
        Ok(self
            .0
            .users
            .iter()
            .chain(visitors)
            .any(|known| known == user))
    }

    async fn is_disabled(&self, _: &UserId) -> bool {
        false
    }

    async fn prove(&self, _: &UserId, _: &Pin, _: IpAddr) -> Result<(), QueueError> {
        Err(QueueError::new(
            QueueErrorKind::NotProven,
            "nobody has a PIN",
        ))
    }

    async fn bearer(&self, _: &PrintToken, _: Option<&str>) -> Result<Bearer, QueueError> {
        Err(QueueError::new(
            QueueErrorKind::NotProven,
            "nobody has a token",
        ))
    }

    async fn admit(&self, job_request: &IppJobRequest) -> Result<(), QueueError> {
        if self.0.users.contains(&job_request.user) {
            return Ok(());
        }
        Err(QueueError::new(QueueErrorKind::NotAllowed, "not enrolled"))
    }

    async fn number(&self) -> Result<JobNumber, QueueError> {
        let mut last = self.0.numbers.lock().unwrap();
        *last += 1;
        Ok(*last)
    }

    async fn draw_number(&self) -> Result<JobNumber, QueueError> {
        self.number().await
    }

    fn is_drawn(_number: u32) -> bool {
        false
    }

    async fn hold(
        &self,
        document: NewDocument,
        bytes: impl AsyncRead + Send + Unpin,
    ) -> Result<Option<Underway>, QueueError> {
        let mut taken = bytes.take(LARGEST + 1);
        let size = tokio::io::copy(&mut taken, &mut tokio::io::sink()).await;
        let size = size.map_err(|error| QueueError::new(QueueErrorKind::Broken, error))?;
        if size > LARGEST {
            return Err(QueueError::new(QueueErrorKind::TooLarge, "too large"));
        }
        let now = self.now();
        let settings = document.job_request.settings;
        let own = settings.options.clone();
        let title = document.title.clone();
        let mut jobs = self.all();
        let job = jobs.entry(document.number).or_insert(QueuedJob {
            number: document.number,
            user: document.job_request.user,
            token: document.job_request.token,
            client: document.job_request.client,
            title: document.title,
            state: IppJobState::Held,
            documents: Vec::new(),
            options: settings.options,
            priority: settings.priority.unwrap_or(DEFAULT_PRIORITY),
            hold: settings.hold,
            own_pin: settings.pin.is_some(),
            created_at: now,
            processing_at: None,
            expires_at: Some(now + Duration::from_secs(3600)),
            printer: None,
            stopped: false,
            may_have_printed: false,
            pages_printed: 0,
            note: None,
        });
        job.documents.push(Document {
            title,
            format: document.format,
            size,
            pages: Some(1),
            options: own,
            locked: false,
            created_at: now,
            state: IppJobState::Held,
        });
        Ok(None)
    }

    async fn printers(&self) -> Result<Vec<KnownStation>, QueueError> {
        Ok(Vec::new())
    }

    async fn station(&self, name: &str) -> Result<Station, QueueError> {
        let why = format!("no printer {name}");
        Err(QueueError::new(QueueErrorKind::NotFound, why))
    }

    async fn jobs(
        &self,
        user: &UserId,
        which: Which,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<QueuedJob>, QueueError> {
        let jobs = self.all();
        let wanted = jobs
            .values()
            .filter(|job| job.user == *user && job.state.has_ended() == (which == Which::Ended));
        Ok(wanted.skip(skip).take(limit).cloned().collect())
    }

    async fn job(&self, number: JobNumber) -> Result<Option<QueuedJob>, QueueError> {
        Ok(self.all().get(&number).cloned())
    }

    async fn cancel(&self, number: JobNumber, place: Option<u16>) -> Result<(), QueueError> {
        let now = self.now();
        let mut jobs = self.all();
        let job = jobs.get_mut(&number).ok_or_else(|| not_found(number))?;
        match place {
            None => job.state = IppJobState::Canceled(now),
            Some(place) => job.documents[usize::from(place) - 1].state = IppJobState::Canceled(now),
        }
        Ok(())
    }

    async fn change(
        &self,
        number: JobNumber,
        place: Option<u16>,
        change: JobChange,
    ) -> Result<(), QueueError> {
        let mut jobs = self.all();
        let job = jobs.get_mut(&number).ok_or_else(|| not_found(number))?;
        if let Some(place) = place {
            let document = &mut job.documents[usize::from(place) - 1];
            document.title = change.title.unwrap_or_else(|| document.title.clone());
            document.options = change.options.unwrap_or_else(|| document.options.clone());
            return Ok(());
        }
        job.title = change.title.unwrap_or_else(|| job.title.clone());
        job.options = change.options.unwrap_or_else(|| job.options.clone());
        job.priority = change.priority.unwrap_or(job.priority);
        job.hold = change.hold.unwrap_or(job.hold);
        Ok(())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::sane(LARGEST)
    }

    fn is_shared(&self) -> bool {
        self.0.visitors.is_some()
    }

    fn changes(&self) -> impl Stream<Item = JobNumber> + Send + Unpin {
        let changes = self.0.changes.subscribe();
        Box::pin(stream::unfold(changes, |mut changes| async {
            Some((changes.recv().await.ok()?, changes))
        }))
    }

    fn now(&self) -> Timestamp {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap();
        Timestamp::from_millis(since.as_millis().try_into().unwrap())
    }
}
