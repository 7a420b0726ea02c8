//! Invites and user tickets, on an admin: each is good once.

use papermesh_protocol::certificate::Roles;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Inner;
use super::columns::TICKETS;
use super::database::{Durability, Range};
use super::error::StoreError;
use super::table::Bound;

/// Tickets that are out, or were used and have not expired.
const BOUND: Bound = Bound {
    max: 4096,
    what: "invites and tickets",
};

/// Names a ticket: a hash of its secret, so that who reads this column cannot join.
pub type TicketId = [u8; 16];

/// A ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// What it is for.
    pub purpose: Purpose,
    /// Since when.
    pub issued_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// Who used it.
    pub used_by: Option<NodeId>,
}

/// What a ticket is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To become a member.
    Invite {
        /// With these roles,
        roles: Roles,
        /// and, if it says so, with this name.
        name: Option<Name>,
    },
    /// To enroll as a user.
    Enroll {
        /// The user.
        user: UserId,
    },
    /// To link a further computer of a user who enrolled here.
    Link {
        /// The user.
        user: UserId,
    },
}

/// What came of showing a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// It is good, and used up now, durably. A node that shows its own ticket again, because it
    /// did not get the answer, is told this again.
    Good(Purpose),
    /// Another node used it.
    Used,
    /// Its time is over.
    Expired,
    /// There is no such ticket.
    Unknown,
}

/// The tickets of a site.
pub struct Tickets<'a>(pub(super) &'a Inner);

impl Tickets<'_> {
    /// Hands out a ticket, durably.
    pub fn issue(
        &self,
        id: TicketId,
        purpose: Purpose,
        (issued_at, expires_at): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        let _writing = self.0.writing();
        let mut batch = self.0.database.batch();
        let ticket = Ticket {
            purpose,
            issued_at,
            expires_at,
            used_by: None,
        };
        BOUND.put(&self.0.database, &mut batch, &TICKETS, (&id, &ticket))?;
        batch.commit(Durability::Synced)
    }

    /// A ticket, used or not.
    pub fn get(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        self.0.database.get(&TICKETS, &id)
    }

    /// Uses up a ticket that `node` shows. Of any number who try at once, one node succeeds.
    pub fn redeem(
        &self,
        id: TicketId,
        node: NodeId,
        now: Timestamp,
    ) -> Result<Redeemed, StoreError> {
        let _writing = self.0.writing();
        let Some(ticket) = self.get(id)? else {
            return Ok(Redeemed::Unknown);
        };
        if ticket.expires_at <= now {
            return Ok(Redeemed::Expired);
        }
        match ticket.used_by {
            Some(by) if by == node => return Ok(Redeemed::Good(ticket.purpose)),
            Some(_) => return Ok(Redeemed::Used),
            None => {}
        }
        let used = Ticket {
            used_by: Some(node),
            ..ticket
        };
        let mut batch = self.0.database.batch();
        batch.put(&TICKETS, &id, &used)?;
        batch.commit(Durability::Synced)?;
        Ok(Redeemed::Good(used.purpose))
    }

    /// All tickets whose time is not over. One that was used is good for the node that used it.
    pub fn open(&self, now: Timestamp) -> Result<Vec<(TicketId, Ticket)>, StoreError> {
        let mut open = Vec::new();
        for row in self.0.database.rows(&TICKETS, Range::all())? {
            let (id, ticket) = row?;
            if ticket.expires_at > now {
                open.push((id, ticket));
            }
        }
        Ok(open)
    }

    /// Takes a ticket back, durably, used or not; says whether there was one.
    pub fn withdraw(&self, id: TicketId) -> Result<bool, StoreError> {
        let _writing = self.0.writing();
        if self.get(id)?.is_none() {
            return Ok(false);
        }
        let mut batch = self.0.database.batch();
        batch.delete(&TICKETS, &id)?;
        batch.commit(Durability::Synced)?;
        Ok(true)
    }

    /// Forgets tickets whose time is over, and says how many.
    pub fn sweep(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.forget(|ticket| ticket.expires_at <= now)
    }

    /// Forgets what these nodes used, durably: none of it is good for them again.
    pub fn forget_used_by(&self, nodes: &[NodeId]) -> Result<usize, StoreError> {
        self.forget(|ticket| ticket.used_by.is_some_and(|node| nodes.contains(&node)))
    }

    fn forget(&self, is_over: impl Fn(&Ticket) -> bool) -> Result<usize, StoreError> {
        let _writing = self.0.writing();
        let mut batch = self.0.database.batch();
        let mut swept = 0;
        for row in self.0.database.rows(&TICKETS, Range::all())? {
            let (id, ticket) = row?;
            if is_over(&ticket) {
                batch.delete(&TICKETS, &id)?;
                swept += 1;
            }
        }
        batch.commit(Durability::Synced)?;
        Ok(swept)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::super::Store;
    use super::super::sample::{NOW, store, user};
    use super::*;

    fn node(number: u8) -> NodeId {
        NodeId::from_bytes([number; 32])
    }

    #[test]
    fn a_ticket_is_good_once_even_across_a_restart() {
        let (home, store) = store().unwrap();
        let purpose = Purpose::Enroll {
            user: user("alice"),
        };
        let until = NOW + Duration::from_secs(900);
        store
            .tickets()
            .issue([1; 16], purpose.clone(), (NOW, until))
            .unwrap();
        assert_eq!(
            store.tickets().redeem([2; 16], node(1), NOW).unwrap(),
            Redeemed::Unknown
        );
        assert_eq!(
            store.tickets().redeem([1; 16], node(1), NOW).unwrap(),
            Redeemed::Good(purpose.clone())
        );
        drop(store);
        let store = Store::open(home.path()).unwrap();
        assert_eq!(
            store.tickets().redeem([1; 16], node(2), NOW).unwrap(),
            Redeemed::Used
        );
        assert_eq!(
            store.tickets().redeem([1; 16], node(1), NOW).unwrap(),
            Redeemed::Good(purpose)
        );
        assert_eq!(
            store.tickets().redeem([1; 16], node(1), until).unwrap(),
            Redeemed::Expired
        );
        assert_eq!(store.tickets().sweep(until).unwrap(), 1);
        assert_eq!(store.tickets().get([1; 16]).unwrap(), None);
    }

    #[test]
    fn a_ticket_can_be_taken_back_used_or_not() {
        let (_home, store) = store().unwrap();
        let purpose = Purpose::Link {
            user: user("alice"),
        };
        let until = NOW + Duration::from_secs(900);
        for id in [[1; 16], [2; 16]] {
            store
                .tickets()
                .issue(id, purpose.clone(), (NOW, until))
                .unwrap();
        }
        let open = |now| store.tickets().open(now).unwrap().len();
        assert_eq!((open(NOW), open(until)), (2, 0));
        store.tickets().redeem([1; 16], node(1), NOW).unwrap();
        // Whoever used it may ask for what it gave again, until it is taken back.
        assert_eq!(open(NOW), 2);
        for id in [[1; 16], [2; 16]] {
            assert!(store.tickets().withdraw(id).unwrap());
            assert!(!store.tickets().withdraw(id).unwrap());
            let redeemed = store.tickets().redeem(id, node(1), NOW).unwrap();
            assert_eq!(redeemed, Redeemed::Unknown);
        }
    }

    #[test]
    fn what_a_node_used_is_forgotten_with_it() {
        let (_home, store) = store().unwrap();
        let until = NOW + Duration::from_secs(900);
        for (id, by) in [([1; 16], 1), ([2; 16], 2)] {
            let purpose = Purpose::Link {
                user: user("alice"),
            };
            store.tickets().issue(id, purpose, (NOW, until)).unwrap();
            store.tickets().redeem(id, node(by), NOW).unwrap();
        }
        assert_eq!(store.tickets().forget_used_by(&[node(1)]).unwrap(), 1);
        assert_eq!(store.tickets().get([1; 16]).unwrap(), None);
        assert!(store.tickets().get([2; 16]).unwrap().is_some());
    }

    #[test]
    fn of_many_nodes_at_once_one_succeeds() {
        let (_home, store) = store().unwrap();
        let purpose = Purpose::Invite {
            roles: Roles::default(),
            name: None,
        };
        store
            .tickets()
            .issue([1; 16], purpose, (NOW, NOW + Duration::from_secs(1)))
            .unwrap();
        let redeemed: Vec<_> = std::thread::scope(|scope| {
            let store = &store;
            let asking: Vec<_> = (0..8)
                .map(|number| {
                    scope.spawn(move || store.tickets().redeem([1; 16], node(number), NOW))
                })
                .collect();
            asking
                .into_iter()
                .map(|thread| thread.join().unwrap().unwrap())
                .collect()
        });
        assert_eq!(
            redeemed
                .iter()
                .filter(|redeemed| matches!(redeemed, Redeemed::Good(_)))
                .count(),
            1
        );
    }
}
