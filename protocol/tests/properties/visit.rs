//! One holder and those who ask it: two users with PINs of whom one is disabled, one without, a
//! stranger, and two printers. The holder is the real machine; what a node's store would keep is
//! kept here.

use std::collections::BTreeMap;

use papermesh_protocol::certificate::{Certificate, Role};
use papermesh_protocol::id::{BadgeTag, JobId, ReleaseId, SessionId};
use papermesh_protocol::job::PrintOptions;
use papermesh_protocol::limits;
use papermesh_protocol::pin::{KsfMemo, Pin, PinVerifier};
use papermesh_protocol::release::holder::{
    Lease, Leased, LoginEvent, LoginFacts, Selected, Sessions,
};
use papermesh_protocol::release::message::{Answer, Grant, Login, Refusal, Request};
use papermesh_protocol::release::printer::{Challenged, Evidence, LoginUnderWay, SessionError};
use papermesh_protocol::seal::{DecoySeed, JobKey, sealed_len};
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::{UserEntry, UserState};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::site::{HOLDER, NOW, certificate_of, entry, node};

/// Whom the holder is asked about.
pub(crate) const USERS: [&str; 4] = ["alice", "disabled", "pinless", "stranger"];
/// The PIN of all who have one.
pub(crate) const PIN: &str = "2468";
/// Seeds of the printers.
pub(crate) const PRINTERS: [u8; 2] = [3, 13];
/// Bytes of every document.
const SIZE: u64 = 1000;

/// The holder with its store, and the clock.
pub(crate) struct World {
    pub(crate) holder: Sessions,
    pub(crate) now: Timestamp,
    pub(crate) rng: StdRng,
    /// The job of each user, by the user's place in [`USERS`].
    pub(crate) jobs: Vec<JobId>,
    pub(crate) leases: BTreeMap<JobId, Lease>,
    /// Jobs with a PIN of their own.
    pub(crate) locks: BTreeMap<JobId, PinVerifier>,
    entries: Vec<Option<UserEntry>>,
    verifiers: Vec<Option<PinVerifier>>,
    memo: KsfMemo,
}

pub(crate) fn user(at: usize) -> UserId {
    USERS[at].parse().unwrap()
}

/// The badge of the user at this place.
pub(crate) fn badge(at: usize) -> BadgeTag {
    BadgeTag::from_bytes([0xb0 + at as u8; 32])
}

pub(crate) fn printer(at: usize) -> Certificate {
    certificate_of(node(PRINTERS[at]), PRINTERS[at], &[Role::Printer])
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let pin = Pin::new(PIN).unwrap();
        let mut verifier = |user: &str| Some(PinVerifier::register(user, &pin, &mut rng).unwrap());
        let verifiers = vec![verifier("alice"), verifier("disabled"), None, None];
        let known = |at: usize, state| {
            Some(UserEntry {
                user: user(at),
                badges: vec![badge(at)],
                state,
                ..entry()
            })
        };
        Self {
            holder: Sessions::new(node(HOLDER), DecoySeed::generate(&mut rng)),
            now: NOW,
            jobs: (0..USERS.len())
                .map(|at| JobId::from_bytes([0xa0 + at as u8; 16]))
                .collect(),
            leases: BTreeMap::new(),
            locks: BTreeMap::new(),
            entries: vec![
                known(0, UserState::Active),
                known(1, UserState::Disabled),
                known(2, UserState::Active),
                None,
            ],
            verifiers,
            memo: KsfMemo::new(),
            rng,
        }
    }

    /// Sends the first message of a login.
    pub(crate) fn login(
        &mut self,
        at: usize,
        who: usize,
        evidence: Evidence<'_>,
        policy: LoginPolicy,
    ) -> (LoginUnderWay, Answer, LoginEvent) {
        let printer = printer(at);
        let (under_way, request) = LoginUnderWay::begin(
            printer.node,
            node(HOLDER),
            &user(who),
            evidence,
            &mut self.rng,
        )
        .unwrap();
        let Request::Login(login) = request else {
            panic!("a login begins with a login")
        };
        let (answer, event) = self.first(&printer, &login, who, policy);
        (under_way, answer, event)
    }

    pub(crate) fn first(
        &mut self,
        printer: &Certificate,
        login: &Login,
        who: usize,
        policy: LoginPolicy,
    ) -> (Answer, LoginEvent) {
        let facts = LoginFacts {
            entry: self.entries[who].as_ref(),
            verifier: self.verifiers[who].as_ref(),
            policy,
            wait: None,
            jobs: 1,
        };
        self.holder
            .login(printer, login, &facts, self.now, &mut self.rng)
    }

    /// What an honest printer makes of the answer; Argon2id runs once for each PIN.
    pub(crate) fn challenged(
        &mut self,
        under_way: LoginUnderWay,
        answer: Answer,
    ) -> Result<Challenged, SessionError> {
        under_way.challenged(answer, &self.memo, &mut self.rng)
    }

    /// Selects the job of a user and, if the holder agrees, stores the lease and asks for the
    /// grant, as a node does.
    pub(crate) fn select(
        &mut self,
        at: usize,
        session: SessionId,
        job: JobId,
        release: ReleaseId,
    ) -> Result<Grant, Refusal> {
        let whose = self
            .jobs
            .iter()
            .position(|known| *known == job)
            .ok_or(Refusal::NoJob)?;
        let options = PrintOptions::default();
        let lease = self.leases.get(&job).copied();
        let owner = user(whose);
        let selected = Selected {
            job,
            has_pin: self.locks.contains_key(&job),
            owner: &owner,
            release,
            options: &options,
            lease,
        };
        let printer = printer(at).node;
        self.holder.select(printer, session, &selected, self.now)?;
        let until = self.now + limits::LEASE;
        self.leases.insert(
            job,
            Lease {
                release,
                job,
                printer,
                granted_at: self.now,
                until,
                streamed: false,
            },
        );
        let leased = Leased {
            job,
            release,
            key: &job_key(job),
            sealed_size: sealed_len(SIZE).unwrap(),
            size: SIZE,
            format: "application/pdf".to_owned(),
            title: "Quartalsbericht".to_owned(),
            options,
            document_password: None,
            counted: None,
        };
        self.holder
            .grant(printer, session, leased, self.now, &mut self.rng)
    }
}

/// The key of a job.
pub(crate) fn job_key(job: JobId) -> JobKey {
    JobKey::from_bytes([job.as_bytes()[0]; 32])
}
