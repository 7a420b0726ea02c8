//! Whose each place is, across restarts. A place is the node's that opened it first, until that node closes it or is
//! revoked, or long after its site's contract; another node of the site does not get its name while it is only away, or
//! its certificate is over. Where its door is woken, it is kept with it how.

use std::collections::BTreeMap;
use std::path::PathBuf;

use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::gateway::message::Connected;
use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::gateway::page::Mode;
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::seal::SealingPublic;
use papermesh_protocol::site::SiteState;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::register::Register;

/// Where a place is: its site and its label, none for the site's own.
pub(crate) type At = (SiteId, Option<Label>);

/// One line of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    site: SiteId,
    label: Option<Label>,
    /// None when it is nobody's any more.
    node: Option<NodeId>,
    /// What its certificate says of revocations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    despite: Option<Timestamp>,
    /// How its door is woken; none where it is always there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    woken: Option<Woken>,
}

/// How the door of a place is woken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) enum Woken {
    /// By this gateway.
    ByGateway {
        /// The mailbox that the door reads.
        mailbox: MailAddress,
        /// To what the door's letters are sealed: the key in its certificate.
        sealing: SealingPublic,
        /// Whether it was shown that the door reads it.
        #[serde(default)]
        is_read: bool,
    },
    /// By clients, of whose mails this gateway knows nothing.
    ByClient,
}

impl Woken {
    /// How a place is that a door with this key opens; none where the door is always there.
    pub(crate) fn of(connected: &Connected, sealing: SealingPublic) -> Option<Self> {
        match connected {
            Connected::Always => None,
            Connected::WokenByGateway(mailbox) => Some(Self::ByGateway {
                mailbox: mailbox.clone(),
                sealing,
                is_read: false,
            }),
            Connected::WokenByClient => Some(Self::ByClient),
        }
    }

    /// That the door reads the mailbox counts for as long as it names this one.
    fn renew(&mut self, former: &Self) {
        if let (
            Self::ByGateway {
                mailbox, is_read, ..
            },
            Self::ByGateway {
                mailbox: before,
                is_read: was_read,
                ..
            },
        ) = (self, former)
        {
            *is_read |= *was_read && mailbox == before;
        }
    }

    /// How the page goes about knocks that find no door.
    pub(crate) const fn mode(&self) -> Mode {
        match self {
            Self::ByGateway { .. } => Mode::WakeByGateway,
            Self::ByClient => Mode::WakeByClient,
        }
    }
}

/// Whose a place is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The node.
    pub(crate) node: NodeId,
    /// The last revocation of it that its certificate knows of: it was let in again after that.
    pub(crate) despite: Option<Timestamp>,
    /// How its door is woken; none where it is always there.
    pub(crate) woken: Option<Woken>,
}

/// The owners of all places.
pub(crate) struct Owners {
    register: Register,
    of: BTreeMap<SiteId, BTreeMap<Option<Label>, Owner>>,
}

impl Owners {
    /// Those in a file; one that is not there is empty.
    pub(crate) fn open(path: PathBuf) -> anyhow::Result<Self> {
        let mut of: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        let register = Register::open(path, |line: Line| {
            let Line { despite, woken, .. } = line;
            let of_site = of.entry(line.site).or_default();
            match line.node {
                Some(node) => {
                    let owner = Owner {
                        node,
                        despite,
                        woken,
                    };
                    of_site.insert(line.label, owner)
                }
                None => of_site.remove(&line.label),
            };
        })?;
        Ok(Self { register, of })
    }

    /// Whose a place is.
    pub(crate) fn of(&self, at: &At) -> Option<NodeId> {
        self.owner(at).map(|owner| owner.node)
    }

    /// How its door is woken, if there is one that is.
    pub(crate) fn woken(&self, at: &At) -> Option<&Woken> {
        self.owner(at)?.woken.as_ref()
    }

    /// Whether it was shown that its door reads the mailbox by which this gateway wakes it: for this place, or for
    /// another one of the same door with the same mailbox.
    pub(crate) fn is_read(&self, at: &At) -> bool {
        let Some((owner, Some(Woken::ByGateway { mailbox, .. }))) =
            self.owner(at).map(|owner| (owner, owner.woken.as_ref()))
        else {
            return false;
        };
        let mut of_site = self.of.get(&at.0).into_iter().flat_map(BTreeMap::values);
        of_site.any(|other| {
            other.node == owner.node
                && matches!(&other.woken, Some(Woken::ByGateway { mailbox: of, is_read: true, .. }) if of == mailbox)
        })
    }

    fn owner(&self, at: &At) -> Option<&Owner> {
        self.of.get(&at.0)?.get(&at.1)
    }

    /// How many places of a site are somebody's.
    pub(crate) fn count(&self, site: SiteId) -> usize {
        self.of.get(&site).map_or(0, BTreeMap::len)
    }

    /// The place is this node's from now on, and its door is woken so.
    pub(crate) fn take(&mut self, at: &At, mut owner: Owner) {
        let former = self.owner(at).filter(|former| former.node == owner.node);
        let former = former.and_then(|former| former.woken.as_ref());
        if let (Some(woken), Some(former)) = (&mut owner.woken, former) {
            woken.renew(former);
        }
        self.put(at, owner);
    }

    /// It was shown that a place's door reads this mailbox: whether that is the one that it named.
    pub(crate) fn reads(&mut self, at: &At, shown: &MailAddress) -> bool {
        let Some(mut owner) = self.owner(at).cloned() else {
            return false;
        };
        let Some(Woken::ByGateway {
            mailbox, is_read, ..
        }) = &mut owner.woken
        else {
            return false;
        };
        let is_its_own = mailbox == shown;
        *is_read |= is_its_own;
        self.put(at, owner);
        is_its_own
    }

    fn put(&mut self, at: &At, owner: Owner) {
        if self.owner(at) != Some(&owner) {
            let of_site = self.of.entry(at.0).or_default();
            of_site.insert(at.1.clone(), owner.clone());
            self.write(at, Some(&owner));
        }
    }

    /// Of a site's places that are this node's, those that are not among these are nobody's any more: which ones.
    pub(crate) fn keep(&mut self, site: SiteId, node: NodeId, kept: &[Option<Label>]) -> Vec<At> {
        self.drop(site, |label, owner| {
            owner.node == node && !kept.contains(label)
        })
    }

    /// The places of nodes that a site has revoked are nobody's any more: which ones.
    pub(crate) fn withdraw(&mut self, site: SiteId, state: &SiteState) -> Vec<At> {
        self.drop(site, |_, owner| {
            state.is_withdrawn(owner.node, owner.despite)
        })
    }

    /// A site's places are nobody's any more: which ones.
    pub(crate) fn end(&mut self, site: SiteId) -> Vec<At> {
        self.drop(site, |_, _| true)
    }

    fn drop(&mut self, site: SiteId, is_gone: impl Fn(&Option<Label>, &Owner) -> bool) -> Vec<At> {
        let of_site = self.of.get(&site).into_iter().flatten();
        let gone: Vec<At> = of_site
            .filter(|(label, owner)| is_gone(label, owner))
            .map(|(label, _)| (site, label.clone()))
            .collect();
        for at in &gone {
            if let Some(of_site) = self.of.get_mut(&site) {
                of_site.remove(&at.1);
            }
            self.write(at, None);
        }
        gone
    }

    fn write(&mut self, at: &At, owner: Option<&Owner>) {
        let all = || {
            let sites = self.of.iter();
            let all = sites.flat_map(|(site, of_site)| {
                let owners = of_site.iter();
                owners.map(|(label, owner)| line(&(*site, label.clone()), Some(owner)))
            });
            all.collect()
        };
        self.register.note(&line(at, owner), all);
    }
}

fn line((site, label): &At, owner: Option<&Owner>) -> Line {
    Line {
        site: *site,
        label: label.clone(),
        node: owner.map(|owner| owner.node),
        despite: owner.and_then(|owner| owner.despite),
        woken: owner.and_then(|owner| owner.woken.clone()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::seal::SealingSecret;
    use papermesh_protocol::site::Revoked;

    use super::*;

    fn of(node: NodeId, woken: Option<Woken>) -> Owner {
        Owner {
            node,
            despite: None,
            woken,
        }
    }

    #[test]
    fn whose_a_place_is_outlives_the_gateway() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("places.jsonl");
        let (site, other) = (SiteId::from_bytes([1; 32]), SiteId::from_bytes([2; 32]));
        let [one, two] = [3, 4].map(|byte| NodeId::from_bytes([byte; 32]));
        let at = |site, label: &str| (site, Some(label.parse().unwrap()));
        let woken = Woken::ByGateway {
            mailbox: "desk@acme.example".parse().unwrap(),
            sealing: SealingSecret::from_bytes([1; 32]).public(),
            is_read: false,
        };
        let mut owners = Owners::open(path.clone()).unwrap();
        owners.take(&at(site, "desk"), of(one, Some(woken.clone())));
        owners.take(&at(site, "desk"), of(one, Some(woken.clone())));
        owners.take(&at(site, "hall"), of(one, None));
        owners.take(&at(site, "shop"), of(two, None));
        owners.take(&at(other, "desk"), of(two, None));
        assert_eq!(owners.keep(other, one, &[]), []);
        let desk = at(site, "desk").1;
        assert_eq!(owners.keep(site, one, &[desk]), [at(site, "hall")]);
        let owners = Owners::open(path.clone()).unwrap();
        assert_eq!(owners.of(&at(site, "desk")), Some(one));
        assert_eq!(owners.woken(&at(site, "desk")), Some(&woken));
        assert_eq!(owners.woken(&at(site, "shop")), None);
        let lines = std::fs::read_to_string(&path).unwrap();
        // What is said again is not written again.
        assert_eq!(lines.lines().count(), 5, "{lines}");
        assert_eq!(owners.of(&at(site, "hall")), None);
        assert_eq!((owners.count(site), owners.count(other)), (2, 1));
        let mut owners = owners;
        owners.keep(site, one, &[]);
        assert_eq!(Owners::open(path).unwrap().count(site), 1);
    }

    #[test]
    fn whom_a_site_revokes_has_no_place_unless_it_was_let_in_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("places.jsonl");
        let site = SiteId::from_bytes([1; 32]);
        let at = |label: &str| (site, Some(label.parse().unwrap()));
        let [one, two, three] = [3, 4, 5].map(|byte| NodeId::from_bytes([byte; 32]));
        let revoked = Timestamp::from_secs(1_800_000_000);
        let again = Owner {
            despite: Some(revoked),
            ..of(two, None)
        };
        let mut owners = Owners::open(path.clone()).unwrap();
        owners.take(&at("desk"), of(one, None));
        owners.take(&at("hall"), again);
        owners.take(&at("shop"), of(three, None));
        let mut owners = Owners::open(path.clone()).unwrap();
        let state = SiteState {
            revoked: [one, two].map(|node| Revoked { node, at: revoked }).into(),
            ..SiteState::new(site, "Acme".parse().unwrap())
        };
        assert_eq!(owners.withdraw(site, &state), [at("desk")]);
        assert_eq!(owners.withdraw(site, &state), []);
        assert_eq!(Owners::open(path).unwrap().count(site), 2);
    }

    #[test]
    fn that_a_mailbox_is_read_counts_for_that_mailbox_and_outlives_the_gateway() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("places.jsonl");
        let at: At = (SiteId::from_bytes([1; 32]), None);
        let [one, two] = [3, 4].map(|byte| NodeId::from_bytes([byte; 32]));
        let [desk, hall]: [MailAddress; 2] =
            ["desk@acme.example", "hall@acme.example"].map(|of| of.parse().unwrap());
        let woken = |mailbox: &MailAddress, key| {
            let sealing = SealingSecret::from_bytes([key; 32]).public();
            Woken::of(&Connected::WokenByGateway(mailbox.clone()), sealing)
        };
        let mut owners = Owners::open(path.clone()).unwrap();
        owners.take(&at, of(one, woken(&desk, 1)));
        assert!(!owners.is_read(&at));
        assert!(!owners.reads(&at, &hall) && !owners.is_read(&at));
        assert!(owners.reads(&at, &desk));
        let mut owners = Owners::open(path).unwrap();
        // A renewed certificate has another key.
        owners.take(&at, of(one, woken(&desk, 2)));
        assert!(owners.is_read(&at));
        owners.take(&at, of(one, woken(&hall, 2)));
        assert!(!owners.is_read(&at));
        assert!(owners.reads(&at, &hall));
        // The same door's other place is called by the same mailbox; another door's is not known to be read.
        let second: At = (at.0, Some("second".parse().unwrap()));
        owners.take(&second, of(one, woken(&hall, 2)));
        assert!(owners.is_read(&second));
        owners.take(&second, of(two, woken(&hall, 2)));
        assert!(!owners.is_read(&second));
        owners.take(&at, of(two, woken(&hall, 2)));
        assert!(!owners.is_read(&at));
    }
}
