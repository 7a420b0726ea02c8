//! Admitting devices: those with an invite at once, those that compare digits when the admin says
//! so. The connections are [`papermesh_mesh::join`]'s.

use std::borrow::Cow;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use papermesh_mesh::join::JoinRequest;
use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::invite::{InviteGrant, TicketSecret};
use papermesh_protocol::join::waiting::Device;
use papermesh_protocol::join::{
    Applicant, Claim, Denial, Digits, MemberAddress, Terms, Waiting, Welcome,
};
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::SiteState;
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{PEERS_MAX, Purpose, Redeemed, Store, StoreError};
use serde_bytes::ByteBuf;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::error::Listing;
use super::found::{CertificateRequest, issue};
use super::key::Signer;
use super::members::{ID_PREFIX, Issued, MemberList, MemberView};
use super::{Authority, AuthorityError};
use crate::audit::{Event, Kind};
use crate::network::Network;
use crate::ticket;

/// Addresses of one member that a new one is told.
const ADDRESSES_EACH: usize = 2;

type Reply = oneshot::Sender<Result<Welcome, Denial>>;
pub(super) type WaitingDevices = Waiting<Reply>;

/// A device that waits for approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its node.
    pub node: NodeId,
    /// What it calls itself.
    pub name: Name,
    /// What it wants to be.
    pub roles: Roles,
    /// Since when.
    pub since: Timestamp,
}

/// Why an invite admits nobody. For the log: the device is told that it is refused.
#[derive(Debug, thiserror::Error)]
enum Unwelcome {
    #[error("no invite has this secret")]
    Unknown,
    #[error("the invite has expired")]
    Expired,
    #[error("the invite was already used by another device")]
    Used,
    #[error("the device was revoked after the invite was made")]
    Revoked,
    #[error("the device requested a name or roles its invite does not allow")]
    OtherTerms,
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl Remedy for Unwelcome {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Revoked => "make a new invite for it".into(),
            Self::Authority(error) => return error.remedy(),
            _ => return None,
        })
    }
}

impl From<StoreError> for Unwelcome {
    fn from(error: StoreError) -> Self {
        Self::Authority(error.into())
    }
}

impl<N: Network> Authority<N> {
    /// Answers the requests of a join listener until it ends.
    pub async fn admit(self, mut requests: mpsc::Receiver<JoinRequest>) {
        // Bounded by the listener, which holds a few conversations at once.
        let mut admitting = JoinSet::new();
        // Devices that are looked after; each ends when its device has gone.
        let mut here = JoinSet::new();
        while let Some(request) = requests.recv().await {
            while admitting.try_join_next().is_some() {}
            while here.try_join_next().is_some() {}
            let JoinRequest {
                applicant,
                reply,
                left,
            } = request;
            let Applicant { node, terms, claim } = applicant;
            match claim {
                Claim::Invite(secret) => {
                    let authority = self.clone();
                    admitting.spawn(async move {
                        authority.admit_invited(node, terms, secret, reply).await
                    });
                }
                Claim::Digits(digits) => {
                    self.let_wait(node, terms, digits, reply);
                    let authority = self.clone();
                    here.spawn(async move {
                        let _ = left.await;
                        authority.tell_change();
                    });
                }
            }
        }
        // What was promised to a device that joins is written down.
        while admitting.join_next().await.is_some() {}
    }

    async fn admit_invited(&self, node: NodeId, terms: Terms, secret: TicketSecret, reply: Reply) {
        let name = terms.name.clone();
        let verdict = match self.redeem_invite(node, terms, secret).await {
            Ok(welcome) => {
                self.record_best_effort(
                    Event::new(Kind::MemberAdmitted)
                        .peer(node)
                        .because(format!("{name}, invited")),
                )
                .await;
                Ok(welcome)
            }
            Err(Unwelcome::Authority(error)) => {
                tracing::error!(%node, %name, error = %error.in_full(), "could not admit a device with an invite");
                Err(Denial::Trouble)
            }
            // Anybody on the network can say a secret that is none, as often as they like: no
            // reason to fill the audit log.
            Err(why @ Unwelcome::Unknown) => {
                tracing::warn!(%node, %name, why = %why.in_full(), "refused a device");
                Err(Denial::Refused)
            }
            Err(why) => {
                tracing::warn!(%node, %name, why = %why.in_full(), "refused a device");
                self.record_best_effort(
                    Event::new(Kind::JoinRefused)
                        .peer(node)
                        .because(why.in_full()),
                )
                .await;
                Err(Denial::Refused)
            }
        };
        // A device that has gone meanwhile comes again with the same invite.
        let _ = reply.send(verdict);
    }

    async fn redeem_invite(
        &self,
        node: NodeId,
        terms: Terms,
        secret: TicketSecret,
    ) -> Result<Welcome, Unwelcome> {
        // Before the invite is used up: a key that is sealed must not cost the device its invite.
        let key = self.key(None).await?;
        let (state, now) = (self.membership().state(), self.now());
        let certificate = offload(self.store(), move |store| -> Result<_, Unwelcome> {
            redeem(store, &terms, &secret, (node, &state), now)?;
            Ok(certify(store, &key, &state, (node, terms), now)?)
        });
        let certificate = certificate.await?;
        self.tell_change();
        Ok(self.welcome(certificate).await?)
    }

    fn let_wait(&self, node: NodeId, terms: Terms, digits: Digits, reply: Reply) {
        let since = self.membership().steady();
        tracing::info!(%node, name = %terms.name, "a device asks to join; `papermesh pending` lists it");
        let turned_away = self.waiting().add(Device {
            node,
            terms,
            digits,
            since,
            reply,
        });
        if let Some((reply, denial)) = turned_away {
            let _ = reply.send(Err(denial));
        }
        self.tell_change();
    }

    /// The devices that wait, in the order in which they came; if there is none, waits up to
    /// `patience` for one.
    ///
    /// # Errors
    /// [`AuthorityError::NotAdmin`].
    pub async fn pending(&self, patience: Duration) -> Result<Vec<Pending>, AuthorityError> {
        self.is_open().await?.ok_or(AuthorityError::NotAdmin)?;
        let mut changed = self.0.changed.subscribe();
        let _ = timeout(patience, changed.wait_for(|()| self.pending_count() > 0)).await;
        Ok(self.pending_now())
    }

    /// How many devices wait.
    #[must_use]
    pub fn pending_count(&self) -> usize {
        self.pending_now().len()
    }

    /// Admits the device that shows these digits.
    ///
    /// # Errors
    /// [`AuthorityError::Approve`], [`AuthorityError::DeviceGone`], and those of the key.
    pub async fn approve(
        &self,
        digits: Digits,
        passphrase: Option<&str>,
    ) -> Result<MemberView, AuthorityError> {
        let key = self.key(passphrase).await?;
        let (state, now) = (self.membership().state(), self.now());
        let Device {
            node, terms, reply, ..
        } = self.waiting().take(digits)?;
        let name = terms.name.clone();
        let device = (node, terms);
        let certificate = offload(self.store(), move |store| {
            certify(store, &key, &state, device, now)
        })
        .await?;
        let issued = Issued {
            certificate: certificate.clone(),
            revoked_at: None,
        };
        self.tell_change();
        let welcome = self.welcome(certificate).await?;
        reply
            .send(Ok(welcome))
            .map_err(|_| AuthorityError::DeviceGone)?;
        self.record_best_effort(
            Event::new(Kind::MemberAdmitted)
                .peer(node)
                .because(format!("{name}, approved")),
        )
        .await;
        Ok(self.view(&issued, &MemberList::default()))
    }

    /// Sends the devices that show these digits away; says how many there were.
    pub async fn refuse(&self, digits: Digits) -> usize {
        let refused = self.waiting().refuse(digits);
        self.send_away(refused).await
    }

    /// Sends the device away that is called so, or whose id begins so; says how many there were.
    ///
    /// # Errors
    /// [`AuthorityError::AmbiguousMember`] if several are.
    pub async fn refuse_named(&self, named: &str) -> Result<usize, AuthorityError> {
        let refused = {
            let mut waiting = self.waiting();
            let is_meant = |device: &&Device<Reply>| {
                device.terms.name.as_str() == named
                    || (named.len() >= ID_PREFIX && device.node.to_string().starts_with(named))
            };
            let meant = waiting.iter().filter(is_meant);
            let mut meant: Vec<_> = meant
                .map(|device| (device.terms.name.clone(), device.node))
                .collect();
            meant.dedup();
            match meant.as_slice() {
                [] => Vec::new(),
                [(_, node)] => waiting.refuse_node(*node),
                _ => {
                    return Err(AuthorityError::AmbiguousMember {
                        wanted: named.to_owned(),
                        found: Listing(meant),
                    });
                }
            }
        };
        Ok(self.send_away(refused).await)
    }

    async fn send_away(&self, refused: Vec<Device<Reply>>) -> usize {
        let count = refused.len();
        for device in refused {
            let _ = device.reply.send(Err(Denial::Refused));
            self.record_best_effort(
                Event::new(Kind::JoinRefused)
                    .peer(device.node)
                    .because(&device.terms.name),
            )
            .await;
        }
        count
    }

    fn pending_now(&self) -> Vec<Pending> {
        let waiting = self.waiting();
        let pending = waiting.iter().map(|device| Pending {
            node: device.node,
            name: device.terms.name.clone(),
            roles: device.terms.roles,
            since: device.since,
        });
        pending.collect()
    }

    /// The devices that still wait.
    fn waiting(&self) -> MutexGuard<'_, WaitingDevices> {
        let mut waiting = self
            .0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|reply| !reply.is_closed());
        for late in waiting.expire(self.membership().steady()) {
            let _ = late.reply.send(Err(Denial::Unanswered));
        }
        waiting
    }

    /// All that a new member needs.
    async fn welcome(&self, certificate: Signed<Certificate>) -> Result<Welcome, AuthorityError> {
        let own = self.mesh().node();
        let addresses = self.mesh().addresses().into_iter().map(ByteBuf::from);
        let mut members: Vec<_> = addresses
            .map(|address| MemberAddress { node: own, address })
            .collect();
        let node = certificate.node;
        let others = offload(self.store(), move |store| others(store, node)).await?;
        members.extend(others);
        members.truncate(limits::ADDRESSES_ON_JOIN);
        Ok(Welcome {
            certificate: certificate.envelope().clone(),
            charter: self.membership().charter().envelope().clone(),
            state: self.membership().state().envelope().clone(),
            secret: self.membership().secret().clone(),
            members,
        })
    }
}

/// Uses the invite up for `node`, if it is one and gives what the device asks for. Blocks.
fn redeem(
    store: &Store,
    terms: &Terms,
    secret: &TicketSecret,
    (node, state): (NodeId, &SiteState),
    now: Timestamp,
) -> Result<(), Unwelcome> {
    let id = ticket::id(secret);
    let ticket = store.tickets().get(id)?;
    let issued_at = ticket.as_ref().map(|ticket| ticket.issued_at);
    // Looked at first, so that asking for the wrong thing does not use it up.
    match ticket.map(|ticket| ticket.purpose) {
        Some(Purpose::Invite { roles, name }) => {
            // Whoever was put out comes back by the word of somebody who knew that.
            let revoked = state.revocation(node);
            if revoked.is_some_and(|revoked| issued_at.is_none_or(|issued| issued <= revoked.at)) {
                return Err(Unwelcome::Revoked);
            }
            if !(InviteGrant { roles, name }).admits(terms) {
                return Err(Unwelcome::OtherTerms);
            }
        }
        _ => return Err(Unwelcome::Unknown),
    }
    match store.tickets().redeem(id, node, now)? {
        Redeemed::Good(_) => Ok(()),
        Redeemed::Used => Err(Unwelcome::Used),
        Redeemed::Expired => Err(Unwelcome::Expired),
        Redeemed::Unknown => Err(Unwelcome::Unknown),
    }
}

/// A certificate for the device: the one it has, if it only missed the answer. Blocks.
fn certify(
    store: &Store,
    key: &Signer,
    state: &SiteState,
    (node, terms): (NodeId, Terms),
    now: Timestamp,
) -> Result<Signed<Certificate>, AuthorityError> {
    let list = MemberList::read(store, key.charter())?;
    let same = |issued: &&Issued| {
        let certificate = &issued.certificate;
        !issued.is_revoked(state)
            && !certificate.is_due(key.charter(), now)
            && (certificate.sealing, &certificate.name, certificate.roles)
                == (terms.sealing, &terms.name, terms.roles)
    };
    if let Some(issued) = list.of(node).iter().rev().find(same) {
        return Ok(issued.certificate.clone());
    }
    let Terms {
        sealing,
        name,
        roles,
    } = terms;
    issue(
        store,
        key,
        state,
        CertificateRequest {
            node,
            sealing,
            name,
            roles,
        },
        now,
    )
}

/// Where other members are: those that relay first, then those met last. Blocks.
fn others(store: &Store, but: NodeId) -> Result<Vec<MemberAddress>, StoreError> {
    let mut peers = store.peers().scan(None, PEERS_MAX)?;
    peers.retain(|(node, _)| *node != but);
    peers.sort_by_key(|(_, peer)| {
        (
            !peer.roles.has(Role::Bootstrap),
            std::cmp::Reverse(peer.last_seen),
        )
    });
    let addresses = peers.into_iter().flat_map(|(node, peer)| {
        let short = peer
            .addresses
            .into_iter()
            .filter(|address| address.len() <= limits::ADDRESS);
        short
            .take(ADDRESSES_EACH)
            .map(move |address| MemberAddress { node, address })
    });
    Ok(addresses.take(limits::ADDRESSES_ON_JOIN).collect())
}
