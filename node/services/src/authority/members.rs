//! Who is a member: the registry of issued certificates, joined with the members met.
//!
//! A certificate that another admin issued is not in this node's registry until its member was
//! met; that is why both are looked at.

use std::collections::BTreeMap;

use papermesh_protocol::certificate::{Certificate, Roles};
use papermesh_protocol::charter::Charter;
use papermesh_protocol::id::{NodeId, Serial};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::SiteState;
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{PEERS_MAX, Store, StoreError};

use super::error::Listing;
use super::{Authority, AuthorityError, PAGE};
use crate::network::Network;

/// Fewest digits of an id that name a member.
pub(super) const ID_PREFIX: usize = 4;

/// A member as this node knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// The node.
    pub node: NodeId,
    /// The node's name.
    pub name: Name,
    /// Its roles.
    pub roles: Roles,
    /// Its newest certificate.
    pub serial: Serial,
    /// Until when that is valid.
    pub not_after: Timestamp,
    /// Whether that was withdrawn.
    pub revoked: bool,
    /// Whether it is this node.
    pub this: bool,
    /// Whether there is a connection to it now.
    pub connected: bool,
    /// When there last was one, if ever.
    pub seen_at: Option<Timestamp>,
}

/// A certificate, and when it was withdrawn here, if it was.
#[derive(Clone, Debug)]
pub(super) struct Issued {
    pub(super) certificate: Signed<Certificate>,
    pub(super) revoked_at: Option<Timestamp>,
}

impl Issued {
    /// Whether it was withdrawn, here or by another admin.
    pub(super) fn is_revoked(&self, state: &SiteState) -> bool {
        self.revoked_at.is_some() || state.is_revoked(&self.certificate)
    }
}

/// All certificates that are known, the newest of each node last.
#[derive(Debug, Default)]
pub(super) struct MemberList {
    nodes: BTreeMap<NodeId, Vec<Issued>>,
    seen: BTreeMap<NodeId, Timestamp>,
}

impl MemberList {
    /// Reads the registry and the members met. Blocks.
    pub(super) fn read(store: &Store, charter: &Charter) -> Result<Self, StoreError> {
        let mut list = Self::default();
        let mut after = None;
        loop {
            let page = store.members().scan(after.as_ref(), PAGE)?;
            after = page.last().map(|(serial, _)| *serial);
            let whole = page.len() == PAGE;
            for (serial, row) in page {
                match Certificate::verify_issued(&row.certificate, charter) {
                    Ok(certificate) => list.add(Issued {
                        certificate,
                        revoked_at: row.revoked_at,
                    }),
                    // Of an admin who is none any more, and not kept.
                    Err(error) => {
                        tracing::debug!(%serial, error = %error.in_full(), "a certificate in the registry is no longer valid")
                    }
                }
            }
            if !whole {
                break;
            }
        }
        for (node, peer) in store.peers().scan(None, PEERS_MAX)? {
            let shown = peer
                .certificate
                .and_then(|certificate| Certificate::verify_issued(&certificate, charter).ok());
            if let Some(certificate) = shown {
                list.seen.insert(node, peer.last_seen);
                list.add(Issued {
                    certificate,
                    revoked_at: None,
                });
            }
        }
        for certificates in list.nodes.values_mut() {
            certificates.sort_by_key(|issued| issued.certificate.not_after);
        }
        Ok(list)
    }

    fn add(&mut self, issued: Issued) {
        let known = self.nodes.entry(issued.certificate.node).or_default();
        if known
            .iter()
            .all(|other| other.certificate.serial != issued.certificate.serial)
        {
            known.push(issued);
        }
    }

    /// All certificates of a node, the newest last.
    pub(super) fn of(&self, node: NodeId) -> &[Issued] {
        self.nodes.get(&node).map_or(&[], Vec::as_slice)
    }

    /// All certificates of all nodes.
    pub(super) fn all(&self) -> impl Iterator<Item = &Issued> {
        self.nodes.values().flatten()
    }

    /// The newest certificate of each node; one that is not withdrawn before one that is.
    fn current<'a>(&'a self, state: &SiteState) -> impl Iterator<Item = (&'a Issued, bool)> {
        self.nodes.values().filter_map(move |certificates| {
            let good = certificates
                .iter()
                .rev()
                .find(|issued| !issued.is_revoked(state));
            good.map(|issued| (issued, false))
                .or_else(|| certificates.last().map(|issued| (issued, true)))
        })
    }

    /// The one member that is meant: by its name if no other has it, or by the beginning of its id.
    pub(super) fn find(&self, wanted: &str, state: &SiteState) -> Result<Issued, AuthorityError> {
        let wanted = wanted.trim();
        let (good, gone): (Vec<_>, Vec<_>) = self.current(state).partition(|(_, revoked)| !revoked);
        for among in [&good, &gone] {
            let named = matching(among, |issued| issued.certificate.name.as_str() == wanted);
            let found = if named.is_empty() && wanted.len() >= ID_PREFIX {
                let prefix = wanted.to_ascii_lowercase();
                matching(among, |issued| {
                    issued.certificate.node.to_string().starts_with(&prefix)
                })
            } else {
                named
            };
            match found.as_slice() {
                [] => {}
                [one] => return Ok((*one).clone()),
                several => {
                    let found = several
                        .iter()
                        .map(|one| (one.certificate.name.clone(), one.certificate.node));
                    let found = Listing(found.collect());
                    return Err(AuthorityError::AmbiguousMember {
                        wanted: wanted.to_owned(),
                        found,
                    });
                }
            }
        }
        Err(AuthorityError::NoSuchMember(wanted.to_owned()))
    }
}

fn matching<'a>(among: &[(&'a Issued, bool)], fits: impl Fn(&Issued) -> bool) -> Vec<&'a Issued> {
    among
        .iter()
        .map(|(issued, _)| *issued)
        .filter(|issued| fits(issued))
        .collect()
}

impl<N: Network> Authority<N> {
    /// All members that this node knows, by name; those withdrawn last. Any member can ask; one
    /// that is no admin knows those that it has met, and itself.
    ///
    /// # Errors
    /// [`AuthorityError::Store`].
    pub async fn members(&self) -> Result<Vec<MemberView>, AuthorityError> {
        let (list, state) = (self.list().await?, self.membership().state());
        let mut members: Vec<_> = list
            .current(&state)
            .map(|(issued, _)| self.view(issued, &list))
            .collect();
        let own = self.membership().certificate();
        if members.iter().all(|member| member.node != own.node) {
            members.push(self.view(
                &Issued {
                    certificate: Signed::clone(&own),
                    revoked_at: None,
                },
                &list,
            ));
        }
        members.sort_by(|a, b| (a.revoked, &a.name, a.node).cmp(&(b.revoked, &b.name, b.node)));
        Ok(members)
    }

    pub(super) async fn list(&self) -> Result<MemberList, AuthorityError> {
        let charter = self.membership().charter();
        Ok(offload(self.store(), move |store| MemberList::read(store, &charter)).await?)
    }

    pub(super) fn view(&self, issued: &Issued, list: &MemberList) -> MemberView {
        let certificate = &issued.certificate;
        let this = certificate.node == self.mesh().node();
        let connected = this || self.mesh().connected(certificate.node).is_some();
        MemberView {
            node: certificate.node,
            name: certificate.name.clone(),
            roles: certificate.roles,
            serial: certificate.serial,
            not_after: certificate.not_after,
            revoked: issued.is_revoked(&self.membership().state()),
            this,
            connected,
            seen_at: if connected {
                Some(self.now())
            } else {
                list.seen.get(&certificate.node).copied()
            },
        }
    }
}
