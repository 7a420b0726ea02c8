//! What printer and holder say to each other. Every message is one frame of deterministic CBOR
//! (at most [`limits::RELEASE_MESSAGE`] bytes); the printer asks, the holder answers in order.

use std::borrow::Cow;

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bind::Attestation;
use crate::document_password::DocumentPassword;
use crate::extension::Extensions;
use crate::id::{BadgeTag, JobId, ReleaseId, SessionId};
use crate::job::{JobSummary, PrintOptions};
use crate::limits;
use crate::pin::{Ke1, Ke2, Ke3};
use crate::release::receipt::Receipt;
use crate::release::stream::Token;
use crate::remedy::Remedy;
use crate::seal::{SessionPublic, SessionWrappedKey};
use crate::signed::Envelope;
use crate::text::UserId;
use crate::time::Timestamp;

/// What a printer asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Begins a login.
    Login(Login),
    /// Ends a login that was answered with [`Answer::Challenge`].
    Prove {
        /// The login, as the challenge named it.
        session: SessionId,
        /// OPAQUE KE3 (RFC 9807 §6).
        ke3: Ke3,
    },
    /// Asks for the session's jobs in the order of their places.
    List {
        /// The session.
        session: SessionId,
        /// Those after this place; none for the first page.
        after: Option<Place>,
    },
    /// Chooses a job to print; again with the same release, to resume its stream.
    Select {
        /// The session.
        session: SessionId,
        /// The job.
        job: JobId,
        /// This attempt to print, chosen by the printer.
        release: ReleaseId,
        /// How the user wants it printed.
        options: PrintOptions,
        /// What later versions of this program add (SPEC, release/2).
        #[serde(default, skip_serializing_if = "Extensions::is_empty")]
        extensions: Extensions,
    },
    /// Prolongs the lease while the device works.
    Extend {
        /// The attempt.
        release: ReleaseId,
    },
    /// Says how an attempt ended, at once or late. Needs no session: the lease is the proof.
    Report(Envelope<Receipt>),
    /// Deletes a job at its owner's word.
    Delete {
        /// The session.
        session: SessionId,
        /// The job.
        job: JobId,
    },
    /// Exempts a job from pressure for space, or no longer.
    Protect {
        /// The session.
        session: SessionId,
        /// The job.
        job: JobId,
        /// Whether it is to be exempt.
        on: bool,
    },
    /// Ends the session.
    Close {
        /// The session.
        session: SessionId,
    },
    /// Says how far the device is, as news for the owner. Needs no session: the lease is the proof.
    Progress(Progress),
    /// Begins the proof of a job's own PIN, within a session of its owner.
    Unlock {
        /// The session.
        session: SessionId,
        /// The job.
        job: JobId,
        /// OPAQUE KE1 (RFC 9807 §6).
        ke1: Ke1,
    },
    /// Ends a proof that was answered with [`Answer::Challenge`]: the job may be selected then.
    ProveJob {
        /// The session.
        session: SessionId,
        /// The job.
        job: JobId,
        /// OPAQUE KE3 (RFC 9807 §6).
        ke3: Ke3,
    },
    /// Asks the holder to vouch, once in a session that a PIN opened, that its user showed this
    /// badge here (see [`crate::bind`]).
    Attest {
        /// The session.
        session: SessionId,
        /// The badge.
        badge: BadgeTag,
    },
}

impl Request {
    /// What it is called, in logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Login(_) => "login",
            Self::Prove { .. } => "prove",
            Self::List { .. } => "list",
            Self::Select { .. } => "select",
            Self::Extend { .. } => "extend",
            Self::Report(_) => "report",
            Self::Delete { .. } => "delete",
            Self::Protect { .. } => "protect",
            Self::Close { .. } => "close",
            Self::Progress(_) => "progress",
            Self::Unlock { .. } => "unlock",
            Self::ProveJob { .. } => "prove-job",
            Self::Attest { .. } => "attest",
        }
    }
}

/// The first message of a login.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The user who claims to stand at the printer.
    pub user: UserId,
    /// The badge that the printer read, if any.
    pub badge: Option<BadgeTag>,
    /// OPAQUE KE1 (RFC 9807 §6), if the user typed a PIN or password.
    pub ke1: Option<Ke1>,
    /// The printer's ephemeral key for this session, to which job keys are sealed.
    pub session_key: SessionPublic,
    /// What later versions of this program add (SPEC, release/2).
    #[serde(default, skip_serializing_if = "Extensions::is_empty")]
    pub extensions: Extensions,
}

/// How far the device is with a job. Advisory: nothing is decided by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// The attempt.
    pub release: ReleaseId,
    /// Impressions that are out, where the device counts them.
    pub impressions: Option<u32>,
    /// The device stands still and needs a hand.
    pub stopped: bool,
    /// Why, or what else there is to know: IPP keywords of the job or the printer (RFC 8011
    /// §5.3.8, §5.4.12), at most [`limits::REASONS`].
    pub reasons: Vec<String>,
}

impl Progress {
    /// Whether it is within its limits; a holder refuses what is not.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.impressions.is_none_or(|pages| pages <= limits::PAGES)
            && self.reasons.len() <= limits::REASONS
            && self.reasons.iter().all(|reason| is_keyword(reason))
    }
}

/// Whether this is a keyword (RFC 8011 §5.1.4), of at most [`limits::REASON`] bytes.
#[must_use]
pub fn is_keyword(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= limits::REASON
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// A place in a list of jobs: the more urgent first, then in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// 100 less its priority,
    pub rank: u8,
    /// where it stands among those,
    pub listed_at: Timestamp,
    /// and which it is.
    pub job: JobId,
}

impl Place {
    /// The place of a job of this priority.
    #[must_use]
    pub fn of(priority: u8, listed_at: Timestamp, job: JobId) -> Self {
        Self {
            rank: limits::HIGHEST_PRIORITY.saturating_sub(priority),
            listed_at,
            job,
        }
    }
}

/// What a holder answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Prove the PIN.
    Challenge {
        /// Names the login from now on; becomes the session.
        session: SessionId,
        /// OPAQUE KE2 (RFC 9807 §6).
        ke2: Ke2,
    },
    /// The user is logged in.
    SessionOpen {
        /// The session.
        session: SessionId,
        /// Jobs of the user here.
        jobs: u32,
        /// What later versions of this program add (SPEC, release/2).
        #[serde(default, skip_serializing_if = "Extensions::is_empty")]
        extensions: Extensions,
    },
    /// Not logged in. Says nothing of why.
    Denied {
        /// Milliseconds after which another attempt is looked at.
        retry_after: u64,
    },
    /// One page of jobs.
    Jobs {
        /// At most [`limits::JOBS_PER_PAGE`].
        jobs: Vec<JobSummary>,
        /// Whether there are more after the last.
        more: bool,
    },
    /// The job may be fetched.
    Grant(Grant),
    /// The lease was prolonged.
    Extended {
        /// Milliseconds that it lasts from now.
        lease: u64,
    },
    /// Done; also when it was done before.
    Done,
    /// Not done.
    Refused(Refusal),
    /// The holder vouches.
    Attested(Box<Attestation>),
    /// The holder has settled the release. Answers a report; not in release/1, where it is [`Self::Done`].
    Settled {
        /// What later versions of this program add (SPEC, release/2).
        #[serde(default, skip_serializing_if = "Extensions::is_empty")]
        extensions: Extensions,
    },
    /// Not done, and there is more to say of it. Not in release/1, where it is [`Self::Refused`].
    Explained {
        /// Why, in general.
        why: Refusal,
        /// What later versions of this program add (SPEC, release/2).
        #[serde(default, skip_serializing_if = "Extensions::is_empty")]
        extensions: Extensions,
    },
}

/// All that is needed to fetch and open one job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Opens the job's stream, once, from this printer only.
    pub token: Token,
    /// The job key, sealed with HPKE to the session key, bound to session and job.
    pub key: SessionWrappedKey,
    /// Bytes of the ciphertext.
    pub sealed_size: u64,
    /// Bytes of the document.
    pub size: u64,
    /// The document's format.
    pub format: String,
    /// The job's title.
    pub title: String,
    /// How to print it: the user's choice as the holder accepted it.
    pub options: PrintOptions,
    /// Opens the document, if it is locked and its owner gave the password.
    pub document_password: Option<DocumentPassword>,
    /// Milliseconds that the lease lasts unless it is extended.
    pub lease: u64,
    /// Pages that the holder has counted in the document, if it has read it and found it whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<u32>,
    /// What later versions of this program add (SPEC, release/2).
    #[serde(default, skip_serializing_if = "Extensions::is_empty")]
    pub extensions: Extensions,
}

/// Why something asked within a session was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// No such session with this printer: it ended, or never was.
    #[error("the session has ended")]
    NoSession,
    /// The user has no such job here.
    #[error("this job no longer exists")]
    NoJob,
    /// Another printer has it.
    #[error("another printer is printing this job")]
    Leased,
    /// There is no such lease for this printer.
    #[error("the holder does not know this release")]
    NoLease,
    /// The request makes no sense.
    #[error("the holder did not understand the request")]
    Malformed,
    /// The site does not allow it.
    #[error("the site's policy does not allow this")]
    Policy,
    /// The job's file or key is damaged.
    #[error("the job is damaged and cannot be printed")]
    Damaged,
    /// The holder could not do it now.
    #[error("the holder had an internal error")]
    Trouble,
    /// The job has a PIN of its own that was not proved in this session.
    #[error("this job has its own PIN")]
    Locked,
    /// The session does not prove whose badge it is: no PIN opened it, the PIN is one for a visit to
    /// a shared computer, or the holder has vouched in it for another badge.
    #[error("this computer cannot tell whose badge that is")]
    Unproven,
}

impl Remedy for Refusal {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::NoSession => "log in again",
            Self::Trouble => "try again",
            Self::Locked => "enter that as well",
            _ => return None,
        };
        Some(remedy.into())
    }
}

impl Answer {
    /// A denial with a wait.
    #[must_use]
    pub fn denied(retry_after: Duration) -> Self {
        Self::Denied {
            retry_after: u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// An open session, of which there is no more to say.
    #[must_use]
    pub fn session_open(session: SessionId, jobs: u32) -> Self {
        Self::SessionOpen {
            session,
            jobs,
            extensions: Extensions::default(),
        }
    }

    /// A settled release, of which there is no more to say.
    #[must_use]
    pub fn settled() -> Self {
        Self::Settled {
            extensions: Extensions::default(),
        }
    }

    /// A prolonged lease.
    #[must_use]
    pub fn extended() -> Self {
        Self::Extended {
            lease: lease_millis(),
        }
    }
}

/// A lease's length as messages carry it.
#[must_use]
pub fn lease_millis() -> u64 {
    u64::try_from(limits::LEASE.as_millis()).unwrap_or(u64::MAX)
}
