//! What a proxy may ask of an infrastructure printer, once it has shown who it is.

use ipp::attribute::IppAttribute;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::attributes::{Attributes, AttributesError};
use super::device::{Change, Fetched, InfraDevice, JobView, ProxyView};
use super::document::Document;
use super::job::{DocumentWord, JobState, JobWord};
use super::state::{NotFetchable, Proxy, ProxyId};

impl InfraDevice {
    /// Its name, as in `infra:NAME`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What happens from now on.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.0.changes.subscribe()
    }

    /// How everything is, for whoever missed what happened.
    #[must_use]
    pub fn standing(&self) -> Vec<Change> {
        let shared = self.shared();
        let jobs = shared.state.jobs().map(|(number, job)| match job.state() {
            JobState::Fetchable => Change::Fetchable(number),
            JobState::Taken(_) | JobState::Canceled => Change::Job(number),
        });
        jobs.chain([Change::Printer]).collect()
    }

    /// A proxy that has shown who it is asks something; it registers by that. False where there are too
    /// many.
    #[must_use]
    pub fn hear(&self, by: &ProxyId) -> bool {
        let now = Instant::now();
        let (known, heard) = {
            let state = &mut self.shared().state;
            (state.proxy(by).is_some(), state.hear(by, now))
        };
        match known {
            // What waits for a proxy may wait longer now.
            true => self.0.news.notify_waiters(),
            false => self.tell(Change::Printer),
        }
        self.tell_fetcher();
        heard
    }

    /// A proxy says what its printer is and can do.
    ///
    /// # Errors
    /// [`AttributesError`]; what was known before stays.
    pub fn update(&self, by: &ProxyId, said: &[IppAttribute]) -> Result<(), AttributesError> {
        {
            let mut shared = self.shared();
            if let Some(proxy) = shared.state.proxy_mut(by) {
                proxy.attributes = proxy.attributes.update(said)?;
            }
        }
        self.tell(Change::Printer);
        self.tell_fetcher();
        Ok(())
    }

    /// What a proxy has said of its printer, as bytes for [`Self::remember`]; none if it has said nothing.
    #[must_use]
    pub fn said_by(&self, proxy: &ProxyId) -> Vec<u8> {
        let shared = self.shared();
        let said = shared.state.said_by(proxy).filter(|said| !said.is_empty());
        said.map_or_else(Vec::new, Attributes::encoded)
    }

    /// Takes what a proxy said of its printer before this node was started again. It counts from when the
    /// proxy is heard of, which need not say it again; bytes that are no such thing are nothing.
    pub fn remember(&self, proxy: ProxyId, said: &[u8]) {
        if let Some(attributes) = Attributes::read(said) {
            self.shared().state.remember(proxy, attributes);
        }
    }

    /// What a proxy has said of its printer.
    #[must_use]
    pub fn attributes_of(&self, by: &ProxyId) -> Vec<IppAttribute> {
        let shared = self.shared();
        let proxy = shared.state.proxy(by);
        proxy.map_or_else(Vec::new, |proxy| proxy.attributes.all())
    }

    /// What the proxy that fetches has said of its printer.
    #[must_use]
    pub fn attributes(&self) -> Vec<IppAttribute> {
        let mut shared = self.shared();
        let active = shared.state.active(Instant::now());
        active.map_or_else(Vec::new, |(_, proxy)| proxy.attributes.all())
    }

    /// A proxy leaves.
    pub fn leave(&self, by: &ProxyId) {
        self.shared().state.leave(by, Instant::now());
        self.tell(Change::Printer);
        self.tell_fetcher();
    }

    /// The proxies that are known.
    #[must_use]
    pub fn proxies(&self) -> Vec<ProxyView> {
        let now = Instant::now();
        let mut shared = self.shared();
        let active = shared.state.active(now).map(|(id, _)| id.clone());
        let view = |(id, proxy): (&ProxyId, &Proxy)| ProxyView {
            id: id.clone(),
            active: active.as_ref() == Some(id),
            silent: now - proxy.heard_at,
            described: !proxy.attributes.is_empty(),
        };
        shared.state.proxies().map(view).collect()
    }

    /// The jobs that a proxy may fetch now and has not taken.
    #[must_use]
    pub fn fetchable(&self, by: &ProxyId) -> Vec<JobView> {
        let mut jobs = self.jobs_of(by);
        jobs.retain(|job| job.taken_by.is_none() && job.state == JobState::Fetchable);
        jobs
    }

    /// The jobs that have not ended of which a proxy may know.
    #[must_use]
    pub fn jobs_of(&self, by: &ProxyId) -> Vec<JobView> {
        let mut shared = self.shared();
        let all: Vec<i32> = shared.state.jobs().map(|(number, _)| number).collect();
        let views = all.into_iter().filter_map(|number| shared.view(number));
        views
            .filter(|job| job.known_to.as_ref() == Some(by))
            .collect()
    }

    /// How many jobs have not ended.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.shared().state.jobs().count()
    }

    /// The jobs that a proxy took, have ended and are still known, the newest last.
    #[must_use]
    pub fn ended_of(&self, by: &ProxyId) -> Vec<JobView> {
        let shared = self.shared();
        let ended = shared.ended.iter();
        let own = ended.filter(|job| job.taken_by.as_ref() == Some(by));
        own.cloned().collect()
    }

    /// A job, whether or not it has ended.
    #[must_use]
    pub fn job(&self, number: i32) -> Option<JobView> {
        let mut shared = self.shared();
        let job = shared.view(number);
        job.or_else(|| {
            let mut ended = shared.ended.iter();
            ended.find(|view| view.number == number).cloned()
        })
    }

    /// A job of which a proxy may know.
    #[must_use]
    pub fn job_of(&self, number: i32, by: &ProxyId) -> Option<JobView> {
        let job = self.job(number);
        job.filter(|job| job.known_to.as_ref() == Some(by))
    }

    /// Whether a proxy may have a job that it wants to fetch. Nothing changes by that.
    ///
    /// # Errors
    /// [`NotFetchable`].
    pub fn fetch(&self, number: i32, by: &ProxyId) -> Result<JobView, NotFetchable> {
        let mut shared = self.shared();
        match shared.state.may_fetch(number, by, Instant::now()) {
            true => shared.view(number).ok_or(NotFetchable),
            false => Err(NotFetchable),
        }
    }

    /// A proxy takes a job; the first has it.
    ///
    /// # Errors
    /// [`NotFetchable`].
    pub fn take(&self, number: i32, by: &ProxyId) -> Result<(), NotFetchable> {
        self.shared().state.take(number, by, Instant::now())?;
        self.tell(Change::Job(number));
        Ok(())
    }

    /// A proxy does not take a job, for this reason.
    ///
    /// # Errors
    /// [`NotFetchable`].
    pub fn decline(&self, number: i32, by: &ProxyId, why: String) -> Result<(), NotFetchable> {
        let now = Instant::now();
        self.shared().state.decline(number, by, why, now)?;
        self.tell(Change::Fetchable(number));
        Ok(())
    }

    /// A proxy that took a job fetches its document, once.
    ///
    /// # Errors
    /// [`NotFetchable`].
    pub fn fetch_document(&self, number: i32, by: &ProxyId) -> Result<Fetched, NotFetchable> {
        let mut shared = self.shared();
        let offer = shared.offers.get(&number).ok_or(NotFetchable)?;
        let format = offer.format.clone();
        shared.state.ask(number, by)?;
        let offer = shared.offers.get_mut(&number).ok_or(NotFetchable)?;
        let pieces = offer.pieces.take().ok_or(NotFetchable)?;
        Ok(Fetched {
            format,
            document: Document::new(pieces, self.clone(), number),
        })
    }

    /// A proxy has a document whole.
    ///
    /// # Errors
    /// [`NotFetchable`] if the job is not its own.
    pub fn acknowledge(&self, number: i32, by: &ProxyId) -> Result<(), NotFetchable> {
        let now = Instant::now();
        self.shared().state.acknowledge(number, by, now)?;
        self.tell(Change::Job(number));
        Ok(())
    }

    /// A proxy says how a document is.
    ///
    /// # Errors
    /// [`NotFetchable`] if the job is not its own.
    pub fn hear_of_document(
        &self,
        number: i32,
        by: &ProxyId,
        word: DocumentWord,
    ) -> Result<(), NotFetchable> {
        let now = Instant::now();
        (self.shared().state).hear_of_document(number, by, word, now)?;
        self.tell(Change::Job(number));
        Ok(())
    }

    /// A proxy says how a job is.
    ///
    /// # Errors
    /// [`NotFetchable`] if the job is not its own.
    pub fn hear_of_job(
        &self,
        number: i32,
        by: &ProxyId,
        word: JobWord,
    ) -> Result<(), NotFetchable> {
        let now = Instant::now();
        self.shared().state.hear_of_job(number, by, word, now)?;
        self.tell(Change::Job(number));
        Ok(())
    }
}
