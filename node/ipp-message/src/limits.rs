//! How much of IPP there may be on its way. What a message may hold is in [`papermesh_ipp_guard`].

use std::time::Duration;

/// How long the attributes of a request may take.
pub const ATTRIBUTES: Duration = Duration::from_secs(30);
/// How long a document may stand still. Programs that render while they print do pause.
pub const BODY_STALL: Duration = Duration::from_secs(90);
/// Bytes that are read and thrown away of a document that is refused, so that its sender gets to
/// read why.
pub const DRAIN_BYTES: u64 = 256 * 1024 * 1024;
/// How long that may take.
pub const DRAIN: Duration = Duration::from_secs(20);

/// Subscriptions at once.
pub const SUBSCRIPTIONS: usize = 64;
/// Of them, subscriptions of one owner.
pub const SUBSCRIPTIONS_EACH: usize = 16;
/// Events that are kept for each.
pub const EVENTS: usize = 100;
/// How long an event is kept at least.
pub const EVENT_LIFE: Duration = Duration::from_secs(60);
/// How long somebody may wait for an event (RFC 3996 section 5.1.2).
pub const EVENT_WAIT: Duration = Duration::from_secs(30);
/// How many may wait at once; others are told to come again.
pub const EVENT_WAITERS: usize = 32;
/// The longest that a subscription lasts without being renewed, and what it lasts by default.
pub const LEASE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a connection may take to show whether it speaks TLS, and to finish its handshake.
pub const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a request's HTTP header may take, from the first connection or the last answer.
pub const HTTP_HEADER: Duration = Duration::from_secs(30);
/// Bytes of a request's HTTP header, with what hyper reads ahead of the body.
pub const HTTP_BUFFER: usize = 64 * 1024;
/// How long whoever shows a wrong token waits for the answer.
pub const WRONG_TOKEN_WAIT: Duration = Duration::from_secs(1);
