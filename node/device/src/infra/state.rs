//! Proxies and jobs together: what may be asked by whom, and what it changes. Pure: the time is an
//! argument, and what is to be told is what a call returns.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;
use std::{fmt, mem};

use tokio::time::Instant;

use super::attributes::Attributes;
use super::job::{DocumentWord, Job, JobState, JobWord, UNHEARD, Verdict};

/// Proxies that are known at once. Each has a token that an admin made.
pub(super) const MAX_PROXIES: usize = 16;
/// Jobs of an earlier life of this node of which it is waited for a word.
const MAX_RECALLED: usize = 64;
/// Longest id of a proxy, in bytes: a UUID as a URN has 45.
const MAX_ID: usize = 63;

/// Names a proxy: its `output-device-uuid`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProxyId(String);

/// Text that names no proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an output-device-uuid is a UUID: urn:uuid: and 36 characters")]
pub struct ProxyIdError;

impl FromStr for ProxyId {
    type Err = ProxyIdError;

    fn from_str(text: &str) -> Result<Self, ProxyIdError> {
        let lower = text.to_ascii_lowercase();
        let digits = lower.strip_prefix("urn:uuid:").unwrap_or(&lower);
        let is_uuid = digits.len() == 36
            && digits.bytes().enumerate().all(|(place, byte)| match place {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        match is_uuid && text.len() <= MAX_ID {
            true => Ok(Self(format!("urn:uuid:{digits}"))),
            false => Err(ProxyIdError),
        }
    }
}

impl fmt::Display for ProxyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ProxyId {
    /// The id as a URN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A proxy that has registered.
#[derive(Debug, Clone)]
pub(super) struct Proxy {
    /// What it says of its printer.
    pub(super) attributes: Attributes,
    /// Its place among all, by when it came.
    place: u64,
    /// When it was heard of last.
    pub(super) heard_at: Instant,
}

/// The job is nothing that this proxy may fetch (PWG 5100.18 section 10.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the job is not, or no longer, there for this output device")]
pub struct NotFetchable;

/// How long no proxy has been heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// None has registered since this node started, so long ago.
    Never(Duration),
    /// The last one was heard so long ago.
    Since(Duration),
}

/// A job of an earlier life of this node.
#[derive(Debug, Clone)]
struct Recalled {
    by: ProxyId,
    since: Instant,
    word: Option<JobWord>,
    /// What it says of the document since.
    document: Option<DocumentWord>,
}

/// What a proxy says of a job whose document was whole before this node was started again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recollection {
    /// It may still say something.
    Open,
    /// That it ended the job, and left the document unfinished.
    Unfinished,
    /// This.
    Said(JobWord),
    /// Nothing, and it had time.
    Nothing,
}

/// Everything.
#[derive(Debug, Clone)]
pub(super) struct State {
    started_at: Instant,
    /// The last one that was heard of, also when it has left.
    last_heard: Option<Instant>,
    proxies: BTreeMap<ProxyId, Proxy>,
    /// What proxies said in an earlier life that were not heard of in this one.
    remembered: BTreeMap<ProxyId, Attributes>,
    next_place: u64,
    /// The proxy that fetches; the others stand by.
    active: Option<ProxyId>,
    jobs: BTreeMap<i32, Job>,
    recalled: BTreeMap<i32, Recalled>,
}

impl State {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            started_at: now,
            last_heard: None,
            proxies: BTreeMap::new(),
            remembered: BTreeMap::new(),
            next_place: 0,
            active: None,
            jobs: BTreeMap::new(),
            recalled: BTreeMap::new(),
        }
    }

    // Proxies -----------------------------------------------------------------------------------

    /// A proxy says something, and so is there: it registers by that. False where there are too many.
    pub(super) fn hear(&mut self, by: &ProxyId, now: Instant) -> bool {
        if !self.proxies.contains_key(by) && !self.register(by, now) {
            return false;
        }
        if let Some(proxy) = self.proxies.get_mut(by) {
            proxy.heard_at = now;
        }
        self.last_heard = Some(now);
        true
    }

    fn register(&mut self, by: &ProxyId, now: Instant) -> bool {
        if self.proxies.len() >= MAX_PROXIES {
            // Who has been silent for long, and has nothing, makes room.
            let silent = self
                .proxies
                .iter()
                .filter(|(id, proxy)| now >= proxy.heard_at + UNHEARD && !self.has_job(id));
            let oldest = silent.min_by_key(|(_, proxy)| proxy.heard_at);
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else {
                return false;
            };
            self.proxies.remove(&oldest);
        }
        let proxy = Proxy {
            attributes: self.remembered.remove(by).unwrap_or_default(),
            place: self.next_place,
            heard_at: now,
        };
        self.next_place += 1;
        self.proxies.insert(by.clone(), proxy);
        true
    }

    fn has_job(&self, by: &ProxyId) -> bool {
        let mut jobs = self.jobs.values();
        jobs.any(|job| job.taken_by.as_ref() == Some(by))
    }

    /// A proxy leaves. What it asked for ends.
    pub(super) fn leave(&mut self, by: &ProxyId, now: Instant) {
        self.proxies.remove(by);
        self.remembered.remove(by);
        if self.active.as_ref() == Some(by) {
            self.active = None;
        }
        let taken = |job: &&mut Job| job.taken_by.as_ref() == Some(by);
        self.jobs
            .values_mut()
            .filter(taken)
            .for_each(|job| job.leave(now));
    }

    /// What a proxy said of its printer in an earlier life of this node. It counts once the proxy is heard.
    pub(super) fn remember(&mut self, proxy: ProxyId, attributes: Attributes) {
        if self.remembered.len() < MAX_PROXIES {
            self.remembered.insert(proxy, attributes);
        }
    }

    /// What a proxy says of its printer, or said in an earlier life if it was not heard of in this one.
    pub(super) fn said_by(&self, id: &ProxyId) -> Option<&Attributes> {
        let known = self.proxies.get(id).map(|proxy| &proxy.attributes);
        known.or_else(|| self.remembered.get(id))
    }

    pub(super) fn proxy(&self, id: &ProxyId) -> Option<&Proxy> {
        self.proxies.get(id)
    }

    pub(super) fn proxy_mut(&mut self, id: &ProxyId) -> Option<&mut Proxy> {
        self.proxies.get_mut(id)
    }

    pub(super) fn proxies(&self) -> impl Iterator<Item = (&ProxyId, &Proxy)> {
        self.proxies.iter()
    }

    /// The proxy that fetches. It stays so for as long as it is heard of, whatever it has under way; then it
    /// is the one that came first of those that are.
    pub(super) fn active(&mut self, now: Instant) -> Option<(&ProxyId, &Proxy)> {
        let stays = |id: &ProxyId| {
            let proxy = self.proxies.get(id);
            proxy.is_some_and(|proxy| now < proxy.heard_at + UNHEARD)
        };
        if !self.active.as_ref().is_some_and(stays) {
            let there = self.proxies.iter();
            let there = there.filter(|(_, proxy)| {
                now < proxy.heard_at + UNHEARD && !proxy.attributes.is_empty()
            });
            let first = there.min_by_key(|(_, proxy)| proxy.place);
            self.active = first.map(|(id, _)| id.clone());
        }
        self.proxies.get_key_value(self.active.as_ref()?)
    }

    fn is_active(&mut self, by: &ProxyId, now: Instant) -> bool {
        self.active(now).is_some_and(|(id, _)| id == by)
    }

    /// How long no proxy has been heard of.
    pub(super) fn silence(&self, now: Instant) -> Silence {
        match self.last_heard {
            None => Silence::Never(now - self.started_at),
            Some(at) => Silence::Since(now - at),
        }
    }

    // Jobs --------------------------------------------------------------------------------------

    /// Offers a job; false if there is one of this number.
    pub(super) fn offer(&mut self, number: i32, now: Instant) -> bool {
        if self.jobs.contains_key(&number) {
            return false;
        }
        self.jobs.insert(number, Job::new(now));
        true
    }

    /// The job is not printed any more from here, however it ended.
    pub(super) fn withdraw(&mut self, number: i32) {
        self.jobs.remove(&number);
    }

    pub(super) fn job(&self, number: i32) -> Option<&Job> {
        self.jobs.get(&number)
    }

    pub(super) fn jobs(&self) -> impl Iterator<Item = (i32, &Job)> {
        self.jobs.iter().map(|(number, job)| (*number, job))
    }

    /// Whether a proxy may fetch a job now: nobody took it, or this one did and its document is still
    /// to be asked for.
    pub(super) fn may_fetch(&mut self, number: i32, by: &ProxyId, now: Instant) -> bool {
        let is_active = self.is_active(by, now);
        self.jobs.get(&number).is_some_and(|job| {
            job.canceled.is_none()
                && match &job.taken_by {
                    None => is_active,
                    Some(taken_by) => taken_by == by && !job.document.asked,
                }
        })
    }

    /// A proxy takes a job. The first has it.
    pub(super) fn take(
        &mut self,
        number: i32,
        by: &ProxyId,
        now: Instant,
    ) -> Result<(), NotFetchable> {
        if !self.may_fetch(number, by, now) {
            return Err(NotFetchable);
        }
        let job = self.jobs.get_mut(&number).ok_or(NotFetchable)?;
        if job.taken_by.is_none() {
            job.taken_by = Some(by.clone());
            job.changed_at = now;
        }
        Ok(())
    }

    /// A proxy does not take a job, or gives it back before it has anything of it.
    pub(super) fn decline(
        &mut self,
        number: i32,
        by: &ProxyId,
        why: String,
        now: Instant,
    ) -> Result<(), NotFetchable> {
        if !self.may_fetch(number, by, now) {
            return Err(NotFetchable);
        }
        let job = self.jobs.get_mut(&number).ok_or(NotFetchable)?;
        job.decline(why);
        Ok(())
    }

    /// The job of which a proxy has a say: the one that took it.
    fn own(&mut self, number: i32, by: &ProxyId) -> Result<&mut Job, NotFetchable> {
        let job = self.jobs.get_mut(&number).ok_or(NotFetchable)?;
        match job.taken_by.as_ref() == Some(by) {
            true => Ok(job),
            false => Err(NotFetchable),
        }
    }

    /// A proxy asks for the bytes of a document: it gets them once.
    pub(super) fn ask(&mut self, number: i32, by: &ProxyId) -> Result<(), NotFetchable> {
        let job = self.own(number, by)?;
        if job.canceled.is_some() || mem::replace(&mut job.document.asked, true) {
            return Err(NotFetchable);
        }
        Ok(())
    }

    /// Bytes go out. From the first one on the document may be printed; with each its proxy is heard, which
    /// may ask for nothing else meanwhile.
    pub(super) fn send(&mut self, number: i32, now: Instant) -> bool {
        let Some(job) = self.jobs.get_mut(&number).filter(|job| job.is_given()) else {
            return false;
        };
        job.document.begun = true;
        job.changed_at = now;
        let by = job.taken_by.as_ref();
        if let Some(proxy) = by.and_then(|by| self.proxies.get_mut(by)) {
            proxy.heard_at = now;
            self.last_heard = Some(now);
        }
        true
    }

    /// All bytes are out.
    pub(super) fn finish(&mut self, number: i32, now: Instant) -> bool {
        let job = self.jobs.get_mut(&number).filter(|job| job.is_given());
        job.is_some_and(|job| {
            job.document.whole |= job.document.begun;
            job.changed_at = now;
            true
        })
    }

    /// Whoever fetched the document has gone before it was whole.
    pub(super) fn break_off(&mut self, number: i32, now: Instant) {
        if let Some(job) = self.jobs.get_mut(&number) {
            job.broken.get_or_insert(now);
        }
    }

    /// A proxy says that it has a document whole. It can not have what did not go out.
    pub(super) fn acknowledge(
        &mut self,
        number: i32,
        by: &ProxyId,
        now: Instant,
    ) -> Result<(), NotFetchable> {
        let job = self.own(number, by)?;
        job.document.acknowledged |= job.document.whole;
        job.changed_at = now;
        Ok(())
    }

    /// A proxy says how a document is.
    pub(super) fn hear_of_document(
        &mut self,
        number: i32,
        by: &ProxyId,
        word: DocumentWord,
        now: Instant,
    ) -> Result<(), NotFetchable> {
        if let Some(recalled) = self.recalled.get_mut(&number)
            && recalled.by == *by
        {
            recalled.document = Some(word);
            return Ok(());
        }
        let job = self.own(number, by)?;
        if job.document.word.replace(word) != Some(word) {
            job.changed_at = now;
        }
        Ok(())
    }

    /// A proxy says how a job is.
    pub(super) fn hear_of_job(
        &mut self,
        number: i32,
        by: &ProxyId,
        word: JobWord,
        now: Instant,
    ) -> Result<(), NotFetchable> {
        if let Some(recalled) = self.recalled.get_mut(&number)
            && recalled.by == *by
        {
            recalled.word = Some(word.after(recalled.word.as_ref()));
            return Ok(());
        }
        let job = self.own(number, by)?;
        let word = Some(word.after(job.word.as_ref()));
        if job.word != word {
            job.changed_at = now;
            job.word = word;
        }
        Ok(())
    }

    /// The job is called off from here.
    pub(super) fn cancel(&mut self, number: i32, now: Instant) {
        if let Some(job) = self.jobs.get_mut(&number) {
            job.canceled.get_or_insert(now);
        }
    }

    /// How a job ended; none while it may still end otherwise.
    pub(super) fn verdict(&self, number: i32, now: Instant) -> Option<Verdict> {
        let job = self.jobs.get(&number)?;
        job.verdict(self.heard(job), now)
    }

    /// Makes a job nobody's that its proxy took and deserted; says whether it did.
    pub(super) fn take_back(&mut self, number: i32, now: Instant) -> bool {
        let deserted = |job: &Job| job.is_deserted(self.heard(job), now);
        if !self.jobs.get(&number).is_some_and(deserted) {
            return false;
        }
        if let Some(job) = self.jobs.get_mut(&number) {
            job.leave(now);
        }
        true
    }

    /// How a job ended; once that is known nothing of it goes out any more.
    pub(super) fn settle(&mut self, number: i32, now: Instant) -> Option<Verdict> {
        let verdict = self.verdict(number, now)?;
        if let Some(job) = self.jobs.get_mut(&number) {
            job.closed = true;
        }
        Some(verdict)
    }

    /// When time alone may end a job.
    pub(super) fn deadline(&self, number: i32) -> Option<Instant> {
        let job = self.jobs.get(&number)?;
        Some(job.deadline(self.heard(job)))
    }

    /// When whoever the job depends on was heard of last.
    fn heard(&self, job: &Job) -> Option<Instant> {
        match &job.taken_by {
            Some(by) => self.proxies.get(by).map(|proxy| proxy.heard_at),
            None => self.last_heard,
        }
    }

    /// The state of a job as it is told to a proxy; none if there is no such job.
    pub(super) fn state_of(&self, number: i32) -> Option<JobState> {
        self.jobs.get(&number).map(Job::state)
    }

    // An earlier life ---------------------------------------------------------------------------

    /// What a proxy says of a job that it had whole before this node was started again. It is waited for from the
    /// first question on, for as long as `patience`.
    pub(super) fn recall(
        &mut self,
        number: i32,
        by: &ProxyId,
        patience: Duration,
        now: Instant,
    ) -> Recollection {
        if !self.recalled.contains_key(&number) && self.recalled.len() >= MAX_RECALLED {
            return Recollection::Nothing;
        }
        let recalled = self.recalled.entry(number).or_insert_with(|| Recalled {
            by: by.clone(),
            since: now,
            word: None,
            document: None,
        });
        let word = recalled.word.clone();
        let is_unfinished = !matches!(recalled.document, None | Some(DocumentWord::Completed));
        let found = match word.filter(JobWord::is_end) {
            Some(_) if is_unfinished => Recollection::Unfinished,
            Some(word) => Recollection::Said(word),
            None if now < recalled.since + patience => return Recollection::Open,
            None => Recollection::Nothing,
        };
        self.recalled.remove(&number);
        found
    }
}

#[cfg(test)]
mod tests;
