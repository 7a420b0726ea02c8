//! Withdrawing members, and keeping them withdrawn; and taking an admin's key back.

use std::collections::BTreeSet;
use std::time::Duration;

use papermesh_protocol::charter::Charter;
use papermesh_protocol::id::{NodeId, RecordDigest};
use papermesh_protocol::limits;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{Revoked, SiteState, SiteStateError};
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{BadgeRow, MemberRow, Store, StoreError};
use tokio::time::timeout;

use super::key::Signer;
use super::members::MemberList;
use super::root::RootWord;
use super::{Authority, AuthorityError, PAGE, users};
use crate::audit::{Event, Kind};
use crate::identity;
use crate::network::Network;

/// How often a state is made anew when another admin was faster.
const ATTEMPTS: usize = 3;
/// How long the other admins are asked for what they signed before a key is taken back.
const LAST_LOOK: Duration = Duration::from_secs(20);

/// What is to become of the key of an admin who is withdrawn.
#[derive(Clone)]
pub enum OfAdmin {
    /// Nobody said: an admin is not withdrawn then.
    Unsaid,
    /// The root takes it back.
    TakeKey(RootWord),
    /// It stays: the node loses its connections, and whoever has its key can go on signing.
    KeepKey,
}

/// How many devices, and how many users, are named of what an admin leaves behind.
const NAMED: usize = 100;

/// What an admin signed whose key was taken, and stays good: it may have let in what nobody else knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Legacy {
    /// Devices with a certificate of its, in the order of their names,
    pub devices: Vec<Name>,
    /// users whose entry it signed last, in the order of their ids,
    pub users: Vec<UserId>,
    /// and how many of both are not named.
    pub more: u32,
}

impl Legacy {
    fn of(devices: BTreeSet<(Name, NodeId)>, users: Vec<UserId>) -> Self {
        let unnamed = devices.len().saturating_sub(NAMED) + users.len().saturating_sub(NAMED);
        Self {
            devices: devices
                .into_iter()
                .map(|(name, _)| name)
                .take(NAMED)
                .collect(),
            users: users.into_iter().take(NAMED).collect(),
            more: u32::try_from(unnamed).unwrap_or(u32::MAX),
        }
    }
}

/// A member is none any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The node.
    pub node: NodeId,
    /// The node's name.
    pub name: Name,
    /// Certificates withdrawn.
    pub certificates: u32,
    /// The sequence number of the site state that says so.
    pub sequence: u64,
    /// Whether it was an admin,
    pub admin: bool,
    /// and its key signs for nobody now.
    pub key_taken: bool,
    /// What it signed and stays good.
    pub legacy: Legacy,
}

impl<N: Network> Authority<N> {
    /// Withdraws all certificates of a member, known or not, named by its name or by the beginning of
    /// its id. The new site state is in force here when this returns, and spreads with the connections.
    /// An admin's key is taken out of the charter first; what it signed of others stays good as far as
    /// this node knows it.
    ///
    /// A node does not withdraw itself: if it is the only admin, nobody could take that back.
    ///
    /// # Errors
    /// [`AuthorityError::NoSuchMember`], [`AuthorityError::AmbiguousMember`],
    /// [`AuthorityError::AlreadyRevoked`], [`AuthorityError::RevokesItself`],
    /// [`AuthorityError::RevokesAdmin`], those of the key and of the root, and
    /// [`SiteStateError::Full`].
    pub async fn revoke(
        &self,
        member: &str,
        of_admin: OfAdmin,
        passphrase: Option<&str>,
    ) -> Result<Revocation, AuthorityError> {
        let mut signer = self.key(passphrase).await?;
        if matches!(of_admin, OfAdmin::TakeKey(_)) {
            // What nobody else knows of what the admin signed falls with its key.
            let learned = self.learn_from_admins();
            drop(timeout(LAST_LOOK, learned).await);
        }
        let (list, now) = (self.list().await?, self.now());
        let state = self.membership().state();
        let found = list.find(member, &state)?;
        let (node, name) = (found.certificate.node, found.certificate.name.clone());
        let admin = self.membership().charter().admin_on(node).is_some();
        // An admin whose key was kept may have it taken later.
        if found.is_revoked(&state) && !admin {
            return Err(AuthorityError::AlreadyRevoked { name });
        }
        if node == self.mesh().node() {
            return Err(AuthorityError::RevokesItself);
        }
        let mut legacy = Legacy::default();
        let key_taken = match of_admin {
            OfAdmin::Unsaid if admin => return Err(AuthorityError::RevokesAdmin { name }),
            OfAdmin::TakeKey(word) if admin => {
                legacy = self.legacy(node, &list).await?;
                self.take_key(node, word, &list).await?;
                // From here on this node signs under the new charter.
                signer = self.key(None).await?;
                true
            }
            OfAdmin::Unsaid | OfAdmin::TakeKey(_) | OfAdmin::KeepKey => false,
        };
        let mut withdrawn = withdrawn_here(&list, now);
        let known = list.of(node).iter().map(|issued| &*issued.certificate);
        let withdrawal = state.withdrawal(node, known, now);
        withdrawn.push(withdrawal);
        let state = self
            .change_state(&signer, |state| state.revoke(&withdrawn, now))
            .await?;

        let rows: Vec<_> = list
            .of(node)
            .iter()
            .filter(|issued| issued.certificate.not_after > now)
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
                    row.revoked_at.get_or_insert(withdrawal.at);
                })?;
            }
            store.tickets().forget_used_by(&[node])?;
            store.peers().forget_addresses(node)
        })
        .await;
        kept?;
        let what = if key_taken {
            format!("{name}, an admin; its key is revoked")
        } else if admin {
            format!("{name}, an admin; its key can still sign")
        } else {
            name.to_string()
        };
        self.record_best_effort(Event::new(Kind::MemberRevoked).peer(node).because(what))
            .await;
        if key_taken {
            self.sign_all_anew(signer).await?;
        }
        Ok(Revocation {
            node,
            name,
            certificates,
            sequence: state.sequence,
            admin,
            key_taken,
            legacy,
        })
    }

    /// What the admin on this node signed, as far as it is known here.
    async fn legacy(&self, node: NodeId, list: &MemberList) -> Result<Legacy, StoreError> {
        let (charter, state, now) = {
            let membership = self.membership();
            (membership.charter(), membership.state(), self.now())
        };
        let keys: Vec<[u8; 32]> = charter
            .admins
            .iter()
            .filter(|admin| admin.node == node)
            .map(|admin| *admin.key.as_bytes())
            .collect();
        let devices = list
            .all()
            .filter(|issued| !issued.is_revoked(&state) && issued.certificate.not_after > now)
            .map(|issued| &issued.certificate)
            .filter(|certificate| certificate.node != node && keys.contains(certificate.signer()))
            .map(|certificate| (certificate.name.clone(), certificate.node))
            .collect();
        let users = offload(self.store(), move |store| {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = store.users().scan(after.as_ref(), PAGE)?;
                after = page.last().map(|(user, _)| user.clone());
                let whole = page.len() == PAGE;
                found.extend(page.into_iter().filter_map(|(user, row)| {
                    let entry = row.entry?;
                    keys.contains(entry.signer()).then_some(user)
                }));
                if !whole {
                    return Ok::<_, StoreError>(found);
                }
            }
        });
        Ok(Legacy::of(devices, users.await?))
    }

    /// Has the root name the admins anew, without those on this node. Certificates that they signed
    /// stay, as far as they are known here; their members have them renewed as soon as they hear of it.
    async fn take_key(
        &self,
        node: NodeId,
        word: RootWord,
        list: &MemberList,
    ) -> Result<Signed<Charter>, AuthorityError> {
        let now = self.now();
        let certificates: Vec<(RecordDigest, [u8; 32])> = list
            .all()
            .map(|issued| &issued.certificate)
            .filter(|certificate| certificate.not_after + limits::CLOCK_SKEW > now)
            .map(|certificate| (certificate.envelope().digest(), *certificate.signer()))
            .collect();
        let without = move |charter: &Charter| {
            let stays = |key: &[u8; 32]| {
                let mut admins = charter.admins.iter();
                admins.any(|admin| admin.node != node && admin.key.as_bytes() == key)
            };
            let orphans = certificates.iter().filter(|(_, signer)| !stays(signer));
            charter.without(node, orphans.map(|(digest, _)| *digest))
        };
        self.recharter(word, without, |_, _| Ok(())).await
    }

    /// Signs all users and badges that are known here under the newest charter, and publishes them: what
    /// an admin signed who is none any more is believed by nobody.
    async fn sign_all_anew(&self, signer: Signer) -> Result<(), AuthorityError> {
        let now = self.now();
        offload(self.store(), move |store| sign_anew(store, &signer, now)).await?;
        let authority = self.clone();
        tokio::spawn(async move { authority.put_all().await });
        Ok(())
    }

    /// Signs the next site state, puts it into force here, keeps it and publishes it.
    pub(super) async fn change_state(
        &self,
        signer: &Signer,
        change: impl Fn(&SiteState) -> Result<SiteState, SiteStateError>,
    ) -> Result<Signed<SiteState>, AuthorityError> {
        let _one_at_a_time = self.0.changing.lock().await;
        for _ in 0..ATTEMPTS {
            let known = self.membership().state();
            let next = SiteState {
                sequence: signer.next(known.sequence)?,
                ..change(&known)?
            };
            let next = signer.sign(next)?;
            if !self.membership().advance(next.envelope())? {
                continue;
            }
            let kept = next.clone();
            let kept: Result<(), StoreError> = offload(self.store(), move |store| {
                identity::keep_state(store, &kept)
            })
            .await;
            kept?;
            self.publish_state(next.clone()).await;
            return Ok(next);
        }
        Err(AuthorityError::Overtaken)
    }

    /// Withdraws again what this admin withdrew and a newer state does not list: two admins who
    /// changed the state at the same time, each without the other's change. And signs a state anew
    /// whose signer is no admin any more. What revoked nodes used of this admin's tickets is forgotten.
    pub(super) async fn reassert(&self) -> Result<(), AuthorityError> {
        if self.is_open().await?.is_none() {
            return Err(AuthorityError::NotAdmin);
        }
        let (list, now) = (self.list().await?, self.now());
        let withdrawn = withdrawn_here(&list, now);
        let (charter, state) = (self.membership().charter(), self.membership().state());
        let revoked: Vec<_> = state.revoked.iter().map(|revoked| revoked.node).collect();
        offload(self.store(), move |store| {
            store.tickets().forget_used_by(&revoked)
        })
        .await?;
        let lacking = withdrawn.iter().any(|revoked| {
            state
                .revocation(revoked.node)
                .is_none_or(|known| known.at < revoked.at)
        });
        if !lacking && charter.names(state.signer()) {
            return Ok(());
        }
        tracing::warn!(
            "another admin's site state lacks members revoked here, or its signer is no longer an admin; signing it again"
        );
        let signer = self.key(None).await?;
        self.change_state(&signer, |state| state.revoke(&withdrawn, now))
            .await?;
        Ok(())
    }
}

/// What this admin has withdrawn, as far as a state still has to list it.
fn withdrawn_here(list: &MemberList, now: Timestamp) -> Vec<Revoked> {
    list.all()
        .filter(|issued| issued.certificate.not_after + limits::CLOCK_SKEW > now)
        .filter_map(|issued| {
            let at = issued.revoked_at?;
            let node = issued.certificate.node;
            Some(Revoked { node, at })
        })
        .collect()
}

/// Signs every user and badge of the registry under the signer's charter. Blocks.
fn sign_anew(store: &Store, signer: &Signer, now: Timestamp) -> Result<(), AuthorityError> {
    let mut after = None;
    loop {
        let page = store.users().scan(after.as_ref(), PAGE)?;
        after = page.last().map(|(user, _)| user.clone());
        let whole = page.len() == PAGE;
        for (user, _) in page {
            users::change_row(store, &user, signer, now, |_| Ok(()))?;
        }
        if !whole {
            break;
        }
    }
    let mut after = None;
    loop {
        let page = store.badges().scan(after, PAGE)?;
        after = page.last().map(|(tag, _)| *tag);
        let whole = page.len() == PAGE;
        for (tag, row) in page {
            let sequence = signer.next(row.sequence)?;
            store.badges().learn(tag, BadgeRow { sequence, ..row })?;
        }
        if !whole {
            return Ok(());
        }
    }
}
