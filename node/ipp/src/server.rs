//! The hold printer's server: what all operations share, and what they find out about who asks.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use papermesh_protocol::gateway::terminated::client::Client;
use papermesh_protocol::gateway::token::rights::Right;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_web::{Account, Rate, Rates, Slots};
use tokio::sync::watch;

use super::accounts::Accounts;
use super::identity::Identity;
use super::limits;
use super::made::Made;
use super::message::{self, Failure, Request};
use super::names::Owners;
use super::news::About;
use super::open_jobs::OpenJobs;
use super::operations;
use super::outside::Capability;
use super::owner::{Peer, Requester};
use super::queue::{Capabilities, IppJobState, JobNumber, Queue, QueuedJob, Station};
use super::station::{self, Notes, Target};
use super::status::Status;
use super::subscriptions::Subscriptions;

/// Everything that outlives one request.
pub(super) struct IppServer<Q> {
    pub(super) queue: Q,
    pub(super) identity: Identity,
    pub(super) owners: Owners,
    pub(super) accounts: Accounts,
    pub(super) made: Made,
    pub(super) open: OpenJobs,
    pub(super) subscriptions: Subscriptions<About>,
    pub(super) notes: Notes,
    pub(super) started: Timestamp,
    /// Wrong print tokens from outside.
    pub(super) wrong_tokens: Rates,
    /// Questions of strangers outside.
    pub(super) strangers: Rates,
    /// Wrong PINs from outside.
    pub(super) wrong_pins: Rate,
    /// Documents that may be taken at once,
    pub(super) room: Slots,
    /// and those from outside, which take none of that from the site.
    pub(super) room_outside: Slots,
    /// The name under which it is found, once it is.
    pub(super) announced: watch::Sender<Option<String>>,
    switches: Mutex<Switches>,
}

/// What an operator switches.
#[derive(Clone, Debug)]
pub(super) struct Switches {
    /// Whether the printer takes jobs.
    pub(super) accepting: bool,
    /// Whether new jobs are held back until they are released here.
    pub(super) holding: bool,
    /// When one of these was switched last.
    pub(super) changed_at: Timestamp,
    /// Jobs that were held back for this alone (RFC 3998 section 3.3).
    held_back: BTreeSet<JobNumber>,
}

/// One request, and who made it.
pub(super) struct Asking<'a> {
    pub(super) request: &'a Request,
    pub(super) who: Requester,
    pub(super) peer: Peer,
    /// The account of this computer whose program asks, where that is known.
    pub(super) account: Option<Account>,
    /// Who asks, as a gateway says that ended their TLS.
    pub(super) client: Option<Client>,
    /// The printer's URI as this program knows it.
    pub(super) printer: String,
    /// Whether that URI says who asks.
    pub(super) is_capable: bool,
    /// The printer of the site behind that URI; none for the hold printer itself.
    pub(super) station: Option<Station>,
}

impl<Q: Queue> IppServer<Q> {
    pub(super) fn new(queue: Q, identity: Identity, owners: Owners) -> Arc<Self> {
        let started = queue.now();
        Arc::new(Self {
            queue,
            identity,
            accounts: Accounts::believed(owners.spoolers.iter().map(String::as_str)),
            owners,
            made: Made::default(),
            open: OpenJobs::default(),
            subscriptions: Subscriptions::default(),
            notes: Notes::default(),
            started,
            wrong_tokens: Rates::new(limits::WRONG_TOKENS_EACH, limits::WRONG_TOKENS),
            strangers: Rates::new(limits::STRANGERS_EACH, limits::STRANGERS),
            wrong_pins: Rate::new(limits::WRONG_PINS.burst, limits::WRONG_PINS.every),
            room: Slots::new(limits::DOCUMENTS),
            room_outside: Slots::new(limits::DOCUMENTS_OUTSIDE),
            announced: watch::Sender::new(None),
            switches: Mutex::new(Switches {
                accepting: true,
                holding: false,
                changed_at: started,
                held_back: BTreeSet::new(),
            }),
        })
    }

    fn switched(&self) -> MutexGuard<'_, Switches> {
        self.switches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an operator has switched.
    pub(super) fn switches(&self) -> Switches {
        self.switched().clone()
    }

    /// Switches whether the printer takes jobs.
    pub(super) fn accept(&self, on: bool) {
        let (mut switches, now) = (self.switched(), self.queue.now());
        switches.accepting = on;
        switches.changed_at = now;
    }

    /// Switches whether new jobs are held back; gives those that no longer are.
    pub(super) fn hold_new(&self, on: bool) -> BTreeSet<JobNumber> {
        let (mut switches, now) = (self.switched(), self.queue.now());
        switches.holding = on;
        switches.changed_at = now;
        match on {
            true => BTreeSet::new(),
            false => std::mem::take(&mut switches.held_back),
        }
    }

    /// Notes that a job is held back only because all new ones are.
    pub(super) fn held_back(&self, job: JobNumber) {
        let mut switches = self.switched();
        switches.held_back.insert(job);
        while switches.held_back.len() > limits::HELD_BACK {
            switches.held_back.pop_first();
        }
    }

    /// A job as it is now, whosever it is.
    pub(super) async fn job(&self, number: JobNumber) -> Result<Option<QueuedJob>, Failure> {
        let mut job = self.queue.job(number).await?;
        if job.is_none() {
            job = match self.open.get(number) {
                Some(open) => Some(open.seen(number, IppJobState::Incoming)),
                None => self.open.ended(number),
            };
        }
        if let Some(job) = &mut job {
            self.complete(job);
        }
        Ok(job)
    }

    /// Adds to a job what only this server knows: that documents are still to come, and why a
    /// station did not print it.
    pub(super) fn complete(&self, job: &mut QueuedJob) {
        if job.state == IppJobState::Held && self.open.get(job.number).is_some() {
            job.state = IppJobState::Incoming;
        }
        job.note = self.notes.of(job.number);
    }

    /// The queue at which a request is directed; none for the hold printer itself. A request says
    /// at whom it is directed (RFC 8011 section 4.1.5), and that is somebody here. From outside there is
    /// the hold printer alone, whatever the site's printers are called, but for tokens that name one.
    pub(super) async fn station(
        &self,
        request: &Request,
        (peer, who): (Peer, &Requester),
        capability: Option<&Capability>,
    ) -> Result<Option<Station>, Failure> {
        if operations::is_about_all_printers(request.operation) {
            return Ok(None);
        }
        let Target::Station(name) = target(request, capability)? else {
            return Ok(None);
        };
        if !peer.is_outside() {
            return Ok(Some(self.queue.station(&name).await?));
        }
        let Requester::Bearer(bearer) = who else {
            return Err(nowhere());
        };
        match self.queue.station(&name).await {
            Ok(station) if bearer.rights.allow_printing_to(&station.name) => Ok(Some(station)),
            _ => Err(nowhere()),
        }
    }

    /// Who asks, unless it is somebody whom the site has disabled.
    pub(super) async fn unless_disabled(&self, who: Requester) -> Requester {
        match who.user() {
            Ok(user) if self.queue.is_disabled(user).await => {
                let text = format!("{user} is disabled; ask your admin");
                Requester::Stranger(Failure::new(Status::NotAuthorized, text))
            }
            _ => who,
        }
    }

    /// Whether who asks may do what only operators may.
    pub(super) fn check_operator(&self, asking: &Asking<'_>) -> Result<(), Failure> {
        let is_operator = self.owners.operators.contains(asking.user()?);
        let is_limited = match &asking.who {
            Requester::Bearer(bearer) => !bearer.rights.allow(&Right::Operate),
            // A PIN from outside is no token that says so.
            _ => asking.peer.is_outside(),
        };
        if is_operator && !is_limited {
            return Ok(());
        }
        Err(Failure::new(
            Status::Forbidden,
            "only an operator may do this; name operators with ipp-operators in papermesh.toml",
        ))
    }
}

/// What a request is to.
fn target(request: &Request, capability: Option<&Capability>) -> Result<Target, Failure> {
    let operation = request.operation();
    match (operation.text("printer-uri"), operation.text("job-uri")) {
        (Some(printer), _) => {
            let path = match capability {
                Some(_) => Capability::within(path(printer)),
                None => path(printer),
            };
            station::target(path).ok_or_else(nowhere)
        }
        (None, Some(_)) => Ok(Target::Hold),
        (None, None) => Err(Failure::new(
            Status::BadRequest,
            "the request has no printer-uri",
        )),
    }
}

fn nowhere() -> Failure {
    let text = format!(
        "there is no such printer here; this one is at {}",
        super::PATH
    );
    Failure::new(Status::NotFound, text)
}

/// The path of a URI.
fn path(uri: &str) -> &str {
    let after = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let path = after.find('/').map_or("", |slash| &after[slash..]);
    path.split(['?', '#']).next().unwrap_or_default()
}

impl Asking<'_> {
    /// What the printer offers that is asked.
    pub(super) fn capabilities<Q: Queue>(&self, server: &IppServer<Q>) -> Capabilities {
        match &self.station {
            Some(station) => station.capabilities.clone(),
            None => server.queue.capabilities(),
        }
    }

    /// The user who asks.
    pub(super) fn user(&self) -> Result<&UserId, Failure> {
        self.who.user()
    }

    /// A number for a job that is made now. From elsewhere it is one that nobody guesses.
    pub(super) async fn new_number<Q: Queue>(
        &self,
        server: &IppServer<Q>,
    ) -> Result<JobNumber, Failure> {
        let number = match self.peer.is_local() {
            true => server.queue.number().await?,
            false => server.queue.draw_number().await?,
        };
        if let Some(account) = self.account {
            server.made.note(number, account);
        }
        Ok(number)
    }

    /// The job that the request is about.
    pub(super) fn job_number(&self) -> Result<JobNumber, Failure> {
        message::job_number(self.request)
            .ok_or_else(|| Failure::new(Status::BadRequest, "the request names no job"))
    }

    /// Whether who asks may know of this job, if it is the user's own: one whom only a name makes that
    /// user knows what the same account made, and one who shows a token what came with it.
    fn may_know<Q: Queue>(&self, server: &IppServer<Q>, job: &QueuedJob) -> bool {
        match &self.who {
            _ if self.who.has_all_jobs() => true,
            Requester::Bearer(bearer) => job.token == Some(bearer.token),
            _ => server.made.is_by(job.number, self.account),
        }
    }

    /// The job that the request is about, which must be the user's own. That of another user
    /// looks like none.
    pub(super) async fn own_job<Q: Queue>(
        &self,
        server: &IppServer<Q>,
    ) -> Result<QueuedJob, Failure> {
        self.own(server, self.job_number()?).await
    }

    /// The job of this number, which must be the user's own.
    pub(super) async fn own<Q: Queue>(
        &self,
        server: &IppServer<Q>,
        number: JobNumber,
    ) -> Result<QueuedJob, Failure> {
        let user = self.user()?;
        let found = server.job(number).await?;
        found
            .filter(|job| job.user == *user && self.may_know(server, job))
            .ok_or_else(|| Failure::new(Status::NotFound, format!("you have no job {number} here")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_uri() {
        for (uri, expected) in [
            ("ipp://localhost:6310/ipp/print", "/ipp/print"),
            ("ipp://localhost", ""),
            ("ipps://[::1]:1/?x=/y", "/"),
            ("", ""),
        ] {
            assert_eq!(path(uri), expected, "{uri}");
        }
    }
}
