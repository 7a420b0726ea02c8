//! What an issuer keeps of a ticket, and how it is redeemed.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::may_ask_for;
use super::secret::{TicketDigest, TicketSecret};
use crate::certificate::Roles;
use crate::id::NodeId;
use crate::join::message::Terms;
use crate::limits;
use crate::text::Name;
use crate::time::Timestamp;

/// A ticket as its issuer keeps it: everything but the secret, of which only the digest.
///
/// It is good for one *node* rather than for one message: whoever redeemed it may do so again
/// until it expires, so that an answer lost on the way costs no second trip to the admin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued<G> {
    /// Names the ticket.
    pub digest: TicketDigest,
    /// What it gives.
    pub grant: G,
    /// Made then,
    pub issued_at: Timestamp,
    /// and good until then.
    pub expires_at: Timestamp,
    /// Who redeemed it.
    pub used_by: Option<NodeId>,
}

/// What an invite gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InviteGrant {
    /// The roles of the new member.
    pub roles: Roles,
    /// Its name, if the admin fixed it.
    pub name: Option<Name>,
}

impl InviteGrant {
    /// Whether a device that asks on these terms asks for what the invite gives.
    #[must_use]
    pub fn admits(&self, terms: &Terms) -> bool {
        may_ask_for(self.roles)
            && terms.roles == self.roles
            && self.name.as_ref().is_none_or(|name| *name == terms.name)
    }
}

/// A ticket that was just accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// For the first time.
    First,
    /// By the node that had redeemed it before; it is to get the same answer.
    Again,
}

/// Why a ticket is not accepted. For the issuer's log: a stranger is told none of this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketRefusal {
    /// No ticket has this secret.
    #[error("no ticket has this secret")]
    Unknown,
    /// Its time is over.
    #[error("the ticket has expired")]
    Expired,
    /// Another node redeemed it.
    #[error("the ticket was already used by node {0}")]
    Used(NodeId),
}

impl<G> Issued<G> {
    /// A ticket as of `now`. It lives for `lifetime`, at most [`limits::INVITE_LIFETIME_MAX`].
    #[must_use]
    pub fn new(secret: &TicketSecret, grant: G, now: Timestamp, lifetime: Duration) -> Self {
        let expires_at = now + lifetime.min(limits::INVITE_LIFETIME_MAX);
        Self {
            digest: secret.digest(),
            grant,
            issued_at: now,
            expires_at,
            used_by: None,
        }
    }

    /// Redeems the ticket for `node`, which must have proved its identity. The caller stores the
    /// ticket as it is now before it answers the node.
    ///
    /// # Errors
    /// See [`TicketRefusal`]; the ticket is then as it was.
    pub fn redeem(
        &mut self,
        secret: &TicketSecret,
        node: NodeId,
        now: Timestamp,
    ) -> Result<Redeemed, TicketRefusal> {
        // Digests are compared, so the time that takes tells nothing about the secret.
        if secret.digest() != self.digest {
            return Err(TicketRefusal::Unknown);
        }
        if now >= self.expires_at {
            return Err(TicketRefusal::Expired);
        }
        match self.used_by {
            Some(by) if by != node => Err(TicketRefusal::Used(by)),
            Some(_) => Ok(Redeemed::Again),
            None => {
                self.used_by = Some(node);
                Ok(Redeemed::First)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn node(byte: u8) -> NodeId {
        NodeId::from_bytes([byte; 32])
    }

    #[test]
    fn a_ticket_is_good_for_one_node_only() {
        let secret = TicketSecret::from_bytes([1; 16]);
        let mut ticket = Issued::new(&secret, (), NOW, limits::INVITE_LIFETIME);
        let wrong = TicketSecret::from_bytes([2; 16]);
        assert_eq!(
            ticket.redeem(&wrong, node(1), NOW),
            Err(TicketRefusal::Unknown)
        );
        assert_eq!(ticket.redeem(&secret, node(1), NOW), Ok(Redeemed::First));
        assert_eq!(ticket.redeem(&secret, node(1), NOW), Ok(Redeemed::Again));
        assert_eq!(
            ticket.redeem(&secret, node(2), NOW),
            Err(TicketRefusal::Used(node(1)))
        );
    }

    #[test]
    fn a_ticket_ends_and_never_lives_longer_than_the_limit() {
        let secret = TicketSecret::from_bytes([1; 16]);
        let mut ticket = Issued::new(&secret, (), NOW, Duration::from_secs(60));
        assert_eq!(
            ticket.redeem(&secret, node(1), NOW + Duration::from_secs(60)),
            Err(TicketRefusal::Expired)
        );
        assert_eq!(ticket.used_by, None);
        let ticket = Issued::new(&secret, (), NOW, Duration::MAX);
        assert_eq!(ticket.expires_at, NOW + limits::INVITE_LIFETIME_MAX);
    }

    #[test]
    fn the_issuer_keeps_nothing_that_redeems() {
        let secret = TicketSecret::from_bytes([0x5a; 16]);
        let kept =
            crate::codec::encode(&Issued::new(&secret, (), NOW, limits::INVITE_LIFETIME), 512)
                .unwrap();
        assert!(!kept.windows(4).any(|window| window == [0x5a; 4]));
    }
}
