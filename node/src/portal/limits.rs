//! Every limit of the portal.

use std::time::Duration;

use papermesh_web::Pace;

/// Connections at once. A new one beyond that takes the place of the one that has been waiting
/// for a request the longest; streams of news of pages that are open are at work.
pub(super) const CONNECTIONS: usize = 128;
/// How long a TLS handshake may take. There is none.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(1);
/// How long a request's header may take, from the first connection or the last answer.
pub(super) const HTTP_HEADER: Duration = Duration::from_secs(60);
/// Bytes of a request's header, with what hyper reads ahead of the body.
pub(super) const HTTP_BUFFER: usize = 32 * 1024;

/// How long a link is good.
pub const LINK: Duration = Duration::from_secs(2 * 60);
/// Links that are good at once; beyond that the oldest is good no more.
pub(super) const LINKS: usize = 16;
/// Pages that are open at once; beyond that the one that was used last the longest ago closes.
pub(super) const SESSIONS: usize = 16;
/// Streams of news at once: one for each page, and one for each whose successor is quicker.
pub(super) const STREAMS: usize = 2 * SESSIONS;
/// How long a user may do nothing before the page closes.
pub(super) const IDLE: Duration = Duration::from_secs(30 * 60);
/// How long a page is remembered whose stream of news is gone: a broken connection, or a window
/// that was closed.
pub(super) const GONE: Duration = Duration::from_secs(30);
/// How often the portal looks after pages that are gone.
pub(super) const SWEEP: Duration = Duration::from_secs(1);
/// How often a stream without news shows that it is there.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How long news are collected before a page is told of them.
pub(super) const GATHER_NEWS: Duration = Duration::from_millis(100);
/// When a page that has not fetched its news is told of them again.
pub(super) const TELL_AGAIN: Duration = Duration::from_secs(1);
/// After what time the news are followed again where that ended.
pub(super) const FOLLOW_AGAIN: Duration = Duration::from_secs(5);

/// Requests that are answered; all are of this computer.
pub(super) const REQUESTS: Pace = Pace {
    burst: 400,
    every: Duration::from_millis(10),
};
/// Links that were none and are written down without waiting. They cannot be guessed.
pub(super) const WRONG_LINKS: u32 = 20;
/// Time after which one more is written down.
pub(super) const WRONG_LINK_EVERY: Duration = Duration::from_secs(1);
/// How long what was proved on a page need not be proved again.
pub(super) const PROVEN: Duration = Duration::from_secs(5 * 60);
/// Wrong proofs in a row after which a page closes.
pub(super) const WRONG_PROOFS: u32 = 5;

/// Rows that a page shows at first, and how many more each time.
pub(super) const SHOWN: usize = 100;
/// How far back the audit is shown.
pub(super) const AUDIT_SINCE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Audit records that are shown.
pub(super) const AUDIT_SHOWN: usize = 200;
/// How long printers may take to say how they are.
pub(super) const PRINTERS: Duration = Duration::from_secs(20);
/// How long a ticket is good with which a user enrolls, in seconds: until tomorrow, for it is handed
/// over to somebody who may be elsewhere.
pub(super) const USER_TICKET: u32 = 24 * 60 * 60;
/// How long a ticket is good with which a further computer is linked, in seconds.
pub(super) const LINK_TICKET: u32 = 15 * 60;
/// How long an invite may be good, to choose from, in seconds; the first is the usual.
pub(super) const INVITES: [u32; 4] = [15 * 60, 60 * 60, 24 * 60 * 60, 7 * 24 * 60 * 60];
