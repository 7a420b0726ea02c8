//! What a proxy may ask of an infrastructure printer, once it has shown who it is.

use ipp::attribute::IppAttribute;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::attributes::AttributesError;
use super::device::{Change, Fetched, InfraDevice, JobView, ProxyView};
use super::document::Document;
use super::job::{DocumentWord, JobWord};
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
        Ok(())
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
        self.shared().state.leave(by);
        self.tell(Change::Printer);
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
        let now = Instant::now();
        let mut shared = self.shared();
        let all: Vec<i32> = shared.state.jobs().map(|(number, _)| number).collect();
        let mut found = Vec::new();
        for number in all {
            if shared.state.may_fetch(number, by, now)
                && let Some(view) = shared.view(number)
                && view.taken_by.is_none()
            {
                found.push(view);
            }
        }
        found
    }

    /// All jobs that have not ended.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobView> {
        let shared = self.shared();
        let all: Vec<i32> = shared.state.jobs().map(|(number, _)| number).collect();
        (all.into_iter())
            .filter_map(|number| shared.view(number))
            .collect()
    }

    /// The jobs that have ended and are still known, the newest last.
    #[must_use]
    pub fn ended(&self) -> Vec<JobView> {
        self.shared().ended.iter().cloned().collect()
    }

    /// A job, whether or not it has ended.
    #[must_use]
    pub fn job(&self, number: i32) -> Option<JobView> {
        let shared = self.shared();
        let ended = shared.ended.iter().find(|view| view.number == number);
        shared.view(number).or_else(|| ended.cloned())
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
