//! Answering `/papermesh/web-certificate/1`: what members show to browsers and programs over TLS is
//! signed in the site's name.
//!
//! A member gets what is its own and nothing else. **Names** are those that begin with the member's
//! device name, which the authority certified; of two devices of one name the first has it until it is
//! no member any more; and none gets a name that another machine answers to ([`namesake`]).
//! **Addresses** are those at which this node sees the member, on a connection straight to it, and
//! where it says that it is: nobody gets the address of another device by asking. Everybody has the
//! names and addresses that mean the computer that asks.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_mesh::{Member, Protocol};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::judge::Judge;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::text::Name;
use papermesh_protocol::web::{
    self, Answer, CertificateRequest, Certified, Denial, Label, Places, Request, WebAuthority,
};
use papermesh_store::offload::offload;
use papermesh_store::site;
use papermesh_web::{Rate, own_addresses};
use serde_bytes::ByteBuf;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::members::MemberList;
use super::{Authority, AuthorityError, namesake, x509};
use crate::audit::{Event, Kind};
use crate::network::Network;
use crate::network::serving::{Admission, Serve};

/// How long a member may take to ask after it opened the stream.
const QUESTION: Duration = Duration::from_secs(10);
/// How long a new connection may take to be seen.
const SEEN: Duration = Duration::from_secs(2);
/// Certificates that one member may have at once,
const TURNS: u32 = 8;
/// and how often one more.
const TURN_EVERY: Duration = Duration::from_secs(10 * 60);
/// Members whose turns are remembered.
const MEMBERS: usize = 4096;

/// How often each member asks.
#[derive(Default)]
pub(super) struct Turns(Mutex<BTreeMap<NodeId, Rate>>);

impl Turns {
    /// Whether it is not too often.
    fn take(&self, member: NodeId, now: Instant) -> bool {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= MEMBERS && !turns.contains_key(&member) {
            turns.pop_first();
        }
        let turns = turns
            .entry(member)
            .or_insert_with(|| Rate::new(TURNS, TURN_EVERY));
        turns.take(now).is_ok()
    }
}

/// An authority as it answers `/papermesh/web/1`. A node that is no admin answers, too: that it is none.
#[derive(Clone)]
pub(crate) struct WebService<N: Network>(pub Authority<N>);

impl<N: Network> Serve for WebService<N> {
    fn protocol(&self) -> Protocol {
        Protocol::Web
    }

    fn admission(&self) -> Admission {
        Admission::questions()
    }

    async fn serve<S>(&self, from: Member, mut stream: S) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.0.answer_web(&from, &mut stream).await
    }
}

impl<N: Network> Authority<N> {
    /// The site's web authority, signed: on every member that has met it, and on an admin whose key
    /// is open, or opened by the passphrase.
    ///
    /// # Errors
    /// Those of the key, on a node that has not met it.
    pub async fn web_authority(
        &self,
        passphrase: Option<&str>,
    ) -> Result<Signed<WebAuthority>, AuthorityError> {
        let site = self.site();
        let known = offload(self.store(), |store| store.site().get(&site::WEB_AUTHORITY)).await?;
        if let Some(authority) = known.and_then(|known| WebAuthority::verify(&known, site).ok()) {
            return Ok(authority);
        }
        // An admin's node has it since the root named it.
        self.key(passphrase).await?;
        Err(AuthorityError::NoWebIssuer)
    }

    /// Answers the one question on a stream of this member, which may be this node itself.
    ///
    /// # Errors
    /// [`FrameError`] when the stream breaks; everything else is an answer.
    pub(crate) async fn answer_web<S>(
        &self,
        from: &Member,
        stream: &mut S,
    ) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let request = match read_message(stream, limits::WEB_MESSAGE, QUESTION).await {
            Ok(Some(request)) => Ok(request),
            Ok(None) => return Ok(()),
            Err(FrameError::Codec(_)) => Err(Denial::Malformed),
            Err(error) => return Err(error),
        };
        let answer = match request {
            Ok(Request::Authority) => self
                .web_authority(None)
                .await
                .map(|authority| Answer::Authority(authority.envelope().clone()))
                .map_err(|error| trouble(&error)),
            Ok(Request::Certify(wanted)) => {
                self.certify(from, &wanted).await.map(Answer::Certified)
            }
            Err(denial) => Err(denial),
        };
        let answer = answer.unwrap_or_else(Answer::Denied);
        write_message(stream, &answer, limits::WEB_MESSAGE).await?;
        Ok(stream.shutdown().await?)
    }

    async fn certify(
        &self,
        from: &Member,
        wanted: &CertificateRequest,
    ) -> Result<Certified, Denial> {
        web::examine(wanted, &from.certificate)?;
        let now = self.now();
        // The connection was let in by an earlier state of the site, perhaps.
        let standing = self
            .membership()
            .judge(|judge| from.certificate.stands(judge));
        standing.map_err(|_| Denial::Nowhere)?;
        let key = self.key(None).await.map_err(|error| trouble(&error))?;
        if !self.0.web.take(from.node, Instant::now()) {
            return Err(Denial::TooOften);
        }
        let places = self.granted(from, &wanted.places).await?;
        if places.is_empty() {
            return Err(Denial::Nowhere);
        }
        let authority = self
            .web_authority(None)
            .await
            .map_err(|error| trouble(&error))?;
        let (from_then, not_after) = web::validity(&from.certificate, now);
        let issuer = offload(self.store(), |store| store.site().get(&site::WEB_ISSUER)).await;
        let issuer = issuer
            .map_err(AuthorityError::from)
            .and_then(|kept| kept.ok_or(AuthorityError::NoWebIssuer))
            .map_err(|error| trouble(&error))?;
        let site_name = self.membership().state().name.clone();
        let not_after = not_after.min(issuer.not_after);
        if not_after <= now {
            return Err(trouble(&AuthorityError::NoWebIssuer));
        }
        let certificate = x509::Issuer::new(&key.key, &site_name)
            .and_then(|issuer| {
                let validity = (from_then, not_after);
                issuer.certify(&from.certificate.name, wanted.key, &places, validity)
            })
            .map_err(|error| trouble(&error.into()))?;
        self.record_best_effort(
            Event::new(Kind::WebCertified)
                .peer(from.node)
                .because(&places),
        )
        .await;
        Ok(Certified {
            authority: authority.envelope().clone(),
            issuer: issuer.certificate,
            certificate: ByteBuf::from(certificate),
            places,
            not_after,
        })
    }

    /// What of these places is the member's.
    async fn granted(&self, member: &Member, asked: &Places) -> Result<Places, Denial> {
        let (node, name) = (member.node, member.certificate.name.clone());
        let own = self
            .own_label(node, &name, asked)
            .await
            .map_err(|error| trouble(&error))?;
        let seen = self.seen(node).await;
        // Names of other domains may be those of machines that are no members.
        let own = own.map(|label| format!("{label}.local"));
        let own = own.and_then(|own| asked.names().iter().find(|name| name.as_str() == own));
        let own = match own {
            Some(name) if namesake::is_of_another(name, &seen).await => None,
            own => own,
        };
        let granted = asked.only(
            |name| name.label().is_none() || Some(name) == own,
            |address| address.is_everybodys() || seen.contains(&address.ip()),
        );
        let refused: Vec<_> = asked.without(&granted).names().to_vec();
        if !refused.is_empty() {
            let refused = Places::new(refused, []).unwrap_or_default();
            tracing::warn!(%node, %name, names = %refused, "a member requested host names that are not its own");
            let event = Event::new(Kind::WebNameRefused);
            self.record_best_effort(event.peer(node).because(&refused))
                .await;
        }
        Ok(granted)
    }

    /// The member's label, if it asks for a name with it and no other member has it.
    async fn own_label(
        &self,
        node: NodeId,
        name: &Name,
        asked: &Places,
    ) -> Result<Option<Label>, AuthorityError> {
        let label = Label::of_device(name).filter(|own| {
            let mut labels = asked.names().iter().filter_map(|name| name.label());
            labels.any(|label| label == *own)
        });
        let Some(label) = label else {
            return Ok(None);
        };
        let (charter, state, now) = (
            self.membership().charter(),
            self.membership().state(),
            self.now(),
        );
        offload(self.store(), move |store| -> Result<_, AuthorityError> {
            let list = MemberList::read(store, &charter)?;
            let is_member = |holder: NodeId| {
                let judge = Judge {
                    charter: &charter,
                    state: &state,
                    now,
                };
                list.of(holder).iter().any(|issued| {
                    !issued.is_revoked(&state) && issued.certificate.stands(&judge).is_ok()
                })
            };
            let has = store.web_names().change(&label, |holder| {
                if holder.is_none_or(|holder| holder == node || !is_member(holder)) {
                    *holder = Some(node);
                }
                *holder == Some(node)
            })?;
            Ok(has.then_some(label))
        })
        .await
    }

    /// Where this node sees a member. One on its own computer is wherever that is.
    async fn seen(&self, node: NodeId) -> Vec<IpAddr> {
        let every = [
            IpAddr::from(std::net::Ipv6Addr::UNSPECIFIED),
            IpAddr::from(std::net::Ipv4Addr::UNSPECIFIED),
        ];
        let own: Vec<_> = every.into_iter().flat_map(own_addresses).collect();
        if node == self.mesh().node() {
            return own;
        }
        let mut status = self.mesh().watch();
        let is_there = status.wait_for(|status| {
            let mut members = status.members.iter();
            members.any(|member| member.node == node)
        });
        // It spoke before the connection was counted, or has gone already.
        drop(timeout(SEEN, is_there).await);
        match self.mesh().seen_at(node) {
            Some(ip) if ip.is_loopback() || own.contains(&ip) => own,
            Some(ip) => vec![ip],
            None => Vec::new(),
        }
    }
}

/// What a member hears of troubles that are this node's own.
fn trouble(error: &AuthorityError) -> Denial {
    match error {
        // What every node says that is no admin's.
        AuthorityError::NotAdmin => {}
        AuthorityError::PassphraseNeeded => {
            tracing::warn!(
                "a member's web certificate waits for the passphrase of the authority key"
            );
        }
        error => {
            tracing::error!(error = %error.in_full(), "could not issue a member's web certificate")
        }
    }
    Denial::Trouble
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_asks_too_often_waits_and_nobody_else_does() {
        let (turns, now) = (Turns::default(), Instant::now());
        let (one, other) = (NodeId::from_bytes([1; 32]), NodeId::from_bytes([2; 32]));
        let taken = (0..20).filter(|_| turns.take(one, now)).count();
        assert_eq!(taken, TURNS as usize);
        assert!(turns.take(other, now));
        assert!(turns.take(one, now + TURN_EVERY));
    }
}
