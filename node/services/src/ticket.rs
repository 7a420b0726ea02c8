//! What all invites and tickets that this node hands out have in common: how the store knows
//! them, how long they are good for, and where they say this node is.

use std::time::Duration;

use papermesh_protocol::invite::TicketSecret;
use papermesh_protocol::limits;
use papermesh_protocol::time::Timestamp;
use papermesh_store::TicketId;
use serde_bytes::ByteBuf;

/// The shortest that an invite or a ticket may be good for.
pub(crate) const SHORTEST: Duration = Duration::from_secs(60);

/// An invite or ticket with an odd lifetime was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an invite or ticket can be valid for {} minute to {} days", SHORTEST.as_secs() / 60, limits::INVITE_LIFETIME_MAX.as_secs() / 86_400)]
pub struct OddLifetime;

/// When a ticket that is made now is no good any more.
///
/// # Errors
/// [`OddLifetime`].
pub fn end(now: Timestamp, lifetime: Duration) -> Result<Timestamp, OddLifetime> {
    if (SHORTEST..=limits::INVITE_LIFETIME_MAX).contains(&lifetime) {
        Ok(now + lifetime)
    } else {
        Err(OddLifetime)
    }
}

/// What the store knows a ticket by: the first half of its secret's digest, as many bits as the
/// secret has.
#[must_use]
pub fn id(secret: &TicketSecret) -> TicketId {
    let mut id = TicketId::default();
    let digest = secret.digest();
    let len = id.len();
    id.copy_from_slice(&digest.as_bytes()[..len]);
    id
}

/// As many of these addresses as a ticket carries; the best come first.
#[must_use]
pub fn addresses(all: Vec<Vec<u8>>) -> Vec<ByteBuf> {
    let short = |address: &Vec<u8>| address.len() <= limits::ADDRESS;
    all.into_iter()
        .filter(short)
        .take(limits::ADDRESSES_PER_ADVERT)
        .map(ByteBuf::from)
        .collect()
}
