//! How many streams each member may have open at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use papermesh_protocol::id::NodeId;

/// How many streams there may be, in all and for each member, so that one member cannot take them all.
#[derive(Clone, Debug)]
pub struct Shares {
    taken: Arc<Mutex<Taken>>,
    all: usize,
    each: usize,
}

#[derive(Debug, Default)]
struct Taken {
    open: BTreeMap<NodeId, usize>,
    /// Members whose streams were turned away since one was given back: said once of each.
    turned_away: BTreeSet<NodeId>,
}

/// One stream of these; given back when dropped.
#[derive(Debug)]
pub struct Share {
    shares: Shares,
    member: NodeId,
}

impl Shares {
    /// So many in all, and for each member.
    #[must_use]
    pub fn new(all: usize, each: usize) -> Self {
        Self {
            taken: Arc::default(),
            all,
            each,
        }
    }

    /// As many once more, for those who are not to be counted with these.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self::new(self.all, self.each)
    }

    /// One stream more of this member, if there may be one.
    #[must_use]
    pub fn take(&self, member: NodeId) -> Option<Share> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let here = taken.open.get(&member).copied().unwrap_or(0);
        if taken.open.values().sum::<usize>() >= self.all || here >= self.each {
            if taken.turned_away.insert(member) {
                tracing::warn!(%member, "turned a stream away: too many are open");
            }
            return None;
        }
        taken.open.insert(member, here + 1);
        Some(Share {
            shares: self.clone(),
            member,
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self
            .shares
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match taken.open.get_mut(&self.member) {
            Some(here) if *here > 1 => *here -= 1,
            _ => {
                taken.open.remove(&self.member);
            }
        }
        taken.turned_away.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_apart_takes_nothing_from_the_others() {
        let (others, member) = (Shares::new(1, 1), NodeId::from_bytes([1; 32]));
        let own = others.apart();
        let taken = others.take(member);
        assert!(taken.is_some() && others.take(member).is_none());
        let first = own.take(member);
        assert!(first.is_some() && own.take(member).is_none());
    }

    #[test]
    fn one_member_does_not_take_all_shares() {
        let shares = Shares::new(3, 2);
        let (first, second) = (NodeId::from_bytes([1; 32]), NodeId::from_bytes([2; 32]));
        let taken: Vec<_> = (0..5).filter_map(|_| shares.take(first)).collect();
        assert_eq!(taken.len(), 2);
        let other = shares.take(second);
        assert!(other.is_some());
        assert!(shares.take(second).is_none());
        drop(taken);
        assert!(shares.take(second).is_some());
    }
}
