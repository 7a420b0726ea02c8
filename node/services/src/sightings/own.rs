//! What this node's own places are: what a member is answered who looked at one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::record::Shown;
use papermesh_protocol::gateway::sighting::{Answer, Claim, Seen, Sighting};
use papermesh_protocol::id::{KeyDigest, NodeId};
use papermesh_protocol::time::Timestamp;

/// For so long a key is this node's that it does not show any more: who looked before asks after.
const PAST: Duration = Duration::from_secs(60 * 60);

/// The places of this node, as outsiders find them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnPlaces {
    /// What is said of them in the directory.
    shown: Vec<Shown>,
    /// The names that a gateway has open now.
    open: BTreeSet<HostName>,
    /// What was shown lately, and until when it is this node's.
    past: BTreeMap<(HostName, KeyDigest), Timestamp>,
}

impl OwnPlaces {
    /// From now on this is shown.
    pub fn show(&mut self, shown: Vec<Shown>, now: Timestamp) {
        let before = std::mem::replace(&mut self.shown, shown);
        for of in before {
            for key in of.now.into_iter().chain(of.next) {
                self.past.insert((of.name.clone(), key), now + PAST);
            }
        }
        self.past.retain(|_, until| *until > now);
    }

    /// From now on these names are open.
    pub fn open(&mut self, open: BTreeSet<HostName>) {
        self.open = open;
    }

    /// What is said of them in the directory.
    #[must_use]
    pub fn shown(&self) -> &[Shown] {
        &self.shown
    }

    fn at(&self, name: &HostName) -> Option<&Shown> {
        self.shown.iter().find(|shown| shown.name == *name)
    }

    /// What this node says that it shows at a name, if it has that.
    pub(super) fn claim(&self, door: NodeId, name: &HostName) -> Option<Claim> {
        let key = self.at(name)?.now;
        Some(Claim { door, key })
    }

    /// What a member is told that saw this.
    #[must_use]
    pub fn answer(&self, sighting: &Sighting, now: Timestamp) -> Answer {
        let Some(shown) = self.at(&sighting.name) else {
            return Answer::NotHere;
        };
        match &sighting.seen {
            Seen::Key { key, .. } if shown.has(*key) || self.had(&sighting.name, *key, now) => {
                Answer::Mine
            }
            // What a place shows that has no certificate of the Internet's is said nowhere.
            Seen::Key { .. } if shown.now.is_none() => Answer::NotHere,
            Seen::Key { .. } => Answer::NotMine,
            Seen::NoTls(_) | Seen::Closed if self.open.contains(&sighting.name) => Answer::NotMine,
            Seen::NoTls(_) | Seen::Closed => Answer::NotHere,
        }
    }

    fn had(&self, name: &HostName, key: KeyDigest, now: Timestamp) -> bool {
        let past = self.past.get(&(name.clone(), key));
        past.is_some_and(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn name() -> HostName {
        "desk.acme.gw.example".parse().unwrap()
    }

    fn key(byte: u8) -> KeyDigest {
        KeyDigest::from_bytes([byte; 32])
    }

    fn shown(now: Option<u8>, next: Option<u8>) -> Vec<Shown> {
        vec![Shown {
            name: name(),
            now: now.map(key),
            next: next.map(key),
        }]
    }

    fn saw(seen: Seen) -> Sighting {
        Sighting { name: name(), seen }
    }

    #[test]
    fn a_key_is_this_nodes_before_it_is_shown_and_a_while_after() {
        let mut own = OwnPlaces::default();
        let answer = |own: &OwnPlaces, byte, now| own.answer(&saw(Seen::key(key(byte), "CA")), now);
        assert_eq!(answer(&own, 1, NOW), Answer::NotHere);
        own.show(shown(None, None), NOW);
        // A place without a certificate of the Internet's accuses nobody.
        assert_eq!(answer(&own, 1, NOW), Answer::NotHere);
        own.show(shown(None, Some(1)), NOW);
        assert_eq!(answer(&own, 1, NOW), Answer::Mine);
        own.show(shown(Some(1), None), NOW);
        assert_eq!(answer(&own, 2, NOW), Answer::NotMine);
        own.show(shown(Some(1), Some(2)), NOW);
        own.show(shown(Some(2), None), NOW);
        assert_eq!(answer(&own, 1, NOW), Answer::Mine);
        assert_eq!(answer(&own, 2, NOW), Answer::Mine);
        assert_eq!(answer(&own, 1, NOW + PAST), Answer::NotMine);
        own.show(Vec::new(), NOW + PAST);
        assert_eq!(answer(&own, 2, NOW + PAST), Answer::NotHere);
    }

    #[test]
    fn nobody_at_a_place_is_right_unless_it_is_open() {
        let mut own = OwnPlaces::default();
        own.show(shown(Some(1), None), NOW);
        for seen in [Seen::Closed, Seen::no_tls("it hung up")] {
            assert_eq!(own.answer(&saw(seen), NOW), Answer::NotHere);
        }
        own.open([name()].into());
        for seen in [Seen::Closed, Seen::no_tls("it hung up")] {
            assert_eq!(own.answer(&saw(seen), NOW), Answer::NotMine);
        }
    }
}
