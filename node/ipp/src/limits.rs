//! Every limit of the hold printer. What a message may hold is in [`papermesh_ipp_guard`],
//! how long it may take in [`papermesh_ipp_message::limits`].

use std::time::Duration;

use papermesh_web::Pace;

pub(super) use papermesh_ipp_message::limits::{
    HANDSHAKE, HTTP_BUFFER, HTTP_HEADER, WRONG_TOKEN_WAIT,
};

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
/// What is read of a document that a stranger outside sends, once it is clear that it is not taken, and for how long.
pub(super) const STRANGERS_DRAIN_BYTES: u64 = 64 * 1024;
/// See [`STRANGERS_DRAIN_BYTES`].
pub(super) const STRANGERS_DRAIN: Duration = Duration::from_secs(5);
/// Wrong PINs from outside before none are heard from there any more, where they are taken at all.
pub(super) const WRONG_PINS: Pace = Pace {
    burst: 20,
    every: Duration::from_secs(3 * 60),
};
/// Documents that are taken at once; each has some buffers.
pub(super) const DOCUMENTS: usize = 24;
/// Documents from outside that are taken at once, besides those.
pub(super) const DOCUMENTS_OUTSIDE: usize = 12;

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

/// Jobs of which it is remembered what made them.
pub(super) const MADE: usize = 4096;

/// Printers in one answer to Get-Printers; `first-index` leads to the next ones.
pub(super) const PRINTERS_PER_ANSWER: usize = 256;
