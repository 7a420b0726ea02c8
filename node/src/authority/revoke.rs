//! Withdrawing members, and keeping them withdrawn.

use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{Revoked, SiteState, SiteStateError};
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;

use super::members::Roll;
use super::{Authority, AuthorityError};
use crate::audit::{Event, Kind};
use crate::network::Network;
use crate::offload::offload;
use crate::papers;
use crate::store::{MemberRow, StoreError};

/// How often a state is made anew when another admin was faster.
const ATTEMPTS: usize = 3;

/// A member is none any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The node.
    pub node: NodeId,
    /// Its name.
    pub name: Name,
    /// Certificates withdrawn.
    pub certificates: u32,
    /// The sequence number of the site state that says so.
    pub sequence: u64,
}

impl<N: Network> Authority<N> {
    /// Withdraws all certificates of a member, named by its name or by the beginning of its id.
    /// The new site state is in force here when this returns, and spreads with the connections.
    ///
    /// A node does not withdraw itself: if it is the only admin, nobody could take that back.
    ///
    /// # Errors
    /// [`AuthorityError::NoSuchMember`], [`AuthorityError::AmbiguousMember`],
    /// [`AuthorityError::AlreadyRevoked`], [`AuthorityError::RevokesItself`], those of the key, and
    /// [`SiteStateError::Full`].
    pub async fn revoke(
        &self,
        member: &str,
        passphrase: Option<&str>,
    ) -> Result<Revocation, AuthorityError> {
        let key = self.key(passphrase).await?;
        let (roll, now) = (self.roll().await?, self.now());
        let state = self.membership().state();
        let found = roll.find(member, &state)?;
        let (node, name) = (found.certificate.node, found.certificate.name.clone());
        if found.is_revoked(&state) {
            return Err(AuthorityError::AlreadyRevoked { name });
        }
        if node == self.mesh().node() {
            return Err(AuthorityError::RevokesItself);
        }
        let mut withdrawn = withdrawn_here(&roll, now);
        let of_node: Vec<_> = roll
            .of(node)
            .iter()
            .filter(|issued| issued.certificate.not_after > now)
            .collect();
        withdrawn.extend(of_node.iter().map(|issued| listed(&issued.certificate)));
        let state = self
            .change_state(&key, |state| state.revoke(&withdrawn, now))
            .await?;

        let rows: Vec<_> = of_node
            .iter()
            .map(|issued| issued.certificate.clone())
            .collect();
        let certificates = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let kept: Result<(), StoreError> = offload(self.store(), move |store| {
            for certificate in rows {
                store.members().change(&certificate.serial, |row| {
                    let row = row.get_or_insert_with(|| MemberRow {
                        certificate: certificate.envelope().clone(),
                        revoked_at: None,
                    });
                    row.revoked_at.get_or_insert(now);
                })?;
            }
            store.peers().forget_addresses(node)
        })
        .await;
        kept?;
        self.note(Event::new(Kind::MemberRevoked).peer(node).because(&name))
            .await;
        Ok(Revocation {
            node,
            name,
            certificates,
            sequence: state.sequence,
        })
    }

    /// Signs the next site state, puts it into force here, keeps it and publishes it.
    pub(super) async fn change_state(
        &self,
        key: &ed25519_dalek::SigningKey,
        change: impl Fn(&SiteState) -> Result<SiteState, SiteStateError>,
    ) -> Result<Signed<SiteState>, AuthorityError> {
        let _one_at_a_time = self.0.changing.lock().await;
        for _ in 0..ATTEMPTS {
            let next = Signed::sign(change(&self.membership().state())?, key)?;
            if !self.membership().advance(next.envelope())? {
                continue;
            }
            let kept = next.clone();
            let kept: Result<(), StoreError> =
                offload(self.store(), move |store| papers::keep_state(store, &kept)).await;
            kept?;
            self.publish_state(next.clone()).await;
            return Ok(next);
        }
        Err(AuthorityError::Overtaken)
    }

    /// Withdraws again what this admin withdrew and a newer state does not list: two admins who
    /// changed the state at the same time, each without the other's change.
    pub(super) async fn reassert(&self) -> Result<(), AuthorityError> {
        let (roll, now) = (self.roll().await?, self.now());
        let withdrawn = withdrawn_here(&roll, now);
        let state = self.membership().state();
        if withdrawn
            .iter()
            .all(|revoked| state.is_revoked(revoked.serial))
        {
            return Ok(());
        }
        tracing::warn!(
            "another admin's site state lacks members that were withdrawn here; they are withdrawn again"
        );
        let key = self.key(None).await?;
        self.change_state(&key, |state| state.revoke(&withdrawn, now))
            .await?;
        Ok(())
    }
}

/// What this admin has withdrawn, as far as a state still has to list it.
fn withdrawn_here(roll: &Roll, now: Timestamp) -> Vec<Revoked> {
    roll.all()
        .filter(|issued| issued.revoked_at.is_some())
        .filter(|issued| issued.certificate.not_after + limits::CLOCK_SKEW > now)
        .map(|issued| listed(&issued.certificate))
        .collect()
}

fn listed(certificate: &papermesh_protocol::certificate::Certificate) -> Revoked {
    Revoked {
        serial: certificate.serial,
        not_after: certificate.not_after,
    }
}
