//! Every limit of the infrastructure printer; those of its device and of IPP itself are
//! [`papermesh_device`]'s and [`papermesh_ipp_message::limits`]'.

use std::time::Duration;

use papermesh_device::MAX_ATTRIBUTES_BYTES;
use papermesh_web::Pace;

/// Connections at once. A proxy has two or three.
pub(super) const CONNECTIONS: usize = 64;
/// Connections at once of one other computer.
pub(super) const CONNECTIONS_EACH: usize = 16;
/// Bytes of a request's attributes of whoever has shown no token: what the printer is may be asked in less.
pub(super) const STRANGER_BYTES: usize = 8 * 1024;
/// Values of it.
pub(super) const STRANGER_VALUES: usize = 256;
/// Bytes of a request beside the attributes of a proxy's printer.
pub(super) const OPERATION_BYTES: usize = 16 * 1024;
/// Bytes that are read and thrown away of a request that is refused: whoever is asked for a token sends the same
/// again, and on the same connection. Nobody has a document to send.
pub(super) const DRAIN_BYTES: u64 = (MAX_ATTRIBUTES_BYTES + OPERATION_BYTES) as u64;
/// How long that may take.
pub(super) const DRAIN: Duration = Duration::from_secs(5);
/// Wrong device tokens of one address before it is not answered any more.
pub(super) const WRONG_TOKENS_EACH: Pace = Pace {
    burst: 10,
    every: Duration::from_secs(6 * 60),
};
/// Those of all addresses together.
pub(super) const WRONG_TOKENS: Pace = Pace {
    burst: 20,
    every: Duration::from_secs(3),
};
/// How long it is waited where it cannot be read which device tokens are good.
pub(super) const UNREADABLE: Duration = Duration::from_secs(5);
/// Pages that a proxy may say are printed.
pub(super) const IMPRESSIONS: i32 = 1_000_000;
/// Reasons that are read of one word of a proxy.
pub(super) const REASONS: usize = 16;
/// Jobs in one word of a proxy about all of them.
pub(super) const ACTIVE_JOBS: usize = 128;
