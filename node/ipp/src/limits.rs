//! Every limit of the hold printer. What a message may hold is in [`papermesh_ipp_guard`].

use std::time::Duration;

use papermesh_web::Pace;

/// Connections at once. A new one beyond that takes the place of the one that has been waiting
/// for a request the longest; if none is waiting, it is not served.
pub(super) const CONNECTIONS: usize = 400;
/// Connections at once of one other computer.
pub(super) const CONNECTIONS_EACH: usize = 64;
/// Connections at once of outsiders, who come through gateways.
pub(super) const OUTSIDERS: usize = 200;
/// Those of one address.
pub(super) const OUTSIDERS_EACH: usize = 32;
/// Wrong print tokens of one address before it is not answered any more.
pub(super) const WRONG_TOKENS_EACH: Pace = Pace {
    burst: 10,
    every: Duration::from_secs(6 * 60),
};
/// Those of all addresses together.
pub(super) const WRONG_TOKENS: Pace = Pace {
    burst: 20,
    every: Duration::from_secs(3),
};
/// Questions of strangers outside, who show no token, of one customer of the Internet.
pub(super) const STRANGERS_EACH: Pace = Pace {
    burst: 30,
    every: Duration::from_secs(2),
};
/// Those of all together.
pub(super) const STRANGERS: Pace = Pace {
    burst: 600,
    every: Duration::from_millis(100),
};
/// Wrong PINs from outside before none are heard from there any more, where they are taken at all.
pub(super) const WRONG_PINS: Pace = Pace {
    burst: 20,
    every: Duration::from_secs(3 * 60),
};
/// How long whoever shows a wrong one waits for the answer.
pub(super) const WRONG_TOKEN_WAIT: Duration = Duration::from_secs(1);
/// How long a connection may take to show whether it speaks TLS, and to finish its handshake.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a request's HTTP header may take, from the first connection or the last answer.
pub(super) const HTTP_HEADER: Duration = Duration::from_secs(30);
/// Bytes of a request's HTTP header, with what hyper reads ahead of the body.
pub(super) const HTTP_BUFFER: usize = 64 * 1024;
/// How long the attributes of a request may take.
pub(super) const ATTRIBUTES: Duration = Duration::from_secs(30);
/// How long a document may stand still. Programs that render while they print do pause.
pub(super) const BODY_STALL: Duration = Duration::from_secs(90);
/// Documents that are taken at once; each has some buffers.
pub(super) const DOCUMENTS: usize = 24;
/// Documents from outside that are taken at once, besides those.
pub(super) const DOCUMENTS_OUTSIDE: usize = 12;
/// Bytes that are read and thrown away of a document that is refused, so that its sender gets to
/// read why.
pub(super) const DRAIN_BYTES: u64 = 256 * 1024 * 1024;
/// How long that may take.
pub(super) const DRAIN: Duration = Duration::from_secs(20);

/// Jobs that wait for documents.
pub(super) const OPEN_JOBS: usize = 256;
/// Of them, jobs of one user, or of one print token of the user's.
pub(super) const OPEN_JOBS_PER_USER: usize = 32;
/// Of them, jobs from outside.
pub(super) const OPEN_JOBS_OUTSIDE: usize = 64;
/// How long a job waits for its next document: `multiple-operation-time-out`.
pub(super) const OPEN_JOB: Duration = Duration::from_secs(120);
/// Documents of one job.
pub(super) const DOCUMENTS_PER_JOB: u16 = 100;
/// Jobs without a document whose end is remembered, and for how long.
pub(super) const ENDED_JOBS: usize = 256;
/// See [`ENDED_JOBS`].
pub(super) const ENDED_JOB: Duration = Duration::from_secs(15 * 60);
/// Jobs in one answer to Get-Jobs; `first-index` leads to the next ones.
pub(super) const JOBS_PER_ANSWER: usize = 1000;

/// Jobs of which it is remembered that they are held back only because all new ones are.
pub(super) const HELD_BACK: usize = 1000;
/// Jobs of which it is remembered why a printer did not print them.
pub(super) const NOTES: usize = 1000;

/// Subscriptions at once.
pub(super) const SUBSCRIPTIONS: usize = 64;
/// Of them, subscriptions of one user.
pub(super) const SUBSCRIPTIONS_PER_USER: usize = 16;
/// Events that are kept for each.
pub(super) const EVENTS: usize = 100;
/// How long an event is kept at least.
pub(super) const EVENT_LIFE: Duration = Duration::from_secs(60);
/// How long somebody may wait for an event (RFC 3996 section 5.1.2).
pub(super) const EVENT_WAIT: Duration = Duration::from_secs(30);
/// How many may wait at once; others are told to come again.
pub(super) const EVENT_WAITERS: usize = 32;
/// The longest that a subscription lasts without being renewed, and what it lasts by default.
pub(super) const LEASE: Duration = Duration::from_secs(24 * 60 * 60);

/// Jobs of which it is remembered what made them.
pub(super) const MADE: usize = 4096;

/// Printers in one answer to Get-Printers; `first-index` leads to the next ones.
pub(super) const PRINTERS_PER_ANSWER: usize = 256;
